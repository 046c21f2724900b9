//! Reports a conversion and reads its event, each call signed.

use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, process};

use anyhow::{Context, Result};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use ureq::http::Request;

const ATTEMPTS_MAX: u32 = 5;

/// One key of a merchant, and the network it belongs to.
struct Client {
    agent: ureq::Agent,
    url: String,
    key_id: String,
    signing_secret: String,
}

impl Client {
    fn from_environment() -> Result<Self> {
        let setting = |name: &str| env::var(name).with_context(|| format!("set {name}"));
        Ok(Self {
            agent: ureq::Agent::config_builder().http_status_as_error(false).build().into(),
            url: setting("KHATA_URL")?,
            key_id: setting("KHATA_KEY_ID")?,
            signing_secret: setting("KHATA_SIGNING_SECRET")?,
        })
    }

    /// A `POST` with a body signs time and body; every other call its method and path, too.
    fn sign(&self, timestamp: &str, method: &str, path: &str, body: &str) -> Result<String> {
        let text = if method == "POST" && !body.is_empty() {
            format!("{timestamp}.{body}")
        } else {
            format!("{timestamp}.{method} {path}.{body}")
        };
        let mut mac = Hmac::<Sha256>::new_from_slice(self.signing_secret.as_bytes())?;
        mac.update(text.as_bytes());
        Ok(hex::encode(mac.finalize().into_bytes()))
    }

    /// One attempt: the status and the answer's text.
    fn send(
        &self,
        method: &str,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Result<(u16, String)> {
        let timestamp = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs().to_string();
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("X-Api-Key", &self.key_id)
            .header("X-Timestamp", &timestamp)
            .header("X-Signature", self.sign(&timestamp, method, path, body)?);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = if body.is_empty() {
            self.agent.run(request.body(())?)?
        } else {
            let request = request.header("Content-Type", "application/json");
            self.agent.run(request.body(body.to_owned())?)?
        };
        Ok((answer.status().as_u16(), answer.body_mut().read_to_string()?))
    }

    /// Signs and sends; tries again after 429 and 503, each time with a later second.
    fn call(
        &self,
        method: &str,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Result<Value> {
        let mut attempt = 1;
        loop {
            let (status, text) = self.send(method, path, body, headers)?;
            if !matches!(status, 429 | 503) || attempt == ATTEMPTS_MAX {
                println!("{status} {text}");
                if !(200..300).contains(&status) {
                    process::exit(1);
                }
                return Ok(serde_json::from_str(&text)?);
            }
            // 1, 2, 4, 8 s: a second at least, so that the same text gets another signature.
            sleep(Duration::from_secs(1 << (attempt - 1)));
            attempt += 1;
        }
    }
}

fn main() -> Result<()> {
    let client = Client::from_environment()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let order_id = env::var("KHATA_ORDER_ID").unwrap_or_else(|_| format!("ORD-{now}"));
    // Made once: the text that is signed is the text that is sent.
    let body = json!({"externalOrderId": order_id, "orderAmount": "2999.00"}).to_string();
    let key = format!("conversion-{order_id}");
    let headers = [("Idempotency-Key", key.as_str())];
    let reported = client.call("POST", "/api/v1/conversions", &body, &headers)?;
    // An order that was reported under another Idempotency-Key is a duplicate and has no event.
    if let Some(event_id) = reported["eventId"].as_str() {
        client.call("GET", &format!("/api/v1/events/{event_id}"), "", &[])?;
    }
    Ok(())
}
