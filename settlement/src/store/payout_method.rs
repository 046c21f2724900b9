//! Payout methods: versions that are added and never changed.

use super::instant;
use jiff::Timestamp;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// One version, its details still sealed. It has no `Debug`.
#[derive(Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PayoutMethodRow {
    /// Its id, which the details are sealed to.
    pub method_version_id: Uuid,
    /// Who is paid.
    pub affiliate_id: Uuid,
    /// For payouts in this currency; `None`: in any.
    pub currency: Option<String>,
    /// bank, esewa, khalti, paypal.
    pub kind: String,
    /// The fields, sealed.
    pub details_sealed: Vec<u8>,
    /// As people may see it.
    pub masked: String,
}

/// Adds a version; `set_by` is `None` for the installation.
pub async fn insert(
    connection: &mut PgConnection,
    row: &PayoutMethodRow,
    set_by: Option<Uuid>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- insert_payout_method
         insert into payout_method (method_version_id, affiliate_id, currency, kind,
                                    details_sealed, masked, set_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(row.method_version_id)
    .bind(row.affiliate_id)
    .bind(&row.currency)
    .bind(&row.kind)
    .bind(&row.details_sealed)
    .bind(&row.masked)
    .bind(set_by)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// A version in force, for an affiliate's payout in a currency.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct InForceRow {
    /// Who is paid.
    pub affiliate_id: Uuid,
    /// The payout's currency.
    pub currency: String,
    /// Which version.
    pub method_version_id: Uuid,
}

/// The versions in force for pairs of affiliate and currency; a pair without any is left out.
/// Both slices are of one length.
pub async fn in_force(
    connection: &mut PgConnection,
    affiliate_ids: &[Uuid],
    currencies: &[String],
) -> Result<Vec<InForceRow>, sqlx::Error> {
    sqlx::query_as(
        "-- payout_methods_in_force
         select asked.affiliate_id, asked.currency, known.method_version_id
         from unnest($1::uuid[], $2::text[]) as asked (affiliate_id, currency)
         cross join lateral (
             select method_version_id from payout_method
             where payout_method.affiliate_id = asked.affiliate_id
               and (payout_method.currency = asked.currency or payout_method.currency is null)
             order by payout_method.currency nulls last, position desc
             limit 1
         ) known",
    )
    .bind(affiliate_ids)
    .bind(currencies)
    .fetch_all(connection)
    .await
}

/// A payout and the version it keeps; `None`: its affiliate has none in force.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct FrozenRow {
    /// Which payout.
    pub payout_id: Uuid,
    /// Which version.
    pub method_version_id: Option<Uuid>,
}

/// Freezes the versions in force onto live payouts; answers a row for each. Test payouts need none
/// and are left out.
pub async fn freeze(
    connection: &mut PgConnection,
    payout_ids: &[Uuid],
) -> Result<Vec<FrozenRow>, sqlx::Error> {
    sqlx::query_as(
        "-- freeze_payout_methods
         update payout
         set method_version_id = (
             select known.method_version_id from payout_method known
             where known.affiliate_id = payout.affiliate_id
               and (known.currency = payout.currency or known.currency is null)
             order by known.currency nulls last, known.position desc
             limit 1)
         where payout_id = any($1) and environment = 'live'
         returning payout_id, method_version_id",
    )
    .bind(payout_ids)
    .fetch_all(connection)
    .await
}

/// A version as people may see it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ShownMethodRow {
    /// Its id.
    pub method_version_id: Uuid,
    /// For payouts in this currency; `None`: in any.
    pub currency: Option<String>,
    /// The last characters alone.
    pub masked: String,
    /// When it was set.
    pub created_at: OffsetDateTime,
}

/// The newest version for each currency of an affiliate, and for any currency.
pub async fn newest(
    connection: &mut PgConnection,
    affiliate_id: Uuid,
) -> Result<Vec<ShownMethodRow>, sqlx::Error> {
    sqlx::query_as(
        "-- newest_payout_methods
         select distinct on (currency) method_version_id, currency, masked, created_at
         from payout_method
         where affiliate_id = $1
         order by currency nulls last, position desc",
    )
    .bind(affiliate_id)
    .fetch_all(connection)
    .await
}
