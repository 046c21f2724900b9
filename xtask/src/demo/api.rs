//! A merchant's server and a shopper, as far as the demo needs them: signed calls and one click.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;
use shared::signing::{SignedForm, sign};
use ureq::http::{Request, Response};

use crate::demo_file::Key;

/// How long one call may take.
const CALL_MAX: Duration = Duration::from_secs(10);
/// How long something that settles in the background may take.
const SETTLED_MAX: Duration = Duration::from_secs(15);
/// Pause between two looks; the rate limit leaves room for it.
const LOOK: Duration = Duration::from_millis(250);
/// A browser that people use, so that the click counts as a person's.
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// A merchant's server with its key.
pub(super) struct Api {
    agent: ureq::Agent,
    edge_url: String,
    key: Key,
}

impl Api {
    pub(super) fn new(edge_url: &str, key: &Key) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(CALL_MAX))
            .http_status_as_error(false)
            .max_redirects(0)
            .build()
            .into();
        Self { agent, edge_url: edge_url.to_owned(), key: key.clone() }
    }

    /// Follows a link as a browser would, one step: answers with status and `Location`.
    pub(super) fn click(&self, url: &str) -> Result<(u16, String)> {
        let answer = self.agent.get(url).header("User-Agent", BROWSER).call()?;
        let location = answer.headers().get("location").and_then(|value| value.to_str().ok());
        Ok((answer.status().as_u16(), location.unwrap_or_default().to_owned()))
    }

    /// A signed read that must be answered 200.
    pub(super) fn get(&self, path_and_query: &str) -> Result<Value> {
        self.call("GET", path_and_query, "", 200)
    }

    /// A signed report that must be answered 202; answers with its event id.
    pub(super) fn post(&self, path: &str, body: &Value) -> Result<String> {
        let answer = self.call("POST", path, &body.to_string(), 202)?;
        text(&answer, "/eventId").with_context(|| format!("{path} answered {answer}"))
    }

    fn call(&self, method: &str, path_and_query: &str, body: &str, wanted: u16) -> Result<Value> {
        let timestamp = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs().to_string();
        let form = SignedForm::of_call(method, path_and_query, body.as_bytes());
        let signature = sign(self.key.secret.as_bytes(), &timestamp, form, body.as_bytes());
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path_and_query}", self.edge_url))
            .header("X-Api-Key", &self.key.id)
            .header("X-Timestamp", &timestamp)
            .header("X-Signature", hex::encode(signature));
        let answer: Response<ureq::Body> = if body.is_empty() {
            self.agent.run(request.body(())?)?
        } else {
            let request = request.header("Content-Type", "application/json");
            self.agent.run(request.body(body.to_owned())?)?
        };
        let status = answer.status().as_u16();
        let text = answer.into_body().read_to_string()?;
        if status != wanted {
            bail!("{method} {path_and_query} answered {status}, not {wanted}: {text}");
        }
        serde_json::from_str(&text).with_context(|| format!("{path_and_query} answered {text}"))
    }

    /// Waits until an accepted event is applied; answers with the event as it then reads.
    pub(super) fn applied(&self, event_id: &str) -> Result<Value> {
        let event = self.settled(&format!("/api/v1/events/{event_id}"), |event| {
            matches!(event["state"].as_str(), Some("applied" | "skipped" | "failed"))
        })?;
        if event["state"] != "applied" {
            bail!("the event was not applied: {event}");
        }
        Ok(event)
    }

    /// Reads again and again until it shows what is `wanted`.
    pub(super) fn settled(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let began = Instant::now();
        loop {
            let latest = match self.get(path) {
                Ok(value) if wanted(&value) => return Ok(value),
                Ok(value) => anyhow!("it still reads {value}"),
                Err(cause) => cause,
            };
            if began.elapsed() > SETTLED_MAX {
                let seconds = SETTLED_MAX.as_secs();
                return Err(latest.context(format!("{path} did not settle in {seconds} s")));
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// The text at a JSON pointer.
pub(super) fn text(value: &Value, pointer: &str) -> Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| anyhow!("no text at {pointer} in {value}"))
}
