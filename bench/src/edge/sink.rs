//! Settlement's place in the edge's benchmark: takes every batch, acknowledges it, and counts.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result};
use axum::Json;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::routing::post;
use serde_json::{Value, json};
use shared::internal::{BATCH_BYTES_MAX, CLICKS_PATH, EVENTS_PATH, SNAPSHOT_WANTED_PATH};

/// Bodies of events, and calls, that are kept for comparison.
const BODIES_MAX: usize = 100;

/// What arrived, told apart by the stream it came in.
#[derive(Clone, Debug, Default)]
pub struct Arrived {
    /// Clicks in all rows.
    pub clicks: u64,
    /// Events.
    pub events: u64,
    /// The bodies of the first events.
    pub bodies: Vec<Value>,
    /// The first calls of the request log.
    pub calls: Vec<Value>,
}

/// A server that runs until its process ends.
#[derive(Clone, Debug)]
pub struct Sink {
    url: String,
    arrived: Arc<Mutex<Arrived>>,
}

impl Sink {
    /// Starts it on a free port.
    pub fn start() -> Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let url = format!("http://127.0.0.1:{}", listener.local_addr()?.port());
        let arrived = Arc::new(Mutex::new(Arrived::default()));
        let routes = Router::new()
            .route(EVENTS_PATH, post(events))
            .route(CLICKS_PATH, post(clicks))
            .route(SNAPSHOT_WANTED_PATH, post(async || ()))
            .layer(DefaultBodyLimit::max(BATCH_BYTES_MAX * 2))
            .with_state(Arc::clone(&arrived));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new()
            .name("sink".to_owned())
            .spawn(move || {
                runtime.block_on(async move {
                    let listener = tokio::net::TcpListener::from_std(listener)?;
                    axum::serve(listener, routes).await
                })
            })
            .context("the sink does not start")?;
        Ok(Self { url, arrived })
    }

    /// An origin, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What has arrived so far.
    pub fn arrived(&self) -> Arrived {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

type Shared = State<Arc<Mutex<Arrived>>>;

async fn events(State(arrived): Shared, Json(batch): Json<Value>) -> Json<Value> {
    let rows = list(&batch, "events");
    let mut arrived = arrived.lock().unwrap_or_else(PoisonError::into_inner);
    arrived.events += rows.len() as u64;
    let free = BODIES_MAX.saturating_sub(arrived.bodies.len());
    arrived.bodies.extend(rows.iter().take(free).map(|row| row["body"].clone()));
    acknowledge(&batch, rows)
}

async fn clicks(State(arrived): Shared, Json(batch): Json<Value>) -> Json<Value> {
    let rows = list(&batch, "rows");
    let clicks: usize = rows.iter().map(|row| list(row, "clicks").len()).sum();
    let mut arrived = arrived.lock().unwrap_or_else(PoisonError::into_inner);
    arrived.clicks += clicks as u64;
    let free = BODIES_MAX.saturating_sub(arrived.calls.len());
    let calls = rows.iter().flat_map(|row| list(&row["log"], "calls"));
    arrived.calls.extend(calls.take(free).cloned());
    acknowledge(&batch, rows)
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

/// An empty batch names the highest place; one with rows is acknowledged to its end.
fn acknowledge(batch: &Value, rows: &[Value]) -> Json<Value> {
    let last = rows.last().map_or(&batch["highestSeq"], |row| &row["seq"]);
    Json(json!({"acknowledgedSeq": last}))
}
