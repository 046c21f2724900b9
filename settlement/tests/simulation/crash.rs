//! A node that dies: its work is dropped after so many steps, wherever it stands.

use sqlx::PgPool;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// Looks at the database at most, until nothing of a dead node is left.
const LOOKS_MAX: usize = 5_000;
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(2);

/// Polls a future so many times at most; `None` when it was dropped in the middle.
pub async fn dying<F: Future>(dies_after: Option<usize>, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    let mut polls = 0;
    poll_fn(|context| {
        if dies_after.is_some_and(|most| polls >= most) {
            return Poll::Ready(None);
        }
        polls += 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}

/// Waits until no transaction of a dead node is open any more.
pub async fn is_buried(pool: &PgPool) {
    for _ in 0..LOOKS_MAX {
        let busy: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity where datname = current_database()
             and pid <> pg_backend_pid() and state <> 'idle'",
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
