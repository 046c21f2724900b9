//! Signed reads that the edge passes on: what became of a merchant's events and orders.

mod commissions;
mod conversions;
mod events;
mod explain;
mod page;

use crate::app::App;
use crate::error::Fault;
use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::routing::get;
use shared::id::{Environment, MerchantId};
use shared::internal::MERCHANTS_PATH;
use std::collections::HashMap;
use std::sync::Arc;

pub(super) use page::{FILTER_CHARACTERS_MAX, LIMIT_DEFAULT, LIMIT_MAX};

pub(super) fn routes() -> Router<Arc<App>> {
    let path = |rest: &str| format!("{MERCHANTS_PATH}/{{merchant}}/{{environment}}/{rest}");
    Router::new()
        .route(&path("events/{id}"), get(events::show))
        .route(&path("conversions"), get(conversions::list))
        .route(&path("conversions/{id}"), get(conversions::show))
        .route(&path("conversions/{id}/explain"), get(explain::show))
        .route(&path("commissions"), get(commissions::list))
        .route(&path("commissions/{id}"), get(commissions::show))
}

/// Whose world a path names, and the id after it, if there is one.
struct Place {
    merchant: MerchantId,
    environment: Environment,
    id: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Place {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let unknown = || Fault::NotFound("merchant");
        let Path(mut names) = Path::<HashMap<String, String>>::from_request_parts(parts, state)
            .await
            .map_err(|_| unknown())?;
        let merchant = names.get("merchant").and_then(|text| text.parse().ok());
        let environment = names.get("environment").and_then(|text| Environment::parse(text));
        Ok(Self {
            merchant: MerchantId(merchant.ok_or_else(unknown)?),
            environment: environment.ok_or_else(unknown)?,
            id: names.remove("id").unwrap_or_default(),
        })
    }
}

/// An amount in its currency's digits; as it is when the currency is unknown to us.
fn amount(amount: rust_decimal::Decimal, currency: &str) -> String {
    shared::money::Currency::parse(currency)
        .map_or_else(|| amount.to_string(), |currency| currency.format(amount))
}

/// An instant of a row as the wire writes it.
fn at(instant: sqlx::types::time::OffsetDateTime) -> String {
    shared::time::format_instant(crate::store::instant::from_row(instant))
}
