//! Request bodies: their media type, and never more bytes than allowed.

use super::Call;
use crate::bridge;
use crate::error::unavailable;
pub(super) use shared::limits::BODY_BYTES_MAX;
use shared::problem::{Code, Problem};
use worker::js_sys::Uint8Array;
use worker::wasm_bindgen::JsCast;
use worker::web_sys::ReadableStreamDefaultReader;
use worker::{js_sys, wasm_bindgen_futures};

/// Bytes of a refused body that are read and thrown away. A body left unread breaks the client's
/// connection on some servers, and the client would never see the 413.
const DISCARDED_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of settlement's pushes at most.
pub(super) const PUSH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Refuses a body that does not say it is JSON; a call without a body need not say anything.
pub(super) fn require_json(call: &Call) -> Result<(), Problem> {
    let Some(content_type) = call.header("content-type") else {
        return if has_body(call) { Err(not_json()) } else { Ok(()) };
    };
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/json") || !has_body(call) {
        Ok(())
    } else {
        Err(not_json())
    }
}

fn not_json() -> Problem {
    Problem::new(
        Code::UnsupportedMediaType,
        "the body must be sent with Content-Type: application/json",
    )
}

fn has_body(call: &Call) -> bool {
    match call.header("content-length") {
        Some(length) => length != "0",
        None => call.request.body().is_some(),
    }
}

/// Reads the body chunk by chunk and stops at the limit, whatever `Content-Length` says.
pub(super) async fn read(call: &Call, bytes_max: usize) -> Result<Vec<u8>, Problem> {
    let told: Option<usize> = call.header("content-length").and_then(|text| text.parse().ok());
    if told.is_some_and(|bytes| bytes <= bytes_max) {
        // The server reads no more than was told.
        return bridge::whole_body(&call.request)
            .await
            .map_err(|cause| unavailable("A body could not be read", &cause));
    }
    let Some(stream) = call.request.body() else {
        return Ok(Vec::new());
    };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let mut body = Vec::with_capacity(told.unwrap_or(0).min(bytes_max));
    let mut read_bytes = 0;
    loop {
        let chunk = wasm_bindgen_futures::JsFuture::from(reader.read())
            .await
            .map_err(|cause| unavailable("A body could not be read", &as_text(&cause)))?;
        let field = |name: &str| js_sys::Reflect::get(&chunk, &name.into()).unwrap_or_default();
        if field("done").is_truthy() {
            break;
        }
        let bytes = Uint8Array::new(&field("value"));
        read_bytes += bytes.length() as usize;
        if read_bytes > DISCARDED_BYTES_MAX.max(bytes_max) {
            // An error of the cancelled stream would say nothing more.
            drop(reader.cancel());
            break;
        }
        if read_bytes <= bytes_max {
            let start = body.len();
            body.resize(read_bytes, 0);
            bytes.copy_to(&mut body[start..]);
        }
    }
    if read_bytes > bytes_max {
        return Err(Problem::new(
            Code::PayloadTooLarge,
            format!("the body must be at most {bytes_max} bytes"),
        ));
    }
    Ok(body)
}

fn as_text(cause: &worker::wasm_bindgen::JsValue) -> String {
    cause.as_string().unwrap_or_else(|| "the stream broke off".into())
}
