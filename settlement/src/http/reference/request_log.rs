//! The operation that lists a merchant's own calls.

use super::operation::{Operation, Tag};
use super::reads::{filter, paged};
use crate::wire::request_log::LoggedCall;
use crate::wire::schema;
use utoipa::openapi::HttpMethod::Get;

const TAG: Tag = Tag {
    name: "Request log",
    about: "Every signed call of the merchant's keys, and why it was refused.",
};
const EXAMPLE: &str = r#"{
  "data": [
    {
      "id": "call_9f86d081884c7d65",
      "receivedAt": "2026-06-14T03:45:01.204Z",
      "keyId": "pk_test_7c1e",
      "method": "POST",
      "path": "/api/v1/conversions",
      "route": "/api/v1/conversions",
      "status": 401,
      "code": "SIG_BAD_SIGNATURE",
      "latencyMs": 3,
      "requestId": "req_9f86d081884c7d659a2feaa0",
      "eventId": null,
      "taken": null,
      "faults": [],
      "contentBytes": 214
    }
  ],
  "nextCursor": null
}"#;

pub(super) fn operations() -> Vec<Operation> {
    let operation = Operation::signed(Get, "/request-log", TAG, "listCalls", "List calls")
        .about("Bodies, secrets, signatures and addresses are not kept.")
        .query("keyId", filter(), "Only this key's.")
        .query("status", schema::pattern("^[0-9]{3}$"), "Only those answered so.")
        .query("code", filter(), "Only those refused so, by log code.")
        .query("route", filter(), "Only those of this route.")
        .query("requestId", filter(), "Only those with this request id.")
        .query("eventId", filter(), "Only those that made or met this event.");
    vec![paged::<LoggedCall>(operation, EXAMPLE)]
}
