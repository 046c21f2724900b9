//! A click: the link from the isolate's cache, a pure decision, the answer; recording comes after.

use super::answer::Answer;
use super::authenticate::client_address;
use super::links::{self, Found};
use super::{Call, click_batch, page};
use crate::gate::address;
use crate::gate::click_class::Signs;
use crate::gate::redirect::{Decision, Minted, Visit, cookie_click_id, decide, is_code};
use crate::gate::tags::{self, Tags};
use crate::random;
use serde_json::json;
use shared::click_id::U40_MAX;
use shared::directory::LinkEntry;
use shared::internal::ClickRecord;
use shared::problem::{Code, Problem};

const DAY_SECONDS: i64 = 86_400;

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
    let tags = tags::read(call.query());
    Ok(match decided(call, &link, &tags) {
        Decision::Fallback(to) => redirect(to),
        Decision::Minted(minted) => {
            record(call, &link, &minted, tags);
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
    let tags = tags::read(call.query());
    match decided(call, &link, &tags) {
        Decision::Fallback(_) => missing(),
        Decision::Minted(minted) => {
            record(call, &link, &minted, tags);
            let body = json!({"clickId": minted.click_id, "destination": minted.destination});
            Ok(Answer::json(201, body.to_string()))
        }
    }
}

fn redirect(to: String) -> Answer {
    Answer::empty(302)
        .with("location", to)
        .with("cache-control", "no-store")
        .with("x-robots-tag", "noindex")
        .with("referrer-policy", "no-referrer-when-downgrade")
}

fn decided(call: &Call, link: &LinkEntry, tags: &Tags) -> Decision {
    let purpose = call.header("sec-purpose").or_else(|| call.header("purpose"));
    let user_agent = call.header("user-agent");
    let fetch_destination = call.header("sec-fetch-dest");
    let cookie = call.header("cookie");
    let says_one = |name: &str| call.header(name).is_some_and(|value| value.trim() == "1");
    let signs = Signs {
        is_head: call.method == "HEAD",
        purpose: purpose.as_deref(),
        user_agent: user_agent.as_deref(),
        fetch_destination: fetch_destination.as_deref(),
        cookie_click_id: cookie.as_deref().and_then(cookie_click_id),
    };
    let visit = Visit {
        signs,
        asks_privacy: says_one("sec-gpc") || says_one("dnt"),
        tags,
        now_seconds: call.now_seconds(),
        random: random::u64() & U40_MAX,
    };
    decide(link, &visit, &call.config.click_keys)
}

fn record(call: &Call, link: &LinkEntry, minted: &Minted, tags: Tags) {
    let country = call.request.cf().and_then(worker::Cf::country);
    let click = ClickRecord {
        click_id: minted.click_id.clone(),
        link_number: link.link_number,
        class: minted.class,
        reason: minted.reason.to_owned(),
        clicked_at_ms: call.now_ms,
        shopper_hash: shopper_hash(call, link),
        country,
        private: minted.is_private,
        sub_ids: tags.sub_ids,
    };
    click_batch::record(call, click);
}

/// Who clicked, for a day and one merchant, without the address.
fn shopper_hash(call: &Call, link: &LinkEntry) -> Option<String> {
    let address = address::hashed_part(client_address(call)?);
    let day = call.now_seconds().div_euclid(DAY_SECONDS).to_be_bytes();
    let merchant = link.merchant_id.0.as_bytes();
    let hash_key = &call.config.hash_key;
    Some(hash_key.hash("shopper", &[&day, merchant, &address]))
}
