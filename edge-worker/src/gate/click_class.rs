//! What kind of visit a click is, from the request alone. Rules: PRODUCT §1, EDGE §9.

use shared::click_id::{Click, ClickClass};
use shared::keys::ClickKeys;

/// A second click of one browser on one link within this time is a duplicate.
const DUPLICATE_SECONDS: i64 = 10;

/// User agents of link unfurlers that begin with a letter; all in lowercase.
fn unfurlers(first: u8) -> &'static [&'static str] {
    match first {
        b'd' => &["discordbot"],
        b'e' => &["embedly"],
        b'f' => &["facebookexternalhit", "facebookcatalog"],
        b'i' => &["iframely"],
        b'l' => &["linkedinbot", "line-poker"],
        b'm' => &["meta-externalagent", "mattermost"],
        b'p' => &["pinterestbot"],
        b'r' => &["redditbot"],
        b's' => &["slackbot", "slack-imgproxy", "skypeuripreview"],
        b't' => &["twitterbot", "telegrambot"],
        b'v' => &["viber", "vkshare"],
        b'w' => &["whatsapp/"],
        _ => &[],
    }
}

/// Parts of other programs' user agents that begin with a letter; all in lowercase. Libraries that
/// phone apps are built with (okhttp, `CFNetwork`, Dart) are left out: a person is behind those.
fn programs(first: u8) -> &'static [&'static str] {
    match first {
        b'a' => &["aiohttp", "axios/", "apache-httpclient"],
        b'b' => &["bingpreview"],
        b'c' => &["crawl", "curl/"],
        b'g' => &["go-http-client", "guzzlehttp"],
        b'h' => &["httpx", "headlesschrome"],
        b'i' => &["insomnia/"],
        b'l' => &["libwww", "lwp-", "lighthouse"],
        b'm' => &["mediapartners-google"],
        b'n' => &["node-fetch"],
        b'p' => &["python", "phantomjs", "puppeteer", "playwright", "pingdom", "postmanruntime"],
        b's' => &["spider", "slurp", "scrapy"],
        b'u' => &["undici"],
        b'w' => &["wget/"],
        _ => &[],
    }
}

/// Whether one of the parts stands somewhere in a text: one pass over it, where a search for each
/// part would prepare and make dozens.
fn holds_one(text: &str, parts: fn(u8) -> &'static [&'static str]) -> bool {
    let text = text.as_bytes();
    text.iter()
        .enumerate()
        .any(|(at, first)| parts(*first).iter().any(|part| text[at..].starts_with(part.as_bytes())))
}

/// What of a request decides the class.
#[derive(Debug, Clone, Copy, Default)]
pub struct Signs<'a> {
    /// Whether the method is `HEAD`.
    pub is_head: bool,
    /// `Sec-Purpose`, else `Purpose`.
    pub purpose: Option<&'a str>,
    /// `User-Agent`.
    pub user_agent: Option<&'a str>,
    /// `Sec-Fetch-Dest`.
    pub fetch_destination: Option<&'a str>,
    /// The click id in the cookie.
    pub cookie_click_id: Option<&'a str>,
}

/// Decides the class, the first that fits, and names the reason.
pub fn classify(
    signs: &Signs<'_>,
    link_number: u64,
    now_seconds: i64,
    keys: &ClickKeys,
) -> (ClickClass, &'static str) {
    if signs.is_head {
        return (ClickClass::Head, "head_request");
    }
    if signs.purpose.is_some_and(is_prefetch) {
        return (ClickClass::Prefetch, "prefetch_header");
    }
    if matches!(signs.fetch_destination, Some("image" | "iframe" | "script" | "style")) {
        return (ClickClass::Bot, "embedded");
    }
    let user_agent = signs.user_agent.unwrap_or_default().to_ascii_lowercase();
    if user_agent.trim().is_empty() {
        return (ClickClass::Bot, "no_user_agent");
    }
    if holds_one(&user_agent, unfurlers) {
        return (ClickClass::Preview, "unfurler");
    }
    if names_a_bot(&user_agent) || holds_one(&user_agent, programs) {
        return (ClickClass::Bot, "user_agent");
    }
    if is_recent(signs.cookie_click_id, link_number, now_seconds, keys) {
        return (ClickClass::Duplicate, "same_browser");
    }
    (ClickClass::Human, "navigation")
}

fn is_prefetch(purpose: &str) -> bool {
    let purpose = purpose.to_ascii_lowercase();
    purpose.contains("prefetch") || purpose.contains("prerender")
}

/// Whether a word of the user agent ends in `bot`; a phone of the make Cubot does not count.
fn names_a_bot(user_agent: &str) -> bool {
    // Most name none; that is seen without taking the text apart.
    user_agent.contains("bot")
        && user_agent
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| word.ends_with("bot") && word != "cubot")
}

fn is_recent(cookie: Option<&str>, link_number: u64, now_seconds: i64, keys: &ClickKeys) -> bool {
    let Some(Ok(click)) = cookie.map(|text| Click::open(text, keys)) else {
        return false;
    };
    let age_seconds = now_seconds - i64::from(click.clicked_at_seconds);
    click.link_number == link_number && (0..DUPLICATE_SECONDS).contains(&age_seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    const NOW: i64 = 1_781_430_000;

    fn keys() -> ClickKeys {
        ClickKeys::parse(&format!("1:{}", "ab".repeat(32))).unwrap()
    }

    fn class_of(signs: Signs<'_>) -> (ClickClass, &'static str) {
        classify(&signs, 7, NOW, &keys())
    }

    fn browser() -> Signs<'static> {
        Signs { user_agent: Some(FIREFOX), fetch_destination: Some("document"), ..Signs::default() }
    }

    #[test]
    fn user_agents_are_told_apart() {
        let cases = [
            (FIREFOX, ClickClass::Human),
            ("Mozilla/5.0 (Linux; Android 9; CUBOT_X19) Chrome/99 Mobile", ClickClass::Human),
            ("okhttp/4.12.0", ClickClass::Human),
            ("", ClickClass::Bot),
            ("  ", ClickClass::Bot),
            ("curl/8.5.0", ClickClass::Bot),
            ("python-requests/2.31", ClickClass::Bot),
            (
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                ClickClass::Bot,
            ),
            ("Mozilla/5.0 (compatible; bingbot/2.0)", ClickClass::Bot),
            ("Mozilla/5.0 HeadlessChrome/120", ClickClass::Bot),
            ("facebookexternalhit/1.1 Facebot Twitterbot/1.0", ClickClass::Preview),
            ("WhatsApp/2.23.20.0", ClickClass::Preview),
            ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", ClickClass::Preview),
            ("TelegramBot (like TwitterBot)", ClickClass::Preview),
            (
                "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
                ClickClass::Preview,
            ),
            (
                "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
                ClickClass::Preview,
            ),
        ];
        for (user_agent, expected) in cases {
            let signs = Signs { user_agent: Some(user_agent), ..Signs::default() };
            assert_eq!(class_of(signs).0, expected, "{user_agent}");
        }
    }

    #[test]
    fn every_part_stands_under_its_own_first_letter() {
        let mut known = 0;
        for first in u8::MIN..=u8::MAX {
            for part in unfurlers(first).iter().chain(programs(first)) {
                assert_eq!(part.as_bytes().first(), Some(&first), "{part}");
                assert_eq!(*part, part.to_ascii_lowercase());
                known += 1;
            }
        }
        assert_eq!(known, 19 + 27);
    }

    #[test]
    fn the_first_class_that_fits_is_it() {
        let everything = Signs {
            is_head: true,
            purpose: Some("prefetch"),
            user_agent: Some("curl/8"),
            fetch_destination: Some("image"),
            cookie_click_id: None,
        };
        assert_eq!(class_of(everything).0, ClickClass::Head);
        let prefetch = Signs { is_head: false, ..everything };
        assert_eq!(class_of(prefetch).0, ClickClass::Prefetch);
        for (purpose, class) in
            [("Prerender", ClickClass::Prefetch), ("navigation", ClickClass::Human)]
        {
            assert_eq!(class_of(Signs { purpose: Some(purpose), ..browser() }).0, class);
        }
        let embedded = Signs { purpose: None, ..prefetch };
        assert_eq!(class_of(embedded), (ClickClass::Bot, "embedded"));
        assert_eq!(class_of(browser()).0, ClickClass::Human);
        for dest in ["iframe", "script", "style"] {
            let signs = Signs { fetch_destination: Some(dest), ..browser() };
            assert_eq!(class_of(signs), (ClickClass::Bot, "embedded"));
        }
    }

    #[test]
    fn a_duplicate_is_the_same_link_under_ten_seconds_ago() {
        let minted = |link_number, ago: i64| {
            Click {
                link_number,
                clicked_at_seconds: u32::try_from(NOW - ago).unwrap(),
                class: ClickClass::Human,
                random: 1,
            }
            .seal(&keys())
        };
        let cases = [
            (minted(7, 0), ClickClass::Duplicate),
            (minted(7, 9), ClickClass::Duplicate),
            (minted(7, 10), ClickClass::Human),
            (minted(7, -1), ClickClass::Human),
            (minted(8, 1), ClickClass::Human),
            ("clk_junk".to_owned(), ClickClass::Human),
        ];
        for (cookie, expected) in cases {
            let signs = Signs { cookie_click_id: Some(&cookie), ..browser() };
            assert_eq!(class_of(signs).0, expected, "{cookie}");
        }
    }
}
