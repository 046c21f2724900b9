//! Shops' webhooks: of any shop that can sign as merchants do, and of two that sign in their own
//! way. What they bring enters the same intake. Rules: PRODUCT §7, EDGE §12.

use super::answer::Answer;
use super::authenticate::{self, Proven};
use super::body::{self, BODY_BYTES_MAX};
use super::{Call, intake};
use crate::gate::hop::{Ask, NewEvent};
use crate::gate::shop_call;
use shared::event::Event;
use shared::fault::Faults;
use shared::limits::SHOP_BODY_BYTES_MAX;
use shared::problem::Problem;
use shared::shop::{self, ShopEvent, ShopTerms, Source};
use shared::validate;

/// Takes a signed event under the id that the shop gave it.
pub(super) async fn accept(call: &Call) -> Result<Answer, Problem> {
    body::require_json(call)?;
    let body = body::read(call, BODY_BYTES_MAX).await?;
    let proven = authenticate::prove(call, &body).await?;
    let read = read_wrapped(call, &proven, &body);
    intake::offer(call, &proven, true, read).await
}

/// Unwraps and validates an event, or lists every fault of body and headers at once.
fn read_wrapped(call: &Call, proven: &Proven, body: &[u8]) -> Result<Ask, Problem> {
    let entry = &proven.key.entry;
    let context = intake::context(call, entry)?;
    let event = validate::webhook(body)
        .and_then(|it| intake::validated(it.kind, it.data.get().as_bytes(), &context));
    let id = validate::external_event_id(call.header("x-external-event-id"));
    match (event, id, intake::origin(call, body)) {
        (Ok(event), Ok(id), Ok(origin)) => {
            let known_by = Some(shop_call::content("generic", "", id));
            let event = intake::new_event(entry, &event)?;
            let event = NewEvent { content: known_by, conversion_id: None, ..event };
            Ok(Ask::Accept(origin, event))
        }
        (event, id, origin) => {
            let mut faults = event.err().unwrap_or_default();
            for fault in id.err().into_iter().chain(origin.err()) {
                faults.push(fault);
            }
            Err(intake::invalid(faults))
        }
    }
}

/// Takes a webhook that Shopify or WooCommerce signed with the secret of the key in the path.
pub(super) async fn accept_shop(
    call: &Call,
    source: Source,
    key_id: &str,
) -> Result<Answer, Problem> {
    let body = body::read(call, SHOP_BODY_BYTES_MAX).await?;
    let (key, terms) = authenticate::shop_key(call, source, key_id).await?;
    // WooCommerce asks once, unsigned, whether anybody is there, and takes 200 alone for a yes.
    let signature = call.header(source.signature_header());
    if signature.is_none() && shop_call::is_ping(source, &body) {
        return Ok(Answer::json(200, r#"{"status":"ok"}"#));
    }
    let proven = authenticate::prove_shop(call, key, &body, signature)?;
    let read = read_shop(call, &proven, terms, &body);
    intake::offer(call, &proven, false, read).await
}

/// Picks what is kept of a shop's body.
fn read_shop(call: &Call, proven: &Proven, terms: ShopTerms, body: &[u8]) -> Result<Ask, Problem> {
    let source = terms.source;
    let mut faults = Faults::default();
    let topic = shop_call::word(call.header(source.topic_header()));
    if topic.is_none() {
        faults.push(format!("{} must name a topic", source.topic_header()));
    }
    let origin = match intake::origin(call, body) {
        Ok(origin) => Some(origin),
        Err(fault) => {
            faults.push(fault);
            None
        }
    };
    let picked = shop::pick(source, body).map_err(|fault| faults.push(fault));
    let (Some(topic), Some(origin), Ok((click_id, data))) = (topic, origin, picked) else {
        return Err(intake::invalid(faults));
    };
    let id = source.id_headers().iter().find_map(|name| shop_call::word(call.header(name)));
    let id = id.unwrap_or(&origin.body_sha256);
    let content = Some(shop_call::content(source.as_str(), topic, id));
    let is_test = call.header("x-shopify-test") == Some("true");
    let event = ShopEvent { terms, topic: topic.to_owned(), is_test, click_id, data };
    let event = intake::new_event(&proven.key.entry, &Event::Shop(Box::new(event)))?;
    Ok(Ask::Accept(origin, NewEvent { content, ..event }))
}
