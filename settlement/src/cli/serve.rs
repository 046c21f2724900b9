//! `serve` and `migrate`.

use super::{ENVIRONMENT, Failure};
use settlement::app::{self, App};
use settlement::config;
use settlement::error::Fault;
use settlement::store::migrations;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

pub(super) async fn serve() -> Result<ExitCode, Failure> {
    let config = config::serve(ENVIRONMENT)?;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(coloured).init();
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|cause| Failure::Other(format!("cannot listen on {}: {cause}", config.listen)))?;
    let mut terminate = signal(SignalKind::terminate())
        .map_err(|cause| Failure::Other(format!("cannot watch for signals: {cause}")))?;
    let app = Arc::new(App::new(&config, app::pool(&config.database_url)?));
    tracing::info!(listen = %config.listen, edge = config.edge.url, "settlement starts");
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    app::serve(app, listener, stop)
        .await
        .map_err(|cause| Failure::Other(format!("the server ended: {cause}")))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn migrate() -> Result<ExitCode, Failure> {
    let pool = app::pool(&config::database(ENVIRONMENT)?)?;
    let mut connection = pool.acquire().await.map_err(Fault::from)?;
    migrations::run(&mut connection)
        .await
        .map_err(|cause| Failure::Other(format!("the schema was not changed: {cause}")))?;
    println!("the schema is up to date: {} migrations", migrations::count());
    Ok(ExitCode::SUCCESS)
}
