//! What became of an event: the outcome every 202 ends in (MONEY §10).

use shared::id::ConversionId;

/// The code of an outcome; each belongs to one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// It had its effect.
    Applied,
    /// Recorded; the commission stays as it was.
    NoChange,
    /// Recorded on a conversion that has no commission.
    Recorded,
    /// Recorded; a person decides.
    InReview,
    /// The commission's state does not allow it.
    OrderStatusTransitionDenied,
    /// Older than the last decision.
    StaleDecision,
    /// The order was reported before.
    DuplicateOrder,
    /// The same status was reported before.
    DuplicateStatus,
    /// A decision on a commission that does not exist.
    NoCommission,
    /// A refund that cannot be read in the order's terms.
    RefundAmountInvalid,
    /// Its conversion never came.
    ConversionNotFound,
    /// It names an instant too far ahead of test time.
    TimeAhead,
    /// A shop's webhook of which the books take nothing.
    TopicIgnored,
    /// What the edge stored cannot be read.
    EventInvalid,
    /// Waits for its conversion.
    AwaitingConversion,
    /// Waits for its click's link.
    AwaitingLink,
    /// Waits for the payout in flight.
    PayoutInFlight,
    /// Our fault; an operator can retry it.
    InternalError,
}

impl Code {
    /// Every code, in the documented order.
    pub const ALL: [Self; 18] = [
        Self::Applied,
        Self::NoChange,
        Self::Recorded,
        Self::InReview,
        Self::OrderStatusTransitionDenied,
        Self::StaleDecision,
        Self::DuplicateOrder,
        Self::DuplicateStatus,
        Self::NoCommission,
        Self::RefundAmountInvalid,
        Self::ConversionNotFound,
        Self::TimeAhead,
        Self::TopicIgnored,
        Self::EventInvalid,
        Self::AwaitingConversion,
        Self::AwaitingLink,
        Self::PayoutInFlight,
        Self::InternalError,
    ];

    /// The code on the wire and in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "APPLIED",
            Self::NoChange => "NO_CHANGE",
            Self::Recorded => "RECORDED",
            Self::InReview => "IN_REVIEW",
            Self::OrderStatusTransitionDenied => "ORDER_STATUS_TRANSITION_DENIED",
            Self::StaleDecision => "STALE_DECISION",
            Self::DuplicateOrder => "DUPLICATE_ORDER",
            Self::DuplicateStatus => "DUPLICATE_STATUS",
            Self::NoCommission => "NO_COMMISSION",
            Self::RefundAmountInvalid => "REFUND_AMOUNT_INVALID",
            Self::ConversionNotFound => "CONVERSION_NOT_FOUND",
            Self::TimeAhead => "TIME_AHEAD",
            Self::TopicIgnored => "TOPIC_IGNORED",
            Self::EventInvalid => "EVENT_INVALID",
            Self::AwaitingConversion => "AWAITING_CONVERSION",
            Self::AwaitingLink => "AWAITING_LINK",
            Self::PayoutInFlight => "PAYOUT_IN_FLIGHT",
            Self::InternalError => "INTERNAL_ERROR",
        }
    }

    /// The state an event with this outcome is in.
    pub fn state(self) -> &'static str {
        match self {
            Self::Applied | Self::NoChange | Self::Recorded | Self::InReview => "applied",
            Self::OrderStatusTransitionDenied
            | Self::StaleDecision
            | Self::DuplicateOrder
            | Self::DuplicateStatus
            | Self::NoCommission
            | Self::RefundAmountInvalid
            | Self::ConversionNotFound
            | Self::TimeAhead
            | Self::TopicIgnored
            | Self::EventInvalid => "skipped",
            Self::AwaitingConversion | Self::AwaitingLink | Self::PayoutInFlight => "parked",
            Self::InternalError => "failed",
        }
    }

    /// Whether the event is done with: applied or skipped.
    pub fn is_final(self) -> bool {
        matches!(self.state(), "applied" | "skipped")
    }
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The code, which names the state too.
    pub code: Code,
    /// The same in a sentence for the merchant.
    pub detail: String,
    /// The conversion it made or met.
    pub conversion: Option<ConversionId>,
    /// Whether that conversion has a commission.
    pub has_commission: bool,
}

impl Outcome {
    /// An outcome that met no conversion.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), conversion: None, has_commission: false }
    }

    /// The same outcome on a conversion.
    #[must_use]
    pub fn on(self, conversion: ConversionId, has_commission: bool) -> Self {
        Self { conversion: Some(conversion), has_commission, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_belongs_to_the_state_that_the_contract_names() {
        // MONEY §10.
        let contract = [
            ("applied", "APPLIED NO_CHANGE RECORDED IN_REVIEW"),
            (
                "skipped",
                "ORDER_STATUS_TRANSITION_DENIED STALE_DECISION DUPLICATE_ORDER DUPLICATE_STATUS \
                 NO_COMMISSION REFUND_AMOUNT_INVALID CONVERSION_NOT_FOUND TIME_AHEAD \
                 TOPIC_IGNORED EVENT_INVALID",
            ),
            ("parked", "AWAITING_CONVERSION AWAITING_LINK PAYOUT_IN_FLIGHT"),
            ("failed", "INTERNAL_ERROR"),
        ];
        let expected: Vec<_> = contract
            .iter()
            .flat_map(|(state, codes)| codes.split(' ').map(move |code| (code, *state)))
            .collect();
        assert_eq!(Code::ALL.map(|code| (code.as_str(), code.state())).to_vec(), expected);
        for code in Code::ALL {
            let is_final = ["applied", "skipped"].contains(&code.state());
            assert_eq!(code.is_final(), is_final, "{code:?}");
        }
    }

    #[test]
    fn an_outcome_names_the_conversion_it_met_and_whether_that_has_a_commission() {
        let merchant = shared::id::MerchantId(uuid::Uuid::from_u128(7));
        let id = ConversionId::derive(merchant, shared::id::Environment::Test, "A-1");
        for has_commission in [true, false] {
            let met = Outcome::new(Code::Applied, "done").on(id, has_commission);
            let expected = Outcome {
                code: Code::Applied,
                detail: "done".to_owned(),
                conversion: Some(id),
                has_commission,
            };
            assert_eq!(met, expected);
        }
    }
}
