//! What merchants read and write of their resources: JSON shapes, each documented where it is, from
//! which the API's description is printed. Made from rows; nothing here asks or stores anything.

pub mod product;

/// An amount in its currency's digits; as it is when the currency is unknown to us.
fn amount(amount: rust_decimal::Decimal, currency: &str) -> String {
    shared::money::Currency::parse(currency)
        .map_or_else(|| amount.to_string(), |currency| currency.format(amount))
}

/// An instant of a row as the wire writes it.
fn at(instant: sqlx::types::time::OffsetDateTime) -> String {
    shared::time::format_instant(crate::store::instant::from_row(instant))
}
