//! The redirect's fast path: one call from `front.js`, one text in, one text out.
//!
//! It answers only what needs no await: a well-formed code, a fresh link, no deep link. For
//! everything else it says nothing, and the request goes the way of all others. The decision is
//! the same function on both ways; only the reading and the writing differ, because each header
//! that Rust reads for itself is a crossing into JavaScript and back.

use super::click::{self, Outcome, Sent};
use super::{lane, links, path_and_query};
use crate::config;
use crate::gate::held::Wish;
use crate::gate::redirect::is_code;
use crate::gate::{address, request_id};
use crate::random;
use std::net::IpAddr;
use worker::Env;
use worker::js_sys::Promise;
use worker::wasm_bindgen::{self, JsValue, prelude::wasm_bindgen};
use worker::wasm_bindgen_futures::future_to_promise;

/// Where links are followed.
const CLICK_PATH: &str = "/c/";
/// What a query with a deep link holds; a needless match only costs the way of all others.
const DEEP_LINK: &str = "to=";
/// Lines of what `front.js` sends: method, URL, then headers.
const LINES: usize = 11;
/// No instant after this is one of this calendar; it keeps the number whole in 64 bits.
const INSTANT_MS_MAX: f64 = 253_402_300_799_999.0;

/// Follows a link from the lines that `front.js` sends, at its clock's reading in Unix
/// milliseconds. The answer's lines: location, request id, cookie or nothing, and milliseconds
/// after which [`send_clicks`] is wanted or nothing. `None`: this is not for here.
#[wasm_bindgen]
pub fn follow_click(sent: &str, clock_ms: f64) -> Option<String> {
    let mut lines = sent.split('\n');
    let lines: [&str; LINES] = std::array::from_fn(|_| lines.next().unwrap_or_default());
    let [method, url, sent_id, purpose, user_agent, destination, cookie, gpc, dnt, from, country] =
        lines;
    let path_and_query = path_and_query(url);
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    let code = path.strip_prefix(CLICK_PATH).filter(|code| is_code(code))?;
    let is_head = match method {
        "GET" => false,
        "HEAD" => true,
        _ => return None,
    };
    if query.contains(DEEP_LINK) {
        return None;
    }
    let config = config::loaded()?;
    let now_ms = milliseconds(clock_ms)?.saturating_add(config.clock_offset_ms);
    let link = links::find_fresh(code, now_ms)?;
    let sent = Sent {
        is_head,
        query,
        purpose: given(purpose),
        user_agent: given(user_agent),
        fetch_destination: given(destination),
        cookie: given(cookie),
        gpc: given(gpc),
        dnt: given(dnt),
        address: trusted_address(&config, from),
        country: given(country),
        now_ms,
    };
    let outcome = click::decide(&config, &link, &sent);
    let request_id = request_id::choose(given(sent_id).map(str::to_owned), random::bytes);
    Some(match outcome {
        Outcome::Fallback(to) => format!("{to}\n{request_id}\n\n"),
        Outcome::Minted(minted, record) => {
            let wish = match lane::hold(record, now_ms) {
                Wish::Nothing => String::new(),
                Wish::SendAfter(pause_ms) => pause_ms.to_string(),
            };
            let cookie = minted.cookie.unwrap_or_default();
            format!("{}\n{request_id}\n{cookie}\n{wish}", minted.destination)
        }
    })
}

/// Sends the clicks held, after a pause in milliseconds: what a followed click wished for.
#[wasm_bindgen]
pub fn send_clicks(env: Env, pause_ms: f64) -> Promise {
    future_to_promise(async move {
        if let (Some(config), Some(pause_ms)) = (config::loaded(), milliseconds(pause_ms)) {
            lane::send(&env, &config, pause_ms).await;
        }
        Ok(JsValue::UNDEFINED)
    })
}

/// An absent header comes as an empty line; a header sent empty says as little.
fn given(line: &str) -> Option<&str> {
    (!line.is_empty()).then_some(line)
}

fn trusted_address(config: &config::Config, line: &str) -> Option<IpAddr> {
    config.client_address_header.as_ref()?;
    address::parse(line)
}

fn milliseconds(number: f64) -> Option<i64> {
    let is_instant = (0.0..=INSTANT_MS_MAX).contains(&number);
    #[expect(clippy::cast_possible_truncation, reason = "it lies in the range just checked")]
    is_instant.then_some(number as i64)
}
