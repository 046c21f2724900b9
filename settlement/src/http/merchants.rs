//! Merchants' calls that the edge proved and passes on: what became of their events and orders,
//! and their resources.

mod campaigns;
mod commissions;
mod conversions;
mod etag;
mod events;
mod explain;
mod in_payout;
mod links;
mod page;
mod payouts;
mod prefer;
mod products;
mod reconcile;
mod request_log;
mod sent;
mod simulation;
mod webhook_deliveries;
mod webhook_endpoints;
mod webhook_events;

use crate::app::App;
use crate::error::Fault;
use crate::store::merchant;
use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use shared::id::{Environment, MerchantId};
use shared::internal::MERCHANTS_PATH;
use shared::money::Currency;
use std::collections::HashMap;
use std::sync::Arc;

pub(super) use page::{FILTER_CHARACTERS_MAX, LIMIT_DEFAULT, LIMIT_MAX};
pub(super) use prefer::WAIT_SECONDS_MAX;

pub(super) fn routes() -> Router<Arc<App>> {
    let path = |rest: &str| format!("{MERCHANTS_PATH}/{{merchant}}/{{environment}}/{rest}");
    Router::new()
        .route(&path("events"), get(events::list))
        .route(&path("events/{id}"), get(events::show))
        .route(&path("conversions"), get(conversions::list))
        .route(&path("conversions/{id}"), get(conversions::show))
        .route(&path("conversions/{id}/explain"), get(explain::show))
        .route(&path("commissions"), get(commissions::list))
        .route(&path("commissions/{id}"), get(commissions::show))
        .route(&path("payouts"), get(payouts::list))
        .route(&path("payouts/{id}"), get(payouts::show))
        .route(&path("campaigns"), get(campaigns::list).post(campaigns::create))
        .route(&path("campaigns/{id}"), get(campaigns::show).patch(campaigns::change))
        .route(&path("campaigns/{id}/activate"), post(campaigns::activate))
        .route(&path("campaigns/{id}/pause"), post(campaigns::pause))
        .route(&path("campaigns/{id}/archive"), post(campaigns::archive))
        .route(&path("links"), get(links::list).post(links::create))
        .route(&path("links/{id}"), get(links::show).patch(links::change))
        .route(&path("simulation/story"), post(simulation::story))
        .route(&path("simulation/report"), post(simulation::report))
        .route(&path("request-log"), get(request_log::list))
        .route(&path("products"), get(products::list).post(products::put_many))
        .route(
            &path("products/{id}"),
            get(products::show).put(products::put).delete(products::delete),
        )
        .route(
            &path("webhook-endpoints"),
            get(webhook_endpoints::list).post(webhook_endpoints::create),
        )
        .route(
            &path("webhook-endpoints/{id}"),
            get(webhook_endpoints::show)
                .patch(webhook_endpoints::change)
                .delete(webhook_endpoints::delete),
        )
        .merge(deliveries())
        .route(&path("webhook-events"), get(webhook_events::list))
        .route(&path("reconcile"), post(reconcile::compare))
        .layer(from_fn(etag::on_reads))
}

/// What is below one webhook endpoint.
fn deliveries() -> Router<Arc<App>> {
    let endpoint =
        format!("{MERCHANTS_PATH}/{{merchant}}/{{environment}}/webhook-endpoints/{{id}}");
    let path = |rest: &str| format!("{endpoint}/{rest}");
    Router::new()
        .route(&path("test"), post(webhook_deliveries::test))
        .route(&path("recover"), post(webhook_deliveries::recover))
        .route(&path("rotate-secret"), post(webhook_endpoints::rotate_secret))
        .route(&path("attempts"), get(webhook_deliveries::attempts))
        .route(&path("deliveries"), get(webhook_deliveries::list))
        .route(&path("deliveries/{sequence}"), get(webhook_deliveries::show))
        .route(&path("deliveries/{sequence}/attempts"), get(webhook_deliveries::attempts_of_one))
        .route(&path("deliveries/{sequence}/resend"), post(webhook_deliveries::resend))
}

/// Whose world a path names, and the id after it, if there is one.
struct Place {
    merchant: MerchantId,
    environment: Environment,
    id: String,
    /// The number of a delivery; empty where a path names none.
    sequence: String,
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
            sequence: names.remove("sequence").unwrap_or_default(),
        })
    }
}

/// The merchant's own currency.
async fn currency_of(app: &App, place: &Place) -> Result<Currency, Fault> {
    let mut connection = app.pool.acquire().await?;
    let row = merchant::find(&mut connection, place.merchant.0).await?;
    let code = row.ok_or(Fault::NotFound("merchant"))?.currency;
    Currency::parse(&code).ok_or_else(|| Fault::Corrupt("a merchant has no currency".to_owned()))
}

/// An amount in its currency's digits; as it is when the currency is unknown to us.
fn amount(amount: rust_decimal::Decimal, currency: &str) -> String {
    Currency::parse(currency).map_or_else(|| amount.to_string(), |currency| currency.format(amount))
}

/// An instant of a row as the wire writes it.
fn at(instant: sqlx::types::time::OffsetDateTime) -> String {
    shared::time::format_instant(crate::store::instant::from_row(instant))
}
