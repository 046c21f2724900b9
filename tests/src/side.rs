//! One merchant in one environment, and the steps of its story: click, report, wait, read.

use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use settlement::domain::order::Scope;
use settlement::flows::create_link::Created;
use shared::click_id::{Click, ClickClass, U40_MAX};
use shared::id::{AffiliateId, CampaignId, ConversionId};

use crate::http::Answer;
use crate::merchant::SigningMerchant;
use crate::world::World;
use crate::{BOUND, eventually};

/// Over how many seconds the signatures of reports are spread, inside the window of 300.
const REPORT_SECONDS: i64 = 240;
/// Where conversions go.
pub const CONVERSIONS: &str = "/api/v1/conversions";
/// Where news of orders goes.
pub const ORDER_STATUS: &str = "/api/v1/order-status";
/// Where the test clock is moved.
pub const CLOCK: &str = "/api/v1/test/clock/advance";

/// A merchant in one environment.
#[derive(Debug)]
pub struct Side<'a> {
    /// Where it lives.
    pub world: &'a World,
    /// Which merchant, which environment.
    pub scope: Scope,
    /// Its server.
    pub signer: SigningMerchant,
    /// Who shares its links.
    pub affiliate: AffiliateId,
    /// The campaign of `link`.
    pub campaign: CampaignId,
    /// A link of a campaign with a rule.
    pub link: Created,
    /// A link of a campaign without one.
    pub plain_link: Created,
    /// How many reports were made: each is signed at a second of its own.
    pub reports: AtomicI64,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// received, applied, skipped, parked, failed.
    pub state: String,
    /// MONEY §10.
    pub code: String,
    /// In a sentence.
    pub detail: String,
    /// The conversion it made or met.
    pub conversion_id: Option<String>,
}

impl Side<'_> {
    /// `live` or `test`.
    pub fn environment(&self) -> &'static str {
        self.scope.environment.as_str()
    }

    /// The merchant's id and the environment, as SQL takes them.
    pub fn binds(&self) -> [String; 2] {
        [self.scope.merchant.to_string(), self.environment().to_owned()]
    }

    /// The id that an order's conversion has, there or not.
    pub fn conversion_id(&self, order: &str) -> String {
        ConversionId::derive(self.scope.merchant, self.scope.environment, order).to_string()
    }

    /// A person follows the link of the ruled campaign; answers the click id.
    pub fn click(&self) -> String {
        self.world.shopper().click(&self.link.code)
    }

    /// A person follows the link of the campaign without a rule.
    pub fn click_of_plain(&self) -> String {
        self.world.shopper().click(&self.plain_link.code)
    }

    /// A genuine id of a click that no edge has seen.
    pub fn seal(&self, link_number: u64, clicked_at: i64) -> String {
        let clicked_at_seconds = u32::try_from(clicked_at).expect("a second of this age");
        let random = u64::from(uuid::Uuid::now_v7().as_fields().0);
        let class = ClickClass::Human;
        Click { link_number, clicked_at_seconds, class, random }.seal(&self.world.click_keys())
    }

    /// Reports something; it must be taken. Answers the event id.
    pub fn report(&self, path: &str, body: &Value) -> String {
        // Two equal texts of one second would be a replay.
        let earlier = self.reports.fetch_add(1, Ordering::Relaxed) % REPORT_SECONDS;
        let call = self.signer.post(path, body.to_string()).at(earlier);
        let answer = call.send().expect_status(202);
        answer.text_of("eventId")
    }

    /// Reports an order with a click id; answers the event id.
    pub fn convert(&self, order: &str, amount: &str, click_id: &str) -> String {
        let body = json!({"externalOrderId": order, "orderAmount": amount, "clickId": click_id});
        self.report(CONVERSIONS, &body)
    }

    /// A click, its order, and the wait until that is applied.
    pub fn sell(&self, order: &str, amount: &str) -> Outcome {
        let event_id = self.convert(order, amount, &self.click());
        let outcome = self.outcome(&event_id);
        assert_eq!((outcome.state.as_str(), outcome.code.as_str()), ("applied", "APPLIED"));
        outcome
    }

    /// Reports an order's status and waits for the outcome.
    pub fn tell(&self, order: &str, status: &str) -> Outcome {
        self.tell_more(&json!({"externalOrderId": order, "status": status}))
    }

    /// Reports an order's status with all its fields, and waits for the outcome.
    pub fn tell_more(&self, body: &Value) -> Outcome {
        let event_id = self.report(ORDER_STATUS, body);
        self.outcome(&event_id)
    }

    /// Moves the merchant's test clock and waits until it stands there.
    pub fn advance(&self, seconds: u64) {
        let event_id = self.report(CLOCK, &json!({"seconds": seconds}));
        assert_eq!(self.outcome(&event_id).state, "applied");
    }

    /// Waits until an event has an outcome, parked or final.
    pub fn outcome(&self, event_id: &str) -> Outcome {
        eventually(BOUND, &format!("{event_id} has an outcome"), || {
            self.known_outcome(event_id)
                .filter(|known| known.state != "received")
                .ok_or_else(|| format!("inbox: {:?}", self.known_outcome(event_id)))
        })
    }

    /// Waits until an event has this code.
    pub fn outcome_with(&self, event_id: &str, code: &str) -> Outcome {
        eventually(BOUND, &format!("{event_id} ends {code}"), || {
            let known = self.known_outcome(event_id);
            known.clone().filter(|known| known.code == code).ok_or_else(|| format!("{known:?}"))
        })
    }

    fn known_outcome(&self, event_id: &str) -> Option<Outcome> {
        let query = "select state, code, detail, conversion_id from inbox where event_id = $1";
        let row = self.world.database.rows(query, &[event_id]).pop()?;
        let text = |name: &str| row[name].as_str().map(str::to_owned);
        Some(Outcome {
            state: text("state")?,
            code: text("code").unwrap_or_default(),
            detail: text("detail").unwrap_or_default(),
            conversion_id: text("conversion_id"),
        })
    }

    /// A signed read that must be answered.
    pub fn read(&self, path: &str) -> Value {
        self.signer.get(path).send().expect_status(200).json()
    }

    /// An order's conversion, by its id.
    pub fn conversion(&self, order: &str) -> Value {
        self.read(&format!("{CONVERSIONS}/{}", self.conversion_id(order)))
    }

    /// Why an order's conversion is as it is.
    pub fn explain(&self, order: &str) -> Value {
        self.read(&format!("{CONVERSIONS}/{}/explain", self.conversion_id(order)))
    }

    /// An order's commission; panics when it has none.
    pub fn commission(&self, order: &str) -> Value {
        self.find_commission(order).unwrap_or_else(|| panic!("{order} has no commission"))
    }

    /// An order's commission, if it has one.
    pub fn find_commission(&self, order: &str) -> Option<Value> {
        let path = format!("/api/v1/commissions?conversionId={}", self.conversion_id(order));
        let mut list = self.read(&path);
        list["data"].as_array_mut().expect("a list has data").pop()
    }

    /// Waits until an order's commission is in a state.
    pub fn commission_in(&self, order: &str, state: &str) -> Value {
        eventually(BOUND, &format!("the commission of {order} is {state}"), || {
            let commission = self.commission(order);
            if commission["state"] == state { Ok(commission) } else { Err(commission.to_string()) }
        })
    }

    /// A signed `POST` as it is answered.
    pub fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        self.signer.post(path, body).send()
    }
}

/// The property of that name, however deep.
pub fn find<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Object(properties) => {
            properties.get(name).or_else(|| properties.values().find_map(|inner| find(inner, name)))
        }
        Value::Array(items) => items.iter().find_map(|inner| find(inner, name)),
        _ => None,
    }
}

/// A 40-bit number that no link has, as good as certainly.
pub fn unknown_link_number() -> u64 {
    uuid::Uuid::now_v7().as_u64_pair().1 & U40_MAX
}

/// A JSON object with more properties, or others.
pub fn extended(mut body: Value, more: &Value) -> Value {
    let more = more.as_object().expect("properties are an object").clone();
    body.as_object_mut().expect("a body is an object").extend(more);
    body
}
