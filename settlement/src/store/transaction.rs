//! A transaction as the server sees it: whether there is one, and how long it waits.

use sqlx::{PgConnection, Row};

/// Whether the connection is outside of any transaction. Outside, a statement is a transaction of
/// its own and begins with it; inside, the transaction began before.
///
/// Sent as one message: a prepared statement's transaction begins when its parameters are bound and
/// its own time when it is executed, so that it never seems to be outside.
pub async fn is_outside(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let row = sqlx::raw_sql(
        "-- is_outside_transaction
         select transaction_timestamp() = statement_timestamp()",
    )
    .fetch_one(connection)
    .await?;
    row.try_get(0)
}

/// Lets this transaction wait for a lock for a tenth of a second at most: whoever comes after it
/// waits as long.
pub async fn wait_briefly(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- wait_briefly
         set local lock_timeout = '100ms'",
    )
    .execute(connection)
    .await?;
    Ok(())
}
