//! Pooled connections: used again as long as they are clean.

use crate::database;
use sqlx::{Executor, PgPool};

/// The server's process behind the connection that the pool gives out next.
async fn process(pool: &PgPool) -> i32 {
    sqlx::query_scalar("select pg_backend_pid()").fetch_one(pool).await.unwrap()
}

async fn lone_connection() -> PgPool {
    let options = (*database::fresh().await.connect_options()).clone();
    settlement::app::pool_options().max_connections(1).connect_with(options).await.unwrap()
}

#[tokio::test]
async fn a_connection_is_used_again_after_every_statement_and_transaction() {
    let pool = lone_connection().await;
    let first = process(&pool).await;
    for _ in 0..20 {
        assert_eq!(process(&pool).await, first);
        let mut kept = pool.begin().await.unwrap();
        kept.execute("select 1").await.unwrap();
        kept.commit().await.unwrap();
        let mut dropped = pool.begin().await.unwrap();
        dropped.execute("select 1").await.unwrap();
        drop(dropped);
    }
    assert_eq!(process(&pool).await, first);
}

#[tokio::test]
async fn a_connection_that_comes_back_inside_a_transaction_is_closed() {
    let pool = lone_connection().await;
    let first = process(&pool).await;
    let mut connection = pool.acquire().await.unwrap();
    connection.execute("begin").await.unwrap();
    drop(connection);
    assert_ne!(process(&pool).await, first);
    let outside = "select count(*) from pg_stat_activity
                   where datname = current_database() and state like 'idle in transaction%'";
    let open: i64 = sqlx::query_scalar(outside).fetch_one(&pool).await.unwrap();
    assert_eq!(open, 0);
}
