//! Places of a stream that cannot come, and whether an operator has accepted their loss.

use super::instant;
use jiff::Timestamp;
use sqlx::PgConnection;
use uuid::Uuid;

/// Places that are missing for good.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct GapRow {
    /// The object's name.
    pub object: String,
    /// The stream, 16 hex digits.
    pub epoch: String,
    /// The first missing place.
    pub from_seq: i64,
    /// The last missing place.
    pub to_seq: i64,
    /// pruned or wiped.
    pub cause: String,
}

/// Whether a gap was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// It was not.
    First,
    /// It was, open or accepted.
    Known,
}

/// Notes a gap, once.
pub async fn note(
    connection: &mut PgConnection,
    gap: &GapRow,
    now: Timestamp,
) -> Result<Noted, sqlx::Error> {
    let done = sqlx::query(
        "-- note_edge_gap
         insert into edge_gap (object, epoch, from_seq, to_seq, cause, found_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict on constraint edge_gap_pk do nothing",
    )
    .bind(&gap.object)
    .bind(&gap.epoch)
    .bind(gap.from_seq)
    .bind(gap.to_seq)
    .bind(&gap.cause)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(if done.rows_affected() == 1 { Noted::First } else { Noted::Known })
}

/// Gaps that nobody has accepted.
pub async fn open(connection: &mut PgConnection) -> Result<Vec<GapRow>, sqlx::Error> {
    sqlx::query_as(
        "-- open_edge_gaps
         select object, epoch, from_seq, to_seq, cause from edge_gap
         where accepted_at is null
         order by object, epoch, from_seq",
    )
    .fetch_all(connection)
    .await
}

/// Marks a gap as accepted; answers the rows touched, none when it already was.
pub async fn accept(
    connection: &mut PgConnection,
    gap: &GapRow,
    by: Option<Uuid>,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- accept_edge_gap
         update edge_gap set accepted_at = $4, accepted_by = $5
         where object = $1 and epoch = $2 and from_seq = $3 and accepted_at is null",
    )
    .bind(&gap.object)
    .bind(&gap.epoch)
    .bind(gap.from_seq)
    .bind(instant::to_row(now))
    .bind(by)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
