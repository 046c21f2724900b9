//! Deep links: only to the approved domain, and nothing is an open redirect.

use tests::shopper::click_id;
use tests::{Shop, World};

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |encoded, byte| encoded + &format!("%{byte:02X}"))
}

/// Where `?to=` leads, with the click id taken out.
fn lands_on(world: &World, code: &str, to: &str) -> String {
    let answer = world.shopper().visit(&format!("/c/{code}?to={}", encoded(to))).send();
    assert_eq!(answer.status, 302, "{to}");
    let id = click_id(&answer).unwrap_or_else(|| panic!("{to} lost its click id"));
    answer.header("location").replace(&format!("click_id={id}"), "ID")
}

#[test]
fn a_deep_link_leads_to_the_approved_domain_and_below_it() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let (code, domain) = (shop.live.link.code.as_str(), shop.domain.as_str());
    let cases = [
        (format!("https://{domain}/p/1"), format!("https://{domain}/p/1?ID")),
        (format!("https://www.{domain}/p?a=b#c"), format!("https://www.{domain}/p?a=b&ID#c")),
        (format!("https://a.b.{domain}"), format!("https://a.b.{domain}/?ID")),
        (format!("https://{}/up", domain.to_uppercase()), format!("https://{domain}/up?ID")),
        (format!("https://{domain}:443/p"), format!("https://{domain}/p?ID")),
        (format!("https://{domain}/?click_id=theirs"), format!("https://{domain}/?ID")),
        (format!("https://{domain}/ä b"), format!("https://{domain}/%C3%A4%20b?ID")),
    ];
    for (to, expected) in cases {
        assert_eq!(lands_on(world, code, &to), expected, "{to}");
    }
}

#[test]
fn anything_else_falls_back_to_the_links_own_destination() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let domain = &shop.domain;
    let own = format!("https://{domain}/welcome?ID");
    let refused = [
        "https://evil.example/".to_owned(),
        format!("https://evil{domain}/"),
        format!("https://{domain}.evil.example/"),
        format!("https://{domain}@evil.example/"),
        format!("https://user@{domain}/"),
        format!("https://user:secret@{domain}/"),
        format!("https://{domain}:8443/"),
        format!("http://{domain}/"),
        format!("//{domain}/"),
        format!("https:\\\\evil.example\\@{domain}/"),
        "javascript:alert(1)".to_owned(),
        "data:text/html,x".to_owned(),
        "/p/1".to_owned(),
        String::new(),
        "not a url".to_owned(),
        format!("https://{domain}/{}", "x".repeat(5_000)),
        "https://evil.example/\r\nSet-Cookie: a=b".to_owned(),
    ];
    for to in refused {
        assert_eq!(lands_on(world, &shop.live.link.code, &to), own, "{to}");
    }
}
