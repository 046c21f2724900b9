//! The operations that tell which commissions were paid out, and how far that is.

use super::operation::{Operation, Tag};
use super::reads::{LISTED, paged};
use crate::wire::payout::{self, Payout, PayoutWithLines};
use crate::wire::schema;
use shared::problem::Code;
use utoipa::openapi::HttpMethod::Get;

const TAG: Tag = Tag {
    name: "Payouts",
    about: "Transfers to affiliates: the merchant's own lines of them, and how far they are.",
};

const PAYOUTS: &str = r#"{
  "data": [
    {
      "id": "0197d3a0-1c2e-7b44-8f10-9a3b5c7d9e01",
      "state": "settled",
      "affiliateId": "0197a1c4-7a10-7c3e-9a55-2f6f0c1d4e21",
      "currency": "NPR",
      "amount": "499.83",
      "lineCount": 2,
      "cutOffAt": "2026-07-05T18:15:00Z",
      "createdAt": "2026-07-05T18:15:02.311Z",
      "sentAt": "2026-07-06T04:10:00.020Z",
      "answeredAt": "2026-07-07T06:00:12.500Z"
    }
  ],
  "nextCursor": null
}"#;

const PAYOUT: &str = r#"{
  "id": "0197d3a0-1c2e-7b44-8f10-9a3b5c7d9e01",
  "state": "settled",
  "affiliateId": "0197a1c4-7a10-7c3e-9a55-2f6f0c1d4e21",
  "currency": "NPR",
  "amount": "499.83",
  "lineCount": 2,
  "cutOffAt": "2026-07-05T18:15:00Z",
  "createdAt": "2026-07-05T18:15:02.311Z",
  "sentAt": "2026-07-06T04:10:00.020Z",
  "answeredAt": "2026-07-07T06:00:12.500Z",
  "lines": [
    {"kind": "commission", "commissionId": "com_2f8m4k1x9q7a5c3e0w6t8y4b2h", "amount": "299.90"},
    {"kind": "commission", "commissionId": "com_7h3n9d2q5v8b1k6m4x0c2w8t5r", "amount": "199.93"}
  ]
}"#;

pub(super) fn operations() -> Vec<Operation> {
    vec![list(), show()]
}

fn list() -> Operation {
    let operation = Operation::signed(Get, "/payouts", TAG, "listPayouts", "List payouts")
        .about("A payout that has no line of the merchant is not listed.")
        .query("affiliateId", schema::uuid(), "Only those to this affiliate.")
        .query("currency", currency(), "Only those in this currency.")
        .query("state", payout::state(), LISTED);
    paged::<Payout>(operation, PAYOUTS)
}

fn currency() -> utoipa::openapi::Object {
    schema::pattern("^[A-Z]{3}$")
}

fn show() -> Operation {
    Operation::signed(Get, "/payouts/{id}", TAG, "showPayout", "Show a payout")
        .about("With the merchant's lines of it: commissions, corrections, returns by the bank.")
        .answers::<PayoutWithLines>(200, "The payout.", PAYOUT)
        .cached()
        .refuses(&[Code::NotFound])
}
