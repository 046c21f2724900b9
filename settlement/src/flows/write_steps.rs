//! Writes what commissions' steps left, outside a batch of events: one statement per table.

use crate::domain::commission::{Commission, Steps};
use crate::domain::order::Scope;
use crate::flows::payout::follow::follow;
use crate::store::{commission, instant, ledger, risk, webhook_event};
use jiff::Timestamp;
use sqlx::PgConnection;

/// Commissions this transaction has locked, as they stand now, with what their steps left.
pub(super) type Stepped = [(Scope, Commission, Steps)];

/// Writes commissions, postings, scores and notices.
pub(super) async fn run(
    connection: &mut PgConnection,
    stepped: &Stepped,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let at = now;
    let now = instant::to_row(at);
    let changed: Vec<_> = stepped.iter().map(|(scope, c, _)| (*scope, c)).collect();
    commission::update(connection, &changed).await?;
    let transfers: Vec<_> = stepped
        .iter()
        .flat_map(|(scope, _, steps)| steps.transfers.iter().map(|t| (*scope, t)))
        .collect();
    ledger::post(connection, &transfers, now).await?;
    let scores: Vec<_> = stepped
        .iter()
        .flat_map(|(scope, _, steps)| steps.scores.iter().map(|s| (*scope, s)))
        .collect();
    risk::insert_scores(connection, &scores, now).await?;
    follow(connection, &transfers, at).await?;
    let notices: Vec<_> = stepped
        .iter()
        .flat_map(|(scope, _, steps)| steps.notices.iter().map(|n| (*scope, n)))
        .collect();
    webhook_event::insert(connection, &notices, now).await
}
