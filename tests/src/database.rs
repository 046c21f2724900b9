//! Postgres beside the system: what became of things, and the few rows a test puts in itself.

use std::future::Future;

use serde_json::Value;
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Row};
use tokio::runtime::Runtime;

/// Connections of one World at most.
const CONNECTIONS_MAX: u32 = 12;

/// A pool, and the runtime that drives it, for tests that are not async.
#[derive(Debug)]
pub struct Database {
    runtime: Runtime,
    pool: PgPool,
}

impl Database {
    /// Opens a pool; connects when it is first used.
    pub fn new(url: &str) -> anyhow::Result<Self> {
        let runtime = Runtime::new()?;
        let entered = runtime.enter();
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS_MAX).connect_lazy(url)?;
        drop(entered);
        Ok(Self { runtime, pool })
    }

    /// The pool, for settlement's own flows.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Waits for a future.
    pub fn wait<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// The rows of a query, each as a JSON object. Numbers lose digits in JSON: cast amounts to
    /// text. Binds are texts: cast them too.
    pub fn rows(&self, query: &str, binds: &[&str]) -> Vec<Value> {
        self.try_rows(query, binds).unwrap_or_else(|cause| panic!("{query}: {cause}"))
    }

    /// See [`Self::rows`].
    pub fn try_rows(&self, query: &str, binds: &[&str]) -> Result<Vec<Value>, sqlx::Error> {
        let text = format!("select to_jsonb(found) from ({query}) found");
        let mut prepared = sqlx::query(AssertSqlSafe(text));
        for bind in binds {
            prepared = prepared.bind((*bind).to_owned());
        }
        let rows = self.wait(prepared.fetch_all(&self.pool))?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }

    /// The one row of a query; panics when there is none.
    pub fn row(&self, query: &str, binds: &[&str]) -> Value {
        let mut rows = self.rows(query, binds);
        assert_eq!(rows.len(), 1, "{query} {binds:?}: {rows:?}");
        rows.remove(0)
    }

    /// A count.
    pub fn count(&self, from_where: &str, binds: &[&str]) -> i64 {
        let row = self.row(&format!("select count(*) as many from {from_where}"), binds);
        row["many"].as_i64().expect("a count is a whole number")
    }

    /// Changes rows; answers how many.
    pub fn execute(&self, statement: &str, binds: &[&str]) -> u64 {
        let mut prepared = sqlx::query(AssertSqlSafe(statement.to_owned()));
        for bind in binds {
            prepared = prepared.bind((*bind).to_owned());
        }
        let done = self.wait(prepared.execute(&self.pool));
        done.unwrap_or_else(|cause| panic!("{statement}: {cause}")).rows_affected()
    }
}
