//! A merchant's server: signs calls by EDGE §1, and gets every part of it wrong when asked to.

use anyhow::Result;
use shared::signing::{SignedForm, sign};

use crate::eventually::now_seconds;
use crate::http::{Answer, Outgoing, send};

/// A merchant with one key.
#[derive(Clone)]
pub struct SigningMerchant {
    edge_url: String,
    /// `pk_…`
    pub key_id: String,
    /// `sk_…`
    pub secret: String,
}

impl std::fmt::Debug for SigningMerchant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningMerchant").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl SigningMerchant {
    /// A merchant that calls this edge with this key.
    pub fn new(edge_url: &str, key_id: &str, secret: &str) -> Self {
        let (key_id, secret) = (key_id.to_owned(), secret.to_owned());
        Self { edge_url: edge_url.to_owned(), key_id, secret }
    }

    /// A signed read.
    pub fn get(&self, path_and_query: &str) -> SignedCall {
        self.call("GET", path_and_query, "")
    }

    /// A signed `POST` of JSON.
    pub fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> SignedCall {
        self.call("POST", path, body)
    }

    /// Any signed call.
    pub fn call(&self, method: &str, path: &str, body: impl Into<Vec<u8>>) -> SignedCall {
        let body = body.into();
        let media_type = (!body.is_empty()).then(|| "application/json".to_owned());
        SignedCall {
            edge_url: self.edge_url.clone(),
            method: method.to_owned(),
            path: path.to_owned(),
            body,
            key_id: Some(self.key_id.clone()),
            secret: self.secret.clone(),
            timestamp: Some(now_seconds().to_string()),
            signature: Signature::Proper,
            media_type,
            headers: Vec::new(),
        }
    }
}

#[derive(Debug, Clone)]
enum Signature {
    Proper,
    Text(String),
    Absent,
}

/// A call that is right unless it is told otherwise.
#[derive(Clone)]
#[must_use]
pub struct SignedCall {
    edge_url: String,
    method: String,
    path: String,
    body: Vec<u8>,
    key_id: Option<String>,
    secret: String,
    timestamp: Option<String>,
    signature: Signature,
    media_type: Option<String>,
    headers: Vec<(String, String)>,
}

impl SignedCall {
    /// Signed so many seconds from now.
    pub fn at(self, seconds: i64) -> Self {
        let text = (now_seconds() + seconds).to_string();
        self.timestamp(&text)
    }

    /// With this text as its timestamp.
    pub fn timestamp(self, text: &str) -> Self {
        Self { timestamp: Some(text.to_owned()), ..self }
    }

    /// Without a timestamp.
    pub fn without_timestamp(self) -> Self {
        Self { timestamp: None, ..self }
    }

    /// With another key's id.
    pub fn key(self, key_id: &str) -> Self {
        Self { key_id: Some(key_id.to_owned()), ..self }
    }

    /// Without a key.
    pub fn without_key(self) -> Self {
        Self { key_id: None, ..self }
    }

    /// Signed with another secret.
    pub fn secret(self, secret: &str) -> Self {
        Self { secret: secret.to_owned(), ..self }
    }

    /// With this text as its signature.
    pub fn signature(self, text: &str) -> Self {
        Self { signature: Signature::Text(text.to_owned()), ..self }
    }

    /// Without a signature.
    pub fn without_signature(self) -> Self {
        Self { signature: Signature::Absent, ..self }
    }

    /// With another media type, or none.
    pub fn media_type(self, media_type: Option<&str>) -> Self {
        Self { media_type: media_type.map(str::to_owned), ..self }
    }

    /// With one header more.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The signature this call should carry, in lowercase hex.
    pub fn proper_signature(&self) -> String {
        self.signature_in(SignedForm::of_call(&self.method, &self.path, &self.body))
    }

    /// The signature of this call in a form of the caller's choice.
    pub fn signature_in(&self, form: SignedForm<'_>) -> String {
        let timestamp = self.timestamp.as_deref().unwrap_or_default();
        hex::encode(sign(self.secret.as_bytes(), timestamp, form, &self.body))
    }

    /// Makes the call; panics when nothing answers.
    pub fn send(self) -> Answer {
        let shown = format!("{} {}", self.method, self.path);
        self.try_send().unwrap_or_else(|cause| panic!("{shown}: {cause:#}"))
    }

    /// Makes the call.
    pub fn try_send(self) -> Result<Answer> {
        let signature = match &self.signature {
            Signature::Proper => Some(self.proper_signature()),
            Signature::Text(text) => Some(text.clone()),
            Signature::Absent => None,
        };
        let named = [
            ("X-Api-Key", self.key_id),
            ("X-Timestamp", self.timestamp),
            ("X-Signature", signature),
            ("Content-Type", self.media_type),
        ];
        let mut headers = self.headers;
        headers.extend(named.into_iter().filter_map(|(name, value)| Some((name.into(), value?))));
        let url = format!("{}{}", self.edge_url, self.path);
        send(&Outgoing { method: self.method, url, headers, body: self.body })
    }
}
