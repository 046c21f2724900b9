//! What bodies of resources have in common: strict objects, URLs, days, and commission terms.

use crate::wire::schema::{self, CurrencyCode, told};
use shared::validate::{RATE_BPS_MAX, URL_BYTES_MAX, WINDOW_DAYS_MAX};
use utoipa::PartialSchema;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder};
use utoipa::openapi::{Object, Type};

/// An object in which an unknown property is a fault.
pub(super) fn strict() -> ObjectBuilder {
    let none_else = Some(AdditionalProperties::FreeForm(false));
    ObjectBuilder::new().schema_type(Type::Object).additional_properties(none_else)
}

/// A name that people read, trimmed.
pub(super) fn display_name(characters_max: usize, says: &str) -> Object {
    let mut name = schema::text(characters_max);
    name.min_length = Some(1);
    told(name, says)
}

/// A URL.
pub(super) fn url(says: &str) -> Object {
    told(schema::text(URL_BYTES_MAX), says)
}

/// Days of a window.
pub(super) fn days(min: usize, says: &str) -> Object {
    told(schema::whole(min, usize::try_from(WINDOW_DAYS_MAX).unwrap_or(usize::MAX)), says)
}

/// What a campaign or product pays.
pub(super) fn commission_terms(says: &str) -> Object {
    let rate = schema::whole(0, usize::try_from(RATE_BPS_MAX).unwrap_or(usize::MAX));
    let flat = "Of `flat`, required with it: per unit on a product, once per order on a campaign.";
    strict()
        .description(Some(says))
        .property("kind", told(schema::words(["percent", "flat"]), "How it pays."))
        .property("rateBps", told(rate, "Of `percent`, required with it: 1000 is 10 %."))
        .property("flatAmount", told(schema::sent_amount(), flat))
        .property("cap", told(schema::sent_amount(), "Most that the lines under it earn."))
        .property(
            "minimumOrder",
            told(schema::sent_amount(), "Order total below which it gives zero."),
        )
        .property("currency", CurrencyCode::schema())
        .required("kind")
        .build()
}
