//! A redirect's two ways through the edge, fast and full, answer alike to the byte.

use shared::click_id::{CLICK_ID_CHARACTERS, Click, ClickClass};
use tests::http::Answer;
use tests::shopper::{Visit, click_id};
use tests::{Shop, World};

/// A tag that the fast path takes for a possible deep link, and one it does not. Neither is known.
const FULL_WAY: &str = "au=to&auto=1";
const FAST_WAY: &str = "au=to&aut0=1";

/// What an answer says, its click id taken out and told by class.
type Said = (u16, Vec<(String, String)>, Option<ClickClass>);

fn said(world: &World, answer: &Answer) -> Said {
    let id = click_id(answer);
    let class =
        id.as_deref().map(|id| Click::open(id, &world.click_keys()).expect("a genuine id").class);
    let id = id.unwrap_or_else(|| "-".repeat(CLICK_ID_CHARACTERS));
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .map(|(name, value)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).replace(&id, "<click>"))
        })
        .collect();
    headers.sort();
    (answer.status, headers, class)
}

#[test]
fn both_ways_answer_alike() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let code = &shop.live.link.code;
    let first = world.shopper().click(code);
    let cookie = format!("theme=dark; affiliate_click_id={first}");
    let long = "x".repeat(3_000);
    type Change<'a> = Box<dyn Fn(Visit) -> Visit + 'a>;
    let cases: [(&str, Change<'_>); 12] = [
        ("a navigation", Box::new(|visit| visit)),
        ("HEAD", Box::new(|visit| visit.method("HEAD"))),
        ("Sec-Purpose", Box::new(|visit| visit.header("Sec-Purpose", "prefetch"))),
        ("Purpose", Box::new(|visit| visit.header("Purpose", "prefetch"))),
        ("a bot", Box::new(|visit| visit.user_agent("Googlebot/2.1"))),
        ("no name", Box::new(|visit| visit.user_agent(" "))),
        ("an image", Box::new(|visit| visit.header("Sec-Fetch-Dest", "image"))),
        ("GPC", Box::new(|visit| visit.header("Sec-GPC", "1"))),
        ("DNT", Box::new(|visit| visit.header("DNT", " 1 "))),
        ("a second click", Box::new(|visit| visit.header("Cookie", &cookie))),
        ("a long name", Box::new(|visit| visit.user_agent(&long))),
        ("a byte above ASCII", Box::new(|visit| visit.user_agent("Mozilla/5.0 (é)"))),
    ];
    for (title, change) in cases {
        let way = |query: &str| {
            let visit = world.shopper().visit(&format!("/c/{code}?sub1=a%20b&consent=1&{query}"));
            let answer = change(visit.header("X-Request-ID", "two-ways")).send();
            said(world, &answer)
        };
        let (fast, full) = (way(FAST_WAY), way(FULL_WAY));
        assert_eq!(fast, full, "{title}");
        assert_eq!(fast.0, 302, "{title}");
    }
}

#[test]
fn an_insane_request_id_is_replaced_on_both_ways() {
    let world = World::shared();
    let shop = Shop::usual(world);
    for query in [FAST_WAY, FULL_WAY] {
        let visit = world.shopper().visit(&format!("/c/{}?{query}", shop.live.link.code));
        let answer = visit.header("X-Request-ID", "a b").send().expect_status(302);
        assert!(answer.header("x-request-id").starts_with("req_"), "{query}");
    }
}
