//! Khata's own format: `{type, timestamp, sequence, data}`, in the words of whoever is told.

use super::endpoint::Owner;
use super::told::Told;
use crate::domain::notice::Kind;
use crate::domain::risk;
use crate::domain::statement::words;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use shared::order_status::OrderStatus;
use shared::time::format_instant;

/// A body, in the order of its names.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: String,
    sequence: i64,
    data: &'a Value,
}

/// What is sent, byte for byte: compact JSON. `at` is when the step took effect.
pub fn body(kind: Kind, at: Timestamp, sequence: i64, data: &Value) -> String {
    let body = Body { kind: kind.as_str(), timestamp: format_instant(at), sequence, data };
    serde_json::to_string(&body).expect("texts, a number and a value are plain data")
}

/// What an endpoint's owner is told of a notice; `None`: it is none of its business.
///
/// A merchant is told everything that stands under it. An affiliate is told what the lists below
/// name, of notices about itself: no reason of a review, no score, nothing of the shopper, and
/// nothing that is between merchant and network.
pub fn told_to(owner: Owner, told: &Told) -> Option<Value> {
    match owner {
        Owner::Merchant => Some(told.data.clone()),
        Owner::Affiliate(affiliate) if told.affiliate == Some(affiliate) => {
            let mut data = only(&told.data, affiliates_fields(told.kind)?);
            say_why(told.kind, &mut data);
            if let Some(Value::Array(lines)) = data.get_mut("lines") {
                for line in lines {
                    *line = Value::Object(only(line, &LINE_FIELDS));
                }
            }
            Some(Value::Object(data))
        }
        Owner::Affiliate(_) => None,
    }
}

/// Whether an affiliate's endpoint can choose to be told of it.
pub fn is_for_affiliates(kind: Kind) -> bool {
    affiliates_fields(kind).is_some()
}

/// Whether it is a step of a commission.
pub fn is_of_commission(kind: Kind) -> bool {
    match kind {
        Kind::CommissionCreated
        | Kind::CommissionHeld
        | Kind::CommissionApproved
        | Kind::CommissionPayable
        | Kind::CommissionPaid
        | Kind::CommissionRejected
        | Kind::CommissionAdjusted => true,
        Kind::ConversionReceived
        | Kind::ConversionAttributed
        | Kind::ConversionUnattributed
        | Kind::PayoutProcessed
        | Kind::PayoutFailed
        | Kind::EventProcessed
        | Kind::EndpointPaused
        | Kind::Ping => false,
    }
}

const CONVERSION_FIELDS: [&str; 6] =
    ["conversionId", "confidence", "affiliateId", "campaignId", "orderAmount", "currency"];
const COMMISSION_FIELDS: [&str; 13] = [
    "commissionId",
    "conversionId",
    "from",
    "to",
    "amount",
    "netAmount",
    "delta",
    "currency",
    "reason",
    "holdUntil",
    "orderStatus",
    "refundedAmount",
    "returnedAmount",
];
const PAYOUT_FIELDS: [&str; 8] =
    ["payoutId", "affiliateId", "state", "currency", "amount", "reason", "lineCount", "lines"];
const LINE_FIELDS: [&str; 4] = ["kind", "commissionId", "itemId", "amount"];
const ENDPOINT_FIELDS: [&str; 5] =
    ["endpointId", "host", "reason", "failingSince", "failuresInRow"];

/// What affiliates are told of each type; `None`: nothing, and their endpoints cannot choose it.
fn affiliates_fields(kind: Kind) -> Option<&'static [&'static str]> {
    match kind {
        Kind::ConversionAttributed => Some(&CONVERSION_FIELDS),
        Kind::CommissionCreated
        | Kind::CommissionHeld
        | Kind::CommissionApproved
        | Kind::CommissionPayable
        | Kind::CommissionPaid
        | Kind::CommissionRejected
        | Kind::CommissionAdjusted => Some(&COMMISSION_FIELDS),
        Kind::PayoutProcessed | Kind::PayoutFailed => Some(&PAYOUT_FIELDS),
        Kind::EndpointPaused => Some(&ENDPOINT_FIELDS),
        Kind::Ping => Some(&[]),
        Kind::ConversionReceived | Kind::ConversionUnattributed | Kind::EventProcessed => None,
    }
}

fn only(data: &Value, fields: &[&str]) -> Map<String, Value> {
    let field = |name: &&str| Some(((*name).to_owned(), data.get(*name)?.clone()));
    fields.iter().filter_map(field).collect()
}

/// A rejection is explained as on the affiliate's statements; any other step tells the shop's, the
/// bank's or a correction's own words. What a review found is never among them.
fn say_why(kind: Kind, data: &mut Map<String, Value>) {
    let told = data.get("reason").and_then(Value::as_str);
    let is_review = told == Some(risk::REFUSED);
    if is_review || kind == Kind::CommissionRejected {
        // A shop that rejects without a word is told of as its decision.
        let by_shop = told.unwrap_or(OrderStatus::CommissionRejected.as_str());
        let why = words::why_not((!is_review).then_some(by_shop));
        data.insert("reason".to_owned(), Value::from(why));
    }
}

#[cfg(test)]
mod tests;
