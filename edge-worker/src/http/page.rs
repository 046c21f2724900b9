//! The two pages a shopper may see here: no such link, and please try again.

use super::answer::Answer;

const NO_SUCH_LINK: &str = include_str!("no_such_link.html");
const TRY_AGAIN: &str = include_str!("try_again.html");

/// 404: says nothing about any link.
pub(super) fn no_such_link() -> Answer {
    page(404, NO_SUCH_LINK)
}

/// 503: the edge does not know yet whether there is such a link.
pub(super) fn try_again() -> Answer {
    page(503, TRY_AGAIN)
}

fn page(status: u16, html: &'static str) -> Answer {
    Answer::of(status, "text/html; charset=utf-8", html)
        .with("cache-control", "no-store")
        .with("x-robots-tag", "noindex")
        .with(
            "content-security-policy",
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        )
}
