//! The redirect beside its twin.

use anyhow::{Result, bail};
use http_body_util::Full;
use hyper::{Method, Request, StatusCode};
use shared::click_id::{Click, ClickClass};

use super::equal;
use super::pair::{Compared, Pair, Side, now_seconds};
use super::shop::ADDRESS_HEADER;
use crate::figure::{Figure, Target, eventually};
use crate::load::{self, Sent};
use crate::table::number;

/// Clicks under way at once.
const CONNECTIONS: u64 = 32;
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
/// One request in so many comes from a browser that has clicked before.
const KNOWN_BROWSERS: u64 = 4;
const DAY_SECONDS: i64 = 86_400;

/// Checks that both sides answer alike, then measures them.
pub fn measure(rounds: usize) -> Result<Vec<Figure>> {
    let pair = Pair::start()?;
    check_equal(&pair)?;
    let old_clicks = old_clicks(&pair)?;
    // The paused link is the last; nobody follows it here.
    let codes: Vec<&str> = pair.shop.links.iter().map(|link| link.code.as_str()).collect();
    let codes = &codes[..codes.len() - 1];
    let make = |request: u64| {
        let place = usize::try_from(request).unwrap_or(0);
        let mut cookie = "_ga=GA1.1.1187263190.1761900000; theme=dark".to_owned();
        if request.is_multiple_of(KNOWN_BROWSERS) {
            cookie += "; affiliate_click_id=";
            cookie += &old_clicks[place % old_clicks.len()];
        }
        browser(Method::GET, &format!("/c/{}", codes[place % codes.len()]))
            .header("cookie", cookie)
            .header(ADDRESS_HEADER, format!("203.0.{}.{}", request / 256 % 256, request % 256))
            .body(Full::default())
            .expect("the parts of a request are well-formed")
    };
    let before = (pair.ours.sink.arrived().clicks, pair.twin.sink.arrived().clicks);
    let compared = pair.compare(rounds, CONNECTIONS, StatusCode::FOUND, &make)?;
    let answered = compared.answered;
    await_recorded(&pair.ours, before.0 + answered.0)?;
    await_recorded(&pair.twin, before.1 + answered.1)?;
    Ok(figures(&compared))
}

fn figures(compared: &Compared) -> Vec<Figure> {
    let Compared { ours, twin, throughput, cpu, .. } = compared;
    let both = |what: &str, ours: f64, twin: f64| {
        format!("{} {what} beside {} of the JavaScript twin", number(ours), number(twin))
    };
    vec![
        Figure {
            name: "redirect, answers".to_owned(),
            value: *throughput,
            unit: "×",
            target: Target::AtLeast(1.0),
            note: both("req/s", ours.per_second, twin.per_second),
        },
        Figure {
            name: "redirect, CPU saved".to_owned(),
            value: *cpu,
            unit: "×",
            target: Target::Told,
            note: both("µs", ours.cpu_us, twin.cpu_us),
        },
        Figure {
            name: "redirect, p99".to_owned(),
            value: ours.p99_ms,
            unit: "ms",
            target: Target::Told,
            note: both("ms", ours.p99_ms, twin.p99_ms),
        },
    ]
}

/// A browser's navigation.
fn browser(method: Method, path: &str) -> hyper::http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "go.khata.example")
        .header("user-agent", FIREFOX)
        .header("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
        .header("accept-language", "ne,en-US;q=0.7,en;q=0.3")
        .header("accept-encoding", "gzip, deflate, br")
        .header("referer", "https://blog.example/")
        .header("upgrade-insecure-requests", "1")
        .header("sec-fetch-dest", "document")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-site", "cross-site")
}

/// Ids of yesterday's clicks on the links, sealed.
fn old_clicks(pair: &Pair) -> Result<Vec<String>> {
    let keys = pair.shop.click_keys()?;
    let yesterday = u32::try_from(now_seconds() - DAY_SECONDS)?;
    let of = |(random, link): (u64, &shared::directory::LinkEntry)| {
        let (link_number, class) = (link.link_number, ClickClass::Human);
        Click { link_number, clicked_at_seconds: yesterday, class, random }.seal(&keys)
    };
    Ok((0..).zip(&pair.shop.links).map(of).collect())
}

fn check_equal(pair: &Pair) -> Result<()> {
    let links = &pair.shop.links;
    let path = format!("/c/{}", links[0].code);
    let paused = format!("/c/{}", links[links.len() - 1].code);
    let tagged = format!("{path}?sub1=a%20b&sub3=%C3%A9&utm=x");
    let refused = format!("{path}?consent=0");
    let get = || browser(Method::GET, &path);
    let with_agent = |agent: &str| {
        let mut request = finish(get());
        request.headers_mut().insert("user-agent", agent.parse().expect("plain text"));
        request
    };
    let keys = pair.shop.click_keys()?;
    let just_now = Click {
        link_number: links[0].link_number,
        clicked_at_seconds: u32::try_from(now_seconds())?,
        class: ClickClass::Human,
        random: 5,
    };
    let cookie = format!("a=b; affiliate_click_id={}", just_now.seal(&keys));
    let forged = cookie.replace("_id=clk_1", "_id=clk_2");
    let cases: [(&str, Sent); 14] = [
        ("a navigation", finish(get())),
        ("HEAD", finish(browser(Method::HEAD, &path))),
        ("a prefetch", finish(get().header("sec-purpose", "prefetch;prerender"))),
        ("an old prefetch", finish(get().header("purpose", "prefetch"))),
        ("an unfurler", with_agent("WhatsApp/2.23 A")),
        ("a bot", with_agent("Mozilla/5.0 (compatible; bingbot/2.0)")),
        ("a phone named Cubot", with_agent("Mozilla/5.0 (Linux; Android 9; CUBOT X19)")),
        ("curl", with_agent("curl/8.5")),
        ("GPC", finish(get().header("sec-gpc", "1"))),
        ("DNT", finish(get().header("dnt", "1"))),
        ("refused consent", finish(browser(Method::GET, &refused))),
        ("sub ids", finish(browser(Method::GET, &tagged))),
        ("a second click", finish(get().header("cookie", cookie))),
        ("a forged cookie", finish(get().header("cookie", forged))),
    ];
    // The first click of each way fills the caches, so each case is asked twice.
    for (title, request) in cases.iter().chain(&cases) {
        equal::check(pair, title, request)?;
    }
    equal::check(pair, "a paused link", &finish(browser(Method::GET, &paused)))?;
    let last = finish(get().header(ADDRESS_HEADER, "203.0.113.9"));
    equal::check(pair, "an address", &last)?;
    let answer = load::one(pair.ours.port, finish(get()))?;
    if answer.status() == StatusCode::FOUND { Ok(()) } else { bail!("a click got no redirect") }
}

fn finish(request: hyper::http::request::Builder) -> Sent {
    let request = request.header("x-request-id", "bench-1");
    request.body(Full::default()).expect("the parts of a request are well-formed")
}

/// Waits until the click of every answer has arrived: one who drops clicks is fast for nothing.
fn await_recorded(side: &Side, clicks: u64) -> Result<()> {
    eventually("the click of every answer is recorded", || side.sink.arrived().clicks >= clicks)
}
