//! `recover`: brings back from the edge what a Postgres restored from an older backup has not.

use super::{ENVIRONMENT, Failure};
use clap::Args;
use jiff::Timestamp;
use settlement::error::Fault;
use settlement::flows::actor;
use settlement::flows::recover::{self, Recovery, Report, Standing};
use settlement::outbound::edge::{Edge, EdgeFault};
use settlement::store::edge_gap::GapRow;
use settlement::{app, config};
use sqlx::PgPool;
use std::process::ExitCode;
use std::time::{Duration, Instant};

const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
pub(super) struct Orders {
    /// Accept the loss of what the edge no longer has, and let its streams go on
    #[arg(long, requires = "by")]
    accept_gaps: bool,
    /// E-mail address of the operator who accepts
    #[arg(long = "as", value_name = "E-MAIL")]
    by: Option<String>,
    /// How long to wait while nothing comes
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    patience_seconds: u64,
}

pub(super) async fn run(orders: Orders) -> Result<ExitCode, Failure> {
    let config = config::operator(ENVIRONMENT)?;
    let pool = app::pool(&config.database_url)?;
    let edge = Edge::new(&config.edge);
    let by = match &orders.by {
        None => None,
        Some(email) => {
            let mut connection = pool.acquire().await.map_err(Fault::from)?;
            let by = actor::by_email(&mut connection, email).await?;
            by.may_operate()?;
            Some(by)
        }
    };
    let patience = Duration::from_secs(orders.patience_seconds);
    let mut recovery = Recovery::begin(&pool, &edge).await?;
    let mut fault = wait(&pool, &edge, &mut recovery, patience).await?;
    let gaps = recover::open_gaps(&pool).await?;
    if let (true, Some(by), false) = (orders.accept_gaps, by, gaps.is_empty()) {
        for gap in recover::accept_gaps(&pool, by, &gaps, Timestamp::now()).await? {
            println!("accepted: {}", told(&gap));
        }
        fault = wait(&pool, &edge, &mut recovery, patience).await?;
    }
    let gaps = recover::open_gaps(&pool).await?;
    print(&recovery, &gaps, fault.as_ref());
    for link in recover::unknown_links(&pool).await? {
        println!(
            "link number {}: not here, {} conversions wait for it at most 24 hours",
            link.link_number, link.conversions
        );
    }
    let is_whole = gaps.is_empty()
        && recovery.reports.values().all(|report| report.standing == Standing::Complete);
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Looks again and again until no more can come, or nothing has come for too long. Answers the
/// last reason why the edge did not take a call.
async fn wait(
    pool: &PgPool,
    edge: &Edge,
    recovery: &mut Recovery,
    patience: Duration,
) -> Result<Option<EdgeFault>, Failure> {
    let mut last = (0, 0);
    let mut moved_at = Instant::now();
    loop {
        let fault = recovery.look(pool, edge, Timestamp::now()).await?.pop();
        let count = |standing| -> usize {
            recovery.reports.values().filter(|report| report.standing == standing).count()
        };
        let ended = count(Standing::Complete) + count(Standing::AtGap);
        let stored: i64 = recovery.reports.values().map(|report| report.stored_seq).sum();
        if (ended, stored) != last {
            last = (ended, stored);
            moved_at = Instant::now();
            let (objects, highest) = (recovery.reports.len(), highest(recovery));
            eprintln!(
                "recover: {ended} of {objects} objects, {stored} of {highest} places are here"
            );
        }
        if ended == recovery.reports.len() || moved_at.elapsed() >= patience {
            return Ok(fault);
        }
        tokio::time::sleep(LOOK_AGAIN_AFTER).await;
    }
}

fn highest(recovery: &Recovery) -> i64 {
    recovery.reports.values().map(|report| report.highest_seq).sum()
}

fn print(recovery: &Recovery, gaps: &[GapRow], fault: Option<&EdgeFault>) {
    for report in recovery.reports.values() {
        if let Some(line) = line(report) {
            println!("{line}");
        }
    }
    for gap in gaps {
        println!("missing: {}", told(gap));
    }
    let of = |standing| recovery.reports.values().filter(move |report| report.standing == standing);
    let came: i64 =
        recovery.reports.values().map(|report| report.stored_seq - report.had_seq).sum();
    let complete = of(Standing::Complete).count();
    println!(
        "{complete} of {} objects are complete; {came} places came; {} gaps are open",
        recovery.reports.len(),
        gaps.len()
    );
    if of(Standing::Unanswered).next().is_some() {
        let why = fault.map(|fault| format!(": {fault}")).unwrap_or_default();
        println!("the edge, or some of its objects, did not answer{why}");
    }
    if of(Standing::Waiting).next().is_some() {
        println!(
            "objects have more and nothing comes: `settlement serve` must run on this database, \
             where the edge's SETTLEMENT_URL leads"
        );
    }
    if !gaps.is_empty() {
        println!(
            "what is missing was deleted at the edge and waits for a decision: `settlement \
             recover --accept-gaps --as <operator>` lets the streams go on without it"
        );
    }
}

/// What there is to say of an object; nothing when nothing came and nothing is missing.
fn line(report: &Report) -> Option<String> {
    let Report { object, epoch, had_seq, stored_seq, highest_seq, failures, standing } = report;
    let is_silent = *standing == Standing::Complete && had_seq == stored_seq;
    let end = match standing {
        Standing::Unanswered => return Some(format!("{object}: no answer")),
        Standing::Complete => "complete".to_owned(),
        Standing::AtGap => "waits in front of a gap".to_owned(),
        Standing::Waiting => {
            format!("{} are still at the edge, {failures} drains failed", highest_seq - stored_seq)
        }
    };
    let came = stored_seq - had_seq;
    let text = format!("{object} {epoch}: had {had_seq}, {came} came, {end}");
    (!is_silent).then_some(text)
}

fn told(gap: &GapRow) -> String {
    let GapRow { object, epoch, from_seq, to_seq, cause } = gap;
    format!("{object} {epoch}: {from_seq} to {to_seq} ({cause} at the edge)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_matters_has_a_line() {
        let report = |had_seq, stored_seq, standing| Report {
            object: "clicks-0".to_owned(),
            epoch: "00000000000000aa".to_owned(),
            had_seq,
            stored_seq,
            highest_seq: 9,
            failures: 2,
            standing,
        };
        assert_eq!(line(&report(9, 9, Standing::Complete)), None);
        let cases = [
            (report(4, 9, Standing::Complete), "had 4, 5 came, complete"),
            (report(4, 4, Standing::AtGap), "had 4, 0 came, waits in front of a gap"),
            (report(4, 6, Standing::Waiting), "2 came, 3 are still at the edge, 2 drains failed"),
            (report(0, 0, Standing::Unanswered), "clicks-0: no answer"),
        ];
        for (report, expected) in cases {
            let line = line(&report).expect("it matters");
            assert!(line.contains(expected), "{line}");
        }
    }
}
