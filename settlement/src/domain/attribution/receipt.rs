//! The attribution receipt: every candidate considered, why each won or lost, the facts it was
//! judged by.

use super::{Facts, Kind, Reason, Setting};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::click_id::ClickClass;
use shared::id::AffiliateId;

/// What became of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It says who earns the order.
    Won,
    /// It does not hold.
    Lost,
    /// One before it won.
    NotReached,
}

impl Outcome {
    /// Every outcome's word on the wire.
    pub const WORDS: [&'static str; 3] = ["won", "lost", "not_reached"];
}

/// One candidate as the receipt shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// What was considered.
    pub kind: Kind,
    /// What became of it.
    pub result: Outcome,
    /// Why it lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The click id as sent; for a customer, the one of the earlier conversion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub click_id: Option<String>,
    /// The coupon as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon_code: Option<String>,
    /// The customer's earlier conversion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversion_id: Option<String>,
    /// The click's class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<ClickClass>,
    /// When it was clicked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clicked_at: Option<Timestamp>,
    /// Until when an order could earn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_until: Option<Timestamp>,
    /// Whose it was. Only shown when it was this merchant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affiliate_id: Option<AffiliateId>,
    /// Remarks that did not decide: `click_record_missing`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Candidate {
    fn bare(kind: Kind, result: Outcome) -> Self {
        Self {
            kind,
            result,
            reason: None,
            click_id: None,
            coupon_code: None,
            conversion_id: None,
            class: None,
            clicked_at: None,
            window_until: None,
            affiliate_id: None,
            notes: Vec::new(),
        }
    }

    pub(super) fn lost(kind: Kind) -> Self {
        Self::bare(kind, Outcome::Lost)
    }

    pub(super) fn not_reached(kind: Kind) -> Self {
        Self::bare(kind, Outcome::NotReached)
    }
}

/// Every candidate considered, and why each won or lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The merchant's order of candidates.
    pub order: Vec<Kind>,
    /// Those of them that need no person beside the click.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub automatic: Vec<Kind>,
    /// The version of the merchant's attribution setting; 0: the network's own.
    #[serde(default)]
    pub setting_version: u32,
    /// min(ordered, received), in the merchant's time: the instant everything was judged at.
    pub judged_at: Timestamp,
    /// `HIGH`, `MEDIUM` or `LOW`.
    pub confidence: String,
    /// The candidates, in that order.
    pub candidates: Vec<Candidate>,
    /// Reasons that count for risk later.
    pub risk_reasons: Vec<String>,
    /// The result in a sentence.
    pub why: String,
    /// What was known of the candidates it came to; receipts from before it was kept have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
}

impl Receipt {
    pub(super) fn begin(judged_at: Timestamp, setting: &Setting) -> Self {
        Self {
            order: setting.order.clone(),
            automatic: setting.automatic.clone(),
            setting_version: setting.version,
            judged_at,
            confidence: "LOW".to_owned(),
            candidates: Vec::with_capacity(setting.order.len()),
            risk_reasons: Vec::new(),
            why: String::new(),
            facts: None,
        }
    }

    /// The setting it was judged under.
    pub fn setting(&self) -> Setting {
        Setting {
            version: self.setting_version,
            order: self.order.clone(),
            automatic: self.automatic.clone(),
            in_force_from: Timestamp::MIN,
        }
    }

    /// The candidate that won.
    pub fn winner(&self) -> Option<&Candidate> {
        self.candidates.iter().find(|candidate| candidate.result == Outcome::Won)
    }
}
