//! An edge that keeps what it is told, and can be made to refuse.

use crate::batches::now;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use settlement::config::EdgeConfig;
use settlement::outbound::edge::Edge;
use shared::directory::{Push, PushAnswer};
use shared::internal::{DIRECTORY_PATH, ObjectHead, POKE_PATH, POKE_VERSION, Poke, PokeAnswer};
use shared::keys::InternalKeys;
use shared::signing::{
    INTERNAL_SIGNATURE_HEADER, INTERNAL_TIMESTAMP_HEADER, InternalCall, verify_internal,
};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

#[derive(Default)]
pub struct FakeEdge {
    pub pushes: Mutex<Vec<Push>>,
    pub pokes: Mutex<Vec<Poke>>,
    /// What poked objects answer; one without a head here does not answer.
    pub heads: Mutex<Vec<ObjectHead>>,
    pub away: AtomicBool,
    pub refuses_links: AtomicBool,
}

pub fn internal_keys() -> InternalKeys {
    InternalKeys::parse(&format!("a:{}", "01".repeat(32))).unwrap()
}

pub fn config(url: String) -> EdgeConfig {
    EdgeConfig { url, internal_keys: internal_keys(), directory_shards: 2, click_shards: 2 }
}

/// Starts one on a free port; it ends with the test.
pub async fn start() -> (Arc<FakeEdge>, Edge) {
    let fake = Arc::new(FakeEdge::default());
    let router = Router::new()
        .route(DIRECTORY_PATH, post(push))
        .route(POKE_PATH, post(poke))
        .with_state(Arc::clone(&fake));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (fake, Edge::new(&config(url)))
}

async fn push(
    State(fake): State<Arc<FakeEdge>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<PushAnswer>, StatusCode> {
    check(&fake, &headers, DIRECTORY_PATH, &body)?;
    let push: Push = serde_json::from_slice(&body).unwrap();
    let snapshotted = push.completes_snapshot;
    let mut refused: Vec<String> = push.rows.iter().map(|row| row.name.clone()).collect();
    let is_stubborn = fake.refuses_links.load(Ordering::Relaxed);
    refused.retain(|name| is_stubborn && name.starts_with("link:"));
    fake.pushes.lock().unwrap().push(push);
    Ok(Json(PushAnswer { snapshotted, refused }))
}

async fn poke(
    State(fake): State<Arc<FakeEdge>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<PokeAnswer>, StatusCode> {
    check(&fake, &headers, POKE_PATH, &body)?;
    let poke: Poke = serde_json::from_slice(&body).unwrap();
    let heads = fake.heads.lock().unwrap().clone();
    let (heads, objects) = (heads.into_iter(), poke.objects.clone());
    let heads: Vec<_> = heads.filter(|head| objects.contains(&head.object)).collect();
    let is_silent = |name: &String| heads.iter().all(|head| head.object != *name);
    let unanswered = objects.into_iter().filter(is_silent).collect();
    fake.pokes.lock().unwrap().push(poke);
    Ok(Json(PokeAnswer { version: POKE_VERSION, heads, unanswered }))
}

fn check(fake: &FakeEdge, headers: &HeaderMap, path: &str, body: &[u8]) -> Result<(), StatusCode> {
    if fake.away.load(Ordering::Relaxed) {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    let (timestamp, signature) = (text(INTERNAL_TIMESTAMP_HEADER), text(INTERNAL_SIGNATURE_HEADER));
    let call = InternalCall {
        timestamp: &timestamp,
        signature: &signature,
        method: "POST",
        path_and_query: path,
        body,
    };
    verify_internal(&internal_keys(), now().as_second(), &call)
        .map_err(|_| StatusCode::UNAUTHORIZED)
}
