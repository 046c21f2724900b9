//! Fields of what was picked from a shop's body, each `None` when it is absent or not of its kind.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::Value;
use shared::money::{Currency, parse_amount};
use shared::time::parse_instant;
use shared::validate::{EXTERNAL_ID_CHARACTERS_MAX, QUANTITY_MAX};

/// An object.
#[derive(Clone, Copy)]
pub(super) struct Part<'a>(pub(super) &'a Value);

impl<'a> Part<'a> {
    /// A property; dots lead into objects.
    fn at(self, path: &str) -> Option<&'a Value> {
        path.split('.').try_fold(self.0, |value, name| value.get(name))
    }

    /// A string.
    pub(super) fn text(self, path: &str) -> Option<&'a str> {
        self.at(path)?.as_str()
    }

    /// Whether it is `true`.
    pub(super) fn is(self, path: &str) -> bool {
        self.at(path) == Some(&Value::Bool(true))
    }

    /// An id: a number or a string.
    pub(super) fn id(self, path: &str) -> Option<String> {
        match self.at(path)? {
            Value::Number(number) => Some(number.to_string()),
            Value::String(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// An amount, written without a sign.
    pub(super) fn amount(self, path: &str) -> Option<Decimal> {
        parse_amount(self.text(path)?)
    }

    /// What an amount gives back: WooCommerce writes it below zero.
    pub(super) fn given_back(self, path: &str) -> Option<Decimal> {
        let text = self.text(path)?;
        parse_amount(text.strip_prefix('-').unwrap_or(text))
    }

    /// A currency that orders can be paid in.
    pub(super) fn currency(self, path: &str) -> Option<Currency> {
        Currency::parse(self.text(path)?)
    }

    /// An instant with an offset.
    pub(super) fn instant(self, path: &str) -> Option<Timestamp> {
        parse_instant(self.text(path)?)
    }

    /// An instant written in UTC without saying so.
    pub(super) fn utc(self, path: &str) -> Option<Timestamp> {
        parse_instant(&format!("{}Z", self.text(path)?))
    }

    /// The objects of a list; none when there is no such list.
    pub(super) fn list(self, path: &str) -> impl Iterator<Item = Part<'a>> + use<'a> {
        self.at(path).and_then(Value::as_array).into_iter().flatten().map(Part)
    }

    /// Units of a line, at least one.
    pub(super) fn quantity(self) -> Option<u32> {
        let quantity = u32::try_from(self.at("quantity")?.as_u64()?).ok()?;
        (1..=QUANTITY_MAX).contains(&quantity).then_some(quantity)
    }

    /// A line's SKU; a product without one goes by the shop's number of it.
    pub(super) fn sku(self) -> Option<String> {
        let sku = self.text("sku").map(str::trim).filter(|sku| !sku.is_empty()).map(str::to_owned);
        let fits = |sku: &String| {
            sku.chars().count() <= EXTERNAL_ID_CHARACTERS_MAX && !sku.chars().any(char::is_control)
        };
        sku.or_else(|| self.id("product_id")).filter(fits)
    }
}
