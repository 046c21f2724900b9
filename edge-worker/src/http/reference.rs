//! The API's description, fetched from settlement and kept in the isolate: nobody's data is in it.

use super::Call;
use super::answer::Answer;
use crate::error::unavailable;
use crate::gate::reference::{Known, Serve, may_stand_in, serve};
use crate::outbound;
use sha2::{Digest, Sha256};
use shared::problem::{Code, Problem};
use std::cell::RefCell;
use std::rc::Rc;

/// How long settlement may take.
const TIMEOUT_MS: u32 = 5_000;
/// Bytes of a description at most; the isolate keeps two.
const TEXT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// No script, nothing from elsewhere; the page itself names the one style it has by its digest.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'";

/// One of the two descriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Description {
    /// For machines.
    Document,
    /// For people.
    Page,
}

/// A description as it came.
struct Text {
    body: String,
    etag: String,
}

#[derive(Default)]
struct Kept {
    text: Option<Rc<Text>>,
    known: Known,
}

thread_local! {
    static KEPT: RefCell<[Kept; 2]> = RefCell::default();
}

/// Answers with a description: a minute old at most, an hour when settlement is away.
pub(super) async fn show(call: &Call, which: Description) -> Result<Answer, Problem> {
    let now_ms = call.now_ms;
    let (kept, known, decision) = with(which, |slot| {
        let (known, decision) = (slot.known, serve(slot.known, now_ms));
        if decision == Serve::Ask {
            slot.known.asked_at_ms = Some(now_ms);
        }
        (slot.text.clone(), known, decision)
    });
    let may_stand_in = known.kept_at_ms.is_some_and(|at| may_stand_in(at, now_ms));
    let text = match (decision, kept) {
        (Serve::Kept, Some(text)) => text,
        (Serve::Ask, kept) => match (fetch(call, which).await, kept) {
            (Ok(text), _) => text,
            (Err(_), Some(text)) if may_stand_in => text,
            (Err(problem), _) => return Err(problem),
        },
        (Serve::Nothing | Serve::Kept, _) => {
            return Err(Problem::new(Code::Unavailable, "temporarily unavailable; try again"));
        }
    };
    Ok(told(call, which, &text))
}

fn with<T>(which: Description, look: impl FnOnce(&mut Kept) -> T) -> T {
    let at = usize::from(which == Description::Page);
    KEPT.with_borrow_mut(|kept| look(&mut kept[at]))
}

/// Asks settlement, and remembers what came of it.
async fn fetch(call: &Call, which: Description) -> Result<Rc<Text>, Problem> {
    let asked = ask(call, which).await;
    with(which, |slot| match asked {
        Ok(text) => {
            let text = Rc::new(text);
            slot.text = Some(Rc::clone(&text));
            slot.known.kept_at_ms = Some(call.now_ms);
            Ok(text)
        }
        Err(problem) => {
            slot.known.failed_at_ms = Some(call.now_ms);
            Err(problem)
        }
    })
}

async fn ask(call: &Call, which: Description) -> Result<Text, Problem> {
    let path_and_query = match which {
        Description::Document => "/openapi.json",
        Description::Page => "/reference",
    };
    let outbound_call = outbound::Call {
        method: "GET",
        path_and_query,
        body: "",
        request_id: Some(&call.request_id),
        headers: &[],
        timeout_ms: TIMEOUT_MS,
    };
    let reply = outbound::send(&call.config, &outbound_call)
        .await
        .map_err(|cause| unavailable("Settlement did not describe the API", &cause))?;
    if reply.status != 200 || reply.body.len() > TEXT_BYTES_MAX {
        return Err(unavailable("Settlement's description of the API is none", &reply.status));
    }
    let etag = format!("\"{}\"", hex::encode(&Sha256::digest(&reply.body)[..16]));
    Ok(Text { body: reply.body, etag })
}

fn told(call: &Call, which: Description, text: &Text) -> Answer {
    let is_known = call.header("if-none-match").is_some_and(|known| known.contains(&text.etag));
    let answer = match which {
        _ if is_known => Answer::empty(304),
        Description::Document => Answer::of(200, "application/json", text.body.clone()),
        Description::Page => Answer::of(200, "text/html; charset=utf-8", text.body.clone())
            .with("content-security-policy", CONTENT_SECURITY_POLICY),
    };
    answer.with("etag", text.etag.clone()).with("cache-control", "public, max-age=60")
}
