//! Links that do not work for now: the fallback, without a click id, everywhere within seconds.

use std::time::Duration;

use tests::shopper::click_id;
use tests::{Plan, Shop, World, eventually};

/// How soon a change must hold everywhere (EDGE §7); the look itself takes a moment.
const HOLDS_WITHIN: Duration = Duration::from_secs(5);

/// Waits until a link leads there, without a click id.
fn leads_to(world: &World, code: &str, page: &str) {
    eventually(HOLDS_WITHIN, &format!("{code} leads to {page}"), || {
        let answer = world.shopper().visit(&format!("/c/{code}")).send();
        let location = answer.header("location").to_owned();
        let falls_back = answer.status == 302 && location == page;
        if falls_back && click_id(&answer).is_none() && answer.header("set-cookie").is_empty() {
            Ok(())
        } else {
            Err(format!("{} {location}", answer.status))
        }
    });
}

#[test]
fn a_paused_link_falls_back_and_comes_back_when_it_is_resumed() {
    let world = World::shared();
    let shop = Shop::open(world, &Plan { fallback: Some("/sorry?a=b"), ..Plan::default() });
    let code = &shop.live.link.code;
    shop.live.click();
    world.operate(&["link", "pause", code]);
    leads_to(world, code, &format!("https://{}/sorry?a=b", shop.domain));
    let app = world.shopper().visit(&format!("/c/{code}/click")).method("POST").send();
    assert!(!app.text.contains("clk_"), "{}", app.text);
    world.operate(&["link", "resume", code]);
    eventually(HOLDS_WITHIN, "the link works again", || {
        let answer = world.shopper().visit(&format!("/c/{code}")).send();
        click_id(&answer).map(|_| ()).ok_or_else(|| answer.header("location").to_owned())
    });
}

#[test]
fn without_a_fallback_it_goes_to_the_merchants_home() {
    let world = World::shared();
    let shop = Shop::usual(world);
    shop.live.click();
    world.operate(&["link", "pause", &shop.live.link.code]);
    leads_to(world, &shop.live.link.code, &format!("https://{}/", shop.domain));
    assert!(!shop.live.click_of_plain().is_empty());
}

#[test]
fn a_paused_campaign_pauses_its_links_and_a_suspended_merchant_all_of_them() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let home = format!("https://{}/", shop.domain);
    shop.live.click();
    world.operate(&["campaign", "pause", &shop.live.campaign.to_string()]);
    leads_to(world, &shop.live.link.code, &home);
    shop.live.click_of_plain();
    world.operate(&["merchant", "suspend", &shop.merchant.to_string()]);
    leads_to(world, &shop.live.plain_link.code, &home);
    leads_to(world, &shop.test.link.code, &home);
}

#[test]
fn a_deep_link_does_not_get_past_a_pause() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let code = &shop.live.link.code;
    world.operate(&["link", "pause", code]);
    leads_to(world, code, &format!("https://{}/", shop.domain));
    let deep = format!("/c/{code}?to=https%3A%2F%2F{}%2Fdeep", shop.domain);
    let answer = world.shopper().visit(&deep).send();
    assert_eq!(answer.header("location"), format!("https://{}/", shop.domain));
}

#[test]
fn pausing_a_link_does_not_void_its_clicks() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let id = side.click();
    world.operate(&["link", "pause", &side.link.code]);
    leads_to(world, &side.link.code, &format!("https://{}/", shop.domain));
    assert_eq!(side.outcome(&side.convert("late", "10.00", &id)).code, "APPLIED");
    assert_eq!(side.conversion("late")["confidence"], "HIGH");
}
