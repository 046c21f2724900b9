//! A click: the link from the isolate's cache, a pure decision, the answer; recording comes after.

use super::answer::Answer;
use super::authenticate::client_address;
use super::links::{self, Found};
use super::{Call, lane, page};
use crate::config::Config;
use crate::gate::click_class::Signs;
use crate::gate::redirect::{self, Decision, Minted, Visit, cookie_click_id, is_code};
use crate::gate::{address, tags};
use crate::random;
use serde_json::json;
use shared::click_id::U40_MAX;
use shared::directory::LinkEntry;
use shared::internal::ClickRecord;
use shared::keys::HashKey;
use shared::problem::{Code, Problem};
use std::net::IpAddr;

const DAY_SECONDS: i64 = 86_400;

/// What of a request counts for a click, whichever way it was read.
pub(super) struct Sent<'a> {
    pub(super) is_head: bool,
    /// Without the question mark.
    pub(super) query: &'a str,
    /// `Sec-Purpose`, else `Purpose`.
    pub(super) purpose: Option<&'a str>,
    pub(super) user_agent: Option<&'a str>,
    pub(super) fetch_destination: Option<&'a str>,
    pub(super) cookie: Option<&'a str>,
    pub(super) gpc: Option<&'a str>,
    pub(super) dnt: Option<&'a str>,
    /// What the trusted header says.
    pub(super) address: Option<IpAddr>,
    /// Two letters, where the platform tells.
    pub(super) country: Option<&'a str>,
    /// The edge's clock when the request came.
    pub(super) now_ms: i64,
}

/// What a click comes to: where it goes, and what is kept of it.
#[cfg_attr(
    not(target_arch = "wasm32"),
    expect(clippy::large_enum_variant, reason = "it lives for one call; most are the large one")
)]
pub(super) enum Outcome {
    /// The link is paused: go there, nothing was minted.
    Fallback(String),
    /// A click, and its record.
    Minted(Minted, ClickRecord),
}

/// Follows a link: 302, or a page for people when there is no such link.
pub(super) async fn follow(call: &Call, code: &str) -> Result<Answer, Problem> {
    if !is_code(code) {
        return Ok(page::no_such_link());
    }
    let link = match links::find(call, code).await {
        Found::Link(link) => link,
        Found::Missing => return Ok(page::no_such_link()),
        Found::Unknown => return Ok(page::try_again()),
    };
    Ok(match read_and_decide(call, &link) {
        Outcome::Fallback(to) => redirect(to),
        Outcome::Minted(minted, record) => {
            lane::record(call, record);
            let answer = redirect(minted.destination);
            match minted.cookie {
                Some(cookie) => answer.with("set-cookie", cookie),
                None => answer,
            }
        }
    })
}

/// Mints a click without a redirect, for apps: no cookie, the same terms otherwise.
pub(super) async fn mint(call: &Call, code: &str) -> Result<Answer, Problem> {
    // One answer for a link that is paused and one that never was: nothing about it leaks.
    let missing = || Err(Problem::new(Code::NotFound, "there is no such link"));
    let link = match links::find(call, code).await {
        Found::Link(link) => link,
        Found::Missing => return missing(),
        Found::Unknown => {
            return Err(Problem::new(Code::Unavailable, "temporarily unavailable; try again"));
        }
    };
    match read_and_decide(call, &link) {
        Outcome::Fallback(_) => missing(),
        Outcome::Minted(minted, record) => {
            lane::record(call, record);
            let body = json!({"clickId": minted.click_id, "destination": minted.destination});
            Ok(Answer::json(201, body.to_string()))
        }
    }
}

// The same headers stand in `front.js`; a test compares the two ways byte for byte.
fn redirect(to: String) -> Answer {
    Answer::empty(302)
        .with("location", to)
        .with("cache-control", "no-store")
        .with("x-robots-tag", "noindex")
        .with("referrer-policy", "no-referrer-when-downgrade")
}

fn read_and_decide(call: &Call, link: &LinkEntry) -> Outcome {
    let sent = Sent {
        is_head: call.method() == "HEAD",
        query: call.query(),
        purpose: call.header("sec-purpose").or_else(|| call.header("purpose")),
        user_agent: call.header("user-agent"),
        fetch_destination: call.header("sec-fetch-dest"),
        cookie: call.header("cookie"),
        gpc: call.header("sec-gpc"),
        dnt: call.header("dnt"),
        address: client_address(call),
        country: call.head.country.as_deref(),
        now_ms: call.now_ms,
    };
    decide(&call.config, link, &sent)
}

/// Decides a click on a link that exists. No await, and nothing here is recorded yet.
pub(super) fn decide(config: &Config, link: &LinkEntry, sent: &Sent<'_>) -> Outcome {
    let tags = tags::read(sent.query);
    let says_one = |value: Option<&str>| value.is_some_and(|value| value.trim() == "1");
    let visit = Visit {
        signs: Signs {
            is_head: sent.is_head,
            purpose: sent.purpose,
            user_agent: sent.user_agent,
            fetch_destination: sent.fetch_destination,
            cookie_click_id: sent.cookie.and_then(cookie_click_id),
        },
        asks_privacy: says_one(sent.gpc) || says_one(sent.dnt),
        tags: &tags,
        now_seconds: sent.now_ms.div_euclid(1_000),
        random: random::u64() & U40_MAX,
    };
    let minted = match redirect::decide(link, &visit, &config.click_keys) {
        Decision::Fallback(to) => return Outcome::Fallback(to),
        Decision::Minted(minted) => minted,
    };
    let record = ClickRecord {
        click_id: minted.click_id.clone(),
        link_number: link.link_number,
        class: minted.class,
        reason: minted.reason.to_owned(),
        clicked_at_ms: sent.now_ms,
        shopper_hash: shopper_hash(&config.hash_key, link, sent),
        country: sent.country.map(str::to_owned),
        private: minted.is_private,
        sub_ids: tags.sub_ids,
    };
    Outcome::Minted(minted, record)
}

/// Who clicked, for a day and one merchant, without the address.
fn shopper_hash(hash_key: &HashKey, link: &LinkEntry, sent: &Sent<'_>) -> Option<String> {
    let address = address::hashed_part(sent.address?);
    let day = sent.now_ms.div_euclid(1_000).div_euclid(DAY_SECONDS).to_be_bytes();
    let merchant = link.merchant_id.0.as_bytes();
    Some(hash_key.hash("shopper", &[&day, merchant, &address]))
}
