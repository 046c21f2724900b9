//! A merchant chooses what says who earns its orders, in which order, and what needs no person.

use super::actor::{Actor, note};
use super::change_campaign::world_now;
use crate::domain::attribution::{Kind, Setting};
use crate::domain::order::Scope;
use crate::error::Fault;
use crate::store::{attribution_setting, merchant};
use jiff::Timestamp;
use serde_json::json;
use sqlx::PgPool;
use std::collections::BTreeSet;

/// Writes the next version of a merchant's setting, in force from now; answers its number.
pub async fn run(
    pool: &PgPool,
    by: Actor,
    scope: Scope,
    order: &[Kind],
    automatic: &[Kind],
    now: Timestamp,
) -> Result<u32, Fault> {
    by.may_change(scope.merchant)?;
    check(order, automatic)?;
    let mut transaction = pool.begin().await?;
    let found = merchant::lock(&mut transaction, scope.merchant.0).await?;
    found.ok_or(Fault::NotFound("merchant"))?;
    let mut known = attribution_setting::of_scopes(&mut transaction, &[scope]).await?;
    let last = known.remove(&scope).and_then(|versions| versions.last().map(|s| s.version));
    let setting = Setting {
        version: last.unwrap_or(0) + 1,
        order: order.to_vec(),
        automatic: automatic.to_vec(),
        in_force_from: world_now(&mut transaction, scope, now).await?,
    };
    attribution_setting::insert(&mut transaction, scope, &setting, by.account(), now).await?;
    let detail = json!({
        "environment": scope.environment.as_str(),
        "version": setting.version,
        "order": setting.order,
        "automatic": setting.automatic,
    });
    let subject = scope.merchant.to_string();
    note(&mut transaction, by, "attribution.set", &subject, detail, now).await?;
    transaction.commit().await?;
    Ok(setting.version)
}

fn check(order: &[Kind], automatic: &[Kind]) -> Result<(), Fault> {
    let distinct = |kinds: &[Kind]| kinds.iter().collect::<BTreeSet<_>>().len() == kinds.len();
    let mut faults = Vec::new();
    if order.is_empty() || !distinct(order) {
        faults.push("order must name click, coupon or customer, each at most once".to_owned());
    }
    if !distinct(automatic) {
        faults.push("automatic must name each candidate at most once".to_owned());
    }
    for kind in automatic {
        if *kind == Kind::Click {
            faults.push("automatic: a click always earns by itself".to_owned());
        } else if !order.contains(kind) {
            faults.push(format!("automatic: {} is not in the order", kind.as_str()));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Fault::Invalid(faults)) }
}
