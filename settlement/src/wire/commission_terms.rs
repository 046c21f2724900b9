//! What a campaign or product pays, as merchants read it.

use crate::store::rule::ShownRuleRow;
use serde::Serialize;
use shared::money::Currency;
use utoipa::ToSchema;
use uuid::Uuid;

/// The rule in force.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CommissionTerms)]
pub struct Shown {
    /// `percent` or `flat`.
    #[schema(example = "percent")]
    kind: String,
    /// Of percent: basis points of the base, 1000 is 10 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1000, minimum = 0, maximum = 10_000)]
    rate_bps: Option<i32>,
    /// Of flat: per unit on a product, once per order on a campaign; a decimal string.
    #[serde(skip_serializing_if = "Option::is_none")]
    flat_amount: Option<String>,
    /// Most the lines under the rule can earn together; a decimal string.
    #[serde(skip_serializing_if = "Option::is_none")]
    cap: Option<String>,
    /// Order total below which the rule gives zero; a decimal string.
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_order: Option<String>,
    /// ISO 4217, of the amounts; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    /// The rule, the same over its versions.
    rule_id: Uuid,
    /// From 1.
    version: i32,
}

/// A rule's row as merchants read it.
pub fn shown(row: &ShownRuleRow) -> Shown {
    let currency = row.currency.as_deref().and_then(Currency::parse);
    let amount = |amount: Option<rust_decimal::Decimal>| {
        let amount = amount?;
        Some(currency.map_or_else(|| amount.to_string(), |currency| currency.format(amount)))
    };
    Shown {
        kind: row.kind.clone(),
        rate_bps: row.rate_bps,
        flat_amount: amount(row.flat_amount),
        cap: amount(row.cap_amount),
        minimum_order: amount(row.minimum_order),
        currency: row.currency.clone(),
        rule_id: row.rule_id,
        version: row.version,
    }
}
