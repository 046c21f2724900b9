//! What a campaign or product pays, as a body says it: percent or flat, with cap and minimum.

use super::conversion::check_minor_digits;
use super::fields::{Fields, Need};
use crate::json::Node;
use crate::money::Currency;
use rust_decimal::Decimal;

/// Basis points of a rule at most: the whole order.
pub const RATE_BPS_MAX: u32 = 10_000;

/// How a rule pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pays {
    /// Basis points of the base: 1000 is 10 %.
    Percent(u32),
    /// An amount: per unit on a product, once per order on a campaign.
    Flat(Decimal),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Percent,
    Flat,
}

/// A rule's terms without its subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommissionTerms {
    /// How it pays.
    pub pays: Pays,
    /// Most the lines under it can earn together.
    pub cap: Option<Decimal>,
    /// Order total below which it gives zero.
    pub minimum_order: Option<Decimal>,
    /// Of flat, cap and minimum; `None` when there is none of them.
    pub currency: Option<Currency>,
}

/// Reads the property `name`; amounts without a currency are the merchant's.
pub(super) fn read(
    fields: &mut Fields,
    name: &'static str,
    merchant_currency: Currency,
) -> Option<CommissionTerms> {
    let node = fields.word(name, Need::Optional)?;
    let Node::Object(properties) = node else {
        fields.faults.push(format!("{name} must be an object"));
        return None;
    };
    let mut inner = Fields::inside(name, properties);
    let terms = read_terms(&mut inner, name, merchant_currency);
    inner.refuse_unknown(&[]);
    let is_sound = inner.faults.is_empty();
    fields.faults.extend(inner.faults);
    terms.filter(|_| is_sound)
}

fn read_terms(
    fields: &mut Fields,
    name: &str,
    merchant_currency: Currency,
) -> Option<CommissionTerms> {
    let kinds = [("percent", Kind::Percent), ("flat", Kind::Flat)];
    let kind = fields.one_of("kind", &kinds, Need::Required);
    let need = |wanted: Kind| if kind == Some(wanted) { Need::Required } else { Need::Optional };
    let rate_bps = fields.whole("rateBps", 0, RATE_BPS_MAX, need(Kind::Percent));
    let flat_amount = fields.amount("flatAmount", need(Kind::Flat));
    let cap = fields.amount("cap", Need::Optional);
    let minimum_order = fields.amount("minimumOrder", Need::Optional);
    let names_currency = fields.has("currency");
    let currency = fields.currency("currency", merchant_currency);
    let amounts = [("flatAmount", flat_amount), ("cap", cap), ("minimumOrder", minimum_order)];
    let needs_currency = amounts.iter().any(|(_, amount)| amount.is_some());
    if let Some(currency) = currency {
        for (field, amount) in amounts {
            let Some(amount) = amount else { continue };
            check_minor_digits(&format!("{name}.{field}"), amount, currency, &mut fields.faults);
        }
    }
    if names_currency && !needs_currency {
        fields.faults.push(format!("{name}.currency is of no use without an amount"));
    }
    let pays = match kind? {
        Kind::Percent => {
            if flat_amount.is_some() {
                fields.faults.push(format!("{name}.flatAmount does not go with kind percent"));
            }
            Pays::Percent(rate_bps?)
        }
        Kind::Flat => {
            if rate_bps.is_some() {
                fields.faults.push(format!("{name}.rateBps does not go with kind flat"));
            }
            Pays::Flat(flat_amount?)
        }
    };
    let currency = if needs_currency { Some(currency?) } else { None };
    Some(CommissionTerms { pays, cap, minimum_order, currency })
}
