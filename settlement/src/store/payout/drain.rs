//! Where merchants' streams stand, for those who must know that nothing is out.

use crate::domain::payout::drain::Streams;
use crate::store::instant;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use std::collections::HashMap;
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct StreamsRow {
    merchant_id: Uuid,
    edge_time_at: Option<OffsetDateTime>,
    is_stored: bool,
    is_settled: bool,
    failed: i64,
}

/// Where these merchants' streams stand in an environment, with the edge's own time; `objects` are
/// the names of their intake objects, in the same order. A wiped object's earlier streams count
/// too, but for the time, which is the newest one's.
pub async fn streams(
    connection: &mut PgConnection,
    environment: &str,
    merchants: &[Uuid],
    objects: &[String],
) -> Result<HashMap<Uuid, Streams>, sqlx::Error> {
    let rows: Vec<StreamsRow> = sqlx::query_as(
        "-- merchants_streams
         select want.merchant_id, max(stream.edge_time_at) as edge_time_at,
                coalesce(bool_and(stream.stored_seq >= stream.highest_seq), true) as is_stored,
                coalesce(bool_and(coalesce(cursor.settled_seq, 0) >= stream.stored_seq), true)
                    as is_settled,
                (select count(*) from failed_event failed
                 where failed.environment = $1 and failed.merchant_id = want.merchant_id) as failed
         from unnest($2::uuid[], $3::text[]) as want (merchant_id, object)
         left join edge_stream stream on stream.object = want.object
         left join settle_cursor cursor
             on cursor.object = stream.object and cursor.epoch = stream.epoch
         group by want.merchant_id",
    )
    .bind(environment)
    .bind(merchants)
    .bind(objects)
    .fetch_all(connection)
    .await?;
    let streams = rows.into_iter().map(|row| {
        let streams = Streams {
            edge_time: row.edge_time_at.map(instant::from_row),
            is_stored: row.is_stored,
            is_settled: row.is_settled,
            failed: row.failed,
        };
        (row.merchant_id, streams)
    });
    Ok(streams.collect())
}

/// Notes that an event could not be settled.
pub async fn note_failed(
    connection: &mut PgConnection,
    environment: &str,
    merchant_id: Uuid,
    event_id: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- note_failed_event
         insert into failed_event (environment, merchant_id, event_id) values ($1, $2, $3)
         on conflict do nothing",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(event_id)
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets a failed event that a retry settled.
pub async fn forget_failed(
    connection: &mut PgConnection,
    environment: &str,
    merchant_id: Uuid,
    event_id: &str,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- forget_failed_event
         delete from failed_event where environment = $1 and merchant_id = $2 and event_id = $3",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(event_id)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
