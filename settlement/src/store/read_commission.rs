//! Reads: commissions as merchants see them.

use rust_decimal::Decimal;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// A commission as it is shown.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ShownCommissionRow {
    /// com_….
    pub commission_id: String,
    /// For which conversion.
    pub conversion_id: String,
    /// The merchant's order id.
    pub external_order_id: String,
    /// Who earns it.
    pub affiliate_id: Uuid,
    /// Under which campaign.
    pub campaign_id: Option<Uuid>,
    /// Where it stands.
    pub state: String,
    /// ISO 4217.
    pub currency: String,
    /// The frozen amount.
    pub amount: Decimal,
    /// What is left of it.
    pub net_amount: Decimal,
    /// What was frozen at the sale.
    pub terms: serde_json::Value,
    /// End of the return window.
    pub hold_until: Option<OffsetDateTime>,
    /// Why it was rejected or reduced.
    pub reason: Option<String>,
    /// When it came to be.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
    /// Its latest risk score: clear, review or cleared; null before the first.
    pub risk_outcome: Option<String>,
    /// 0 to 100.
    pub risk_points: Option<i32>,
    /// The threshold in force then.
    pub risk_threshold: Option<i32>,
    /// Each reason with points and sentence.
    pub risk_reasons: Option<serde_json::Value>,
    /// When it was scored.
    pub risk_scored_at: Option<OffsetDateTime>,
    /// Whether a person refused it for risk.
    pub risk_refused: bool,
}

/// Which commissions of one merchant, newest first.
#[derive(Debug, Clone)]
pub struct CommissionFilter {
    /// live or test.
    pub environment: &'static str,
    /// Whose.
    pub merchant_id: Uuid,
    /// Of one conversion.
    pub conversion_id: Option<String>,
    /// Of one order.
    pub external_order_id: Option<String>,
    /// In one state.
    pub state: Option<String>,
    /// One by its id.
    pub commission_id: Option<String>,
    /// Those after this place in the order.
    pub after: Option<(OffsetDateTime, String)>,
    /// How many at most.
    pub rows_max: i64,
}

/// Lists commissions, newest first.
pub async fn list(
    connection: &mut PgConnection,
    filter: &CommissionFilter,
) -> Result<Vec<ShownCommissionRow>, sqlx::Error> {
    sqlx::query_as(
        "-- list_commissions
         select commission.commission_id, conversion_id, external_order_id,
                commission.affiliate_id, commission.campaign_id, commission.state,
                commission.currency, amount, net_amount, terms, hold_until, commission.reason,
                commission.created_at, commission.updated_at, score.outcome as risk_outcome,
                score.points as risk_points, score.threshold as risk_threshold,
                score.reasons as risk_reasons, score.scored_at as risk_scored_at,
                exists (
                    select from risk_decision decision
                    where decision.environment = commission.environment
                      and decision.merchant_id = commission.merchant_id
                      and decision.commission_id = commission.commission_id
                      and decision.decision = 'refuse'
                ) as risk_refused
         from commission
         join conversion using (environment, merchant_id, conversion_id)
         left join lateral (
             select outcome, points, threshold, reasons, scored_at from risk_score
             where risk_score.environment = commission.environment
               and risk_score.merchant_id = commission.merchant_id
               and risk_score.commission_id = commission.commission_id
             order by score_id desc
             limit 1
         ) score on true
         where commission.environment = $1 and commission.merchant_id = $2
           and ($3::text is null or commission_id = 'com_' || substr($3, 5))
           and ($4::text is null or external_order_id = $4)
           and ($5::text is null or commission.state = $5)
           and ($6::text is null or commission.commission_id = $6)
           and ($7::timestamptz is null or commission.created_at < $7
                or (commission.created_at = $7 and commission.commission_id > $8))
         order by commission.created_at desc, commission.commission_id
         limit $9",
    )
    .bind(filter.environment)
    .bind(filter.merchant_id)
    .bind(&filter.conversion_id)
    .bind(&filter.external_order_id)
    .bind(&filter.state)
    .bind(&filter.commission_id)
    .bind(filter.after.as_ref().map(|(at, _)| *at))
    .bind(filter.after.as_ref().map(|(_, id)| id))
    .bind(filter.rows_max)
    .fetch_all(connection)
    .await
}

/// A correction that was posted.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ShownCorrectionRow {
    /// Plus favours the affiliate; in the commission's currency.
    pub amount: Decimal,
    /// Why, for merchant and affiliate to read.
    pub reason: String,
    /// From when.
    pub effective_at: OffsetDateTime,
}

/// The posted corrections of a merchant's commission in an environment, oldest first.
pub async fn corrections(
    connection: &mut PgConnection,
    (environment, merchant_id): (&str, Uuid),
    commission_id: &str,
) -> Result<Vec<ShownCorrectionRow>, sqlx::Error> {
    sqlx::query_as(
        "-- corrections_of_commission
         select amount, reason, effective_at from correction
         where environment = $1 and merchant_id = $2 and commission_id = $3
           and state = 'approved'
         order by effective_at, correction_id",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(commission_id)
    .fetch_all(connection)
    .await
}

/// Whether something that a merchant reported of a conversion waits.
pub async fn has_parked(
    connection: &mut PgConnection,
    (environment, merchant_id): (&str, Uuid),
    conversion_id: &str,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "-- has_parked
         select exists (
             select from parked_event
             where environment = $1 and merchant_id = $2 and conversion_id = $3)",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(conversion_id)
    .fetch_one(connection)
    .await
}
