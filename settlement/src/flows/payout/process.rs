//! Approved payouts are sent: commissions locked, books posted, files written, in one transaction.
//!
//! Once a run is sent its files are fixed, and nothing joins it: payouts that were not approved, or
//! whose merchants' events are not all in, go on in a run of their own.

use super::files::{self, Press};
use super::{clock, drained, sandbox};
use crate::domain::ledger::Transfer;
use crate::domain::ledger::payout::{self as posting, Step, Subject};
use crate::domain::order::Scope;
use crate::domain::payout::drain::Verdict;
use crate::domain::payout::life::State;
use crate::error::Fault;
use crate::flows::actor::{Actor, note};
use crate::secrets::draw;
use crate::store::payout::line::SumRow;
use crate::store::payout::run::{self, RunRow};
use crate::store::payout::{self, PayoutRow, line, sent};
use crate::store::{instant, ledger, settling};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::json;
use shared::id::{AffiliateId, Environment, MerchantId};
use shared::money::Currency;
use sqlx::{PgConnection, PgPool};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use uuid::Uuid;

/// What sending a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Processed {
    /// Its payouts are with the bank, or settled by the sandbox.
    Sent(Sent),
    /// No payout of it can be sent now; it stays open. Merchants whose events are not all in.
    Nothing(Vec<(MerchantId, &'static str)>),
    /// It was sent before.
    SentBefore,
}

/// What was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// In which world.
    pub environment: Environment,
    /// How many payouts.
    pub payouts: usize,
    /// The run that the other unsent payouts go on in; `None`: there were none.
    pub left_over: Option<Uuid>,
    /// Merchants whose events are not all in.
    pub left_out: Vec<(MerchantId, &'static str)>,
}

/// Sends the approved payouts of a run; those of a test run are settled with it.
pub async fn run(
    pool: &PgPool,
    by: Actor,
    press: Press<'_>,
    run_id: Uuid,
    now: Timestamp,
) -> Result<Processed, Fault> {
    by.may_operate()?;
    let mut transaction = pool.begin().await?;
    let processed = within(&mut transaction, by, Some(press), run_id, now).await?;
    match &processed {
        Processed::Sent(sent) => {
            if sent.environment == Environment::Test {
                sandbox::settle(&mut transaction, run_id, now).await?;
            }
            transaction.commit().await?;
        }
        Processed::Nothing(_) | Processed::SentBefore => transaction.rollback().await?,
    }
    Ok(processed)
}

/// The same in the caller's transaction; a test run needs nothing to write files with.
pub(super) async fn within(
    connection: &mut PgConnection,
    by: Actor,
    press: Option<Press<'_>>,
    run_id: Uuid,
    now: Timestamp,
) -> Result<Processed, Fault> {
    let run = run::lock(connection, run_id).await?.ok_or(Fault::NotFound("payout run"))?;
    if run.state != "open" {
        return Ok(Processed::SentBefore);
    }
    let environment = Environment::parse(&run.environment)
        .ok_or_else(|| Fault::Corrupt("a run has no environment".to_owned()))?;
    settling::go_by_keys(connection).await?;
    let (rows, sums, left_out) = ready(connection, environment, &run).await?;
    if rows.is_empty() {
        return Ok(Processed::Nothing(left_out));
    }
    let ids: Vec<Uuid> = rows.iter().map(|row| row.payout_id).collect();
    let at = clock::at(connection, environment, run.merchant_id.map(MerchantId), now).await?;
    fly(connection, &ids, &sums, at).await?;
    let transfers = transfers(environment, &rows, &sums, Step::Sent, at)?;
    let posted: Vec<_> = transfers.iter().map(|(scope, transfer)| (*scope, transfer)).collect();
    ledger::post(connection, &posted, instant::to_row(now)).await?;
    let left_over = split(connection, &run, now).await?;
    run::set_sent(connection, run_id, now).await?;
    if let Some(press) = press.filter(|_| environment == Environment::Live) {
        files::write(connection, press, run_id, now).await?;
    }
    let detail = json!({"payouts": ids.len(), "leftOver": left_over, "leftOut": left_out.len()});
    note(connection, by, "payout.process", &run_id.to_string(), detail, now).await?;
    Ok(Processed::Sent(Sent { environment, payouts: ids.len(), left_over, left_out }))
}

/// Why a merchant is left out of whose order something waits.
const PARKED: &str = "a report of an order that was in flight is not applied yet";

/// The approved payouts whose merchants are all drained, locked after their commissions; what each
/// comes to per merchant; the merchants that are not drained.
async fn ready(
    connection: &mut PgConnection,
    environment: Environment,
    run: &RunRow,
) -> Result<(Vec<PayoutRow>, Vec<SumRow>, Vec<(MerchantId, &'static str)>), Fault> {
    let rows = payout::of_run(connection, run.run_id).await?;
    let approved = |row: &PayoutRow| row.state == State::Approved.word();
    let ids: Vec<Uuid> = rows.iter().filter(|row| approved(row)).map(|r| r.payout_id).collect();
    sent::lock_commissions(connection, &ids).await?;
    let mut rows = payout::lock(connection, &ids).await?;
    rows.retain(approved);
    let ids: Vec<Uuid> = rows.iter().map(|row| row.payout_id).collect();
    let mut sums = line::sums(connection, &ids).await?;
    let merchants: BTreeSet<_> = sums.iter().map(|sum| MerchantId(sum.merchant_id)).collect();
    let cut_off = instant::from_row(run.cut_off_at);
    let drained = drained::judge(connection, environment, &merchants, cut_off).await?;
    let is_out = |merchant: Uuid| drained.get(&MerchantId(merchant)) != Some(&Verdict::Drained);
    let mut out: HashSet<Uuid> =
        sums.iter().filter(|sum| is_out(sum.merchant_id)).map(|sum| sum.payout_id).collect();
    let parked = sent::with_parked(connection, &ids).await?;
    out.extend(parked.iter().map(|(payout, _)| *payout));
    rows.retain(|row| !out.contains(&row.payout_id));
    sums.retain(|sum| !out.contains(&sum.payout_id));
    let mut left_out: BTreeMap<MerchantId, &'static str> =
        drained.iter().filter_map(|(merchant, it)| Some((*merchant, it.why()?))).collect();
    for (_, merchant) in parked {
        left_out.entry(MerchantId(merchant)).or_insert(PARKED);
    }
    let left_out = left_out.into_iter().collect();
    for (row, whole) in whole_sums(&rows, &sums) {
        if row.amount != whole {
            let what = format!("payout {} is not the sum of its lines", row.payout_id);
            return Err(Fault::Corrupt(what));
        }
    }
    Ok((rows, sums, left_out))
}

fn whole_sums<'a>(
    rows: &'a [PayoutRow],
    sums: &[SumRow],
) -> impl Iterator<Item = (&'a PayoutRow, Decimal)> {
    let mut whole: BTreeMap<Uuid, Decimal> = BTreeMap::new();
    for sum in sums {
        *whole.entry(sum.payout_id).or_default() += sum.amount;
    }
    rows.iter().map(move |row| (row, whole.get(&row.payout_id).copied().unwrap_or_default()))
}

async fn fly(
    connection: &mut PgConnection,
    payouts: &[Uuid],
    sums: &[SumRow],
    at: Timestamp,
) -> Result<(), Fault> {
    let commissions: i64 = sums.iter().map(|sum| sum.commissions).sum();
    let flying = sent::set_in_flight(connection, payouts, at).await?;
    if i64::try_from(flying) != Ok(commissions) {
        let what = format!(
            "of {commissions} commissions in {} approved payouts, {flying} are what their lines say",
            payouts.len()
        );
        return Err(Fault::Corrupt(what));
    }
    if sent::set_processing(connection, payouts, at).await? != payouts.len() as u64 {
        return Err(Fault::Corrupt("a locked payout was not approved".to_owned()));
    }
    Ok(())
}

/// The transfers of a step of these payouts: one per payout and merchant in it.
pub(super) fn transfers(
    environment: Environment,
    rows: &[PayoutRow],
    sums: &[SumRow],
    step: Step,
    at: Timestamp,
) -> Result<Vec<(Scope, Transfer)>, Fault> {
    let known: BTreeMap<Uuid, &PayoutRow> = rows.iter().map(|row| (row.payout_id, row)).collect();
    let mut transfers = Vec::with_capacity(sums.len());
    for sum in sums {
        let Some(row) = known.get(&sum.payout_id) else { continue };
        let currency = Currency::parse(&row.currency)
            .ok_or_else(|| Fault::Corrupt("a payout has no currency".to_owned()))?;
        let affiliate = AffiliateId(row.affiliate_id);
        let subject = Subject { payout: row.payout_id, affiliate, currency, at };
        let scope = Scope { environment, merchant: MerchantId(sum.merchant_id) };
        transfers.extend(posting::transfer(subject, step, sum.amount).map(|t| (scope, t)));
    }
    Ok(transfers)
}

/// Gives the unsent payouts of a run that is sent now a run of their own.
async fn split(
    connection: &mut PgConnection,
    run: &RunRow,
    now: Timestamp,
) -> Result<Option<Uuid>, Fault> {
    let unsent = |row: &PayoutRow| {
        [State::Draft.word(), State::Approved.word()].contains(&row.state.as_str())
    };
    let rows = payout::of_run(connection, run.run_id).await?;
    let left: Vec<Uuid> = rows.iter().filter(|row| unsent(row)).map(|row| row.payout_id).collect();
    if left.is_empty() {
        return Ok(None);
    }
    let own = RunRow { run_id: draw::id(now), scheduled_at: None, ..run.clone() };
    run::insert(connection, &own, now).await?;
    run::move_payouts(connection, &left, own.run_id).await?;
    Ok(Some(own.run_id))
}
