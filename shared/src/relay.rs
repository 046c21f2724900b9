//! A merchant's signed write on its way from the edge, which proved it, to settlement, which does it.

use serde::{Deserialize, Serialize};

/// Bytes of a resource write's body at most, unless it brings many rows.
pub const WRITE_BYTES_MAX: usize = 256 * 1024;
/// Bytes of the body of a write that brings many rows (products, a day's orders) at most.
pub const BULK_BYTES_MAX: usize = 1024 * 1024;
/// Header of settlement's refusals with their log code, for the edge alone: a 401's body tells none.
pub const CODE_HEADER: &str = "x-khata-code";

/// The body of the internal call that carries a merchant's write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Relayed {
    /// The key it was signed with.
    pub key_id: String,
    /// Start of the proven signature as hex: a second call with it is a replay.
    pub signature: String,
    /// Method, path and the client's idempotency key, when one was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<String>,
    /// What is wrong with the idempotency headers, told together with the body's faults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header_fault: Option<String>,
    /// SHA-256 of the body as received, hex.
    pub body_sha256: String,
    /// The merchant's body as sent.
    pub body: String,
}
