//! Transactions that were dropped end a moment later: waited for, so that whoever skips locked rows
//! finds theirs.

use sqlx::PgPool;
use std::time::Duration;

/// Looks at the database at most, until nothing of them is left.
const LOOKS_MAX: usize = 5_000;
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(2);

/// Waits until no transaction of this database is open but this one's.
pub async fn calm(pool: &PgPool) {
    for _ in 0..LOOKS_MAX {
        let busy: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity where datname = current_database()
             and pid <> pg_backend_pid() and backend_type = 'client backend' and state <> 'idle'",
        )
        .fetch_one(pool)
        .await
        .unwrap();
        if busy == 0 {
            return;
        }
        tokio::time::sleep(LOOK_AGAIN_AFTER).await;
    }
    panic!("a dropped transaction stayed open");
}
