//! The operation that reads the log of webhook events.

use super::operation::{Operation, Tag};
use crate::http::merchants::{LIMIT_DEFAULT, LIMIT_MAX, WAIT_SECONDS_MAX};
use crate::wire::schema;
use crate::wire::webhook_event::Read;
use shared::problem::Code;
use shared::validate::resource::EventType;
use utoipa::openapi::HttpMethod::Get;
use utoipa::openapi::{Object, Type};

const TAG: Tag = Tag {
    name: "Webhook events",
    about: "The log itself, for those who would rather pull than be called.",
};
const EXAMPLE: &str = r#"{
  "data": [
    {
      "id": "msg_0b6x3kq1v8m2r5t9w4y7z0a1c3",
      "type": "conversion.received",
      "timestamp": "2026-06-14T03:45:00Z",
      "data": {"conversionId": "cnv_5va87n1rqghd39wd95yv3kgh43"}
    }
  ],
  "next": "3531323a3062367833",
  "more": false
}"#;

pub(super) fn operations() -> Vec<Operation> {
    let size = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    let mut limit = schema::whole(1, size(LIMIT_MAX));
    limit.default = Some(LIMIT_DEFAULT.into());
    let wait = format!("`wait=N` waits up to N seconds, at most {WAIT_SECONDS_MAX}, for an event.");
    let words: Vec<_> = EventType::WORDS.iter().map(|word| word.replace('.', "\\.")).collect();
    let one = words.join("|");
    let kinds = schema::pattern(format!("^({one})(,({one}))*$"));
    let (path, id) = ("/webhook-events", "readWebhookEvents");
    let operation = Operation::signed(Get, path, TAG, id, "Read webhook events in order")
        .about(
            "Every event of yours, oldest first, whether or not an endpoint is told it. Pass `next` \
             as `after`, and you miss none; one written while you read comes later, never before. \
             After we had to restore a backup, `after` may be refused: read again with `since`, and \
             tell what you know by its id.",
        )
        .query("after", schema::pattern("^([0-9a-f]{2})+$"), "The `next` of the read before.")
        .query("since", schema::sent_instant(), "Without `after`: only those written since then.")
        .query("types", kinds, "Only these types, separated by commas.")
        .query("limit", limit, "How many at most.")
        .header("Prefer", Object::with_type(Type::String), &wait)
        .answers::<Read>(200, "What follows.", EXAMPLE)
        .carrying("Preference-Applied", "How long it was ready to wait.")
        .cached()
        .refuses(&[Code::ValidationError]);
    vec![operation]
}
