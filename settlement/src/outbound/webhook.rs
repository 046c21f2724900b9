//! The one client that speaks to addresses which merchants and affiliates chose.
//!
//! **Architecture invariant:** no other code connects to an address that somebody else named. What
//! a name resolves to is judged when it is connected to, and the addresses judged are the ones
//! connected to; a redirect, which would lead past that, is an answer like any other.

mod fault;
mod names;
#[cfg(test)]
mod tests;

use super::NO_CERTIFICATES;
use crate::domain::webhook::address::{Verdict, of_url};
use names::{LookUp, Names};
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
pub use shared::validate::web_address::Reach;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Bytes of an answer that are kept.
pub const ANSWER_KEPT_BYTES: usize = 4 * 1024;
/// Bytes of an answer that are read at most.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// How long a connection may take to open, its name and TLS included, though nobody waits for it
/// any more.
const CONNECT_SECONDS_MAX: u64 = 15;
/// How long a connection is kept without use: less than the five seconds after which the servers
/// that many receivers run on (Node, Apache, uvicorn) close it, perhaps into our next delivery.
const IDLE_SECONDS_MAX: u64 = 4;
/// Connections kept without use to one host at most: several endpoints may be on it.
const IDLE_PER_HOST_MAX: usize = 32;
/// Fields of an answer's head at most.
const ANSWER_HEADERS_MAX: usize = 100;
/// Who calls.
const USER_AGENT: &str = concat!("Khata/", env!("CARGO_PKG_VERSION"));
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// One delivery, ready to go. It has no `Debug`: URL and body are its owner's.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// Where to.
    pub url: &'a str,
    /// `webhook-id`.
    pub message_id: &'a str,
    /// `webhook-timestamp`: when this attempt begins, unix seconds.
    pub timestamp_seconds: i64,
    /// `webhook-signature`: one or two of them.
    pub signature: &'a str,
    /// The body, as it was signed.
    pub body: &'a str,
    /// How long it may take in all, from the name's resolution to the answer's last byte.
    pub time_max: Duration,
}

/// What came of an attempt.
#[derive(Clone, PartialEq, Eq)]
pub enum Answer {
    /// An answer with its status and the first bytes of its body.
    Status {
        /// HTTP status.
        status: u16,
        /// At most [`ANSWER_KEPT_BYTES`].
        start: Vec<u8>,
    },
    /// No whole answer.
    Failed(CallFault),
    /// No attempt was made: more names than we look up at once have silent servers. It says nothing
    /// of the endpoint.
    NotMade,
}

/// Without what the receiver wrote.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { status, start } => {
                write!(f, "Status({status}, {} bytes kept)", start.len())
            }
            Self::Failed(fault) => write!(f, "Failed({fault:?})"),
            Self::NotMade => write!(f, "NotMade"),
        }
    }
}

/// Why no whole answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallFault {
    /// The time was over.
    Timeout,
    /// The address, or an address of the name, is not public; or the URL is no https.
    AddressRefused,
    /// The name has no address.
    Unresolved,
    /// No connection.
    Unreachable,
    /// No agreement on TLS, or a certificate that is not right.
    Tls,
    /// The connection ended inside the answer, or what came was no HTTP.
    Broken,
    /// More than [`ANSWER_BYTES_MAX`].
    TooLong,
}

impl CallFault {
    /// Every fault.
    pub const ALL: [Self; 7] = [
        Self::Timeout,
        Self::AddressRefused,
        Self::Unresolved,
        Self::Unreachable,
        Self::Tls,
        Self::Broken,
        Self::TooLong,
    ];

    /// The word in rows and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::AddressRefused => "address_refused",
            Self::Unresolved => "unresolved",
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Broken => "broken",
            Self::TooLong => "too_long",
        }
    }
}

/// The client. One per process: connections are kept open between deliveries, each to the host
/// and port it was opened for.
#[derive(Clone)]
pub struct Sender {
    client: reqwest::Client,
    reach: Reach,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sender({:?})", self.reach)
    }
}

impl Sender {
    /// A client that reaches so far.
    pub fn new(reach: Reach) -> Self {
        Self::build(reach, names::system(), Vec::new())
    }

    /// A client that looks names up in its own way, and trusts these certificates too.
    fn build(reach: Reach, look_up: LookUp, trusted: Vec<reqwest::Certificate>) -> Self {
        // A second install answers Err and changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // What no feature of ours brings is switched off all the same: another crate may bring it.
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .referer(false)
            .http1_only()
            .http1_max_headers(ANSWER_HEADERS_MAX)
            .https_only(reach == Reach::Public)
            .user_agent(USER_AGENT)
            .tcp_nodelay(true)
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS_MAX))
            .pool_idle_timeout(Duration::from_secs(IDLE_SECONDS_MAX))
            .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
            .dns_resolver(Arc::new(Names::new(reach, look_up)))
            .tls_certs_merge(trusted)
            .build()
            .expect(NO_CERTIFICATES);
        Self { client, reach }
    }

    /// Makes one attempt. Never fails: what went wrong is an answer.
    pub async fn post(&self, call: Call<'_>) -> Answer {
        // The client would connect to an address without asking its resolver.
        let url = Url::parse(call.url).ok();
        let Some(url) = url.filter(|url| of_url(url, self.reach) == Verdict::Allowed) else {
            return Answer::Failed(CallFault::AddressRefused);
        };
        // Dropped when its time is over, it closes its connection.
        let attempt = tokio::time::timeout(call.time_max, self.attempt(url, call));
        match attempt.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(failure)) => fault::of(&failure),
            Err(_) => Answer::Failed(CallFault::Timeout),
        }
    }

    async fn attempt(&self, url: Url, call: Call<'_>) -> reqwest::Result<Answer> {
        let sent = self
            .client
            .post(url)
            .header(CONTENT_TYPE, JSON)
            .header(WEBHOOK_ID, call.message_id)
            .header(WEBHOOK_TIMESTAMP, call.timestamp_seconds)
            .header(WEBHOOK_SIGNATURE, call.signature)
            .body(call.body.to_owned());
        let mut answer = sent.send().await?;
        let status = answer.status().as_u16();
        let (mut start, mut bytes) = (Vec::new(), 0);
        while let Some(chunk) = answer.chunk().await? {
            bytes += chunk.len();
            if bytes > ANSWER_BYTES_MAX {
                return Ok(Answer::Failed(CallFault::TooLong));
            }
            let room = ANSWER_KEPT_BYTES - start.len();
            start.extend_from_slice(&chunk[..chunk.len().min(room)]);
        }
        Ok(Answer::Status { status, start })
    }
}
