//! Unsent payouts follow their commissions: a reduced one changes its line, a rejected one leaves,
//! and nobody has agreed with what is left.

use crate::domain::ledger::{Account, Transfer};
use crate::domain::order::Scope;
use crate::domain::payout::life::{self, Event, State, Verdict};
use crate::domain::payout::plan::{self, Minimums};
use crate::store::account;
use crate::store::payout::follow::{self as store, ChangedRow};
use crate::store::payout::{self, line};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::json;
use shared::money::Currency;
use sqlx::PgConnection;
use uuid::Uuid;

/// Why a payout that lost too much is cancelled.
const TOO_LITTLE: &str = "refunds left too little to pay";

/// Lets the payouts follow after these transfers were posted and their commissions written. Does
/// nothing, without asking the database, unless one of them takes from a payable commission.
pub(in crate::flows) async fn follow(
    connection: &mut PgConnection,
    transfers: &[(Scope, &Transfer)],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let changed: Vec<_> = transfers.iter().filter_map(reduced).collect();
    if changed.is_empty() {
        return Ok(());
    }
    let (mut drafts, mut cancelled) = (Vec::<(Uuid, Decimal)>::new(), Vec::<Uuid>::new());
    for row in store::follow(connection, &changed).await? {
        let to = after(&row);
        match to {
            Some(State::Cancelled) => cancelled.push(row.payout_id),
            _ => drafts.push((row.payout_id, row.amount)),
        }
        let detail = json!({"from": row.state, "to": to.map(State::word), "left": row.amount});
        let subject = row.payout_id.to_string();
        account::insert_audit(connection, None, "payout.follow", &subject, &detail, now).await?;
    }
    store::set_drafts(connection, &drafts).await?;
    if !cancelled.is_empty() {
        payout::cancel(connection, &cancelled, TOO_LITTLE).await?;
        line::release(connection, &cancelled).await?;
    }
    Ok(())
}

/// The commission that a transfer takes from while it is payable and free.
fn reduced<'a>((scope, transfer): &(Scope, &'a Transfer)) -> Option<(&'static str, Uuid, &'a str)> {
    let takes = |transfer: &Transfer| {
        let mut entries = transfer.entries.iter();
        entries.any(|e| e.account == Account::AffiliatePayable && e.amount < Decimal::ZERO)
    };
    let (subject, _) = transfer.key.split_once(':')?;
    let is_commission = subject.starts_with("com_");
    (is_commission && takes(transfer)).then_some((
        scope.environment.as_str(),
        scope.merchant.0,
        subject,
    ))
}

/// Where a payout stands after its lines changed.
fn after(row: &ChangedRow) -> Option<State> {
    let state = State::parse(&row.state)?;
    let currency = Currency::parse(&row.currency)?;
    let minimums: Minimums = row.minimum.map(|least| (currency, least)).into_iter().collect();
    let event = if plan::is_paid(currency, row.amount, &minimums) {
        Event::LineChanged
    } else {
        Event::TooLittleLeft
    };
    match life::step(state, event) {
        Verdict::Move(to) => Some(to),
        Verdict::Unchanged | Verdict::Denied | Verdict::Alarm | Verdict::Impossible => Some(state),
    }
}
