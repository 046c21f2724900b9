//! `POST …/reconcile`: a day of the merchant's orders beside ours.

use super::Place;
use super::sent::Sent;
use crate::app::App;
use crate::error::Fault;
use crate::flows::write_resource::Write;
use axum::extract::State;
use axum::response::Response;
use shared::validate::resource;
use std::sync::Arc;

pub(super) async fn compare(
    State(app): State<Arc<App>>,
    place: Place,
    sent: Sent,
) -> Result<Response, Fault> {
    let day = sent.sound(resource::day(sent.body()))?;
    sent.once(&app, &place, Write::Reconcile(day)).await
}
