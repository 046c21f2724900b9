//! Recorded clicks, and how many were lost.

use super::instant;
use jiff::Timestamp;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// One click, as it goes into its row; whose it is comes from its link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewClick {
    /// The id minted for it.
    pub click_id: String,
    /// The link followed.
    pub link_number: i64,
    /// When, to the millisecond.
    pub clicked_at: Timestamp,
    /// human, bot, preview, prefetch, head or duplicate.
    pub class: &'static str,
    /// Why that class.
    pub reason: String,
    /// Keyed daily hash of the address.
    pub shopper_hash: Option<String>,
    /// Two letters.
    pub country: Option<String>,
    /// Whether the shopper asked not to be remembered.
    pub private: bool,
    /// The affiliate's own tags, as a JSON array: Postgres' arrays of arrays must be square.
    pub sub_ids: serde_json::Value,
}

/// Inserts the clicks that are not there yet; answers how many were new.
pub async fn insert(
    connection: &mut PgConnection,
    clicks: &[NewClick],
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let instants: Vec<OffsetDateTime> =
        clicks.iter().map(|click| instant::to_row(click.clicked_at)).collect();
    let done = sqlx::query(
        "-- insert_clicks
         insert into click (environment, merchant_id, clicked_at, click_id, link_number,
                            affiliate_id, campaign_id, class, reason, shopper_hash, country,
                            private, sub_ids, stored_at)
         select coalesce(link.environment, 'live'),
                coalesce(link.merchant_id, '00000000-0000-0000-0000-000000000000'::uuid),
                new.clicked_at, new.click_id, new.link_number, link.affiliate_id,
                link.campaign_id, new.class, new.reason, new.shopper_hash, new.country,
                new.private, array(select jsonb_array_elements_text(new.sub_ids)), $1
         from unnest($2::text[], $3::bigint[], $4::timestamptz[], $5::text[], $6::text[],
                     $7::text[], $8::text[], $9::boolean[], $10::jsonb[])
              as new (click_id, link_number, clicked_at, class, reason, shopper_hash, country,
                      private, sub_ids)
         left join link using (link_number)
         on conflict do nothing",
    )
    .bind(instant::to_row(now))
    .bind(clicks.iter().map(|click| click.click_id.as_str()).collect::<Vec<_>>())
    .bind(clicks.iter().map(|click| click.link_number).collect::<Vec<_>>())
    .bind(instants)
    .bind(clicks.iter().map(|click| click.class).collect::<Vec<_>>())
    .bind(clicks.iter().map(|click| click.reason.as_str()).collect::<Vec<_>>())
    .bind(clicks.iter().map(|click| click.shopper_hash.as_deref()).collect::<Vec<_>>())
    .bind(clicks.iter().map(|click| click.country.as_deref()).collect::<Vec<_>>())
    .bind(clicks.iter().map(|click| click.private).collect::<Vec<_>>())
    .bind(clicks.iter().map(|click| &click.sub_ids).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// An order settled before the record of its click came.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct AwaitingRow {
    /// live or test.
    pub environment: String,
    /// Whose.
    pub merchant_id: Uuid,
    /// cnv_….
    pub conversion_id: String,
    /// The click id whose record it lacks.
    pub awaits_click: String,
    /// What risk knows of the sale.
    pub signals: serde_json::Value,
    /// When it was placed.
    pub ordered_at: OffsetDateTime,
    /// Whether it has a commission, and so is counted.
    pub has_commission: bool,
}

/// Locks the orders that lack these clicks' records, in the order of their ids.
pub async fn lock_awaiting(
    connection: &mut PgConnection,
    click_ids: &[&str],
) -> Result<Vec<AwaitingRow>, sqlx::Error> {
    sqlx::query_as(
        "-- lock_awaiting_click
         select environment, merchant_id, conversion_id, awaits_click, signals, ordered_at,
             exists (
                 select from commission
                 where commission.environment = conversion.environment
                   and commission.merchant_id = conversion.merchant_id
                   and commission.conversion_id = conversion.conversion_id
             ) as has_commission
         from conversion
         where awaits_click = any($1)
         order by conversion_id
         for update",
    )
    .bind(click_ids)
    .fetch_all(connection)
    .await
}

/// Gives locked orders what their clicks' records said; their commissions in review are scored
/// again.
pub async fn take_records(
    connection: &mut PgConnection,
    orders: &[(&AwaitingRow, String)],
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- take_click_records
         with taken as (
             update conversion set signals = t.signals::jsonb, awaits_click = null
             from unnest($1::text[], $2::uuid[], $3::text[], $4::text[])
                 as t (environment, merchant_id, conversion_id, signals)
             where conversion.environment = t.environment
               and conversion.merchant_id = t.merchant_id
               and conversion.conversion_id = t.conversion_id
             returning conversion.environment, conversion.merchant_id, conversion.conversion_id
         )
         update commission set risk_due = true
         from taken
         where commission.environment = taken.environment
           and commission.merchant_id = taken.merchant_id
           and commission.conversion_id = taken.conversion_id
           and commission.state = 'approved'",
    )
    .bind(orders.iter().map(|(row, _)| row.environment.as_str()).collect::<Vec<_>>())
    .bind(orders.iter().map(|(row, _)| row.merchant_id).collect::<Vec<_>>())
    .bind(orders.iter().map(|(row, _)| row.conversion_id.as_str()).collect::<Vec<_>>())
    .bind(orders.iter().map(|(_, signals)| signals.as_str()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Notes click records that an isolate had to drop; a repeat has no effect.
pub async fn insert_losses(
    connection: &mut PgConnection,
    object: &str,
    epoch: &str,
    losses: &[(i64, i64)],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- insert_click_losses
         insert into click_loss (object, epoch, seq, dropped)
         select $1, $2, loss.* from unnest($3::bigint[], $4::bigint[]) as loss
         on conflict on constraint click_loss_pk do nothing",
    )
    .bind(object)
    .bind(epoch)
    .bind(losses.iter().map(|(seq, _)| *seq).collect::<Vec<_>>())
    .bind(losses.iter().map(|(_, dropped)| *dropped).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}
