//! One HTTP call as it is, and its answer as it came: nothing is followed, nothing is retried.

use std::time::Duration;

use anyhow::Result;
use serde_json::Value;
use ureq::Agent;
use ureq::http::{HeaderMap, Request, Response};

/// How long one call may take.
const CALL_MAX: Duration = Duration::from_mins(1);
/// Bytes of an answer at most.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Answer {
    /// A header's text, empty when it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|cause| panic!("not JSON ({cause}), {}: {}", self.status, self.text))
    }

    /// The answer itself when it has this status; panics with its body otherwise.
    #[expect(clippy::return_self_not_must_use, reason = "often the status is all that matters")]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// The text of a JSON property; panics when it is not there.
    pub fn text_of(&self, name: &str) -> String {
        let json = self.json();
        let text = json[name].as_str();
        text.unwrap_or_else(|| panic!("no text {name} in {json}")).to_owned()
    }
}

/// A call to be made.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// In capitals.
    pub method: String,
    /// All of it.
    pub url: String,
    /// In order; a name may come twice.
    pub headers: Vec<(String, String)>,
    /// Sent with every method but `GET`, `HEAD` and `DELETE`.
    pub body: Vec<u8>,
}

/// Makes the call on a connection of its own, so that no broken one is met again.
pub fn send(call: &Outgoing) -> Result<Answer> {
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(CALL_MAX))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_idle_connections(0)
        .build()
        .into();
    let mut request = Request::builder().method(call.method.as_str()).uri(&call.url);
    for (name, value) in &call.headers {
        request = request.header(name, value);
    }
    let answer: Response<ureq::Body> = match call.method.as_str() {
        "GET" | "HEAD" | "DELETE" | "OPTIONS" => agent.run(request.body(())?)?,
        _ => agent.run(request.body(call.body.clone())?)?,
    };
    let (parts, body) = answer.into_parts();
    let bytes = body.into_with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
    let text = String::from_utf8(bytes)?;
    Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, text })
}
