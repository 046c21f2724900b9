//! The listener of the benchmark, in a process of its own: answers at once, and on one path never.

use std::env;
use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::http::Uri;
use tokio::runtime::Builder;

/// Set for the process that is the listener.
const VARIABLE: &str = "KHATA_BENCH_WEBHOOK_SINK";
/// What is sent here is taken and never answered.
const DEAD: &str = "/dead";

/// Whether this process was started to be the listener.
pub fn is_asked_for() -> bool {
    env::var_os(VARIABLE).is_some()
}

/// Listens until the process is killed; prints its port first.
pub fn serve() -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        println!("{}", listener.local_addr()?.port());
        axum::serve(listener, Router::new().fallback(answer)).await?;
        Ok(())
    })
}

async fn answer(uri: Uri, _body: Bytes) {
    if uri.path() == DEAD {
        std::future::pending::<()>().await;
    }
}

/// The listener's process; it ends with this value.
#[derive(Debug)]
pub struct Sink {
    child: Child,
    port: u16,
}

impl Sink {
    /// Starts it.
    pub fn start() -> Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .env(VARIABLE, "1")
            .stdout(Stdio::piped())
            .spawn()
            .context("the listener does not start")?;
        let mut line = String::new();
        let output = child.stdout.take().context("the listener's output was asked for")?;
        BufReader::new(output).read_line(&mut line)?;
        let port = line.trim().parse().context("the listener says no port")?;
        Ok(Self { child, port })
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where an endpoint of this number is.
    pub fn url(&self, endpoint: usize) -> String {
        format!("http://127.0.0.1:{}/{endpoint}", self.port)
    }

    /// Where nothing is answered.
    pub fn dead_url(&self) -> String {
        format!("http://127.0.0.1:{}{DEAD}", self.port)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
