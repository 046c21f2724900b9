//! The redirect itself: status, destination, click id, cookie, headers.

use shared::click_id::{Click, ClickClass};
use tests::shopper::click_id;
use tests::{Answer, Plan, Shop, World};

fn cookie(answer: &Answer) -> Option<String> {
    let cookie = answer.header("set-cookie");
    (!cookie.is_empty()).then(|| cookie.to_owned())
}

#[test]
fn a_click_goes_to_the_destination_with_a_fresh_id() {
    let world = World::shared();
    let plan = Plan { page: "/offer?colour=red&click_id=old&size=m#top", ..Plan::default() };
    let shop = Shop::open(world, &plan);
    let answer = world.shopper().visit(&format!("/c/{}", shop.live.link.code)).send();
    assert_eq!(answer.status, 302);
    let id = click_id(&answer).unwrap();
    let expected = format!("https://{}/offer?colour=red&click_id={id}&size=m#top", shop.domain);
    assert_eq!(answer.header("location"), expected);
    let click = Click::open(&id, &world.click_keys()).unwrap();
    assert_eq!(click.link_number, shop.live.link.link_number);
    assert_eq!(click.class, ClickClass::Human);
    let age = tests::eventually::now_seconds() - i64::from(click.clicked_at_seconds);
    assert!((0..60).contains(&age), "{age}");
}

#[test]
fn every_click_has_an_id_of_its_own() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let mut ids: Vec<_> = (0..20).map(|_| shop.live.click()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 20);
}

#[test]
fn a_person_gets_the_cookie_for_the_cookie_window() {
    let world = World::shared();
    let shop = Shop::open(world, &Plan { cookie_days: 7, ..Plan::default() });
    let answer = world.shopper().visit(&format!("/c/{}", shop.live.link.code)).send();
    let id = click_id(&answer).unwrap();
    let cookie = cookie(&answer).unwrap();
    let mut parts: Vec<_> = cookie.split(';').map(str::trim).collect();
    assert_eq!(parts.remove(0), format!("affiliate_click_id={id}"));
    parts.sort_unstable();
    let expected = ["HttpOnly", "Max-Age=604800", "Path=/", "SameSite=Lax", "Secure"];
    assert_eq!(parts, expected, "{cookie}");
}

#[test]
fn a_redirect_is_not_stored_not_indexed_and_has_a_request_id() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let visit = world.shopper().visit(&format!("/c/{}", shop.live.link.code));
    let answer = visit.clone().header("X-Request-ID", "mine-1.a_B").send();
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-robots-tag"), "noindex");
    assert_eq!(answer.header("referrer-policy"), "no-referrer-when-downgrade");
    assert_eq!(answer.header("x-request-id"), "mine-1.a_B");
    let minted = visit.header("X-Request-ID", "not sane!").send();
    let minted = minted.header("x-request-id").to_owned();
    assert!(!minted.is_empty() && minted != "not sane!", "{minted}");
}

#[test]
fn a_shopper_who_asks_for_privacy_gets_the_parameter_and_no_cookie() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let path = format!("/c/{}", shop.live.link.code);
    let shopper = world.shopper();
    let asking = [
        shopper.visit(&path).header("Sec-GPC", "1"),
        shopper.visit(&path).header("DNT", "1"),
        shopper.visit(&format!("{path}?consent=0")),
    ];
    for visit in asking {
        let answer = visit.send().expect_status(302);
        assert_eq!(cookie(&answer), None, "{:?}", answer.headers);
        assert!(click_id(&answer).is_some());
    }
    for indifferent in [
        shopper.visit(&path).header("Sec-GPC", "0"),
        shopper.visit(&path).header("DNT", "0"),
        shopper.visit(&format!("{path}?consent=1")),
    ] {
        assert!(cookie(&indifferent.send()).is_some());
    }
}

#[test]
fn an_unknown_code_is_a_small_clean_page_that_tells_nothing() {
    let world = World::shared();
    for path in ["/c/no-such-link", "/c/", "/c/%00", "/c/a/b", "/c/..%2f..%2fx"] {
        let answer = world.shopper().visit(path).send();
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.text.len() < 4_096, "{path}");
        assert_eq!(cookie(&answer), None, "{path}");
        assert_eq!(answer.header("location"), "", "{path}");
        assert_ne!(answer.header("x-request-id"), "", "{path}");
    }
    let page = world.shopper().visit("/c/no-such-link").send();
    assert!(page.header("content-type").starts_with("text/html"), "{:?}", page.headers);
    assert!(!page.text.contains("no-such-link"), "{}", page.text);
}

#[test]
fn links_work_in_both_environments_of_the_demo_network() {
    let world = World::shared();
    for environment in ["live", "test"] {
        let (_, _, link) = world.demo.walk(environment).unwrap();
        let answer = world.shopper().visit(&format!("/c/{}", link.code)).send();
        assert_eq!(answer.status, 302, "{}", link.code);
        assert!(click_id(&answer).is_some(), "{}", link.code);
        assert_eq!(link.url, format!("{}/c/{}", world.edge_url(), link.code));
    }
}
