//! A click on a live link, decided: its class, its sealed id, where it goes and with what cookie.

use super::click_class::{self, Signs};
use super::destination;
use super::tags::Tags;
use shared::click_id::{CLICK_ID_CHARACTERS, Click, ClickClass};
use shared::directory::{LinkEntry, LinkState};
use shared::keys::ClickKeys;

/// The cookie that holds the last click id on the redirect host.
pub const COOKIE_NAME: &str = "affiliate_click_id";
/// Characters of a link's code at most.
const CODE_CHARACTERS_MAX: usize = 64;

/// Everything about a request that decides a click.
#[derive(Debug, Clone, Copy)]
pub struct Visit<'a> {
    /// What decides the class.
    pub signs: Signs<'a>,
    /// Whether `Sec-GPC: 1` or `DNT: 1` was sent.
    pub asks_privacy: bool,
    /// What the query says.
    pub tags: &'a Tags,
    /// The edge's clock, Unix seconds.
    pub now_seconds: i64,
    /// 40 random bits.
    pub random: u64,
}

/// What happens to a click.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The link is paused: go there, with nothing minted.
    Fallback(String),
    /// A click.
    Minted(Minted),
}

/// A minted click.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minted {
    /// Its id.
    pub click_id: String,
    /// Its class.
    pub class: ClickClass,
    /// Why that class.
    pub reason: &'static str,
    /// Where it goes, id included.
    pub destination: String,
    /// The cookie to set, if any.
    pub cookie: Option<String>,
    /// Whether the shopper asked not to be remembered.
    pub is_private: bool,
}

/// Decides a click on a link that exists.
pub fn decide(link: &LinkEntry, visit: &Visit<'_>, keys: &ClickKeys) -> Decision {
    match link.state {
        LinkState::Paused => Decision::Fallback(destination::header_safe(link.fallback.clone())),
        LinkState::Live => Decision::Minted(mint(link, visit, keys)),
    }
}

fn mint(link: &LinkEntry, visit: &Visit<'_>, keys: &ClickKeys) -> Minted {
    let now_seconds = visit.now_seconds;
    let (class, reason) = click_class::classify(&visit.signs, link.link_number, now_seconds, keys);
    let click_id = Click {
        link_number: link.link_number,
        clicked_at_seconds: u32::try_from(now_seconds).unwrap_or(u32::MAX),
        class,
        random: visit.random,
    }
    .seal(keys);
    let wanted = visit.tags.deep_link.as_deref();
    let deep_link = wanted.and_then(|to| destination::deep_link(to, &link.approved_domain));
    let page = deep_link.as_deref().unwrap_or(&link.destination);
    let destination = destination::with_click_id(page, &click_id);
    let is_private = visit.asks_privacy || visit.tags.is_refused;
    let has_cookie = class == ClickClass::Human && !is_private;
    let cookie = has_cookie.then(|| cookie(&click_id, link.cookie_seconds));
    Minted { click_id, class, reason, destination, cookie, is_private }
}

fn cookie(click_id: &str, seconds: u32) -> String {
    format!("{COOKIE_NAME}={click_id}; Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite=Lax")
}

/// Finds our cookie in a `Cookie` header.
pub fn cookie_click_id(header: &str) -> Option<&str> {
    header.split(';').find_map(|pair| {
        let value = pair.trim().strip_prefix(COOKIE_NAME)?.strip_prefix('=')?;
        (value.len() == CLICK_ID_CHARACTERS).then_some(value)
    })
}

/// Whether a text can be a link's code: 1–64 of `[A-Za-z0-9_-]`.
pub fn is_code(text: &str) -> bool {
    (1..=CODE_CHARACTERS_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests;
