//! What risk scores are made of: sales, counts, latest totals, affiliates' states, thresholds.

use super::instant;
use super::order::Keys;
use crate::domain::order::Scope;
use crate::domain::risk::amounts::LatestAmounts;
use crate::domain::risk::desk::{Sale, StateChange};
use crate::domain::risk::signals::{ClickRecord, Signals};
use crate::domain::risk::tally::{Key, Tally};
use crate::store::terms::unknown;
use jiff::Timestamp;
use rust_decimal::Decimal;
use shared::id::{AffiliateId, ConversionId, Environment, MerchantId};
use shared::money::Currency;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// The scope of a row.
pub fn scope(environment: &str, merchant: Uuid) -> Result<Scope, sqlx::Error> {
    let environment =
        Environment::parse(environment).ok_or_else(|| unknown("risk", environment))?;
    Ok(Scope { environment, merchant: MerchantId(merchant) })
}

#[derive(sqlx::FromRow)]
struct SignalsRow {
    conversion_id: String,
    signals: serde_json::Value,
    ordered_at: OffsetDateTime,
    late_shopper_hash: Option<String>,
    late_country: Option<String>,
    is_late: bool,
}

/// What is known of sales, by conversion. A click's record that came beside its order, each unseen
/// by the other, is found here.
pub async fn signals(
    connection: &mut PgConnection,
    keys: &Keys,
) -> Result<Vec<(ConversionId, Signals)>, sqlx::Error> {
    let rows: Vec<SignalsRow> = sqlx::query_as(
        "-- risk_signals
         select conversion.conversion_id, conversion.signals, conversion.ordered_at,
             late.shopper_hash as late_shopper_hash, late.country as late_country,
             late.click_id is not null as is_late
         from unnest($1::text[], $2::uuid[], $3::text[]) as want (environment, merchant_id, conversion_id)
         join conversion using (environment, merchant_id, conversion_id)
         left join click late on late.click_id = conversion.awaits_click
             and late.environment = conversion.environment
             and late.merchant_id = conversion.merchant_id",
    )
    .bind(&keys.environments)
    .bind(&keys.merchants)
    .bind(&keys.ids)
    .fetch_all(connection)
    .await?;
    let read = |row: SignalsRow| {
        let wrong = || unknown("conversion", &row.conversion_id);
        let id = ConversionId::parse(&row.conversion_id).ok_or_else(wrong)?;
        let mut signals = signals_of(row.signals, row.ordered_at)?;
        if row.is_late {
            let (shopper_hash, country) = (row.late_shopper_hash, row.late_country);
            signals.take_click(&ClickRecord { shopper_hash, country });
        }
        Ok((id, signals))
    };
    rows.into_iter().map(read).collect()
}

/// What a row's column says; rows older than the column say nothing.
pub fn signals_of(
    column: serde_json::Value,
    ordered_at: OffsetDateTime,
) -> Result<Signals, sqlx::Error> {
    let mut signals: Signals =
        serde_json::from_value(column).map_err(|cause| sqlx::Error::Decode(Box::new(cause)))?;
    signals.ordered_at = instant::from_row(ordered_at);
    Ok(signals)
}

/// Reads counts; what was never counted is not listed.
pub async fn tallies(
    connection: &mut PgConnection,
    keys: Vec<(Scope, Key)>,
) -> Result<Vec<(Scope, Key, Tally)>, sqlx::Error> {
    let rows: Vec<(i64, i64, i64)> = sqlx::query_as(
        "-- risk_tallies
         select want.place, tally.orders, tally.reversed
         from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[])
             with ordinality as want (environment, merchant_id, kind, subject, bucket, place)
         join risk_tally tally using (environment, merchant_id, kind, subject, bucket)",
    )
    .bind(keys.iter().map(|(scope, _)| scope.environment.as_str()).collect::<Vec<_>>())
    .bind(keys.iter().map(|(scope, _)| scope.merchant.0).collect::<Vec<_>>())
    .bind(keys.iter().map(|(_, key)| key.kind()).collect::<Vec<_>>())
    .bind(keys.iter().map(|(_, key)| key.subject()).collect::<Vec<_>>())
    .bind(keys.iter().map(|(_, key)| instant::to_row(key.bucket())).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    let found = |(place, orders, reversed): (i64, i64, i64)| {
        let at = usize::try_from(place).ok()?.checked_sub(1)?;
        let (scope, key) = keys.get(at)?;
        Some((*scope, key.clone(), Tally { orders, reversed }))
    };
    Ok(rows.into_iter().filter_map(found).collect())
}

/// Adds to counts, in the order of their keys.
pub async fn count(
    connection: &mut PgConnection,
    counted: &[(Scope, &Key, Tally)],
) -> Result<u64, sqlx::Error> {
    if counted.is_empty() {
        return Ok(0);
    }
    let done = sqlx::query(
        "-- count_for_risk
         insert into risk_tally (environment, merchant_id, kind, subject, bucket, orders, reversed)
         select * from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[],
             $6::bigint[], $7::bigint[])
             as c (environment, merchant_id, kind, subject, bucket, orders, reversed)
         order by environment, merchant_id, kind, subject, bucket
         on conflict on constraint risk_tally_pk do update
         set orders = risk_tally.orders + excluded.orders,
             reversed = risk_tally.reversed + excluded.reversed",
    )
    .bind(counted.iter().map(|(scope, _, _)| scope.environment.as_str()).collect::<Vec<_>>())
    .bind(counted.iter().map(|(scope, _, _)| scope.merchant.0).collect::<Vec<_>>())
    .bind(counted.iter().map(|(_, key, _)| key.kind()).collect::<Vec<_>>())
    .bind(counted.iter().map(|(_, key, _)| key.subject()).collect::<Vec<_>>())
    .bind(counted.iter().map(|(_, key, _)| instant::to_row(key.bucket())).collect::<Vec<_>>())
    .bind(counted.iter().map(|(_, _, tally)| tally.orders).collect::<Vec<_>>())
    .bind(counted.iter().map(|(_, _, tally)| tally.reversed).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// A sale to find the like of: its key, itself, and between which instants.
#[derive(Debug, Clone, Copy)]
pub struct WantedSale {
    /// Whose and in which world.
    pub scope: Scope,
    /// Its key.
    pub sale_key: i64,
    /// Which order it is.
    pub conversion: ConversionId,
    /// From when, inclusive.
    pub from: Timestamp,
    /// Until when, inclusive.
    pub until: Timestamp,
}

/// One other order of the same key for each sale that has any.
pub async fn same_sales(
    connection: &mut PgConnection,
    wanted: &[WantedSale],
) -> Result<Vec<(Scope, i64, Sale)>, sqlx::Error> {
    let rows: Vec<(String, Uuid, i64, String, OffsetDateTime)> = sqlx::query_as(
        "-- same_sales
         select want.environment, want.merchant_id, want.sale_key, other.conversion_id,
             other.ordered_at
         from unnest($1::text[], $2::uuid[], $3::bigint[], $4::text[], $5::timestamptz[],
                     $6::timestamptz[])
             as want (environment, merchant_id, sale_key, conversion_id, since, until)
         cross join lateral (
             select conversion_id, ordered_at from conversion
             where conversion.environment = want.environment
               and conversion.merchant_id = want.merchant_id
               and conversion.sale_key = want.sale_key
               and conversion.ordered_at between want.since and want.until
               and conversion.conversion_id <> want.conversion_id
             limit 1
         ) other",
    )
    .bind(wanted.iter().map(|sale| sale.scope.environment.as_str()).collect::<Vec<_>>())
    .bind(wanted.iter().map(|sale| sale.scope.merchant.0).collect::<Vec<_>>())
    .bind(wanted.iter().map(|sale| sale.sale_key).collect::<Vec<_>>())
    .bind(wanted.iter().map(|sale| sale.conversion.to_string()).collect::<Vec<_>>())
    .bind(wanted.iter().map(|sale| instant::to_row(sale.from)).collect::<Vec<_>>())
    .bind(wanted.iter().map(|sale| instant::to_row(sale.until)).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    let read = |(environment, merchant, key, id, at): (String, Uuid, i64, String, _)| {
        let conversion = ConversionId::parse(&id).ok_or_else(|| unknown("conversion", &id))?;
        let sale = Sale { conversion, ordered_at: instant::from_row(at) };
        Ok((scope(&environment, merchant)?, key, sale))
    };
    rows.into_iter().map(read).collect()
}

/// Locks the latest totals of currencies; one in which nothing was sold is not listed.
pub async fn lock_amounts(
    connection: &mut PgConnection,
    currencies: &[(Scope, Currency)],
) -> Result<Vec<(Scope, Currency, LatestAmounts)>, sqlx::Error> {
    let rows: Vec<(String, Uuid, String, Vec<Decimal>)> = sqlx::query_as(
        "-- lock_order_amounts
         select environment, merchant_id, currency, amounts
         from unnest($1::text[], $2::uuid[], $3::text[]) as want (environment, merchant_id, currency)
         join order_amounts using (environment, merchant_id, currency)
         order by environment, merchant_id, currency
         for update of order_amounts",
    )
    .bind(currencies.iter().map(|(scope, _)| scope.environment.as_str()).collect::<Vec<_>>())
    .bind(currencies.iter().map(|(scope, _)| scope.merchant.0).collect::<Vec<_>>())
    .bind(currencies.iter().map(|(_, currency)| currency.code()).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    let read = |(environment, merchant, code, amounts): (String, Uuid, String, _)| {
        let currency = Currency::parse(&code).ok_or_else(|| unknown("order_amounts", &code))?;
        Ok((scope(&environment, merchant)?, currency, LatestAmounts::new(amounts)))
    };
    rows.into_iter().map(read).collect()
}

/// Writes latest totals, in the order of their keys.
pub async fn write_amounts(
    connection: &mut PgConnection,
    latest: &[(Scope, Currency, &LatestAmounts)],
) -> Result<u64, sqlx::Error> {
    if latest.is_empty() {
        return Ok(0);
    }
    // Postgres' arrays of arrays must be square, so each row's totals travel as one text.
    let text = |amounts: &LatestAmounts| {
        let each: Vec<String> = amounts.arrived().map(ToString::to_string).collect();
        format!("{{{}}}", each.join(","))
    };
    let done = sqlx::query(
        "-- write_order_amounts
         insert into order_amounts (environment, merchant_id, currency, amounts)
         select environment, merchant_id, currency, amounts::numeric[]
         from unnest($1::text[], $2::uuid[], $3::text[], $4::text[])
             as a (environment, merchant_id, currency, amounts)
         order by environment, merchant_id, currency
         on conflict on constraint order_amounts_pk do update set amounts = excluded.amounts",
    )
    .bind(latest.iter().map(|(scope, _, _)| scope.environment.as_str()).collect::<Vec<_>>())
    .bind(latest.iter().map(|(scope, _, _)| scope.merchant.0).collect::<Vec<_>>())
    .bind(latest.iter().map(|(_, currency, _)| currency.code()).collect::<Vec<_>>())
    .bind(latest.iter().map(|(_, _, amounts)| text(amounts)).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Every change of affiliates' states, oldest first; one that was always active has none.
pub async fn affiliate_states(
    connection: &mut PgConnection,
    affiliates: &[Uuid],
) -> Result<Vec<(AffiliateId, StateChange)>, sqlx::Error> {
    let rows: Vec<(Uuid, OffsetDateTime, String)> = sqlx::query_as(
        "-- affiliate_states
         select affiliate_id, in_force_from, state from affiliate_state
         where affiliate_id = any($1)
         order by affiliate_id, in_force_from",
    )
    .bind(affiliates)
    .fetch_all(connection)
    .await?;
    let read = |(affiliate, from, state): (Uuid, OffsetDateTime, String)| {
        let (in_force_from, is_suspended) = (instant::from_row(from), state == "suspended");
        (AffiliateId(affiliate), StateChange { in_force_from, is_suspended })
    };
    Ok(rows.into_iter().map(read).collect())
}

/// Which of these customers were entered as an affiliate itself.
pub async fn own_customers(
    connection: &mut PgConnection,
    hashes: &[(Scope, String)],
) -> Result<Vec<(Scope, AffiliateId, String)>, sqlx::Error> {
    let rows: Vec<(String, Uuid, Uuid, String)> = sqlx::query_as(
        "-- own_customers
         select environment, merchant_id, affiliate_id, customer_hash
         from unnest($1::text[], $2::uuid[], $3::text[]) as want (environment, merchant_id, customer_hash)
         join affiliate_customer using (environment, merchant_id, customer_hash)",
    )
    .bind(hashes.iter().map(|(scope, _)| scope.environment.as_str()).collect::<Vec<_>>())
    .bind(hashes.iter().map(|(scope, _)| scope.merchant.0).collect::<Vec<_>>())
    .bind(hashes.iter().map(|(_, hash)| hash.as_str()).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    let read = |(environment, merchant, affiliate, hash): (String, Uuid, Uuid, String)| {
        Ok((scope(&environment, merchant)?, AffiliateId(affiliate), hash))
    };
    rows.into_iter().map(read).collect()
}

/// Every threshold merchants have set, oldest first.
pub async fn thresholds(
    connection: &mut PgConnection,
    scopes: &[Scope],
) -> Result<Vec<(Scope, Timestamp, u32)>, sqlx::Error> {
    let rows: Vec<(String, Uuid, OffsetDateTime, i32)> = sqlx::query_as(
        "-- risk_thresholds
         select environment, merchant_id, in_force_from, threshold
         from unnest($1::text[], $2::uuid[]) as want (environment, merchant_id)
         join risk_setting using (environment, merchant_id)
         order by in_force_from",
    )
    .bind(scopes.iter().map(|scope| scope.environment.as_str()).collect::<Vec<_>>())
    .bind(scopes.iter().map(|scope| scope.merchant.0).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    let read = |(environment, merchant, from, threshold): (String, Uuid, _, i32)| {
        let threshold = u32::try_from(threshold).unwrap_or(0);
        Ok((scope(&environment, merchant)?, instant::from_row(from), threshold))
    };
    rows.into_iter().map(read).collect()
}
