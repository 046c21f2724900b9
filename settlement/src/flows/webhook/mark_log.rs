//! Notes how far the log of notices has been given out, so that its readers never pass over one
//! that is still being written.

use crate::error::Fault;
use crate::store::webhook_feed;
use jiff::Timestamp;
use sqlx::{PgConnection, PgPool};

/// Makes a mark when the log has grown, and drops those that say nothing more.
pub async fn run_once(pool: &PgPool, now: Timestamp) -> Result<(), Fault> {
    let mut connection = pool.acquire().await?;
    on(&mut connection, now).await?;
    webhook_feed::drop_marks(&mut connection).await?;
    Ok(())
}

/// Makes a mark when the log has grown. Two statements: the position must be read before the
/// transaction that notes it has an id.
pub(in crate::flows) async fn on(
    connection: &mut PgConnection,
    now: Timestamp,
) -> Result<(), Fault> {
    let position = webhook_feed::newest_given_out(connection).await?;
    if position > 0 {
        webhook_feed::mark(connection, position, now).await?;
    }
    Ok(())
}
