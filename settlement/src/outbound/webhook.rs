//! The one client that speaks to addresses which merchants and affiliates chose.

pub use shared::validate::web_address::Reach;
use std::time::Duration;

/// Bytes of an answer that are kept.
pub const ANSWER_KEPT_BYTES: usize = 4 * 1024;
/// Bytes of an answer that are read at most.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// One delivery, ready to go.
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
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// The client. One per process: connections are kept open between deliveries.
#[derive(Debug, Clone)]
pub struct Sender {
    client: reqwest::Client,
}

impl Sender {
    /// A client that reaches so far.
    pub fn new(_reach: Reach) -> Self {
        // A second install answers Err and changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client with constant settings and a provider installed can be built");
        Self { client }
    }

    /// Makes one attempt. Never fails: what went wrong is an answer.
    pub async fn post(&self, call: Call<'_>) -> Answer {
        let sent = self
            .client
            .post(call.url)
            .timeout(call.time_max)
            .header("content-type", "application/json")
            .header("webhook-id", call.message_id)
            .header("webhook-timestamp", call.timestamp_seconds)
            .header("webhook-signature", call.signature)
            .body(call.body.to_owned())
            .send()
            .await;
        let Ok(answer) = sent else { return Answer::Failed(CallFault::Unreachable) };
        let status = answer.status().as_u16();
        match answer.bytes().await {
            Ok(body) => {
                let start = body[..body.len().min(ANSWER_KEPT_BYTES)].to_vec();
                Answer::Status { status, start }
            }
            Err(_) => Answer::Failed(CallFault::Broken),
        }
    }
}
