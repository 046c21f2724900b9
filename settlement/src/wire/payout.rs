//! A payout as a merchant sees it: its own lines, and what they come to.

use super::schema::{self, CurrencyCode};
use super::{amount, at};
use crate::store::read_payout::{ShownLineRow, ShownPayoutRow};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a payout can be (MONEY §8).
pub const STATES: &[&str] =
    &["draft", "approved", "processing", "settled", "failed", "cancelled", "returned"];
/// What a line can be.
const LINE_KINDS: [&str; 5] = ["commission", "correction", "bank_return", "fx", "write_off"];

/// One transfer to one affiliate in one currency. A live one may carry lines of several merchants:
/// here are this merchant's alone.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Payout {
    /// Its id.
    #[schema(schema_with = schema::uuid)]
    pub id: Uuid,
    /// Where it stands.
    #[schema(schema_with = state)]
    pub state: String,
    /// Who is paid.
    #[schema(schema_with = schema::uuid)]
    pub affiliate_id: Uuid,
    /// Currency of every amount.
    #[schema(value_type = CurrencyCode)]
    pub currency: String,
    /// Sum of the merchant's lines; below zero when more was taken back than earned.
    #[schema(schema_with = schema::amount)]
    pub amount: String,
    /// How many lines are the merchant's.
    pub line_count: i64,
    /// Up to when lines count.
    #[schema(schema_with = schema::instant)]
    pub cut_off_at: String,
    /// When it was drafted.
    #[schema(schema_with = schema::instant)]
    pub created_at: String,
    /// When it was sent; `null` before. From then on its lines never change.
    #[schema(schema_with = schema::instant_or_null, required)]
    pub sent_at: Option<String>,
    /// When the bank last answered; `null` before.
    #[schema(schema_with = schema::instant_or_null, required)]
    pub answered_at: Option<String>,
}

/// A payout with the merchant's lines.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PayoutWithLines {
    #[serde(flatten)]
    payout: Payout,
    /// The merchant's lines, at most 1,000 of `lineCount`.
    #[schema(max_items = 1000)]
    lines: Vec<PayoutLine>,
}

/// What a payout is made of.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PayoutLine {
    /// What it is.
    #[schema(schema_with = line_kind)]
    kind: String,
    /// The commission paid or corrected; `null` for other kinds.
    #[schema(schema_with = commission_id_or_null, required)]
    commission_id: Option<String>,
    /// In the payout's currency.
    #[schema(schema_with = schema::amount)]
    amount: String,
}

/// The states' schema.
pub fn state() -> utoipa::openapi::Object {
    schema::words(STATES.iter().copied())
}

fn line_kind() -> utoipa::openapi::Object {
    schema::words(LINE_KINDS)
}

fn commission_id_or_null() -> utoipa::openapi::Object {
    schema::or_null(schema::commission_id())
}

/// A payout's row as merchants read it.
pub fn shown(row: &ShownPayoutRow) -> Payout {
    Payout {
        id: row.payout_id,
        state: row.state.clone(),
        affiliate_id: row.affiliate_id,
        currency: row.currency.clone(),
        amount: amount(row.amount, &row.currency),
        line_count: row.lines,
        cut_off_at: at(row.cut_off_at),
        created_at: at(row.created_at),
        sent_at: row.processing_at.map(at),
        answered_at: row.answered_at.map(at),
    }
}

/// A payout's row with its lines as merchants read them.
pub fn shown_with(row: &ShownPayoutRow, lines: Vec<ShownLineRow>) -> PayoutWithLines {
    let line = |line: ShownLineRow| PayoutLine {
        commission_id: match line.kind.as_str() {
            "commission" => Some(line.subject),
            _ => line.commission_id,
        },
        kind: line.kind,
        amount: amount(line.amount, &row.currency),
    };
    PayoutWithLines { payout: shown(row), lines: lines.into_iter().map(line).collect() }
}
