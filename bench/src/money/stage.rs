//! A durable Postgres with the network in a template, and a database of its own for each run.

use anyhow::{Context, Result};
use settlement::app;
use settlement::secrets::Vault;
use settlement::store::migrations;
use sqlx::{Connection, PgConnection, PgPool};
use tokio::runtime::Runtime;
use xtask::network::free_port;
use xtask::postgres::Server;
use xtask::secrets::Secrets;

use crate::postgres;
use crate::settle::{network, store};

const TEMPLATE: &str = "money_template";
/// Merchants who owe the commissions.
const MERCHANTS: usize = 20;

/// What stays from run to run.
pub struct Stage {
    /// Runs what is asynchronous.
    pub runtime: Runtime,
    /// Seals payout methods.
    pub vault: Vault,
    postgres: Server,
    runs: usize,
}

impl Stage {
    /// Starts Postgres and seeds the merchants.
    pub fn open() -> Result<Self> {
        let (postgres, _) = postgres::start("money-postgres")?;
        let mut environment = Secrets::generate()?.for_settlement();
        let edge_url = format!("http://127.0.0.1:{}", free_port()?);
        environment.insert("EDGE_URL".to_owned(), edge_url);
        environment.insert("DATABASE_URL".to_owned(), postgres.database_url(TEMPLATE));
        let lookup = |name: &str| environment.get(name).cloned();
        let vault = settlement::config::serve(&lookup)?.vault;
        let runtime = Runtime::new()?;
        runtime.block_on(async {
            let mut connection = PgConnection::connect(&postgres.url()).await?;
            store::create(&mut connection, TEMPLATE, None).await?;
            let mut connection = PgConnection::connect(&postgres.database_url(TEMPLATE)).await?;
            migrations::run(&mut connection).await?;
            network::open(&mut connection, &vault, MERCHANTS).await?;
            connection.close().await.context("the template's connection closes")
        })?;
        Ok(Self { runtime, vault, postgres, runs: 0 })
    }

    /// A fresh database and what it is called.
    pub fn database(&mut self) -> Result<(PgPool, String)> {
        self.runs += 1;
        let name = format!("money_{}", self.runs);
        self.runtime.block_on(async {
            let mut connection = PgConnection::connect(&self.postgres.url()).await?;
            store::create(&mut connection, &name, Some(TEMPLATE)).await
        })?;
        let url = self.postgres.database_url(&name);
        let pool = self.runtime.block_on(async { app::pool(&url) })?;
        Ok((pool, name))
    }

    /// Removes a database.
    pub fn remove(&self, pool: &PgPool, name: &str) -> Result<()> {
        self.runtime.block_on(async {
            pool.close().await;
            let mut connection = PgConnection::connect(&self.postgres.url()).await?;
            store::remove(&mut connection, name).await
        })
    }
}
