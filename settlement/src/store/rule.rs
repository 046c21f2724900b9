//! Commission rules: written here, read for settling in `terms`.

pub mod product;

use super::instant;
use super::terms::unknown;
use jiff::Timestamp;
use rust_decimal::Decimal;
use shared::money::Currency;
use shared::validate::{CommissionTerms, Pays};
use sqlx::PgConnection;
use uuid::Uuid;

/// The kind of a version that ends its rule.
pub const ENDED: &str = "ended";

/// What a rule is about, column by column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSubject {
    /// live or test.
    pub environment: &'static str,
    /// Whose; nil for the platform's.
    pub merchant_id: Uuid,
    /// product, campaign, merchant or platform.
    pub level: &'static str,
    /// Of a campaign rule.
    pub campaign_id: Option<Uuid>,
    /// Of a product rule.
    pub sku: Option<String>,
}

/// One version of a rule, beside what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTerms {
    /// The same over versions.
    pub rule_id: Uuid,
    /// From 1, gapless.
    pub version: i32,
    /// percent, flat or ended.
    pub kind: &'static str,
    /// Of percent, in basis points.
    pub rate_bps: Option<i32>,
    /// Of flat.
    pub flat_amount: Option<Decimal>,
    /// Most the lines under it can earn together.
    pub cap_amount: Option<Decimal>,
    /// Order total below which it gives zero.
    pub minimum_order: Option<Decimal>,
    /// Of flat, cap and minimum.
    pub currency: Option<&'static str>,
}

/// Makes writers of one subject's rule wait for each other until the transaction ends.
pub async fn lock_subject(
    connection: &mut PgConnection,
    subject: &RuleSubject,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- lock_rule_subject
         select pg_advisory_xact_lock(hashtextextended($1, 0))",
    )
    .bind(format!("rule:{subject:?}"))
    .execute(connection)
    .await?;
    Ok(())
}

/// The last version of a subject's rule.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct LastVersion {
    /// The rule, the same over its versions.
    pub rule_id: Uuid,
    /// From 1, gapless.
    pub version: i32,
    /// percent, flat or ended.
    pub kind: String,
}

/// The subject's rule and its last version.
pub async fn last_version(
    connection: &mut PgConnection,
    subject: &RuleSubject,
) -> Result<Option<LastVersion>, sqlx::Error> {
    sqlx::query_as(
        "-- last_rule_version
         select rule_id, version, kind from rule
         where environment = $1 and merchant_id = $2 and level = $3
           and campaign_id is not distinct from $4 and sku is not distinct from $5
         order by version desc limit 1",
    )
    .bind(subject.environment)
    .bind(subject.merchant_id)
    .bind(subject.level)
    .bind(subject.campaign_id)
    .bind(&subject.sku)
    .fetch_optional(connection)
    .await
}

/// Inserts a version of a rule, in force from `now`.
pub async fn insert(
    connection: &mut PgConnection,
    subject: &RuleSubject,
    terms: &RuleTerms,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- insert_rule
         insert into rule (environment, merchant_id, rule_id, version, level, campaign_id, sku,
                           kind, rate_bps, flat_amount, cap_amount, minimum_order, currency,
                           in_force_from)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(subject.environment)
    .bind(subject.merchant_id)
    .bind(terms.rule_id)
    .bind(terms.version)
    .bind(subject.level)
    .bind(subject.campaign_id)
    .bind(&subject.sku)
    .bind(terms.kind)
    .bind(terms.rate_bps)
    .bind(terms.flat_amount)
    .bind(terms.cap_amount)
    .bind(terms.minimum_order)
    .bind(terms.currency)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// The last version of a rule, as shown.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ShownRuleRow {
    /// The same over versions.
    pub rule_id: Uuid,
    /// From 1, gapless.
    pub version: i32,
    /// Of a campaign rule.
    pub campaign_id: Option<Uuid>,
    /// Of a product rule.
    pub sku: Option<String>,
    /// percent, flat or ended.
    pub kind: String,
    /// Of percent, in basis points.
    pub rate_bps: Option<i32>,
    /// Of flat.
    pub flat_amount: Option<Decimal>,
    /// Most the lines under it can earn together.
    pub cap_amount: Option<Decimal>,
    /// Order total below which it gives zero.
    pub minimum_order: Option<Decimal>,
    /// Of flat, cap and minimum.
    pub currency: Option<String>,
}

impl ShownRuleRow {
    /// What the rule pays; `None` when it has ended.
    pub fn terms(&self) -> Result<Option<CommissionTerms>, sqlx::Error> {
        let pays = match (self.kind.as_str(), self.rate_bps, self.flat_amount) {
            (ENDED, _, _) => return Ok(None),
            (_, Some(bps), _) => Pays::Percent(u32::try_from(bps).unwrap_or(0)),
            (_, None, Some(amount)) => Pays::Flat(amount),
            (_, None, None) => return Err(unknown("rule", "a rule that pays nothing")),
        };
        Ok(Some(CommissionTerms {
            pays,
            cap: self.cap_amount,
            minimum_order: self.minimum_order,
            currency: self.currency.as_deref().and_then(Currency::parse),
        }))
    }
}

/// The last versions of some campaigns' rules; one that has ended is not listed.
pub async fn of_campaigns(
    connection: &mut PgConnection,
    environment: &str,
    merchant_id: Uuid,
    campaigns: &[Uuid],
) -> Result<Vec<ShownRuleRow>, sqlx::Error> {
    sqlx::query_as(
        "-- rules_of_campaigns
         select * from (
             select distinct on (campaign_id) rule_id, version, campaign_id, sku, kind, rate_bps,
                    flat_amount, cap_amount, minimum_order, currency
             from rule
             where environment = $1 and merchant_id = $2 and level = 'campaign'
               and campaign_id = any($3)
             order by campaign_id, version desc) last
         where kind <> 'ended'",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(campaigns)
    .fetch_all(connection)
    .await
}
