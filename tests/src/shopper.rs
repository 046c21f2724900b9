//! A shopper's browser: follows a link one step, and says of itself what a test wants it to say.

use anyhow::Result;

use crate::http::{Answer, Outgoing, send};

/// A browser that people use, so that a click counts as a person's.
pub const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// A shopper at one edge.
#[derive(Debug, Clone)]
pub struct Shopper {
    edge_url: String,
}

impl Shopper {
    /// A shopper at this edge.
    pub fn new(edge_url: &str) -> Self {
        Self { edge_url: edge_url.to_owned() }
    }

    /// A visit to a path of the edge.
    pub fn visit(&self, path: &str) -> Visit {
        Visit {
            method: "GET".to_owned(),
            url: format!("{}{path}", self.edge_url),
            headers: Vec::new(),
            user_agent: BROWSER.to_owned(),
        }
    }

    /// Follows a link; answers the click id.
    pub fn click(&self, code: &str) -> String {
        let answer = self.visit(&format!("/c/{code}")).send().expect_status(302);
        click_id(&answer).unwrap_or_else(|| panic!("no click id in {}", answer.header("location")))
    }
}

/// A request as a browser makes it.
#[derive(Debug, Clone)]
#[must_use]
pub struct Visit {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    user_agent: String,
}

impl Visit {
    /// With another method.
    pub fn method(self, method: &str) -> Self {
        Self { method: method.to_owned(), ..self }
    }

    /// With one header more.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// As another program.
    pub fn user_agent(self, text: &str) -> Self {
        Self { user_agent: text.to_owned(), ..self }
    }

    /// Makes the request; panics when nothing answers.
    pub fn send(self) -> Answer {
        let url = self.url.clone();
        self.try_send().unwrap_or_else(|cause| panic!("{url}: {cause:#}"))
    }

    /// Makes the request.
    pub fn try_send(self) -> Result<Answer> {
        let mut headers = self.headers;
        headers.push(("User-Agent".to_owned(), self.user_agent));
        send(&Outgoing { method: self.method, url: self.url, headers, body: Vec::new() })
    }
}

/// The click id a redirect hands over.
pub fn click_id(answer: &Answer) -> Option<String> {
    let location = answer.header("location");
    let query = location.split('#').next()?.split_once('?')?.1;
    query.split('&').find_map(|part| part.strip_prefix("click_id=")).map(str::to_owned)
}
