//! The directory as settlement keeps it: rows with versions, pushed until acknowledged.

use super::instant;
use jiff::Timestamp;
use sqlx::PgConnection;
use sqlx::types::Json;

/// One row to push. The entry stays text, so that what was written is what is sent.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct DirectoryRow {
    /// `link:code` or `key:id`.
    pub name: String,
    /// Its version.
    pub version: i64,
    /// What is there.
    pub entry: Json<shared::directory::Entry>,
}

/// A row as it was written.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Written {
    /// Its name.
    pub name: String,
    /// The version it got.
    pub version: i64,
}

/// Writes rows; each gets the version max(last + 1, `now` in microseconds).
pub async fn upsert(
    connection: &mut PgConnection,
    rows: &[(String, serde_json::Value)],
    now: Timestamp,
) -> Result<Vec<Written>, sqlx::Error> {
    let names: Vec<&str> = rows.iter().map(|(name, _)| name.as_str()).collect();
    let entries: Vec<&serde_json::Value> = rows.iter().map(|(_, entry)| entry).collect();
    sqlx::query_as(
        "-- upsert_directory_rows
         insert into directory_row (name, version, entry, changed_at)
         select changed.name, $3, changed.entry, $4
         from unnest($1::text[], $2::jsonb[]) as changed (name, entry)
         order by changed.name
         on conflict on constraint directory_row_pk do update
         set version = greatest(directory_row.version + 1, excluded.version),
             entry = excluded.entry, changed_at = excluded.changed_at
         returning name, version",
    )
    .bind(names)
    .bind(entries)
    .bind(now.as_microsecond())
    .bind(instant::to_row(now))
    .fetch_all(connection)
    .await
}

/// Rows that the edge has not acknowledged, longest waiting first.
pub async fn unpushed(
    connection: &mut PgConnection,
    rows_max: i64,
) -> Result<Vec<DirectoryRow>, sqlx::Error> {
    sqlx::query_as(
        "-- unpushed_directory_rows
         select name, version, entry from directory_row
         where pushed_version < version and refused_version < version
         order by changed_at, name limit $1",
    )
    .bind(rows_max)
    .fetch_all(connection)
    .await
}

/// Rows in the order of their names, after one.
pub async fn page(
    connection: &mut PgConnection,
    after: &str,
    rows_max: i64,
) -> Result<Vec<DirectoryRow>, sqlx::Error> {
    sqlx::query_as(
        "-- page_of_directory_rows
         select name, version, entry from directory_row
         where name > $1
         order by name limit $2",
    )
    .bind(after)
    .bind(rows_max)
    .fetch_all(connection)
    .await
}

/// Marks what was sent as acknowledged; a mark never moves back.
pub async fn mark_pushed(
    connection: &mut PgConnection,
    sent: &[Written],
) -> Result<u64, sqlx::Error> {
    let names: Vec<&str> = sent.iter().map(|row| row.name.as_str()).collect();
    let versions: Vec<i64> = sent.iter().map(|row| row.version).collect();
    let done = sqlx::query(
        "-- mark_directory_rows_pushed
         update directory_row row set pushed_version = sent.version
         from unnest($1::text[], $2::bigint[]) as sent (name, version)
         where row.name = sent.name and row.pushed_version < sent.version",
    )
    .bind(names)
    .bind(versions)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Marks what the edge refused: it is not sent again, and it never counts as acknowledged.
pub async fn mark_refused(
    connection: &mut PgConnection,
    refused: &[Written],
) -> Result<u64, sqlx::Error> {
    let names: Vec<&str> = refused.iter().map(|row| row.name.as_str()).collect();
    let versions: Vec<i64> = refused.iter().map(|row| row.version).collect();
    let done = sqlx::query(
        "-- mark_directory_rows_refused
         update directory_row row set refused_version = refused.version
         from unnest($1::text[], $2::bigint[]) as refused (name, version)
         where row.name = refused.name and row.refused_version < refused.version",
    )
    .bind(names)
    .bind(versions)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// How many of these rows the edge has not acknowledged at these versions or later ones.
pub async fn count_unacknowledged(
    connection: &mut PgConnection,
    wanted: &[Written],
) -> Result<i64, sqlx::Error> {
    let names: Vec<&str> = wanted.iter().map(|row| row.name.as_str()).collect();
    let versions: Vec<i64> = wanted.iter().map(|row| row.version).collect();
    sqlx::query_scalar(
        "-- count_unacknowledged
         select count(*) from directory_row row
         join unnest($1::text[], $2::bigint[]) as wanted (name, version) using (name)
         where row.pushed_version < wanted.version",
    )
    .bind(names)
    .bind(versions)
    .fetch_one(connection)
    .await
}
