//! What an answered call leaves in the request log, made from what is known of it.

use super::redaction::redacted;
use shared::directory::KeyEntry;
use shared::json::{self, Node};
use shared::problem::Code;
use shared::request_log::{CallRecord, Taken};
use std::borrow::Cow;

/// Bytes of a path at most.
const PATH_BYTES_MAX: usize = 200;
/// Bytes of a request id at most, as many as are echoed.
const REQUEST_ID_BYTES_MAX: usize = 128;
/// Bytes of an event id at most.
const EVENT_ID_BYTES_MAX: usize = 64;
/// Bytes of a code at most.
const CODE_BYTES_MAX: usize = 64;
/// Faults listed at most; how many more there were is told.
const FAULTS_MAX: usize = 10;
/// Bytes of one fault at most.
const FAULT_BYTES_MAX: usize = 160;

/// A call and its answer. Of the call's body nothing comes here.
#[derive(Debug, Clone, Copy)]
pub struct Answered<'a> {
    /// A random number.
    pub id: u64,
    /// When it came, Unix milliseconds.
    pub received_at_ms: i64,
    /// When it was answered, Unix milliseconds.
    pub done_at_ms: i64,
    /// The key it named.
    pub key: &'a KeyEntry,
    /// Whether its signature held.
    pub is_signed: bool,
    /// In capitals.
    pub method: &'a str,
    /// Without the query.
    pub path: &'a str,
    /// As told to the client.
    pub request_id: &'a str,
    /// The header of that name.
    pub content_length: Option<&'a str>,
    /// The answer's status.
    pub status: u16,
    /// What the edge refused it for; absent when it did not, or another did.
    pub refusal: Option<Code>,
    /// Whether the answer is the first one again.
    pub is_repeat: bool,
    /// The answer's body.
    pub body: &'a str,
}

/// Makes the record.
pub fn record(call: &Answered<'_>) -> CallRecord {
    let (event_id, taken) = match call.status {
        202 => taken(call.body, call.is_repeat),
        _ => (None, None),
    };
    let refused = refused(call);
    CallRecord {
        id: call.id,
        received_at_ms: call.received_at_ms,
        merchant_id: call.key.merchant_id,
        environment: call.key.environment,
        key_id: call.key.key_id.clone(),
        method: Cow::Borrowed(method(call.method)),
        path: redacted(call.path, PATH_BYTES_MAX),
        status: call.status,
        code: refused.code,
        latency_ms: u32::try_from(call.done_at_ms - call.received_at_ms).unwrap_or(0),
        request_id: redacted(call.request_id, REQUEST_ID_BYTES_MAX),
        event_id,
        taken,
        faults: refused.faults,
        content_bytes: call.content_length.and_then(|text| text.parse().ok()),
        // A replay has a signature that holds, but anyone who saw it can send it again.
        proven: call.is_signed && call.status != 401,
    }
}

fn method(sent: &str) -> &'static str {
    match sent {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "OTHER",
    }
}

/// Reads the answer to one event, as the intake object writes it; a list of answers names none.
fn taken(body: &str, is_repeat: bool) -> (Option<String>, Option<Taken>) {
    let Some(first) = body.strip_prefix('{') else {
        return (None, None);
    };
    let named = first.strip_prefix(r#""eventId":""#).and_then(|rest| rest.split_once("\","));
    let (event_id, rest) = named.map_or((None, first), |(id, rest)| (Some(id), rest));
    let taken = if !rest.starts_with(r#""status":""#) {
        None
    } else if is_repeat {
        Some(Taken::Repeated)
    } else if rest.starts_with(r#""status":"DUPLICATE""#) {
        Some(Taken::Duplicate)
    } else {
        Some(Taken::Received)
    };
    (event_id.map(|id| redacted(id, EVENT_ID_BYTES_MAX)), taken)
}

#[derive(Default)]
struct Refused {
    code: Option<Cow<'static, str>>,
    faults: Vec<String>,
}

fn refused(call: &Answered<'_>) -> Refused {
    let code = call.refusal.map(|code| Cow::Borrowed(code.log_code()));
    // A 401's body says nothing, and most refusals are one sentence that the code says as well.
    let may_list = call.status == 400 || code.is_none();
    if call.status < 400 || call.status == 401 || !may_list {
        return Refused { code, faults: Vec::new() };
    }
    let (mut told, mut messages) = (None, Vec::new());
    for property in json::read_object(call.body.as_bytes()).unwrap_or_default() {
        match (property.name.as_str(), property.value) {
            ("code", Ok(Node::Text(code))) => {
                told = Some(Cow::Owned(redacted(&code, CODE_BYTES_MAX)));
            }
            ("message", Ok(Node::List(sentences))) => messages = sentences,
            _ => {}
        }
    }
    let more = messages.len().saturating_sub(FAULTS_MAX);
    let mut faults: Vec<String> = messages.iter().take(FAULTS_MAX).map(sentence).collect();
    if more > 0 {
        faults.push(format!("and {more} more"));
    }
    Refused { code: code.or(told), faults }
}

fn sentence(node: &Node) -> String {
    match node {
        Node::Text(text) => redacted(text, FAULT_BYTES_MAX),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
