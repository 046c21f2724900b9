//! Whether a connection stands inside a transaction, as the server sees it.

use sqlx::PgConnection;

/// Whether the connection is outside of any transaction. Outside, a statement is a transaction of
/// its own and begins with it; inside, the transaction began before.
pub async fn is_outside(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "-- is_outside_transaction
         select transaction_timestamp() = statement_timestamp()",
    )
    .fetch_one(connection)
    .await
}
