//! Past orders as a what-if reads them: a page at a time, nothing locked.

use super::instant;
use super::terms::unknown;
use crate::domain::order::Scope;
use crate::domain::preview::Sale;
use jiff::Timestamp;
use rust_decimal::Decimal;
use shared::id::{AffiliateId, CampaignId};
use shared::money::Currency;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// Where a page ended: the next begins after it.
pub type Place = (OffsetDateTime, String);

#[derive(sqlx::FromRow)]
struct SaleRow {
    conversion_id: String,
    affiliate_id: Uuid,
    campaign_id: Option<Uuid>,
    currency: String,
    order_amount: Decimal,
    items: String,
    external_product_id: Option<String>,
    judged_at: OffsetDateTime,
    received_at: OffsetDateTime,
    earned: Decimal,
}

/// Attributed orders accepted since an instant, oldest first, without those a person is still to
/// decide on; answers where the page ended too.
pub async fn sales(
    connection: &mut PgConnection,
    scope: Scope,
    since: Timestamp,
    after: Option<Place>,
    rows_max: i64,
) -> Result<(Vec<Sale>, Option<Place>), sqlx::Error> {
    // Later pages begin where the last one ended, not at the beginning of the days.
    let since = after.as_ref().map_or_else(|| instant::to_row(since), |(at, _)| *at);
    let (after_at, after_id) = after.unzip();
    let rows: Vec<SaleRow> = sqlx::query_as(
        "-- sales_since
         select conversion.conversion_id, conversion.affiliate_id, conversion.campaign_id,
                conversion.currency, order_amount, items::text as items, external_product_id,
                least(ordered_at, received_at) as judged_at, received_at,
                coalesce(commission.amount, 0) as earned
         from conversion
         left join commission using (environment, merchant_id, conversion_id)
         where conversion.environment = $1 and conversion.merchant_id = $2
           and received_at >= $3 and conversion.affiliate_id is not null
           and conversion.review is distinct from 'waiting'
           and ($4::timestamptz is null or (received_at, conversion.conversion_id) > ($4, $5))
         order by received_at, conversion.conversion_id
         limit $6",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .bind(since)
    .bind(after_at)
    .bind(after_id)
    .bind(rows_max)
    .fetch_all(connection)
    .await?;
    let last = rows.last().map(|row| (row.received_at, row.conversion_id.clone()));
    let sales = rows.into_iter().map(sale).collect::<Result<Vec<_>, _>>()?;
    Ok((sales, last))
}

fn sale(row: SaleRow) -> Result<Sale, sqlx::Error> {
    let items =
        serde_json::from_str(&row.items).map_err(|cause| sqlx::Error::Decode(Box::new(cause)))?;
    let currency = Currency::parse(&row.currency);
    Ok(Sale {
        affiliate: AffiliateId(row.affiliate_id),
        campaign: row.campaign_id.map(CampaignId),
        currency: currency.ok_or_else(|| unknown("conversion", &row.currency))?,
        amount: row.order_amount,
        items,
        product: row.external_product_id,
        at: instant::from_row(row.judged_at),
        earned: row.earned,
    })
}
