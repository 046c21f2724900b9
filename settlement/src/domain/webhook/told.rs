//! A notice as the log holds it.

use crate::domain::notice::Kind;
use jiff::Timestamp;
use serde_json::Value;
use shared::id::{AffiliateId, MerchantId};

/// One notice of the log, read back.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Its place in the log, the same for ever.
    pub position: i64,
    /// Under which merchant it stands; the nil merchant for an affiliate's own.
    pub merchant: MerchantId,
    /// What it tells.
    pub kind: Kind,
    /// Whose endpoints get it beside the merchant's.
    pub affiliate: Option<AffiliateId>,
    /// About which conversion.
    pub conversion_id: Option<String>,
    /// About which commission.
    pub commission_id: Option<String>,
    /// About which event.
    pub event_id: Option<String>,
    /// When the step took effect, in the merchant's time.
    pub occurred_at: Timestamp,
    /// What it says to its merchant.
    pub data: Value,
}

/// A delivery to be numbered: one notice in the words of one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its number on the endpoint.
    pub sequence: i64,
    /// Which notice of the log; `None` for a ping.
    pub position: Option<i64>,
    /// What it tells.
    pub kind: Kind,
    /// `webhook-id`.
    pub message_id: String,
    /// What is sent, byte for byte.
    pub body: String,
}
