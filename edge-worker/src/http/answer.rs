//! An answer as data, and its one way to become a response.

use crate::bridge;
use shared::problem::{Code, Problem};
use std::borrow::Cow;
use worker::Result;
use worker::web_sys::Response;

/// What a client gets.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// What the edge refused the call for; the body of a 401 does not say it.
    pub(super) refusal: Option<Code>,
    headers: Vec<(&'static str, Cow<'static, str>)>,
    body: Cow<'static, str>,
}

impl Answer {
    /// An answer without a body.
    pub(super) fn empty(status: u16) -> Self {
        Self { status, refusal: None, headers: Vec::new(), body: Cow::Borrowed("") }
    }

    /// A body of some type.
    pub(super) fn of(
        status: u16,
        content_type: &'static str,
        body: impl Into<Cow<'static, str>>,
    ) -> Self {
        let mut answer = Self::empty(status)
            .with("content-type", content_type)
            .with("x-content-type-options", "nosniff");
        answer.body = body.into();
        answer
    }

    /// A JSON body, which nobody may keep.
    pub(super) fn json(status: u16, body: impl Into<String>) -> Self {
        Self::of(status, "application/json", body.into()).with("cache-control", "no-store")
    }

    /// A refusal.
    pub(super) fn problem(problem: &Problem, request_id: &str) -> Self {
        let answer = Self::json(problem.status(), problem.body(request_id));
        Self { refusal: Some(problem.code), ..answer }
    }

    /// Whether it carries a header of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(own, _)| *own == name)
    }

    /// The body's text.
    pub(super) fn body(&self) -> &str {
        &self.body
    }

    /// With one more header.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Makes the response; a `HEAD` gets the same headers and no body.
    pub(super) fn into_response(self, method: &str, request_id: &str) -> Result<Response> {
        let own = self.headers.iter().map(|(name, value)| (*name, value.as_ref()));
        let headers = own.chain([("x-request-id", request_id)]);
        let body = if method == "HEAD" { "" } else { self.body.as_ref() };
        bridge::respond(self.status, headers, body)
    }
}
