//! One fresh, migrated database per test, on a server that lives as long as this test process.

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor, PgPool};
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::OnceCell;
use xtask::postgres::{Server, StartOptions};

static SERVER: OnceLock<Option<Server>> = OnceLock::new();
static TEMPLATE: OnceCell<String> = OnceCell::const_new();
static NEXT: AtomicU32 = AtomicU32::new(0);

/// The server: `DATABASE_URL_TEST` when set, else one of our own that stops with this process.
fn server_url() -> String {
    if let Ok(url) = std::env::var("DATABASE_URL_TEST") {
        return url;
    }
    let server = SERVER.get_or_init(|| {
        xtask::npm::ensure().expect("npm parts can be prepared");
        let folder = format!("flows-postgres-{}", std::process::id());
        let options = StartOptions {
            data_dir: xtask::paths::target().join(folder),
            port: None,
            durable: false,
            settings: Vec::new(),
            remove_on_stop: true,
        };
        Some(Server::start(&options).expect("the embedded Postgres starts"))
    });
    server.as_ref().expect("the server was started above").url()
}

fn named(url: &str, database: &str) -> PgConnectOptions {
    PgConnectOptions::from_str(url)
        .expect("the server's URL is well-formed")
        .database(database)
        .disable_statement_logging()
}

/// A pool on a database of the test's own, migrated.
pub async fn fresh() -> PgPool {
    let url = tokio::task::spawn_blocking(server_url).await.expect("starting does not panic");
    let run = std::process::id();
    let template = TEMPLATE
        .get_or_init(|| async {
            let name = format!("flows_template_{run}");
            create(&url, &name, "template1").await;
            let mut connection = sqlx::PgConnection::connect_with(&named(&url, &name))
                .await
                .expect("the template can be reached");
            sqlx::migrate!("../migrations").run(&mut connection).await.expect("migrations run");
            connection.close().await.expect("the connection closes");
            name
        })
        .await;
    let name = format!("flows_{run}_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    create(&url, &name, template).await;
    settlement::app::pool_options()
        .max_connections(4)
        .connect_with(named(&url, &name))
        .await
        .expect("the test's database can be reached")
}

async fn create(url: &str, name: &str, template: &str) {
    let mut connection = sqlx::PgConnection::connect_with(&named(url, "postgres"))
        .await
        .expect("the server can be reached");
    let sql = format!("create database {name} template {template}");
    connection
        .execute(sqlx::AssertSqlSafe(sql))
        .await
        .expect("a database can be made; the template has no other connection");
    connection.close().await.expect("the connection closes");
}
