//! The rules of products: read and written many at a time.

use super::super::instant;
use super::{RuleTerms, ShownRuleRow};
use jiff::Timestamp;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

/// The last versions of products' rules; a SKU without a rule is not listed.
pub async fn last(
    connection: &mut PgConnection,
    environment: &str,
    merchant_id: Uuid,
    skus: &[&str],
) -> Result<Vec<ShownRuleRow>, sqlx::Error> {
    sqlx::query_as(
        "-- last_product_rules
         select distinct on (sku) rule_id, version, campaign_id, sku, kind, rate_bps, flat_amount,
                cap_amount, minimum_order, currency
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
pub async fn insert_many(
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
