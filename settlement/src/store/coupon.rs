//! Coupons and customers: what earns an order beside its own click.

use super::instant;
use super::terms::unknown;
use crate::domain::attribution::CustomerClick;
use crate::domain::book::CouponVersion;
use crate::domain::order::Scope;
use jiff::Timestamp;
use shared::id::{AffiliateId, CampaignId, Environment, MerchantId};
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// One assignment of a code.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CouponRow {
    /// live or test.
    pub environment: String,
    /// Whose coupon.
    pub merchant_id: Uuid,
    /// In lowercase.
    pub code: String,
    /// Who earns orders with it.
    pub affiliate_id: Uuid,
    /// Under which campaign.
    pub campaign_id: Uuid,
    /// From when.
    pub in_force_from: OffsetDateTime,
    /// From when it is no more.
    pub ended_at: Option<OffsetDateTime>,
}

impl CouponRow {
    /// The assignment with its scope.
    pub fn read(&self) -> Result<(Scope, CouponVersion), sqlx::Error> {
        let environment = Environment::parse(&self.environment)
            .ok_or_else(|| unknown("coupon", &self.environment))?;
        let scope = Scope { environment, merchant: MerchantId(self.merchant_id) };
        let version = CouponVersion {
            affiliate: AffiliateId(self.affiliate_id),
            campaign: CampaignId(self.campaign_id),
            in_force_from: instant::from_row(self.in_force_from),
            ended_at: self.ended_at.map(instant::from_row),
        };
        Ok((scope, version))
    }
}

/// Every assignment of these codes, folded, by their scopes; oldest first.
pub async fn of_codes(
    connection: &mut PgConnection,
    codes: &[(Scope, String)],
) -> Result<Vec<CouponRow>, sqlx::Error> {
    sqlx::query_as(
        "-- coupons_of_codes
         select environment, merchant_id, code, affiliate_id, campaign_id, in_force_from, ended_at
         from unnest($1::text[], $2::uuid[], $3::text[]) as want (environment, merchant_id, code)
         join coupon using (environment, merchant_id, code)
         order by code, in_force_from",
    )
    .bind(codes.iter().map(|(scope, _)| scope.environment.as_str()).collect::<Vec<_>>())
    .bind(codes.iter().map(|(scope, _)| scope.merchant.0).collect::<Vec<_>>())
    .bind(codes.iter().map(|(_, code)| code.as_str()).collect::<Vec<_>>())
    .fetch_all(connection)
    .await
}

/// Assigns a code; `in_force_from` says from when.
pub async fn insert(
    connection: &mut PgConnection,
    row: &CouponRow,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- insert_coupon
         insert into coupon (environment, merchant_id, code, affiliate_id, campaign_id,
             in_force_from, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&row.environment)
    .bind(row.merchant_id)
    .bind(&row.code)
    .bind(row.affiliate_id)
    .bind(row.campaign_id)
    .bind(row.in_force_from)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends a code's open assignment; answers the rows touched: one, or none when there is none.
pub async fn end(
    connection: &mut PgConnection,
    scope: Scope,
    code: &str,
    ended_at: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- end_coupon
         update coupon set ended_at = greatest($4, in_force_from)
         where environment = $1 and merchant_id = $2 and code = $3 and ended_at is null",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .bind(code)
    .bind(instant::to_row(ended_at))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// A customer of an order, and the instant that order is judged at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedCustomer {
    /// Whose order, in which world.
    pub scope: Scope,
    /// Keyed hash of the customer.
    pub hash: String,
    /// Only conversions judged by then count.
    pub by: Timestamp,
}

#[derive(sqlx::FromRow)]
struct CustomerRow {
    place: i64,
    conversion_id: String,
    judged_at: OffsetDateTime,
    click_id: Option<String>,
    affiliate_id: Uuid,
    campaign_id: Uuid,
    clicked_at: String,
    window_until: String,
}

/// Of each customer the click behind the latest conversion by then that a click earned. Answers
/// the place of the customer asked for with it; one without such a conversion is left out.
pub async fn customer_clicks(
    connection: &mut PgConnection,
    customers: &[WantedCustomer],
) -> Result<Vec<(usize, CustomerClick)>, sqlx::Error> {
    let rows: Vec<CustomerRow> = sqlx::query_as(
        "-- customer_clicks
         select want.place, earlier.conversion_id, earlier.judged_at, earlier.click_id,
                earlier.affiliate_id, earlier.campaign_id,
                earlier.click ->> 'clickedAt' as clicked_at,
                earlier.click ->> 'windowUntil' as window_until
         from unnest($1::text[], $2::uuid[], $3::text[], $4::timestamptz[])
             with ordinality as want (environment, merchant_id, customer_hash, by, place)
         cross join lateral (
             select conversion_id, least(ordered_at, received_at) as judged_at, click_id,
                    affiliate_id, campaign_id,
                    jsonb_path_query_first(
                        attribution, '$.candidates[*] ? (@.result == \"won\")') as click
             from conversion
             where conversion.customer_hash = want.customer_hash
               and conversion.merchant_id = want.merchant_id
               and conversion.environment = want.environment
               and conversion.confidence = 'HIGH'
               and least(ordered_at, received_at) <= want.by
             order by least(ordered_at, received_at) desc
             limit 1
         ) earlier
         where earlier.click ->> 'clickedAt' is not null
           and earlier.click ->> 'windowUntil' is not null
           and earlier.affiliate_id is not null and earlier.campaign_id is not null",
    )
    .bind(customers.iter().map(|want| want.scope.environment.as_str()).collect::<Vec<_>>())
    .bind(customers.iter().map(|want| want.scope.merchant.0).collect::<Vec<_>>())
    .bind(customers.iter().map(|want| want.hash.as_str()).collect::<Vec<_>>())
    .bind(customers.iter().map(|want| instant::to_row(want.by)).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(click).collect()
}

fn click(row: CustomerRow) -> Result<(usize, CustomerClick), sqlx::Error> {
    let at = |text: &str| text.parse::<Timestamp>().map_err(|_| unknown("conversion", text));
    // Places count from 1.
    let place = usize::try_from(row.place - 1).map_err(|_| unknown("conversion", "a place"))?;
    let click = CustomerClick {
        conversion_id: row.conversion_id,
        judged_at: instant::from_row(row.judged_at),
        click_id: row.click_id,
        clicked_at: at(&row.clicked_at)?,
        window_until: at(&row.window_until)?,
        affiliate_id: AffiliateId(row.affiliate_id),
        campaign_id: CampaignId(row.campaign_id),
    };
    Ok((place, click))
}
