//! Commissions: locked with their orders, or by their due date; written in bulk.

use super::instant;
use super::order::Keys;
use super::terms::unknown;
use crate::domain::commission::Commission;
use crate::domain::lifecycle::State;
use crate::domain::order::Scope;
use crate::domain::risk::{Reason, Standing};
use rust_decimal::Decimal;
use shared::id::{AffiliateId, CampaignId, ConversionId, Environment};
use shared::money::Currency;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// A commission as stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct CommissionRow {
    /// live or test.
    pub environment: String,
    /// Who owes it.
    pub merchant_id: Uuid,
    /// For which conversion.
    pub conversion_id: String,
    affiliate_id: Uuid,
    campaign_id: Option<Uuid>,
    state: String,
    in_flight: bool,
    amount: Decimal,
    net_amount: Decimal,
    currency: String,
    hold_until: Option<OffsetDateTime>,
    terms: serde_json::Value,
    reason: Option<String>,
    decided_at: Option<OffsetDateTime>,
    cleared_reasons: Option<Vec<String>>,
    risk_due: bool,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl CommissionRow {
    /// The commission this row is.
    pub fn read(&self, conversion: ConversionId) -> Result<Commission, sqlx::Error> {
        let wrong = |what: &str| unknown("commission", what);
        let state = match (self.state.as_str(), self.hold_until, self.in_flight) {
            ("pending", _, _) => State::Pending,
            ("hold", None, _) => State::HoldWaiting,
            ("hold", Some(_), _) => State::HoldRunning,
            ("approved", _, _) => State::Approved,
            ("payable", _, false) => State::PayableFree,
            ("payable", _, true) => State::PayableInFlight,
            ("paid", _, _) => State::Paid,
            ("rejected", _, _) => State::Rejected,
            (other, _, _) => return Err(wrong(other)),
        };
        Ok(Commission {
            conversion,
            affiliate: AffiliateId(self.affiliate_id),
            campaign: self.campaign_id.map(CampaignId),
            state,
            amount: self.amount,
            net: self.net_amount,
            currency: Currency::parse(&self.currency).ok_or_else(|| wrong(&self.currency))?,
            hold_until: self.hold_until.map(instant::from_row),
            terms: serde_json::from_value(self.terms.clone())
                .map_err(|cause| sqlx::Error::Decode(Box::new(cause)))?,
            reason: self.reason.clone(),
            decided_at: self.decided_at.map(instant::from_row),
            risk: Standing {
                cleared: self.cleared_reasons.as_deref().map(reasons).transpose()?,
                due: self.risk_due,
                view: None,
            },
            created_at: instant::from_row(self.created_at),
            updated_at: instant::from_row(self.updated_at),
        })
    }
}

fn reasons(words: &[String]) -> Result<BTreeSet<Reason>, sqlx::Error> {
    let read = |word: &String| Reason::parse(word).ok_or_else(|| unknown("commission", word));
    words.iter().map(read).collect()
}

/// Cleared reasons as one text: Postgres' arrays of arrays must be square.
fn cleared(commission: &Commission) -> Option<String> {
    let words: Vec<_> = commission.risk.cleared.as_ref()?.iter().map(|r| r.as_str()).collect();
    Some(format!("{{{}}}", words.join(",")))
}

/// Locks the commissions of conversions, in the order of their ids.
pub async fn lock(
    connection: &mut PgConnection,
    keys: &Keys,
) -> Result<HashMap<String, CommissionRow>, sqlx::Error> {
    let rows: Vec<CommissionRow> = sqlx::query_as(
        "-- lock_commissions
         select commission.environment, commission.merchant_id, commission.conversion_id,
             affiliate_id, campaign_id, state, in_flight, amount, net_amount, currency, hold_until,
             terms, reason, decided_at, cleared_reasons, risk_due, created_at, updated_at
         from unnest($1::text[], $2::uuid[], $3::text[]) as want (environment, merchant_id, commission_id)
         join commission using (environment, merchant_id, commission_id)
         order by commission.commission_id
         for update of commission",
    )
    .bind(&keys.environments)
    .bind(&keys.merchants)
    .bind(&keys.commissions)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.conversion_id.clone(), row)).collect())
}

/// Reads the commissions of conversions as they are, without a lock.
pub async fn read(
    connection: &mut PgConnection,
    keys: &Keys,
) -> Result<HashMap<String, CommissionRow>, sqlx::Error> {
    let rows: Vec<CommissionRow> = sqlx::query_as(
        "-- read_commissions
         select commission.environment, commission.merchant_id, commission.conversion_id,
             affiliate_id, campaign_id, state, in_flight, amount, net_amount, currency, hold_until,
             terms, reason, decided_at, cleared_reasons, risk_due, created_at, updated_at
         from unnest($1::text[], $2::uuid[], $3::text[]) as want (environment, merchant_id, commission_id)
         join commission using (environment, merchant_id, commission_id)",
    )
    .bind(&keys.environments)
    .bind(&keys.merchants)
    .bind(&keys.commissions)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.conversion_id.clone(), row)).collect())
}

/// Locks commissions whose return window is over by `now`, or by a test merchant's own clock, and
/// approved ones that are still to be scored. Each kind is limited by itself, so that a backlog is
/// never read as a whole.
///
/// Two statements: the first locks, waiting for nobody; only a statement that begins after it sees
/// the rows as whoever held them last left them.
pub async fn lock_due(
    connection: &mut PgConnection,
    now: OffsetDateTime,
    commissions_max: i64,
) -> Result<Vec<CommissionRow>, sqlx::Error> {
    let locked: Vec<(String, Uuid, String)> = sqlx::query_as(
        "-- lock_due_commissions
         with test_clock as (
             select merchant_id, sum(seconds) as ahead_seconds
             from clock_move where real_at <= $1 group by merchant_id
         ), live_due as (
             select environment, merchant_id, commission_id from commission
             where environment = 'live' and state = 'hold' and hold_until <= $1
             order by hold_until
             limit $2
             for update skip locked
         ), test_due as (
             select environment, merchant_id, commission_id from commission
             where environment = 'test' and state = 'hold' and hold_until <= $1
             order by hold_until
             limit $2
             for update skip locked
         ), clock_due as (
             select commission.environment, commission.merchant_id, commission_id
             from test_clock
             join commission on commission.merchant_id = test_clock.merchant_id
                 and commission.environment = 'test'
             where state = 'hold' and hold_until <= $1 + make_interval(secs => ahead_seconds)
             limit $2
             for update of commission skip locked
         ), unscored as (
             select environment, merchant_id, commission_id from commission where risk_due
             limit $2
             for update skip locked
         ), due as (
             select * from live_due union select * from test_due
             union select * from clock_due union select * from unscored
         )
         select environment, merchant_id, commission_id from due",
    )
    .bind(now)
    .bind(commissions_max)
    .fetch_all(&mut *connection)
    .await?;
    let mut keys = Keys::default();
    for (environment, merchant, commission) in locked {
        let environment = Environment::parse(&environment);
        let environment = environment.ok_or_else(|| unknown("commission", &commission))?;
        keys.environments.push(environment.as_str());
        keys.merchants.push(merchant);
        keys.commissions.push(commission);
    }
    let mut rows: Vec<CommissionRow> = read(connection, &keys).await?.into_values().collect();
    rows.sort_unstable_by(|one, other| one.conversion_id.cmp(&other.conversion_id));
    Ok(rows)
}

struct Columns<'a> {
    environment: Vec<&'static str>,
    merchant: Vec<Uuid>,
    commission: Vec<String>,
    state: Vec<&'static str>,
    in_flight: Vec<bool>,
    net: Vec<Decimal>,
    hold_until: Vec<Option<OffsetDateTime>>,
    reason: Vec<Option<&'a str>>,
    decided_at: Vec<Option<OffsetDateTime>>,
    cleared_reasons: Vec<Option<String>>,
    risk_due: Vec<bool>,
    updated_at: Vec<OffsetDateTime>,
}

impl<'a> Columns<'a> {
    fn of(commissions: &'a [(Scope, &'a Commission)]) -> Self {
        let each = || commissions.iter().map(|(_, commission)| *commission);
        Self {
            environment: commissions.iter().map(|(s, _)| s.environment.as_str()).collect(),
            merchant: commissions.iter().map(|(s, _)| s.merchant.0).collect(),
            commission: each().map(Commission::id).collect(),
            state: each().map(|c| c.state.word()).collect(),
            in_flight: each().map(|c| c.state == State::PayableInFlight).collect(),
            net: each().map(|c| c.net).collect(),
            hold_until: each().map(|c| c.hold_until.map(instant::to_row)).collect(),
            reason: each().map(|c| c.reason.as_deref()).collect(),
            decided_at: each().map(|c| c.decided_at.map(instant::to_row)).collect(),
            cleared_reasons: each().map(cleared).collect(),
            risk_due: each().map(|c| c.risk.due).collect(),
            updated_at: each().map(|c| instant::to_row(c.updated_at)).collect(),
        }
    }
}

/// Writes new commissions.
pub async fn insert(
    connection: &mut PgConnection,
    commissions: &[(Scope, &Commission)],
) -> Result<(), sqlx::Error> {
    if commissions.is_empty() {
        return Ok(());
    }
    let columns = Columns::of(commissions);
    let each = || commissions.iter().map(|(_, commission)| *commission);
    let terms = |c: &Commission| serde_json::to_string(&c.terms).expect("terms are plain data");
    sqlx::query(
        "-- insert_commissions
         insert into commission (environment, merchant_id, commission_id, state, in_flight,
             net_amount, hold_until, reason, decided_at, cleared_reasons, updated_at, conversion_id,
             affiliate_id, campaign_id, amount, currency, terms, created_at, risk_due)
         select c.environment, c.merchant_id, c.commission_id, c.state, c.in_flight, c.net_amount,
             c.hold_until, c.reason, c.decided_at, c.cleared_reasons::text[], c.updated_at,
             c.conversion_id, c.affiliate_id, c.campaign_id, c.amount, c.currency, c.terms::json,
             c.created_at, c.risk_due
         from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::boolean[],
             $6::numeric[], $7::timestamptz[], $8::text[], $9::timestamptz[], $10::text[],
             $11::timestamptz[], $12::text[], $13::uuid[], $14::uuid[], $15::numeric[],
             $16::text[], $17::text[], $18::timestamptz[], $19::boolean[])
             as c (environment, merchant_id, commission_id, state, in_flight, net_amount,
                   hold_until, reason, decided_at, cleared_reasons, updated_at, conversion_id,
                   affiliate_id, campaign_id, amount, currency, terms, created_at, risk_due)",
    )
    .bind(columns.environment)
    .bind(columns.merchant)
    .bind(columns.commission)
    .bind(columns.state)
    .bind(columns.in_flight)
    .bind(columns.net)
    .bind(columns.hold_until)
    .bind(columns.reason)
    .bind(columns.decided_at)
    .bind(columns.cleared_reasons)
    .bind(columns.updated_at)
    .bind(each().map(|c| c.conversion.to_string()).collect::<Vec<_>>())
    .bind(each().map(|c| c.affiliate.0).collect::<Vec<Uuid>>())
    .bind(each().map(|c| c.campaign.map(|id| id.0)).collect::<Vec<Option<Uuid>>>())
    .bind(each().map(|c| c.amount).collect::<Vec<Decimal>>())
    .bind(each().map(|c| c.currency.code()).collect::<Vec<_>>())
    .bind(each().map(terms).collect::<Vec<_>>())
    .bind(each().map(|c| instant::to_row(c.created_at)).collect::<Vec<_>>())
    .bind(columns.risk_due)
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes what changed on commissions this transaction has locked; answers how many there were.
pub async fn update(
    connection: &mut PgConnection,
    commissions: &[(Scope, &Commission)],
) -> Result<u64, sqlx::Error> {
    if commissions.is_empty() {
        return Ok(0);
    }
    let columns = Columns::of(commissions);
    let done = sqlx::query(
        "-- update_commissions
         update commission set state = c.state, in_flight = c.in_flight, net_amount = c.net_amount,
             hold_until = c.hold_until, reason = c.reason, decided_at = c.decided_at,
             cleared_reasons = c.cleared_reasons::text[], risk_due = c.risk_due,
             updated_at = c.updated_at
         from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::boolean[], $6::numeric[],
                     $7::timestamptz[], $8::text[], $9::timestamptz[], $10::text[],
                     $11::timestamptz[], $12::boolean[])
             as c (environment, merchant_id, commission_id, state, in_flight, net_amount,
                   hold_until, reason, decided_at, cleared_reasons, updated_at, risk_due)
         where commission.environment = c.environment and commission.merchant_id = c.merchant_id
           and commission.commission_id = c.commission_id
           and commission.state not in ('paid', 'rejected')",
    )
    .bind(columns.environment)
    .bind(columns.merchant)
    .bind(columns.commission)
    .bind(columns.state)
    .bind(columns.in_flight)
    .bind(columns.net)
    .bind(columns.hold_until)
    .bind(columns.reason)
    .bind(columns.decided_at)
    .bind(columns.cleared_reasons)
    .bind(columns.updated_at)
    .bind(columns.risk_due)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
