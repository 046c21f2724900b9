//! Notices for webhook endpoints, one per step, written with the change they report (MONEY §7).

use super::lifecycle::State;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use shared::id::{AffiliateId, ConversionId};
use shared::money::Currency;

/// What a notice tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An order was recorded.
    ConversionReceived,
    /// An affiliate earns it.
    ConversionAttributed,
    /// Nobody earns it yet.
    ConversionUnattributed,
    /// A commission came to be.
    CommissionCreated,
    /// It is held, or its return window began.
    CommissionHeld,
    /// Its return window is over or waived.
    CommissionApproved,
    /// It is firm.
    CommissionPayable,
    /// It was paid.
    CommissionPaid,
    /// It was reversed.
    CommissionRejected,
    /// Its net amount changed.
    CommissionAdjusted,
    /// An event got its final outcome.
    EventProcessed,
}

impl Kind {
    /// The type on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConversionReceived => "conversion.received",
            Self::ConversionAttributed => "conversion.attributed",
            Self::ConversionUnattributed => "conversion.unattributed",
            Self::CommissionCreated => "commission.created",
            Self::CommissionHeld => "commission.held",
            Self::CommissionApproved => "commission.approved",
            Self::CommissionPayable => "commission.payable",
            Self::CommissionPaid => "commission.paid",
            Self::CommissionRejected => "commission.rejected",
            Self::CommissionAdjusted => "commission.adjusted",
            Self::EventProcessed => "event.processed",
        }
    }

    /// The notice of a commission's arrival in a state; payouts in flight tell nothing.
    pub fn of_arrival(state: State) -> Option<Self> {
        match state {
            State::Pending => Some(Self::CommissionCreated),
            State::HoldWaiting | State::HoldRunning => Some(Self::CommissionHeld),
            State::Approved => Some(Self::CommissionApproved),
            State::PayableFree => Some(Self::CommissionPayable),
            State::PayableInFlight => None,
            State::Paid => Some(Self::CommissionPaid),
            State::Rejected => Some(Self::CommissionRejected),
        }
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
