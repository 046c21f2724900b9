//! Where each stream from the edge stands.

use super::instant;
use jiff::Timestamp;
use sqlx::PgConnection;

/// What was found when a stream was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// It was known.
    Known,
    /// It is the object's first.
    First,
    /// The object had another stream before: it was wiped at the edge.
    Anew,
}

/// Makes a stream's row when it is missing.
pub async fn open(
    connection: &mut PgConnection,
    object: &str,
    epoch: &str,
    edge_time: Timestamp,
    now: Timestamp,
) -> Result<Opened, sqlx::Error> {
    let streams: i64 = sqlx::query_scalar(
        "-- open_edge_stream
         with opened as (
             insert into edge_stream (object, epoch, stored_seq, highest_seq, edge_time_at,
                                      first_seen_at)
             values ($1, $2, 0, 0, $3, $4)
             on conflict on constraint edge_stream_pk do nothing
             returning 1
         )
         select case when exists (select from opened)
                then (select count(*) from edge_stream where object = $1) else -1 end",
    )
    .bind(object)
    .bind(epoch)
    .bind(instant::to_row(edge_time))
    .bind(instant::to_row(now))
    .fetch_one(connection)
    .await?;
    // The count does not see the row inserted beside it.
    Ok(match streams {
        -1 => Opened::Known,
        0 => Opened::First,
        _ => Opened::Anew,
    })
}

/// Makes the settling cursor of an intake stream when it is missing.
pub async fn open_cursor(
    connection: &mut PgConnection,
    object: &str,
    epoch: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- open_settle_cursor
         insert into settle_cursor (object, epoch, settled_seq) values ($1, $2, 0)
         on conflict on constraint settle_cursor_pk do nothing",
    )
    .bind(object)
    .bind(epoch)
    .execute(connection)
    .await?;
    Ok(())
}

/// Up to where a stream is stored; locks its row, so that batches of one stream go one by one.
pub async fn lock(
    connection: &mut PgConnection,
    object: &str,
    epoch: &str,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "-- lock_edge_stream
         select stored_seq from edge_stream where object = $1 and epoch = $2 for no key update",
    )
    .bind(object)
    .bind(epoch)
    .fetch_one(connection)
    .await
}

/// Moves a stream on; its marks never move back. Answers the rows touched.
pub async fn advance(
    connection: &mut PgConnection,
    object: &str,
    epoch: &str,
    stored_seq: i64,
    highest_seq: i64,
    edge_time: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- advance_edge_stream
         update edge_stream
         set stored_seq = $3, highest_seq = greatest(highest_seq, $4, $3),
             edge_time_at = greatest(edge_time_at, $5)
         where object = $1 and epoch = $2 and stored_seq <= $3",
    )
    .bind(object)
    .bind(epoch)
    .bind(stored_seq)
    .bind(highest_seq)
    .bind(instant::to_row(edge_time))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Names of every object that ever sent something.
pub async fn objects(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "-- edge_objects
         select distinct object from edge_stream order by object",
    )
    .fetch_all(connection)
    .await
}

/// Where a stream stands.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Mark {
    /// The object's name.
    pub object: String,
    /// The stream, 16 hex digits.
    pub epoch: String,
    /// Everything up to here is stored.
    pub stored_seq: i64,
    /// The highest place the object has named.
    pub highest_seq: i64,
}

/// Where every stream stands.
pub async fn marks(connection: &mut PgConnection) -> Result<Vec<Mark>, sqlx::Error> {
    sqlx::query_as(
        "-- edge_stream_marks
         select object, epoch, stored_seq, highest_seq from edge_stream order by object, epoch",
    )
    .fetch_all(connection)
    .await
}

/// Moves a stream that stands right in front of a gap behind it; answers the rows touched.
pub async fn skip(
    connection: &mut PgConnection,
    object: &str,
    epoch: &str,
    from_seq: i64,
    to_seq: i64,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- skip_edge_gap
         update edge_stream set stored_seq = $4, highest_seq = greatest(highest_seq, $4)
         where object = $1 and epoch = $2 and stored_seq = $3 - 1",
    )
    .bind(object)
    .bind(epoch)
    .bind(from_seq)
    .bind(to_seq)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Moves the settling cursor behind a gap when it stands right in front; further back, it gets
/// there with the events in between. Answers the rows touched.
pub async fn skip_cursor(
    connection: &mut PgConnection,
    object: &str,
    epoch: &str,
    from_seq: i64,
    to_seq: i64,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- skip_settle_cursor
         update settle_cursor set settled_seq = $4
         where object = $1 and epoch = $2 and settled_seq = $3 - 1",
    )
    .bind(object)
    .bind(epoch)
    .bind(from_seq)
    .bind(to_seq)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Makes the month's partition of a table when it is missing.
pub async fn ensure_month_partition(
    connection: &mut PgConnection,
    table: &str,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- ensure_month_partition
         select ensure_month_partition($1, $2)",
    )
    .bind(table)
    .bind(instant::to_row(at))
    .execute(connection)
    .await?;
    Ok(())
}

/// Drops the months' partitions of a table that ended so many days before an instant; answers how
/// many. What goes is gone, so a node's clock alone does not decide: the database's must agree.
pub async fn drop_month_partitions(
    connection: &mut PgConnection,
    table: &str,
    days_kept: i32,
    now: Timestamp,
) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar(
        "-- drop_month_partitions
         select drop_month_partitions($1, least($2, now()) - make_interval(days => $3))",
    )
    .bind(table)
    .bind(instant::to_row(now))
    .bind(days_kept)
    .fetch_one(connection)
    .await
}
