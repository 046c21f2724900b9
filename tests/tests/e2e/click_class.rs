//! Who clicked: classes are told apart, all mint an id, only people get the cookie.

use shared::click_id::{Click, ClickClass};
use tests::shopper::{Visit, click_id};
use tests::{Shop, World};

fn class_of(world: &World, visit: Visit) -> (ClickClass, bool) {
    let answer = visit.send().expect_status(302);
    let id = click_id(&answer).expect("every class mints an id");
    let click = Click::open(&id, &world.click_keys()).expect("the edge seals with a known key");
    (click.class, !answer.header("set-cookie").is_empty())
}

#[test]
fn the_request_alone_decides_the_class_and_only_people_get_the_cookie() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let visit = || world.shopper().visit(&format!("/c/{}", shop.live.link.code));
    let cases = [
        ("a browser", visit(), ClickClass::Human),
        ("HEAD", visit().method("HEAD"), ClickClass::Head),
        ("Sec-Purpose", visit().header("Sec-Purpose", "prefetch"), ClickClass::Prefetch),
        ("a prerender", visit().header("Sec-Purpose", "prefetch;prerender"), ClickClass::Prefetch),
        ("Purpose", visit().header("Purpose", "prefetch"), ClickClass::Prefetch),
        (
            "a crawler",
            visit().user_agent("Mozilla/5.0 (compatible; Googlebot/2.1)"),
            ClickClass::Bot,
        ),
        ("curl", visit().user_agent("curl/8.5.0"), ClickClass::Bot),
        ("an image", visit().header("Sec-Fetch-Dest", "image"), ClickClass::Bot),
        ("a frame", visit().header("Sec-Fetch-Dest", "iframe"), ClickClass::Bot),
        ("a script", visit().header("Sec-Fetch-Dest", "script"), ClickClass::Bot),
        ("a style", visit().header("Sec-Fetch-Dest", "style"), ClickClass::Bot),
        ("a document", visit().header("Sec-Fetch-Dest", "document"), ClickClass::Human),
        ("WhatsApp", visit().user_agent("WhatsApp/2.23.20.0"), ClickClass::Preview),
        ("Slack", visit().user_agent("Slackbot-LinkExpanding 1.0"), ClickClass::Preview),
        (
            "the first that fits",
            visit().method("HEAD").header("Purpose", "prefetch").user_agent("curl/8.5.0"),
            ClickClass::Head,
        ),
    ];
    for (name, visit, expected) in cases {
        let (class, has_cookie) = class_of(world, visit);
        assert_eq!(class, expected, "{name}");
        assert_eq!(has_cookie, class == ClickClass::Human, "{name}");
    }
}

#[test]
fn a_second_click_of_the_same_browser_is_a_duplicate_and_of_another_link_is_not() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let visit = |code: &str, cookie: &str| {
        let cookie = format!("a=1; affiliate_click_id={cookie}; b=2");
        world.shopper().visit(&format!("/c/{code}")).header("Cookie", &cookie)
    };
    let now = tests::eventually::now_seconds();
    let number = shop.live.link.link_number;
    let recent = shop.live.click();
    let old = shop.live.seal(number, now - 11);
    let (own, other) = (&shop.live.link.code, &shop.live.plain_link.code);
    assert_eq!(class_of(world, visit(own, &recent)), (ClickClass::Duplicate, false));
    assert_eq!(class_of(world, visit(own, &old)), (ClickClass::Human, true));
    assert_eq!(class_of(world, visit(other, &recent)), (ClickClass::Human, true));
    assert_eq!(class_of(world, visit(own, "clk_junk")), (ClickClass::Human, true));
}

#[test]
fn a_head_request_answers_as_a_get_does_without_a_body() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let path = format!("/c/{}", shop.live.link.code);
    let answer = world.shopper().visit(&path).method("HEAD").send();
    assert_eq!((answer.status, answer.text.as_str()), (302, ""));
    assert!(answer.header("location").starts_with(&format!("https://{}/welcome?", shop.domain)));
    let missing = world.shopper().visit("/c/no-such-link").method("HEAD").send();
    assert_eq!((missing.status, missing.text.as_str()), (404, ""));
}
