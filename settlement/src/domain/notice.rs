//! Notices for webhook endpoints, one per step, written with the change they report (MONEY §7).

use super::lifecycle::State;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use shared::id::{AffiliateId, ConversionId};
use shared::money::Currency;
use shared::order_status::OrderStatus;

/// What a notice tells: one of the types that endpoints choose from.
pub use shared::validate::resource::EventType as Kind;

/// The notice of a commission's arrival in a state; payouts in flight tell nothing.
pub fn of_arrival(state: State) -> Option<Kind> {
    match state {
        State::Pending => Some(Kind::CommissionCreated),
        State::HoldWaiting | State::HoldRunning => Some(Kind::CommissionHeld),
        State::Approved => Some(Kind::CommissionApproved),
        State::PayableFree => Some(Kind::CommissionPayable),
        State::PayableInFlight => None,
        State::Paid => Some(Kind::CommissionPaid),
        State::Rejected => Some(Kind::CommissionRejected),
    }
}

/// One notice.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// What it tells.
    pub kind: Kind,
    /// Whose endpoints get it beside the merchant's; `None`: the merchant's alone.
    pub affiliate: Option<AffiliateId>,
    /// About which conversion.
    pub conversion: Option<ConversionId>,
    /// Whether it is about that conversion's commission too.
    pub about_commission: bool,
    /// About which event.
    pub event_id: Option<String>,
    /// When the step took effect.
    pub occurred_at: Timestamp,
    /// What it says.
    pub data: Value,
}

/// One step of a commission as a notice tells it.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// The commission.
    pub commission_id: &'a str,
    /// Where it stood; `None` at its creation.
    pub from: Option<State>,
    /// Where it stands.
    pub to: State,
    /// The frozen amount.
    pub amount: Decimal,
    /// What is left of it.
    pub net: Decimal,
    /// How the net amount changed, signed.
    pub delta: Decimal,
    /// Currency of the three.
    pub currency: Currency,
    /// Why.
    pub reason: Option<&'a str>,
    /// End of the return window.
    pub hold_until: Option<Timestamp>,
}

impl Step<'_> {
    /// The notice's data.
    pub fn data(&self, conversion: ConversionId) -> Value {
        json!({
            "commissionId": self.commission_id,
            "conversionId": conversion.to_string(),
            "from": self.from.map(State::word),
            "to": self.to.word(),
            "amount": self.currency.format(self.amount),
            "netAmount": self.currency.format(self.net),
            "delta": self.currency.format(self.delta),
            "currency": self.currency.code(),
            "reason": self.reason,
            "holdUntil": self.hold_until.map(shared::time::format_instant),
        })
    }
}

/// What was taken back of an order by one of its statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenBack {
    /// The largest total reported so far, R.
    pub refunded: Decimal,
    /// What the units reported as taken back had cost.
    pub returned: Decimal,
}

impl TakenBack {
    /// Adds to the notices of a commission's steps which status took something back, and how much
    /// was taken back by then where it is not zero.
    pub fn tell(self, status: OrderStatus, currency: Currency, notices: &mut [Notice]) {
        for notice in notices.iter_mut().filter(|notice| notice.about_commission) {
            notice.data["orderStatus"] = json!(status.as_str());
            let amounts = [("refundedAmount", self.refunded), ("returnedAmount", self.returned)];
            for (name, amount) in amounts.into_iter().filter(|(_, amount)| !amount.is_zero()) {
                notice.data[name] = json!(currency.format(amount));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use shared::id::{Environment, MerchantId};

    #[test]
    fn every_arrival_but_the_one_in_flight_is_told() {
        let told: Vec<_> =
            State::ALL.into_iter().filter_map(of_arrival).map(Kind::as_str).collect();
        let expected = [
            "commission.created",
            "commission.held",
            "commission.held",
            "commission.approved",
            "commission.payable",
            "commission.paid",
            "commission.rejected",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_step_is_told_with_its_amounts_in_minor_digits() {
        let merchant = MerchantId(uuid::Uuid::from_u128(7));
        let conversion = ConversionId::derive(merchant, Environment::Test, "A-1");
        let commission_id = conversion.commission_id();
        let step = Step {
            commission_id: &commission_id,
            from: Some(State::HoldRunning),
            to: State::Approved,
            amount: Decimal::new(2_999, 1),
            net: Decimal::from(200),
            delta: Decimal::new(-999, 1),
            currency: Currency::parse("NPR").expect("a currency of the test"),
            reason: Some("one came back"),
            hold_until: Timestamp::from_second(1_781_408_700).ok(),
        };
        let expected = json!({
            "commissionId": commission_id,
            "conversionId": conversion.to_string(),
            "from": "hold",
            "to": "approved",
            "amount": "299.90",
            "netAmount": "200.00",
            "delta": "-99.90",
            "currency": "NPR",
            "reason": "one came back",
            "holdUntil": "2026-06-14T03:45:00Z",
        });
        assert_eq!(step.data(conversion), expected);
        let first = Step { from: None, reason: None, hold_until: None, ..step };
        let data = first.data(conversion);
        assert!(data["from"].is_null() && data["reason"].is_null() && data["holdUntil"].is_null());
    }
}
