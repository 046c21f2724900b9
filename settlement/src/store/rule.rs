//! Commission rules: written here, read for settling in `terms`.

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

/// The last version of a product's rule.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ProductRuleRow {
    /// Of which product.
    pub sku: String,
    /// The rule, the same over its versions.
    pub rule_id: Uuid,
    /// From 1, gapless.
    pub version: i32,
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

impl ProductRuleRow {
    /// What it pays; `None` when it has ended.
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

/// The last versions of products' rules; a SKU without a rule is not listed.
pub async fn last_of_products(
    connection: &mut PgConnection,
    environment: &str,
    merchant_id: Uuid,
    skus: &[&str],
) -> Result<Vec<ProductRuleRow>, sqlx::Error> {
    sqlx::query_as(
        "-- last_product_rules
         select distinct on (sku) sku, rule_id, version, kind, rate_bps, flat_amount, cap_amount,
                minimum_order, currency
         from rule
         where environment = $1 and merchant_id = $2 and level = 'product' and sku = any($3)
         order by sku, version desc",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(skus)
    .fetch_all(connection)
    .await
}

/// Inserts one version each of products' rules, in force from `now`; answers how many.
pub async fn insert_of_products(
    connection: &mut PgConnection,
    environment: &str,
    merchant_id: Uuid,
    versions: &[(&str, RuleTerms)],
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let column = |read: fn(&RuleTerms) -> Option<Decimal>| -> Vec<_> {
        versions.iter().map(|(_, terms)| read(terms)).collect()
    };
    let done = sqlx::query(
        "-- insert_product_rules
         insert into rule (environment, merchant_id, rule_id, version, level, sku, kind, rate_bps,
                           flat_amount, cap_amount, minimum_order, currency, in_force_from)
         select $1, $2, new.rule_id, new.version, 'product', new.sku, new.kind, new.rate_bps,
                new.flat_amount, new.cap_amount, new.minimum_order, new.currency, $12
         from unnest($3::text[], $4::uuid[], $5::integer[], $6::text[], $7::integer[],
                     $8::numeric[], $9::numeric[], $10::numeric[], $11::text[])
             as new (sku, rule_id, version, kind, rate_bps, flat_amount, cap_amount,
                     minimum_order, currency)",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(versions.iter().map(|(sku, _)| *sku).collect::<Vec<_>>())
    .bind(versions.iter().map(|(_, terms)| terms.rule_id).collect::<Vec<_>>())
    .bind(versions.iter().map(|(_, terms)| terms.version).collect::<Vec<_>>())
    .bind(versions.iter().map(|(_, terms)| terms.kind).collect::<Vec<_>>())
    .bind(versions.iter().map(|(_, terms)| terms.rate_bps).collect::<Vec<_>>())
    .bind(column(|terms| terms.flat_amount))
    .bind(column(|terms| terms.cap_amount))
    .bind(column(|terms| terms.minimum_order))
    .bind(versions.iter().map(|(_, terms)| terms.currency).collect::<Vec<_>>())
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
