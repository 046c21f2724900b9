//! A merchant's products are put in, or brought up to date, with their own commissions.

use super::actor::{Actor, note};
use super::set_rule::{self, SetRule};
use super::world_time;
use crate::domain::catalogue::{self, RuleStep, Written};
use crate::domain::order::Scope;
use crate::error::Fault;
use crate::secrets::draw;
use crate::store::merchant::{self, MerchantRow};
use crate::store::product::{self, CatalogueRow};
use crate::store::rule::{self, ProductRuleRow, RuleTerms};
use crate::store::{instant, terms};
use jiff::Timestamp;
use serde_json::json;
use shared::money::Currency;
use shared::validate::resource::{self, Product, RowFault, Shop, Stock};
use shared::validate::{CommissionTerms, Pays};
use sqlx::PgConnection;
use std::collections::HashMap;

/// A product as it is now, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// What became of it.
    pub written: Written,
    /// Its row.
    pub row: CatalogueRow,
    /// Its own commission; `None`: its campaign's.
    pub commission: Option<CommissionTerms>,
}

/// What became of one row of a bulk call.
pub type RowResult = Result<(String, Written), RowFault>;

/// Puts one product, in the caller's transaction.
pub async fn one(
    connection: &mut PgConnection,
    actor: Actor,
    scope: Scope,
    sku: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<Put, Fault> {
    let merchant = lock(connection, actor, scope).await?;
    let product = resource::product(sku, body, &shop(&merchant)?)?;
    let mut put = write(connection, actor, scope, &[&product], now).await?;
    put.pop().ok_or_else(|| Fault::Corrupt("a product put in left nothing".to_owned()))
}

/// Puts many products, in the caller's transaction; a row that cannot be taken stops no other.
pub async fn many(
    connection: &mut PgConnection,
    actor: Actor,
    scope: Scope,
    body: &[u8],
    now: Timestamp,
) -> Result<Vec<RowResult>, Fault> {
    let merchant = lock(connection, actor, scope).await?;
    let rows = resource::products(body, &shop(&merchant)?)?;
    let good: Vec<&Product> = rows.iter().filter_map(|row| row.as_ref().ok()).collect();
    let put = write(connection, actor, scope, &good, now).await?;
    let mut written = put.into_iter().map(|put| put.written);
    let gone = || Fault::Corrupt("a product put in left nothing".to_owned());
    rows.into_iter()
        .map(|row| match row {
            Ok(product) => Ok(Ok((product.sku, written.next().ok_or_else(gone)?))),
            Err(fault) => Ok(Err(fault)),
        })
        .collect()
}

/// The merchant's lock: whoever writes its products or rules waits here for the one before.
async fn lock(
    connection: &mut PgConnection,
    actor: Actor,
    scope: Scope,
) -> Result<MerchantRow, Fault> {
    actor.may_change(scope.merchant)?;
    merchant::lock(connection, scope.merchant.0).await?.ok_or(Fault::NotFound("merchant"))
}

fn shop(merchant: &MerchantRow) -> Result<Shop<'_>, Fault> {
    let currency = Currency::parse(&merchant.currency)
        .ok_or_else(|| Fault::Corrupt("a merchant's currency is none".to_owned()))?;
    Ok(Shop { currency, approved_domain: &merchant.approved_domain })
}

/// Writes products, each SKU once, and answers them in order: one statement to each table, however
/// many there are.
async fn write(
    connection: &mut PgConnection,
    actor: Actor,
    scope: Scope,
    products: &[&Product],
    now: Timestamp,
) -> Result<Vec<Put>, Fault> {
    let skus: Vec<&str> = products.iter().map(|product| product.sku.as_str()).collect();
    let (environment, owner) = (scope.environment.as_str(), scope.merchant.0);
    let found = product::find_many(connection, environment, owner, &skus).await?;
    let known: HashMap<&str, &CatalogueRow> =
        found.iter().map(|row| (row.sku.as_str(), row)).collect();
    let rules = rules_of(connection, scope, &skus).await?;
    let mut put = Vec::with_capacity(products.len());
    let mut versions = Vec::new();
    for wanted in products {
        let last = rules.get(&wanted.sku);
        let in_force = last.and_then(|(_, terms)| terms.as_ref());
        let before = known.get(wanted.sku.as_str()).copied();
        let described = before.map(|row| described(row, in_force.cloned())).transpose()?;
        let written = catalogue::written(described.as_ref(), wanted);
        let row = match (before, written) {
            (Some(row), Written::Unchanged) => row.clone(),
            (before, _) => row_of(wanted, before, now),
        };
        put.push(Put { written, row, commission: wanted.commission.clone() });
        let next = SetRule {
            rule_id: last.map_or_else(|| draw::id(now), |(last, _)| last.rule_id),
            version: last.map_or(1, |(last, _)| last.version + 1),
        };
        match catalogue::rule_step(in_force, wanted.commission.as_ref()) {
            RuleStep::Keep => {}
            RuleStep::Set(terms) => versions.push((wanted.sku.as_str(), version_of(next, terms))),
            RuleStep::End => versions.push((wanted.sku.as_str(), set_rule::ending(next))),
        }
    }
    store(connection, scope, &put, &versions, now).await?;
    note_all(connection, actor, scope, &put, &versions, now).await?;
    Ok(put)
}

async fn store(
    connection: &mut PgConnection,
    scope: Scope,
    put: &[Put],
    versions: &[(&str, RuleTerms)],
    now: Timestamp,
) -> Result<(), Fault> {
    let (environment, owner) = (scope.environment.as_str(), scope.merchant.0);
    let changed: Vec<CatalogueRow> = put
        .iter()
        .filter(|put| put.written != Written::Unchanged)
        .map(|put| put.row.clone())
        .collect();
    if !changed.is_empty() {
        product::upsert_many(connection, environment, owner, &changed).await?;
    }
    if !versions.is_empty() {
        let merchant = Some(scope.merchant);
        let from = world_time::at(connection, scope.environment, merchant, now).await?;
        rule::insert_of_products(connection, environment, owner, versions, from).await?;
    }
    Ok(())
}

/// One entry for a call, and none for one that changed nothing.
async fn note_all(
    connection: &mut PgConnection,
    actor: Actor,
    scope: Scope,
    put: &[Put],
    versions: &[(&str, RuleTerms)],
    now: Timestamp,
) -> Result<(), Fault> {
    let of = |wanted: Written| -> Vec<&str> {
        let some = put.iter().filter(|put| put.written == wanted);
        some.map(|put| put.row.sku.as_str()).collect()
    };
    let (created, updated) = (of(Written::Created), of(Written::Updated));
    if created.is_empty() && updated.is_empty() {
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
    let detail = json!({
        "environment": scope.environment.as_str(),
        "created": created,
        "updated": updated,
        "rules": rules,
    });
    note(connection, actor, "product.put", &scope.merchant.to_string(), detail, now).await
}

/// The last version of each SKU's rule with the terms it has; none when it has ended.
async fn rules_of(
    connection: &mut PgConnection,
    scope: Scope,
    skus: &[&str],
) -> Result<HashMap<String, (ProductRuleRow, Option<CommissionTerms>)>, Fault> {
    let environment = scope.environment.as_str();
    let rows = rule::last_of_products(connection, environment, scope.merchant.0, skus).await?;
    rows.into_iter()
        .map(|row| {
            let terms = row.terms()?;
            Ok((row.sku.clone(), (row, terms)))
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
