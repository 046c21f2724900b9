//! Risk scores and people's decisions on them; what is set for them.

use super::instant;
use crate::domain::order::Scope;
use crate::domain::risk::Scored;
use jiff::Timestamp;
use rust_decimal::Decimal;
use shared::id::{AffiliateId, ConversionId};
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// Keeps scores.
pub async fn insert_scores(
    connection: &mut PgConnection,
    scores: &[(Scope, &Scored)],
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    if scores.is_empty() {
        return Ok(());
    }
    let whole = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let each = || scores.iter().map(|(_, scored)| *scored);
    sqlx::query(
        "-- insert_risk_scores
         insert into risk_score (environment, merchant_id, commission_id, scored_at,
             weights_version, threshold, points, reasons, facts, outcome, created_at)
         select s.environment, s.merchant_id, s.commission_id, s.scored_at, s.weights_version,
             s.threshold, s.points, s.reasons::jsonb, s.facts::jsonb, s.outcome, $11
         from unnest($1::text[], $2::uuid[], $3::text[], $4::timestamptz[], $5::integer[],
                     $6::integer[], $7::integer[], $8::text[], $9::text[], $10::text[])
             as s (environment, merchant_id, commission_id, scored_at, weights_version, threshold,
                   points, reasons, facts, outcome)",
    )
    .bind(scores.iter().map(|(scope, _)| scope.environment.as_str()).collect::<Vec<_>>())
    .bind(scores.iter().map(|(scope, _)| scope.merchant.0).collect::<Vec<_>>())
    .bind(each().map(|s| s.conversion.commission_id()).collect::<Vec<_>>())
    .bind(each().map(|s| instant::to_row(s.at)).collect::<Vec<_>>())
    .bind(each().map(|s| whole(s.score.weights_version)).collect::<Vec<_>>())
    .bind(each().map(|s| whole(s.threshold)).collect::<Vec<_>>())
    .bind(each().map(|s| whole(s.score.points)).collect::<Vec<_>>())
    .bind(each().map(|s| text(&s.score.reasons)).collect::<Vec<_>>())
    .bind(each().map(|s| text(&s.facts)).collect::<Vec<_>>())
    .bind(each().map(|s| s.outcome.as_str()).collect::<Vec<_>>())
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

fn text(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("reasons and facts are plain data")
}

/// A decision to keep.
#[derive(Debug, Clone)]
pub struct NewDecision<'a> {
    /// Whose commission, in which world.
    pub scope: Scope,
    /// The commission's conversion.
    pub conversion: ConversionId,
    /// clear or refuse.
    pub decision: &'static str,
    /// The score shown then.
    pub points: u32,
    /// The reasons shown then, sorted.
    pub reasons: Vec<&'static str>,
    /// The operator's words.
    pub note: Option<&'a str>,
    /// Which account.
    pub by: Option<Uuid>,
    /// When it took effect, in the merchant's time.
    pub at: Timestamp,
}

/// Keeps a decision.
pub async fn insert_decision(
    connection: &mut PgConnection,
    decision: &NewDecision<'_>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- insert_risk_decision
         insert into risk_decision (environment, merchant_id, commission_id, decision, points,
             reasons, note, decided_by, decided_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(decision.scope.environment.as_str())
    .bind(decision.scope.merchant.0)
    .bind(decision.conversion.commission_id())
    .bind(decision.decision)
    .bind(i32::try_from(decision.points).unwrap_or(i32::MAX))
    .bind(&decision.reasons)
    .bind(decision.note)
    .bind(decision.by)
    .bind(instant::to_row(decision.at))
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// A commission that waits for a person.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct WaitingRow {
    /// com_….
    pub commission_id: String,
    /// The merchant's order id.
    pub external_order_id: String,
    /// Who would earn it.
    pub affiliate_id: Uuid,
    /// What is left of it.
    pub net_amount: Decimal,
    /// ISO 4217.
    pub currency: String,
    /// 0 to 100; null: not scored yet.
    pub points: Option<i32>,
    /// The threshold then.
    pub threshold: Option<i32>,
    /// Each reason with points and sentence.
    pub reasons: Option<serde_json::Value>,
    /// When it was scored.
    pub scored_at: Option<OffsetDateTime>,
}

/// A merchant's commissions that wait for a person, in the order of their ids.
pub async fn waiting(
    connection: &mut PgConnection,
    scope: Scope,
    after: Option<&str>,
    rows_max: i64,
) -> Result<Vec<WaitingRow>, sqlx::Error> {
    sqlx::query_as(
        "-- risk_waiting
         select commission.commission_id, conversion.external_order_id, commission.affiliate_id,
             commission.net_amount, commission.currency, score.points, score.threshold,
             score.reasons, score.scored_at
         from commission
         join conversion using (environment, merchant_id, conversion_id)
         left join lateral (
             select points, threshold, reasons, scored_at from risk_score
             where risk_score.environment = commission.environment
               and risk_score.merchant_id = commission.merchant_id
               and risk_score.commission_id = commission.commission_id
             order by score_id desc
             limit 1
         ) score on true
         where commission.environment = $1 and commission.merchant_id = $2
           and commission.state = 'approved' and ($3::text is null or commission.commission_id > $3)
         order by commission.commission_id
         limit $4",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .bind(after)
    .bind(rows_max)
    .fetch_all(connection)
    .await
}

/// Sets a merchant's threshold from an instant on.
pub async fn insert_threshold(
    connection: &mut PgConnection,
    scope: Scope,
    threshold: u32,
    in_force_from: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- insert_risk_threshold
         insert into risk_setting (environment, merchant_id, in_force_from, threshold)
         values ($1, $2, $3, $4)
         on conflict on constraint risk_setting_pk do update set threshold = excluded.threshold",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .bind(instant::to_row(in_force_from))
    .bind(i32::try_from(threshold).unwrap_or(i32::MAX))
    .execute(connection)
    .await?;
    Ok(())
}

/// Enters a customer as an affiliate itself; answers whether that was new.
pub async fn insert_customer(
    connection: &mut PgConnection,
    scope: Scope,
    affiliate: AffiliateId,
    customer_hash: &str,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- insert_affiliate_customer
         insert into affiliate_customer (environment, merchant_id, customer_hash, affiliate_id,
             created_at)
         values ($1, $2, $3, $4, $5)
         on conflict on constraint affiliate_customer_pk do nothing",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .bind(customer_hash)
    .bind(affiliate.0)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Keeps from when an affiliate's state holds.
pub async fn insert_affiliate_state(
    connection: &mut PgConnection,
    affiliate: AffiliateId,
    state: &str,
    in_force_from: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- insert_affiliate_state
         insert into affiliate_state (affiliate_id, in_force_from, state) values ($1, $2, $3)
         on conflict on constraint affiliate_state_pk do update set state = excluded.state",
    )
    .bind(affiliate.0)
    .bind(instant::to_row(in_force_from))
    .bind(state)
    .execute(connection)
    .await?;
    Ok(())
}
