//! `risk …`: what waits for a person, decisions on it, and what merchants' risk is measured by.

use super::scope::{environment, must_exist};
use super::{ENVIRONMENT, Failure};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use settlement::domain::order::Scope;
use settlement::domain::risk::Reason;
use settlement::error::Fault;
use settlement::flows::actor::{self, Actor};
use settlement::flows::decide_risk::{self, Ask, Decided, Decision};
use settlement::flows::set_risk::{self, Entered};
use settlement::store::risk::{self, WaitingRow};
use settlement::{app, config};
use shared::id::{AffiliateId, ConversionId, Environment, MerchantId};
use shared::money::Currency;
use sqlx::PgPool;
use std::collections::BTreeSet;
use std::process::ExitCode;
use uuid::Uuid;

/// Commissions listed at once.
const LISTED_MAX: i64 = 100;

#[derive(Debug, Args)]
pub(super) struct Place {
    /// Whose: a UUID
    #[arg(long)]
    merchant: Uuid,
    /// In which world: live or test
    #[arg(long, value_parser = environment)]
    environment: Environment,
}

impl Place {
    fn scope(&self) -> Scope {
        Scope { environment: self.environment, merchant: MerchantId(self.merchant) }
    }
}

#[derive(Debug, Args)]
pub(super) struct By {
    /// E-mail address of the operator who does it
    #[arg(long = "as", value_name = "E-MAIL")]
    by: String,
}

#[derive(Debug, Args)]
pub(super) struct OnCommission {
    /// The commission's id, com_…
    commission: String,
    #[command(flatten)]
    place: Place,
    /// The reasons you were shown, such as `quick_order,self_referral`: others now refuse the
    /// decision; left out: whatever they are
    #[arg(long, value_delimiter = ',', value_parser = reason)]
    reasons: Option<Vec<Reason>>,
    /// Your words, for the network alone
    #[arg(long)]
    note: Option<String>,
    #[command(flatten)]
    by: By,
}

#[derive(Debug, Args)]
pub(super) struct OwnCustomer {
    /// The affiliate's UUID
    affiliate: Uuid,
    /// The customer's id at the merchant; only its keyed hash is kept
    #[arg(long)]
    customer: String,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    by: By,
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Show a merchant's commissions that wait for a person
    List {
        #[command(flatten)]
        place: Place,
        /// Those after this commission
        #[arg(long, value_name = "COMMISSION")]
        after: Option<String>,
    },
    /// Its reasons are no reason: once approved it is payable
    Clear(OnCommission),
    /// It is rejected
    Refuse(OnCommission),
    /// Set from how many points on a person decides
    Threshold {
        /// 40 to 100
        points: u32,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        by: By,
    },
    /// Enter a merchant's customer as the affiliate itself
    Customer(OwnCustomer),
}

pub(super) async fn run(verb: Verb) -> Result<ExitCode, Failure> {
    match verb {
        Verb::List { place, after } => list(&place, after.as_deref()).await,
        Verb::Clear(on) => decide(on, Decision::Clear).await,
        Verb::Refuse(on) => decide(on, Decision::Refuse).await,
        Verb::Threshold { points, place, by } => {
            let (pool, by, now) = open(&by).await?;
            set_risk::threshold(&pool, by, place.scope(), points, now).await?;
            println!("risk threshold of {} {}: {points}", place.merchant, place.environment);
            Ok(ExitCode::SUCCESS)
        }
        Verb::Customer(on) => customer(on).await,
    }
}

async fn open(by: &By) -> Result<(PgPool, Actor, Timestamp), Failure> {
    let pool = app::pool(&config::database(ENVIRONMENT)?)?;
    let mut connection = pool.acquire().await.map_err(Fault::from)?;
    let actor = actor::by_email(&mut connection, &by.by).await?;
    drop(connection);
    Ok((pool, actor, Timestamp::now()))
}

async fn list(place: &Place, after: Option<&str>) -> Result<ExitCode, Failure> {
    let pool = app::pool(&config::database(ENVIRONMENT)?)?;
    let mut connection = pool.acquire().await.map_err(Fault::from)?;
    must_exist(&mut connection, place.scope().merchant.0).await?;
    let rows = risk::waiting(&mut connection, place.scope(), after, LISTED_MAX).await;
    let rows = rows.map_err(Fault::from)?;
    for row in &rows {
        print!("{}", lines(row));
    }
    match rows.last() {
        Some(last) if i64::try_from(rows.len()).is_ok_and(|listed| listed == LISTED_MAX) => {
            println!("more: --after {}", last.commission_id);
        }
        Some(_) => println!("waiting: {}", rows.len()),
        None => println!("nothing waits"),
    }
    Ok(ExitCode::SUCCESS)
}

/// One commission with its reasons, a line each.
fn lines(row: &WaitingRow) -> String {
    use std::fmt::Write;
    let amount = Currency::parse(&row.currency).map(|currency| currency.format(row.net_amount));
    let amount = amount.unwrap_or_else(|| row.net_amount.to_string());
    let score = match (row.points, row.threshold) {
        (Some(points), Some(threshold)) => format!("{points} points of {threshold}"),
        _ => "not scored yet".to_owned(),
    };
    let mut text = format!(
        "{}  {}  {} {amount}  affiliate {}  {score}\n",
        row.commission_id, row.external_order_id, row.currency, row.affiliate_id
    );
    let reasons = row.reasons.as_ref().and_then(|reasons| reasons.as_array());
    for reason in reasons.into_iter().flatten() {
        let part = |name: &str| reason.get(name).map(ToString::to_string).unwrap_or_default();
        let word = |name: &str| reason.get(name).and_then(|v| v.as_str()).unwrap_or_default();
        let (points, code, sentence) = (part("points"), word("code"), word("sentence"));
        let _ = writeln!(text, "  {points:>3}  {code:<20}{sentence}");
    }
    text
}

async fn decide(on: OnCommission, decision: Decision) -> Result<ExitCode, Failure> {
    let unknown = || Failure::Fault(Fault::NotFound("commission"));
    let characters = on.commission.strip_prefix("com_").ok_or_else(unknown)?;
    let conversion = ConversionId::parse(&format!("cnv_{characters}")).ok_or_else(unknown)?;
    let (pool, by, now) = open(&on.by).await?;
    let ask = Ask {
        scope: on.place.scope(),
        conversion,
        decision,
        shown: on.reasons.map(|reasons| reasons.into_iter().collect::<BTreeSet<_>>()),
        note: on.note,
    };
    let id = &on.commission;
    let refused = |why: String| Err(Failure::Other(format!("commission {id}: {why}")));
    match decide_risk::run(&pool, by, &ask, now).await? {
        Decided::Done(state, score) => {
            println!("commission {id} is {}; decided on {} points", state.word(), score.points);
            Ok(ExitCode::SUCCESS)
        }
        Decided::ClearedBefore(state, score) => {
            let (state, points) = (state.word(), score.points);
            println!("commission {id} is {state}; its {points} points had been cleared before");
            Ok(ExitCode::SUCCESS)
        }
        Decided::Already(state) => {
            println!("commission {id}: nothing was decided, it is {}", state.word());
            Ok(ExitCode::SUCCESS)
        }
        Decided::OtherReasons(score) => {
            let now: Vec<_> = score.codes().into_iter().map(Reason::as_str).collect();
            refused(format!("nothing was decided; its reasons are now {}", now.join(",")))
        }
        Decided::Denied(state) => refused(format!("it is {}, too late to decide", state.word())),
    }
}

async fn customer(on: OwnCustomer) -> Result<ExitCode, Failure> {
    let hash_key = config::hash_key(ENVIRONMENT)?;
    let (pool, by, now) = open(&on.by).await?;
    let scope = on.place.scope();
    let hash = hash_key.customer_hash(scope.merchant, scope.environment, &on.customer);
    let who = AffiliateId(on.affiliate);
    let entered = match set_risk::customer(&pool, by, scope, who, &hash, now).await? {
        Entered::New => "entered",
        Entered::Before => "had been entered before",
    };
    println!("affiliate {who}: the customer's orders are self-referrals; {entered}");
    Ok(ExitCode::SUCCESS)
}

fn reason(text: &str) -> Result<Reason, String> {
    Reason::parse(text).ok_or_else(|| {
        let all: Vec<_> = Reason::ALL.into_iter().map(Reason::as_str).collect();
        format!("is none of {}", all.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::Decimal;
    use serde_json::json;

    #[test]
    fn a_waiting_commission_is_shown_with_its_reasons() {
        let row = WaitingRow {
            commission_id: "com_1".to_owned(),
            external_order_id: "A-1".to_owned(),
            affiliate_id: Uuid::nil(),
            net_amount: Decimal::new(29_990, 2),
            currency: "NPR".to_owned(),
            points: Some(70),
            threshold: Some(60),
            reasons: Some(json!([{"code": "quick_order", "points": 30, "sentence": "Quick."}])),
            scored_at: None,
        };
        let shown = "com_1  A-1  NPR 299.90  affiliate 00000000-0000-0000-0000-000000000000  \
                     70 points of 60\n   30  quick_order         Quick.\n";
        assert_eq!(lines(&row), shown);
    }
}
