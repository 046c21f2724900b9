//! Signed events: proven and validated here, decided and stored in one hop, then answered.

use super::answer::Answer;
use super::authenticate::{self, Proven};
use super::body::{self, BODY_BYTES_MAX};
use super::{Call, hop};
use crate::error::{outcome_unknown, unavailable};
use crate::gate::hop::{Ask, NewEvent, Origin, Verdict};
use crate::gate::idempotency;
use crate::{clock, outbound};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use shared::directory::KeyEntry;
use shared::event::Event;
use shared::fault::Faults;
use shared::id::{ConversionId, Environment, EventKind};
use shared::problem::{Code, Problem};
use shared::time::from_milliseconds;
use shared::validate::{self, Context};

/// Takes an event: 202 once it is stored.
pub(super) async fn accept(call: &Call, kind: EventKind) -> Result<Answer, Problem> {
    body::require_json(call)?;
    let body = body::read(call, BODY_BYTES_MAX).await?;
    let proven = authenticate::prove(call, &body).await?;
    let is_clock = kind == EventKind::ClockAdvance;
    let read = if is_clock && proven.key.entry.environment == Environment::Live {
        Err(Problem::new(Code::PermissionDenied, "only a test key may move the test clock"))
    } else {
        read_event(call, &proven, kind, &body)
    };
    let read = read.map(|(origin, event)| Ask::Accept(origin, event));
    offer(call, &proven, !is_clock, read).await
}

/// Takes what was read to the object, or counts what was refused, and answers.
pub(super) async fn offer(
    call: &Call,
    proven: &Proven,
    checks_replay: bool,
    read: Result<Ask, Problem>,
) -> Result<Answer, Problem> {
    let (ask, refused) = match read {
        Ok(ask) => (ask, None),
        Err(problem) => (Ask::Count, Some(problem)),
    };
    let offered = hop::offer(call, proven, checks_replay, ask).await;
    match offered.map_err(|cause| outcome_unknown(&cause))? {
        Verdict::Accepted { body, not_before_ms } => {
            if let Some(not_before_ms) = not_before_ms {
                wait_until(call, not_before_ms).await;
            }
            Ok(Answer::json(202, body))
        }
        Verdict::Duplicate { body } => Ok(Answer::json(202, body)),
        Verdict::Repeated { body } => {
            Ok(Answer::json(202, body).with("idempotent-replayed", "true"))
        }
        Verdict::KeyReused => Err(Problem::new(
            Code::DuplicateRequest,
            "this idempotency key was used with another body",
        )),
        other => Err(refusal(other, proven, refused)),
    }
}

/// The refusals that reads and events share; `otherwise` is what a counted call is told.
pub(super) fn refusal(verdict: Verdict, proven: &Proven, otherwise: Option<Problem>) -> Problem {
    match verdict {
        Verdict::RateLimited { message } => Problem::new(Code::RateLimited, message),
        Verdict::Replayed => authenticate::replayed(&proven.key),
        Verdict::Unavailable => {
            Problem::new(Code::Unavailable, "temporarily unavailable; nothing was stored")
        }
        Verdict::Counted => otherwise.unwrap_or_else(|| unexpected("Counted")),
        Verdict::Accepted { .. } => unexpected("Accepted"),
        Verdict::Repeated { .. } => unexpected("Repeated"),
        Verdict::Duplicate { .. } => unexpected("Duplicate"),
        Verdict::KeyReused => unexpected("KeyReused"),
        Verdict::Waiting { .. } => unexpected("Waiting"),
    }
}

fn unexpected(verdict: &str) -> Problem {
    unavailable("An intake object answered what was not asked", &verdict)
}

/// Click ids carry whole seconds, so a moved clock is answered only when its second has come.
pub(super) async fn wait_until(call: &Call, instant_ms: i64) {
    for _ in 0..3 {
        let left_ms = instant_ms - clock::now_ms(&call.config);
        if left_ms <= 0 {
            return;
        }
        outbound::pause(left_ms).await;
    }
}

/// Validates the body and the idempotency headers: an event, or every fault at once.
fn read_event(
    call: &Call,
    proven: &Proven,
    kind: EventKind,
    body: &[u8],
) -> Result<(Origin, NewEvent), Problem> {
    let entry = &proven.key.entry;
    match (validated(kind, body, &context(call, entry)?), origin(call, body)) {
        (Ok(event), Ok(origin)) => Ok((origin, new_event(entry, &event)?)),
        (event, origin) => {
            let mut faults = event.err().unwrap_or_default();
            if let Err(fault) = origin {
                faults.push(fault);
            }
            Err(invalid(faults))
        }
    }
}

/// What validation needs to know of a call.
pub(super) fn context<'a>(call: &'a Call, entry: &KeyEntry) -> Result<Context<'a>, Problem> {
    let now = from_milliseconds(call.now_ms)
        .ok_or_else(|| unavailable("The clock is outside the calendar", &call.now_ms))?;
    Ok(Context {
        merchant: entry.merchant_id,
        environment: entry.environment,
        currency: entry.currency,
        now,
        hash_key: &call.config.hash_key,
    })
}

/// One event's text, validated.
pub(super) fn validated(
    kind: EventKind,
    text: &[u8],
    context: &Context<'_>,
) -> Result<Event, Faults> {
    match kind {
        EventKind::Conversion => validate::conversion(text, context).map(Event::Conversion),
        EventKind::OrderStatus => validate::order_status(text, context).map(Event::OrderStatus),
        EventKind::ClockAdvance => validate::clock_advance(text).map(Event::ClockAdvance),
        // No route leads here: a shop's webhook is picked from, not validated.
        EventKind::Webhook => Err(Faults::default()),
    }
}

/// What it takes to know a call again; `Err` is a fault of its idempotency headers.
pub(super) fn origin(call: &Call, body: &[u8]) -> Result<Origin, &'static str> {
    let key = idempotency::read(call.header("idempotency-key"), call.header("x-idempotency-key"))?;
    Ok(Origin {
        body_sha256: hex::encode(Sha256::digest(body)),
        idempotency: key.map(|key| idempotency::scoped(call.method(), call.path(), &key)),
    })
}

/// A validated event as the object takes it.
pub(super) fn new_event(entry: &KeyEntry, event: &Event) -> Result<NewEvent, Problem> {
    let conversion_id = match event {
        Event::Conversion(conversion) => {
            let order = &conversion.external_order_id;
            Some(ConversionId::derive(entry.merchant_id, entry.environment, order).to_string())
        }
        Event::OrderStatus(_) | Event::ClockAdvance(_) | Event::Shop(_) => None,
    };
    let body = RawValue::from_string(event.to_json())
        .map_err(|cause| unavailable("A validated event is no JSON", &cause))?;
    Ok(NewEvent { kind: event.kind(), body, content: event.content_key(), conversion_id })
}

/// The code and the sentences of a body's faults.
pub(super) fn invalid(faults: Faults) -> Problem {
    let code =
        if faults.has_order_status() { Code::OrderStatusInvalid } else { Code::ValidationError };
    Problem::faults(code, faults.into_messages())
}
