//! Schemas of the plain values JSON shapes are made of; limits and words come from the code that
//! holds them.

use crate::domain::lifecycle::State;
use crate::domain::outcome;
use crate::domain::rule::Level;
use serde_json::Value;
use shared::click_id::ClickClass;
use shared::id::EventKind;
use shared::money::{AMOUNT_FRACTION_DIGITS_MAX, AMOUNT_INTEGER_DIGITS_MAX, Currency};
use shared::order_status::OrderStatus;
use std::borrow::Cow;
use utoipa::openapi::schema::{
    AdditionalProperties, KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{Object, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// How an accepted instant is spelled (`shared::time::parse_instant`).
const INSTANT_PATTERN: &str =
    r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$";
/// Neither control characters nor white space at either end.
const NAME_PATTERN: &str =
    r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?$";
/// The characters that ids made of 128 bits end in.
const BITS_PATTERN: &str = "[0-9a-z]{26}";

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// `null`, or what the schema says.
pub fn or_null(mut object: Object) -> Object {
    if let SchemaType::Type(one) = object.schema_type {
        object.schema_type = SchemaType::Array(vec![one, Type::Null]);
    }
    if let Some(words) = &mut object.enum_values {
        words.push(Value::Null);
    }
    object
}

/// With a description.
pub fn told(mut object: Object, description: &str) -> Object {
    object.description = Some(description.to_owned());
    object
}

/// A string of at most so many characters.
pub fn text(characters_max: usize) -> Object {
    string().max_length(Some(characters_max)).build()
}

/// A merchant's own id: 1 to so many characters, no outer white space, no control characters.
pub fn name(characters_max: usize) -> Object {
    let limited = string().min_length(Some(1)).max_length(Some(characters_max));
    limited.pattern(Some(NAME_PATTERN)).build()
}

/// One of these words, each once.
pub fn words(words: impl IntoIterator<Item = &'static str>) -> Object {
    let mut listed: Vec<&str> = Vec::new();
    for word in words {
        if !listed.contains(&word) {
            listed.push(word);
        }
    }
    string().enum_values(Some(listed)).build()
}

/// A string that fits an ECMA 262 pattern.
pub fn pattern(pattern: impl Into<String>) -> Object {
    string().pattern(Some(pattern)).build()
}

/// A whole number within limits.
pub fn whole(min: usize, max: usize) -> Object {
    let number = ObjectBuilder::new().schema_type(Type::Integer);
    number.minimum(Some(min)).maximum(Some(max)).build()
}

/// An amount as it may be sent.
pub fn sent_amount() -> Object {
    let (whole, fraction) = (AMOUNT_INTEGER_DIGITS_MAX, AMOUNT_FRACTION_DIGITS_MAX);
    pattern(format!(r"^[0-9]{{1,{whole}}}(\.[0-9]{{1,{fraction}}})?$"))
}

/// An amount as it is answered: a decimal string with its currency's digits.
pub fn amount() -> Object {
    pattern(r"^-?[0-9]+(\.[0-9]+)?$")
}

/// An amount, or `null`.
pub fn amount_or_null() -> Object {
    or_null(amount())
}

/// An instant as it may be sent: a date and time with an offset.
pub fn sent_instant() -> Object {
    let format = Some(SchemaFormat::KnownFormat(KnownFormat::DateTime));
    string().format(format).pattern(Some(INSTANT_PATTERN)).build()
}

/// An instant as it is answered: UTC, with a fraction only when there is one.
pub fn instant() -> Object {
    string().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).build()
}

/// An instant, or `null`.
pub fn instant_or_null() -> Object {
    or_null(instant())
}

/// A UUID.
pub fn uuid() -> Object {
    string().format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))).build()
}

/// A UUID, or `null`.
pub fn uuid_or_null() -> Object {
    or_null(uuid())
}

/// A conversion's id.
pub fn conversion_id() -> Object {
    pattern(format!("^cnv_{BITS_PATTERN}$"))
}

/// A conversion's id, or `null`.
pub fn conversion_id_or_null() -> Object {
    or_null(conversion_id())
}

/// A commission's id: its conversion's characters after another prefix.
pub fn commission_id() -> Object {
    pattern(format!("^com_{BITS_PATTERN}$"))
}

/// A commission's id, or `null`.
pub fn commission_id_or_null() -> Object {
    or_null(commission_id())
}

/// An event's id; its prefix tells its type.
pub fn event_id() -> Object {
    pattern(format!("^(cnvevt|osevt|clkevt|whevt)_{BITS_PATTERN}$"))
}

/// A commission's state.
pub fn commission_state() -> Object {
    words(State::ALL.into_iter().map(State::word))
}

/// How sure an attribution is.
pub fn confidence() -> Object {
    words(["HIGH", "MEDIUM", "LOW"])
}

/// What may be reported of an order.
pub fn order_status() -> Object {
    words(OrderStatus::ALL.into_iter().map(OrderStatus::as_str))
}

/// The shorter list of a conversion's own status.
pub fn conversion_status() -> Object {
    let all = OrderStatus::ALL.into_iter().map(OrderStatus::as_str);
    words(all.filter(|word| OrderStatus::parse_in_conversion(word).is_some()))
}

/// An event's type.
pub fn event_type() -> Object {
    words(EventKind::ALL.into_iter().map(EventKind::as_str))
}

/// Where an event stands.
pub fn event_state() -> Object {
    let settled = outcome::Code::ALL.into_iter().map(outcome::Code::state);
    words(["received"].into_iter().chain(settled))
}

/// The code of an event's outcome, or `null` while it has none.
pub fn outcome_code_or_null() -> Object {
    or_null(words(outcome::Code::ALL.into_iter().map(outcome::Code::as_str)))
}

/// A level at which rules are looked for.
pub fn rule_level() -> Object {
    words(Level::ALL.into_iter().map(Level::as_str))
}

/// What kind of visit a click was.
pub fn click_class() -> Object {
    words(ClickClass::ALL.into_iter().map(ClickClass::as_str))
}

/// Free JSON, an object.
pub fn free_object() -> Object {
    let free = Some(AdditionalProperties::FreeForm(true));
    ObjectBuilder::new().schema_type(Type::Object).additional_properties(free).build()
}

/// An ISO 4217 code of a currency in which orders can be paid.
#[derive(Debug)]
pub struct CurrencyCode;

impl PartialSchema for CurrencyCode {
    fn schema() -> RefOr<Schema> {
        let mut codes = Vec::new();
        for first in b'A'..=b'Z' {
            for second in b'A'..=b'Z' {
                codes.extend((b'A'..=b'Z').map(|third| [first, second, third]));
            }
        }
        let known = codes
            .iter()
            .filter_map(|code| std::str::from_utf8(code).ok())
            .filter_map(Currency::parse)
            .map(Currency::code);
        told(words(known), "ISO 4217 in capitals; currencies with a minor unit, so no metals.")
            .into()
    }
}

impl ToSchema for CurrencyCode {
    fn name() -> Cow<'static, str> {
        "Currency".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_from_the_code_each_once() {
        let states = commission_state().enum_values.unwrap();
        assert_eq!(states, ["pending", "hold", "approved", "payable", "paid", "rejected"]);
        let states = event_state().enum_values.unwrap();
        assert_eq!(states, ["received", "applied", "skipped", "parked", "failed"]);
        let RefOr::T(Schema::Object(currency)) = CurrencyCode::schema() else {
            panic!("a currency is a word");
        };
        let codes = currency.enum_values.unwrap();
        assert!(codes.contains(&"NPR".into()) && !codes.contains(&"XAU".into()));
        assert!(codes.len() > 100, "{}", codes.len());
    }
}
