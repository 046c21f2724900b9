//! `GET …/request-log`: a merchant's own calls, newest first.

use super::Place;
use super::page::{self, Filter, List};
use crate::app::App;
use crate::error::Fault;
use crate::store::request_log::{self, CallFilter, CallRow};
use crate::wire::request_log::LoggedCall;
use axum::Json;
use axum::extract::{RawQuery, State};
use std::sync::Arc;

const FILTERS: &[Filter] = &[
    ("keyId", &[]),
    ("status", &[]),
    ("code", &[]),
    ("route", &[]),
    ("requestId", &[]),
    ("eventId", &[]),
];

pub(super) async fn list(
    State(app): State<Arc<App>>,
    place: Place,
    RawQuery(query): RawQuery,
) -> Result<Json<List<LoggedCall>>, Fault> {
    let mut page = page::read(query.as_deref(), FILTERS)?;
    let filter = CallFilter {
        environment: place.environment.as_str(),
        merchant_id: place.merchant.0,
        key_id: page.take("keyId"),
        status: page.take("status").map(|text| status(&text)).transpose()?,
        code: page.take("code"),
        route: page.take("route"),
        request_id: page.take("requestId"),
        event_id: page.take("eventId"),
        after: page.after.clone(),
        rows_max: page.rows_max(),
    };
    let rows = request_log::list(&mut *app.pool.acquire().await?, &filter).await?;
    let key = |row: &CallRow| (row.received_at, row.request_log_id.clone());
    Ok(Json(page::list(rows, &page, key, LoggedCall::of)))
}

fn status(text: &str) -> Result<i16, Fault> {
    let is_status = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|_| is_status)
        .ok_or_else(|| Fault::invalid("status must be an HTTP status of three digits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_three_digits() {
        assert!(matches!(status("401"), Ok(401)));
        for text in ["", "+01", "4xx", "40", "4011", "٤٠١"] {
            assert!(status(text).is_err(), "{text}");
        }
    }
}
