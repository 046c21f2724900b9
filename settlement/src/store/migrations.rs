//! The schema's migrations, embedded.

use sqlx::PgConnection;
use sqlx::migrate::{MigrateError, Migrator};

static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// Brings the schema up to date; two at once wait for each other.
pub async fn run(connection: &mut PgConnection) -> Result<(), MigrateError> {
    MIGRATOR.run(connection).await
}

/// How many migrations there are.
pub fn count() -> usize {
    MIGRATOR.iter().count()
}

/// Whether the schema is there and answers.
pub async fn ping(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- ping
         select from merchant limit 1",
    )
    .execute(connection)
    .await?;
    Ok(())
}
