//! A merchant's products are put in, or brought up to date, with their own commissions.

use super::actor::{Actor, note};
use super::change_campaign::world_now;
use super::set_rule::{self, SetRule};
use crate::domain::catalogue::{self, RuleStep, Written};
use crate::domain::order::Scope;
use crate::error::Fault;
use crate::secrets::draw;
use crate::store::product::{self, CatalogueRow};
use crate::store::rule::{self, RuleTerms, ShownRuleRow};
use crate::store::{instant, merchant, terms};
use jiff::Timestamp;
use serde_json::json;
use shared::money::Currency;
use shared::validate::resource::{Product, RowFault, Stock};
use shared::validate::{CommissionTerms, Pays};
use sqlx::PgConnection;
use std::collections::HashMap;

/// What became of one row of a bulk call.
pub type RowResult = Result<(String, Written), RowFault>;

/// Puts one product, in the caller's transaction.
pub async fn one(
    connection: &mut PgConnection,
    actor: Actor,
    scope: Scope,
    product: &Product,
    now: Timestamp,
) -> Result<Written, Fault> {
    let written = write(connection, actor, scope, &[product], now).await?;
    written.first().copied().ok_or_else(left_nothing)
}

/// Puts many products, in the caller's transaction; a row that cannot be taken stops no other.
pub async fn many(
    connection: &mut PgConnection,
    actor: Actor,
    scope: Scope,
    rows: Vec<Result<Product, RowFault>>,
    now: Timestamp,
) -> Result<Vec<RowResult>, Fault> {
    let good: Vec<&Product> = rows.iter().filter_map(|row| row.as_ref().ok()).collect();
    let mut written = write(connection, actor, scope, &good, now).await?.into_iter();
    rows.into_iter()
        .map(|row| match row {
            Ok(product) => Ok(Ok((product.sku, written.next().ok_or_else(left_nothing)?))),
            Err(fault) => Ok(Err(fault)),
        })
        .collect()
}

fn left_nothing() -> Fault {
    Fault::Corrupt("a product put in left nothing".to_owned())
}

/// Writes products, each SKU once, and answers them in order: one statement to each table, however
/// many there are.
async fn write(
    connection: &mut PgConnection,
    actor: Actor,
    scope: Scope,
    products: &[&Product],
    now: Timestamp,
) -> Result<Vec<Written>, Fault> {
    actor.may_change(scope.merchant)?;
    // Whoever writes the merchant's products or rules waits here for the one before.
    let found = merchant::lock(connection, scope.merchant.0).await?;
    found.ok_or(Fault::NotFound("merchant"))?;
    let skus: Vec<&str> = products.iter().map(|product| product.sku.as_str()).collect();
    let (environment, owner) = (scope.environment.as_str(), scope.merchant.0);
    let found = product::find_many(connection, environment, owner, &skus).await?;
    let known: HashMap<&str, &CatalogueRow> =
        found.iter().map(|row| (row.sku.as_str(), row)).collect();
    let rules = rules_of(connection, scope, &skus).await?;
    let mut changes = Changes::default();
    for wanted in products {
        let sku = wanted.sku.as_str();
        let last = rules.get(sku);
        let in_force = last.and_then(|(_, terms)| terms.as_ref());
        let before = known.get(sku).copied();
        let described = before.map(|row| described(row, in_force.cloned())).transpose()?;
        let written = catalogue::written(described.as_ref(), wanted);
        if written != Written::Unchanged {
            changes.rows.push(row_of(wanted, before, now));
        }
        changes.written.push(written);
        let next = SetRule {
            rule_id: last.map_or_else(|| draw::id(now), |(last, _)| last.rule_id),
            version: last.map_or(1, |(last, _)| last.version + 1),
        };
        match catalogue::rule_step(in_force, wanted.commission.as_ref()) {
            RuleStep::Keep => {}
            RuleStep::Set(terms) => changes.versions.push((sku, version_of(next, terms))),
            RuleStep::End => changes.versions.push((sku, set_rule::ending(next))),
        }
    }
    store(connection, actor, scope, &changes, now).await?;
    Ok(changes.written)
}

/// What a call changes.
#[derive(Default)]
struct Changes<'a> {
    /// What becomes of each product sent.
    written: Vec<Written>,
    /// Rows to write.
    rows: Vec<CatalogueRow>,
    /// Versions to write, by SKU.
    versions: Vec<(&'a str, RuleTerms)>,
}

/// Stores the changes with one entry in the audit log; what changes nothing leaves none.
async fn store(
    connection: &mut PgConnection,
    actor: Actor,
    scope: Scope,
    changes: &Changes<'_>,
    now: Timestamp,
) -> Result<(), Fault> {
    let (environment, owner) = (scope.environment.as_str(), scope.merchant.0);
    let Changes { rows, versions, .. } = changes;
    if !rows.is_empty() {
        product::upsert_many(connection, environment, owner, rows).await?;
    }
    if !versions.is_empty() {
        let from = world_now(connection, scope, now).await?;
        rule::product::insert_many(connection, environment, owner, versions, from).await?;
    }
    if rows.is_empty() && versions.is_empty() {
        return Ok(());
    }
    let rules: Vec<_> = versions
        .iter()
        .map(|(sku, terms)| {
            json!({
                "sku": sku,
                "ruleId": terms.rule_id,
                "version": terms.version,
                "kind": terms.kind,
                "rateBps": terms.rate_bps,
                "flatAmount": terms.flat_amount.map(|amount| amount.to_string()),
            })
        })
        .collect();
    let skus: Vec<&str> = rows.iter().map(|row| row.sku.as_str()).collect();
    let detail = json!({"environment": environment, "skus": skus, "rules": rules});
    note(connection, actor, "product.put", &scope.merchant.to_string(), detail, now).await
}

/// The last version of each SKU's rule with the terms it has; none when it has ended.
async fn rules_of(
    connection: &mut PgConnection,
    scope: Scope,
    skus: &[&str],
) -> Result<HashMap<String, (ShownRuleRow, Option<CommissionTerms>)>, Fault> {
    let environment = scope.environment.as_str();
    let rows = rule::product::last(connection, environment, scope.merchant.0, skus).await?;
    rows.into_iter()
        .map(|row| {
            let terms = row.terms()?;
            Ok((row.sku.clone().unwrap_or_default(), (row, terms)))
        })
        .collect()
}

fn version_of(set: SetRule, terms: &CommissionTerms) -> RuleTerms {
    let (kind, rate_bps, flat_amount) = match terms.pays {
        // A reader bounds the rate to 10,000.
        Pays::Percent(bps) => ("percent", i32::try_from(bps).ok(), None),
        Pays::Flat(amount) => ("flat", None, Some(amount)),
    };
    RuleTerms {
        rule_id: set.rule_id,
        version: set.version,
        kind,
        rate_bps,
        flat_amount,
        cap_amount: terms.cap,
        minimum_order: terms.minimum_order,
        currency: terms.currency.map(Currency::code),
    }
}

/// A row as its merchant once described it.
fn described(row: &CatalogueRow, commission: Option<CommissionTerms>) -> Result<Product, Fault> {
    let currency = Currency::parse(&row.currency);
    Ok(Product {
        sku: row.sku.clone(),
        name: row.name.clone(),
        price: row.price,
        currency: currency.ok_or_else(|| terms::unknown("product", &row.currency))?,
        url: row.url.clone(),
        image_url: row.image_url.clone(),
        category: row.category.clone(),
        stock: Stock::parse(&row.stock).ok_or_else(|| terms::unknown("product", &row.stock))?,
        commission,
    })
}

fn row_of(product: &Product, before: Option<&CatalogueRow>, now: Timestamp) -> CatalogueRow {
    let now = instant::to_row(now);
    CatalogueRow {
        sku: product.sku.clone(),
        name: product.name.clone(),
        price: product.price,
        currency: product.currency.code().to_owned(),
        url: product.url.clone(),
        image_url: product.image_url.clone(),
        category: product.category.clone(),
        stock: product.stock.as_str().to_owned(),
        created_at: before.map_or(now, |row| row.created_at),
        updated_at: now,
    }
}
