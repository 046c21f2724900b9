//! Merchants' attribution settings: which candidates count, in which order, and which by themselves.

use super::instant;
use super::terms::unknown;
use crate::domain::attribution::{Kind, Setting};
use crate::domain::order::Scope;
use jiff::Timestamp;
use shared::id::{Environment, MerchantId};
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use std::collections::HashMap;
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct SettingRow {
    environment: String,
    merchant_id: Uuid,
    version: i32,
    candidates: Vec<String>,
    automatic: Vec<String>,
    in_force_from: OffsetDateTime,
}

/// Every version of these scopes' settings; a scope without any is not listed.
pub async fn of_scopes(
    connection: &mut PgConnection,
    scopes: &[Scope],
) -> Result<HashMap<Scope, Vec<Setting>>, sqlx::Error> {
    let rows: Vec<SettingRow> = sqlx::query_as(
        "-- attribution_settings
         select environment, merchant_id, version, candidates, automatic, in_force_from
         from unnest($1::text[], $2::uuid[]) as scope (environment, merchant_id)
         join attribution_setting using (environment, merchant_id)
         order by environment, merchant_id, version",
    )
    .bind(scopes.iter().map(|scope| scope.environment.as_str()).collect::<Vec<_>>())
    .bind(scopes.iter().map(|scope| scope.merchant.0).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    let mut settings: HashMap<Scope, Vec<Setting>> = HashMap::new();
    for row in rows {
        let environment = Environment::parse(&row.environment)
            .ok_or_else(|| unknown("attribution_setting", &row.environment))?;
        let scope = Scope { environment, merchant: MerchantId(row.merchant_id) };
        settings.entry(scope).or_default().push(Setting {
            version: u32::try_from(row.version).unwrap_or(0),
            order: kinds(&row.candidates)?,
            automatic: kinds(&row.automatic)?,
            in_force_from: instant::from_row(row.in_force_from),
        });
    }
    Ok(settings)
}

fn kinds(words: &[String]) -> Result<Vec<Kind>, sqlx::Error> {
    let kind =
        |word: &String| Kind::parse(word).ok_or_else(|| unknown("attribution_setting", word));
    words.iter().map(kind).collect()
}

/// Inserts a version; the caller holds the merchant's lock and has counted the versions before it.
pub async fn insert(
    connection: &mut PgConnection,
    scope: Scope,
    setting: &Setting,
    set_by: Option<Uuid>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let words = |kinds: &[Kind]| kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>();
    sqlx::query(
        "-- insert_attribution_setting
         insert into attribution_setting (environment, merchant_id, version, candidates,
             automatic, in_force_from, set_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .bind(i32::try_from(setting.version).unwrap_or(i32::MAX))
    .bind(words(&setting.order))
    .bind(words(&setting.automatic))
    .bind(instant::to_row(setting.in_force_from))
    .bind(set_by)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(())
}
