//! Recorded clicks, and how many were lost.

use super::instant;
use jiff::Timestamp;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;

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
