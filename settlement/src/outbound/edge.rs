//! Signed calls to the edge: directory pushes and pokes.

use crate::config::EdgeConfig;
use jiff::Timestamp;
use serde::Serialize;
use shared::directory::{Push, PushAnswer};
use shared::internal::{DIRECTORY_PATH, POKE_PATH, Poke, PokeAnswer};
use shared::keys::InternalKeys;
use shared::signing::{INTERNAL_SIGNATURE_HEADER, INTERNAL_TIMESTAMP_HEADER, sign_internal};
use std::time::Duration;

/// How long one call may take in all.
const CALL_SECONDS_MAX: u64 = 20;
/// How long a connection may take to open.
const CONNECT_SECONDS_MAX: u64 = 5;
/// Bytes of an answer at most.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Why the edge did not take a call.
#[derive(Debug, thiserror::Error)]
pub enum EdgeFault {
    /// No answer.
    #[error("the edge cannot be reached: {0}")]
    Unreachable(String),
    /// An answer other than 2xx.
    #[error("the edge answered {path} with {status}")]
    Refused {
        /// Which call.
        path: &'static str,
        /// The status.
        status: u16,
    },
    /// An answer that cannot be read.
    #[error("the edge's answer to {0} cannot be read")]
    Unreadable(&'static str),
}

/// The edge, as settlement speaks to it.
#[derive(Debug, Clone)]
pub struct Edge {
    client: reqwest::Client,
    url: String,
    keys: InternalKeys,
    /// Shards of the directory.
    pub directory_shards: u32,
    /// Shards of the click outbox.
    pub click_shards: u32,
}

impl Edge {
    /// A client of the configured edge.
    pub fn new(config: &EdgeConfig) -> Self {
        // A second install answers Err and changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS_MAX))
            .timeout(Duration::from_secs(CALL_SECONDS_MAX))
            .no_proxy()
            .build()
            .expect(super::NO_CERTIFICATES);
        Self {
            client,
            url: config.url.clone(),
            keys: config.internal_keys.clone(),
            directory_shards: config.directory_shards,
            click_shards: config.click_shards,
        }
    }

    /// Pushes rows to a directory shard.
    pub async fn push(&self, push: &Push, now: Timestamp) -> Result<PushAnswer, EdgeFault> {
        let answer = self.call(DIRECTORY_PATH, push, now).await?;
        serde_json::from_slice(&answer).map_err(|_| EdgeFault::Unreadable(DIRECTORY_PATH))
    }

    /// Wakes objects that may hold unsent rows, and learns where each stands.
    pub async fn poke(&self, poke: &Poke, now: Timestamp) -> Result<PokeAnswer, EdgeFault> {
        let answer = self.call(POKE_PATH, poke, now).await?;
        serde_json::from_slice(&answer).map_err(|_| EdgeFault::Unreadable(POKE_PATH))
    }

    async fn call(
        &self,
        path: &'static str,
        body: &impl Serialize,
        now: Timestamp,
    ) -> Result<Vec<u8>, EdgeFault> {
        let body = serde_json::to_vec(body).expect("wire types always serialise");
        let (timestamp, signature) =
            sign_internal(&self.keys, now.as_second(), "POST", path, &body);
        let unreachable = |cause: reqwest::Error| EdgeFault::Unreachable(innermost(&cause));
        let mut answer = self
            .client
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/json")
            .header(INTERNAL_TIMESTAMP_HEADER, timestamp)
            .header(INTERNAL_SIGNATURE_HEADER, signature)
            .body(body)
            .send()
            .await
            .map_err(unreachable)?;
        let status = answer.status();
        if !status.is_success() {
            return Err(EdgeFault::Refused { path, status: status.as_u16() });
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > ANSWER_BYTES_MAX {
                return Err(EdgeFault::Unreadable(path));
            }
        }
        Ok(bytes)
    }
}

/// The cause at the bottom: "connection refused" says more than "error sending request".
fn innermost(cause: &dyn std::error::Error) -> String {
    let mut cause = cause;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
