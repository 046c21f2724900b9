//! `POST /api/v1/webhook-endpoints` and `PATCH` on one: body to endpoint (PRODUCT §6).

use super::super::fields::{Change, Fields, Need};
use super::super::web_address::{self, Reach};
use super::DESCRIPTION_CHARACTERS_MAX;
use crate::fault::Faults;
use crate::json::Node;

/// The one format of merchants' endpoints.
const FORMAT: &str = "khata";

/// What an endpoint may be told of. Source: PRODUCT §6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventType {
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
    /// A payout was settled.
    PayoutProcessed,
    /// A payout failed or came back.
    PayoutFailed,
    /// An event got its final outcome.
    EventProcessed,
    /// An endpoint was paused, because nothing arrived there for days.
    EndpointPaused,
    /// A delivery asked for, to try the endpoint.
    Ping,
}

impl EventType {
    /// Every type, in the documented order.
    pub const ALL: [Self; 15] = [
        Self::ConversionReceived,
        Self::ConversionAttributed,
        Self::ConversionUnattributed,
        Self::CommissionCreated,
        Self::CommissionHeld,
        Self::CommissionApproved,
        Self::CommissionPayable,
        Self::CommissionPaid,
        Self::CommissionRejected,
        Self::CommissionAdjusted,
        Self::PayoutProcessed,
        Self::PayoutFailed,
        Self::EventProcessed,
        Self::EndpointPaused,
        Self::Ping,
    ];

    /// The type on the wire.
    pub const fn as_str(self) -> &'static str {
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
            Self::PayoutProcessed => "payout.processed",
            Self::PayoutFailed => "payout.failed",
            Self::EventProcessed => "event.processed",
            Self::EndpointPaused => "endpoint.paused",
            Self::Ping => "ping",
        }
    }

    /// Their words, in the same order.
    pub const WORDS: [&str; 15] = {
        let mut words = [""; 15];
        let mut at = 0;
        while at < words.len() {
            words[at] = Self::ALL[at].as_str();
            at += 1;
        }
        words
    };

    /// Reads a type.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

const STATES: [(&str, EndpointState); 2] =
    [("active", EndpointState::Active), ("paused", EndpointState::Paused)];

/// Whether an endpoint is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointState {
    /// It is.
    Active,
    /// It is not, until it is active again.
    Paused,
}

impl EndpointState {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
        }
    }
}

/// An endpoint to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEndpoint {
    /// Where events go.
    pub url: String,
    /// Which ones, at least one, each once, in the documented order.
    pub events: Vec<EventType>,
    /// The merchant's own note.
    pub description: Option<String>,
}

/// What changes about an endpoint; `None`: stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointChange {
    /// Where events go.
    pub url: Option<String>,
    /// Which ones.
    pub events: Option<Vec<EventType>>,
    /// The note.
    pub description: Change<String>,
    /// Whether it is sent to.
    pub state: Option<EndpointState>,
}

impl EndpointChange {
    fn is_empty(&self) -> bool {
        let fields = [self.url.is_none(), self.events.is_none(), self.state.is_none()];
        fields.into_iter().all(|absent| absent) && self.description == Change::Keep
    }
}

/// Reads a new endpoint within reach, or every fault of the body.
pub fn new_endpoint(body: &[u8], reach: Reach) -> Result<NewEndpoint, Faults> {
    let mut fields = Fields::read(body);
    if fields.unreadable() {
        return Err(fields.faults);
    }
    let url = url(&mut fields, reach, Need::Required);
    let events = events(&mut fields, Need::Required);
    let description = description(&mut fields);
    let format = fields.word("format", Need::Optional);
    if format.is_some_and(|format| format != Node::Text(FORMAT.to_owned())) {
        fields.faults.push("format must be khata");
    }
    fields.refuse_unknown(&[("eventTypes", "events"), ("enabledEvents", "events")]);
    match (url, events, fields.faults.is_empty()) {
        (Some(url), Some(events), true) => Ok(NewEndpoint { url, events, description }),
        _ => Err(fields.faults),
    }
}

/// Reads a change of an endpoint that stays within reach, or every fault of the body.
pub fn endpoint_change(body: &[u8], reach: Reach) -> Result<EndpointChange, Faults> {
    let mut fields = Fields::read(body);
    if fields.unreadable() {
        return Err(fields.faults);
    }
    let change = EndpointChange {
        url: url(&mut fields, reach, Need::Optional),
        events: events(&mut fields, Need::Optional),
        description: fields.change("description", description),
        state: fields.one_of("state", &STATES, Need::Optional),
    };
    fields.refuse_unknown(&[]);
    if fields.faults.is_empty() && change.is_empty() {
        fields.faults.push("body must name at least one of url, events, description, state");
    }
    if fields.faults.is_empty() { Ok(change) } else { Err(fields.faults) }
}

fn url(fields: &mut Fields, reach: Reach, need: Need) -> Option<String> {
    let text = fields.text("url", web_address::PUBLIC_URL_BYTES_MAX, need)?;
    let read = web_address::endpoint(&text, reach);
    read.map_err(|fault| fields.faults.push(format!("url {fault}"))).ok()
}

fn events(fields: &mut Fields, need: Need) -> Option<Vec<EventType>> {
    if need == Need::Required && !fields.has("events") {
        fields.faults.push("events is required");
        return None;
    }
    let nodes = fields.list("events", EventType::ALL.len())?;
    let mut events = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.iter().enumerate() {
        let kind = match node {
            Node::Text(word) => EventType::parse(word),
            _ => None,
        };
        match kind {
            None => {
                let words: Vec<_> = EventType::ALL.into_iter().map(EventType::as_str).collect();
                let words = words.join(", ");
                fields.faults.push(format!("events[{at}] must be one of {words}"));
            }
            Some(kind) if events.contains(&kind) => {
                fields.faults.push(format!("events[{at}] must not be repeated"));
            }
            Some(kind) => events.push(kind),
        }
    }
    events.sort();
    Some(events)
}

fn description(fields: &mut Fields) -> Option<String> {
    fields.display_name("description", DESCRIPTION_CHARACTERS_MAX, Need::Optional)
}
