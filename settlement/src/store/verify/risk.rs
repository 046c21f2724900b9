//! What `verify` reads of risk: the scores of commissions, and what people decided on them.

use super::instant;
use crate::domain::lifecycle::Event;
use crate::domain::order::Scope;
use crate::domain::rebuild::{RecordedScore, RiskDecision};
use crate::domain::risk::{Outcome, Reason, Score, Scored};
use crate::store::terms::unknown;
use shared::id::ConversionId;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use std::collections::{BTreeSet, HashMap};

#[derive(sqlx::FromRow)]
struct ScoreRow {
    commission_id: String,
    scored_at: OffsetDateTime,
    weights_version: i32,
    threshold: i32,
    points: i32,
    reasons: serde_json::Value,
    facts: serde_json::Value,
    outcome: String,
    created_at: OffsetDateTime,
}

impl ScoreRow {
    fn read(self, conversion: ConversionId) -> Result<RecordedScore, sqlx::Error> {
        let json = |cause: serde_json::Error| sqlx::Error::Decode(Box::new(cause));
        // A number that no score can have equals none that is made again.
        let whole = |number: i32| u32::try_from(number).unwrap_or(u32::MAX);
        let score = Score {
            weights_version: whole(self.weights_version),
            points: whole(self.points),
            reasons: serde_json::from_value(self.reasons).map_err(json)?,
        };
        let outcome =
            Outcome::parse(&self.outcome).ok_or_else(|| unknown("risk_score", &self.outcome))?;
        let scored = Scored {
            conversion,
            at: instant::from_row(self.scored_at),
            score,
            threshold: whole(self.threshold),
            facts: serde_json::from_value(self.facts).map_err(json)?,
            outcome,
        };
        Ok(RecordedScore { scored, made_at: instant::from_row(self.created_at) })
    }
}

/// The scores of these conversions' commissions, as they were written.
pub async fn scores(
    connection: &mut PgConnection,
    scope: Scope,
    ids: &[ConversionId],
) -> Result<HashMap<ConversionId, Vec<RecordedScore>>, sqlx::Error> {
    let by_commission = by_commission(ids);
    let rows: Vec<ScoreRow> = sqlx::query_as(
        "-- verify_risk_scores
         select commission_id, scored_at, weights_version, threshold, points, reasons, facts,
             outcome, created_at
         from risk_score
         where environment = $1 and merchant_id = $2 and commission_id = any($3)
         order by commission_id, score_id",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .bind(by_commission.keys().collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    let mut scores: HashMap<ConversionId, Vec<RecordedScore>> = HashMap::new();
    for row in rows {
        if let Some(id) = by_commission.get(&row.commission_id) {
            scores.entry(*id).or_default().push(row.read(*id)?);
        }
    }
    Ok(scores)
}

#[derive(sqlx::FromRow)]
struct DecisionRow {
    commission_id: String,
    decision: String,
    reasons: Vec<String>,
    decided_at: OffsetDateTime,
    created_at: OffsetDateTime,
}

impl DecisionRow {
    fn read(&self) -> Result<RiskDecision, sqlx::Error> {
        let wrong = |what: &str| unknown("risk_decision", what);
        let event = match self.decision.as_str() {
            "clear" => Event::RiskClear,
            "refuse" => Event::RiskRefused,
            other => return Err(wrong(other)),
        };
        let reason = |word: &String| Reason::parse(word).ok_or_else(|| wrong(word));
        let reasons = self.reasons.iter().map(reason).collect::<Result<BTreeSet<_>, _>>()?;
        let (at, made_at) =
            (instant::from_row(self.decided_at), instant::from_row(self.created_at));
        Ok(RiskDecision { event, reasons, at, made_at })
    }
}

/// What people decided on the risk of these conversions' commissions, as it was written.
pub async fn risk_decisions(
    connection: &mut PgConnection,
    scope: Scope,
    ids: &[ConversionId],
) -> Result<HashMap<ConversionId, Vec<RiskDecision>>, sqlx::Error> {
    let by_commission = by_commission(ids);
    let rows: Vec<DecisionRow> = sqlx::query_as(
        "-- verify_risk_decisions
         select commission_id, decision, reasons, decided_at, created_at
         from risk_decision
         where environment = $1 and merchant_id = $2 and commission_id = any($3)
         order by commission_id, decision_id",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .bind(by_commission.keys().collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    let mut decisions: HashMap<ConversionId, Vec<RiskDecision>> = HashMap::new();
    for row in rows {
        if let Some(id) = by_commission.get(&row.commission_id) {
            decisions.entry(*id).or_default().push(row.read()?);
        }
    }
    Ok(decisions)
}

fn by_commission(ids: &[ConversionId]) -> HashMap<String, ConversionId> {
    ids.iter().map(|id| (id.commission_id(), *id)).collect()
}
