//! The texts an intake object answers events with; the same input makes the same bytes again.

use crate::gate::hop::NewEvent;
use crate::gate::shop_call::CONTENT_PREFIX;
use jiff::Timestamp;
use shared::id::EventId;
use shared::time::format_instant;

/// The answer to an accepted event.
pub fn received(id: EventId) -> String {
    format!(r#"{{"eventId":"{id}","status":"RECEIVED","duplicate":false}}"#)
}

/// The answer to an event whose content is known as `first`.
pub fn duplicate(first: EventId, event: &NewEvent) -> String {
    if event.content.as_ref().is_some_and(|content| content.starts_with(CONTENT_PREFIX)) {
        return r#"{"status":"DUPLICATE","duplicate":true}"#.to_owned();
    }
    match &event.conversion_id {
        Some(id) => format!(r#"{{"status":"DUPLICATE","conversionId":"{id}","duplicate":true}}"#),
        None => format!(r#"{{"eventId":"{first}","status":"DUPLICATE","duplicate":true}}"#),
    }
}

/// The outcome of an event that only the edge knows yet, in settlement's shape.
pub fn waiting(id: EventId, received_at: Timestamp) -> String {
    let kind = id.kind.as_str();
    let received_at = format_instant(received_at);
    format!(
        "{{\"eventId\":\"{id}\",\"type\":\"{kind}\",\"state\":\"received\",\"code\":null,\
         \"detail\":null,\"conversionId\":null,\"commissionId\":null,\
         \"receivedAt\":\"{received_at}\",\"settledAt\":null}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    use serde_json::{Value, json};
    use shared::id::EventKind;

    #[test]
    fn what_only_the_edge_knows_has_the_shape_of_every_outcome() {
        let id = EventId { kind: EventKind::OrderStatus, epoch: 1, seq: 2 };
        let received_at = Timestamp::from_millisecond(1_781_408_700_123).expect("an instant");
        let read: Value = serde_json::from_str(&waiting(id, received_at)).expect("JSON");
        let expected = json!({
            "eventId": id.to_string(),
            "type": "order_status",
            "state": "received",
            "code": null,
            "detail": null,
            "conversionId": null,
            "commissionId": null,
            "receivedAt": "2026-06-14T03:45:00.123Z",
            "settledAt": null,
        });
        assert_eq!(read, expected);
    }
}
