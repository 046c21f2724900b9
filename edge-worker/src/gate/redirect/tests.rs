//! Clicks on live and paused links, with and without cookies.

use super::*;
use crate::gate::tags;

const NOW: i64 = 1_781_430_000;

fn keys() -> ClickKeys {
    ClickKeys::parse(&format!("1:{}", "ab".repeat(32))).unwrap()
}

fn link() -> LinkEntry {
    serde_json::from_str(
        r#"{"code":"tea","linkNumber":77,"merchantId":"01900000-0000-7000-8000-000000000001",
        "environment":"test","affiliateId":"01900000-0000-7000-8000-000000000002",
        "campaignId":"01900000-0000-7000-8000-000000000003",
        "destination":"https://shop.np/tea?x=1#f","fallback":"https://shop.np/",
        "approvedDomain":"shop.np","cookieSeconds":2592000,"state":"live"}"#,
    )
    .unwrap()
}

fn decided(link: &LinkEntry, query: &str, asks_privacy: bool, is_head: bool) -> Decision {
    let tags = tags::read(query);
    let signs =
        Signs { is_head, user_agent: Some("Mozilla/5.0 Firefox/140.0"), ..Signs::default() };
    let visit = Visit { signs, asks_privacy, tags: &tags, now_seconds: NOW, random: 5 };
    decide(link, &visit, &keys())
}

fn minted(query: &str, asks_privacy: bool, is_head: bool) -> Minted {
    match decided(&link(), query, asks_privacy, is_head) {
        Decision::Minted(minted) => minted,
        Decision::Fallback(to) => panic!("went to {to}"),
    }
}

#[test]
fn a_click_carries_its_id_and_a_person_the_cookie() {
    let click = minted("", false, false);
    let expected = format!("https://shop.np/tea?x=1&click_id={}#f", click.click_id);
    assert_eq!(click.destination, expected);
    let cookie = format!(
        "affiliate_click_id={}; Max-Age=2592000; Path=/; Secure; HttpOnly; SameSite=Lax",
        click.click_id
    );
    assert_eq!(click.cookie, Some(cookie));
    let opened = Click::open(&click.click_id, &keys()).unwrap();
    assert_eq!((opened.link_number, opened.random), (77, 5));
    assert_eq!(i64::from(opened.clicked_at_seconds), NOW);
}

#[test]
fn no_cookie_for_the_private_and_for_anything_but_a_person() {
    for (query, asks_privacy, is_head) in
        [("consent=0", false, false), ("", true, false), ("", false, true)]
    {
        let click = minted(query, asks_privacy, is_head);
        assert_eq!(click.cookie, None);
        assert!(click.destination.contains(&click.click_id));
        assert_eq!(click.is_private, !is_head);
    }
}

#[test]
fn a_deep_link_is_followed_or_silently_ignored() {
    let allowed = minted("to=https://www.shop.np/a", false, false);
    assert!(allowed.destination.starts_with("https://www.shop.np/a?click_id=clk_"));
    let refused = minted("to=https://evil.com/", false, false);
    assert!(refused.destination.starts_with("https://shop.np/tea?x=1&click_id=clk_"));
}

#[test]
fn a_paused_link_mints_nothing() {
    let paused = LinkEntry { state: LinkState::Paused, ..link() };
    let decision = decided(&paused, "to=https://shop.np/a", false, false);
    assert_eq!(decision, Decision::Fallback("https://shop.np/".into()));
}

#[test]
fn the_cookie_is_found_among_others() {
    let id = minted("", false, false).click_id;
    let header = format!("a=b; affiliate_click_id={id}; xaffiliate_click_id=no");
    assert_eq!(cookie_click_id(&header), Some(id.as_str()));
    assert_eq!(cookie_click_id("affiliate_click_id=short"), None);
    assert_eq!(cookie_click_id(""), None);
}

#[test]
fn codes_are_short_and_plain() {
    for (code, expected) in
        [("tea_-9Z", true), ("", false), ("a.b", false), ("%41", false), ("é", false)]
    {
        assert_eq!(is_code(code), expected, "{code}");
    }
    assert!(is_code(&"a".repeat(64)));
    assert!(!is_code(&"a".repeat(65)));
}
