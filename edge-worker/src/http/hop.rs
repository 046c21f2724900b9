//! The one hop of a signed call: Worker to intake object and back. Never tried twice.

use super::Call;
use super::authenticate::Proven;
use crate::bridge;
use crate::gate::hop::{self, Ask, Verdict};
use crate::objects::{NAME_HEADER, OFFER_PATH};
use shared::internal::intake_name;
use worker::{Error, Result};

/// The binding of the intake objects.
pub(super) const INTAKE_BINDING: &str = "MERCHANT_INTAKE";
/// The binding of the click objects.
pub(super) const CLICK_BINDING: &str = "CLICK_OUTBOX";

/// Takes a proven call to its merchant's object. `Err` when the outcome is not known.
pub(super) async fn offer(
    call: &Call,
    proven: &Proven,
    checks_replay: bool,
    ask: Ask,
) -> Result<Verdict> {
    let entry = &proven.key.entry;
    let hop = hop::Call {
        key_id: entry.key_id.clone(),
        per_minute_max: entry.per_minute_max,
        per_hour_max: entry.per_hour_max,
        signature: checks_replay.then(|| proven.signature.clone()),
        ask,
    };
    let name = intake_name(entry.merchant_id, entry.environment);
    let body = serde_json::to_string(&hop)?;
    let headers = [(NAME_HEADER, name.as_str())].into_iter();
    let (status, answer) =
        bridge::hop(&call.env, INTAKE_BINDING, &name, OFFER_PATH, headers, &body).await?;
    match status {
        200 => Ok(serde_json::from_str(&answer)?),
        // The object said so itself, so nothing was stored.
        503 => Ok(Verdict::Unavailable),
        status => Err(Error::from(format!("the intake object answered {status}"))),
    }
}
