//! The request log on its way to settlement: what a signed call leaves, and calls only counted.

use crate::id::{Environment, MerchantId};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What the edge did with an event, as the request log tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Taken {
    /// Stored.
    Received,
    /// Known by its content; nothing was stored.
    Duplicate,
    /// An honest repeat under the same idempotency key: the first answer again.
    Repeated,
}

impl Taken {
    /// The word in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "RECEIVED",
            Self::Duplicate => "DUPLICATE",
            Self::Repeated => "REPEATED",
        }
    }
}

/// One signed call. It holds nothing of the body, no secret, no signature and no address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallRecord {
    /// Drawn at the edge: clients choose request ids, and may choose one twice.
    pub id: u64,
    /// When the call came, Unix milliseconds of the edge's clock.
    pub received_at_ms: i64,
    /// Whose key it named.
    pub merchant_id: MerchantId,
    /// The key's environment.
    pub environment: Environment,
    /// The key, in canonical spelling.
    pub key_id: String,
    /// `GET`, `POST` and so on.
    pub method: Cow<'static, str>,
    /// Without the query.
    pub path: String,
    /// The answer's HTTP status.
    pub status: u16,
    /// The log code of a refusal; absent when the call was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Cow<'static, str>>,
    /// From its coming to its answer, in milliseconds.
    pub latency_ms: u32,
    /// The request id told to the client.
    pub request_id: String,
    /// The event it made or met, when the answer names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// For a single event, what was done with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<Taken>,
    /// The faults told to the client, each a sentence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
    /// Bytes of the body, as its header told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_bytes: Option<u64>,
    /// Whether the key's owner made it: the signature held and was no replay.
    pub proven: bool,
}

/// Why calls were counted and not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TallyReason {
    /// They named no key.
    MissingKey,
    /// They named a key that does not exist.
    UnknownKey,
    /// They were refused with 401, more often in a minute than is listed.
    Unproven,
    /// They were refused with 429, more often in a minute than is listed.
    RateLimited,
    /// They were listed, but nobody took the list.
    Dropped,
}

impl TallyReason {
    /// The word in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingKey => "missing_key",
            Self::UnknownKey => "unknown_key",
            Self::Unproven => "unproven",
            Self::RateLimited => "rate_limited",
            Self::Dropped => "dropped",
        }
    }
}

/// The key that counted calls have named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TallyKey {
    /// Whose key.
    pub merchant_id: MerchantId,
    /// Its environment.
    pub environment: Environment,
    /// Its id, in canonical spelling.
    pub key_id: String,
}

/// Calls of one minute that were counted and not listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallTally {
    /// Drawn at the edge, so that a resend counts once.
    pub id: u64,
    /// When the minute began, Unix milliseconds of the edge's clock.
    pub minute_ms: i64,
    /// Why they were only counted.
    pub reason: TallyReason,
    /// The key they named; absent when there is none of that name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<TallyKey>,
    /// How many.
    pub calls: u64,
}

/// The request log of one stored row: what an isolate saw since its last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRow {
    /// Calls listed.
    pub calls: Vec<CallRecord>,
    /// Calls counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tallies: Vec<CallTally>,
}

impl LogRow {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.tallies.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_the_same_in_rows_and_on_the_wire() {
        use TallyReason::{Dropped, MissingKey, RateLimited, UnknownKey, Unproven};
        for taken in [Taken::Received, Taken::Duplicate, Taken::Repeated] {
            assert_eq!(serde_json::json!(taken), taken.as_str());
        }
        for reason in [MissingKey, UnknownKey, Unproven, RateLimited, Dropped] {
            assert_eq!(serde_json::json!(reason), reason.as_str());
        }
    }

    #[test]
    fn a_row_with_a_call_or_a_tally_is_not_empty() {
        let tally = CallTally {
            id: 1,
            minute_ms: 60_000,
            reason: TallyReason::MissingKey,
            key: None,
            calls: 3,
        };
        let counted = LogRow { calls: Vec::new(), tallies: vec![tally] };
        assert!(!counted.is_empty());
        assert!(LogRow::default().is_empty());
        let call = CallRecord {
            id: 1,
            received_at_ms: 1,
            merchant_id: MerchantId(uuid::Uuid::nil()),
            environment: Environment::Test,
            key_id: "pk_test_a".to_owned(),
            method: "GET".into(),
            path: "/api/v1/events".to_owned(),
            status: 200,
            code: None,
            latency_ms: 2,
            request_id: "r".to_owned(),
            event_id: None,
            taken: None,
            faults: Vec::new(),
            content_bytes: None,
            proven: true,
        };
        assert!(!LogRow { calls: vec![call], tallies: Vec::new() }.is_empty());
    }
}
