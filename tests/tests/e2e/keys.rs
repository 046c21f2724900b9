//! Keys that may not be used: the body of a 401 never says why; a test key's hint does.

use std::time::Duration;

use serde_json::json;
use settlement::flows::actor::Actor;
use settlement::flows::create_key::{self, NewKey};
use tests::merchant::SigningMerchant;
use tests::refusal::{assert_hinted, assert_unauthorized};
use tests::side::CONVERSIONS;
use tests::world::ADDRESS_HEADER;
use tests::{Answer, Plan, Shop, Side, World, eventually};

/// How soon a revocation must hold everywhere (EDGE §7).
const HOLDS_WITHIN: Duration = Duration::from_secs(5);

fn order(side: &Side<'_>, id: &str) -> Answer {
    let body = json!({"externalOrderId": id, "orderAmount": "10.00"});
    side.post(CONVERSIONS, body.to_string())
}

/// Waits until the key is refused; each try is an order of its own.
fn refused(side: &Side<'_>) -> Answer {
    let mut tries = 0;
    eventually(HOLDS_WITHIN, "the key is refused", || {
        tries += 1;
        let answer = order(side, &format!("after-{tries}"));
        if answer.status == 401 { Ok(answer) } else { Err(answer.text) }
    })
}

#[test]
fn a_missing_unknown_or_malformed_key_is_unauthorized() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let body = json!({"externalOrderId": "k-1", "orderAmount": "10.00"}).to_string();
    let call = || shop.live.signer.post(CONVERSIONS, body.as_bytes());
    assert_unauthorized(&call().without_key().send());
    let keys = ["pk_live_unknown", "pk_test_unknown", "", "junk", "sk_live_x", "pk_live_a b"];
    for key in keys {
        assert_unauthorized(&call().key(key).send());
    }
    assert_unauthorized(&call().key(&"x".repeat(5_000)).send());
    assert_unauthorized(&call().key(&shop.live.signer.secret).send());
}

#[test]
fn both_spellings_of_a_key_id_are_one_key() {
    let world = World::shared();
    let shop = Shop::usual(world);
    for side in [&shop.live, &shop.test] {
        let rest = side.signer.key_id.splitn(3, '_').nth(2).unwrap();
        let other = format!("{}_pk_{rest}", side.environment());
        let body = json!({"externalOrderId": "spelling", "orderAmount": "10.00"}).to_string();
        side.signer.post(CONVERSIONS, body.as_bytes()).key(&other).send().expect_status(202);
        let again = side.signer.post(CONVERSIONS, body).at(5).send();
        assert_eq!(again.json()["duplicate"], true);
    }
}

#[test]
fn a_disabled_key_is_refused_and_works_again_when_it_is_enabled() {
    let world = World::shared();
    let shop = Shop::usual(world);
    order(&shop.test, "before").expect_status(202);
    world.operate(&["key", "disable", &shop.test.signer.key_id]);
    assert_hinted(&refused(&shop.test), "disabled");
    world.operate(&["key", "enable", &shop.test.signer.key_id]);
    let mut tries = 0;
    eventually(HOLDS_WITHIN, "the key works again", || {
        tries += 1;
        let answer = order(&shop.test, &format!("again-{tries}"));
        if answer.status == 202 { Ok(()) } else { Err(answer.text) }
    });
}

#[test]
fn a_revoked_key_is_refused_for_good() {
    let world = World::shared();
    let shop = Shop::usual(world);
    order(&shop.live, "before").expect_status(202);
    order(&shop.test, "before").expect_status(202);
    world.operate(&["key", "revoke", &shop.live.signer.key_id]);
    world.operate(&["key", "revoke", &shop.test.signer.key_id]);
    assert_unauthorized(&refused(&shop.live));
    assert_hinted(&refused(&shop.test), "revoked");
    assert_eq!(shop.live.signer.get("/api/v1/conversions").send().status, 401);
}

#[test]
fn before_approval_only_test_keys_work() {
    let world = World::shared();
    let shop = Shop::open(world, &Plan { approved: false, ..Plan::default() });
    assert_unauthorized(&order(&shop.live, "a"));
    order(&shop.test, "a").expect_status(202);
}

#[test]
fn a_suspended_merchants_keys_are_all_refused() {
    let world = World::shared();
    let shop = Shop::usual(world);
    order(&shop.test, "a").expect_status(202);
    world.operate(&["merchant", "suspend", &shop.merchant.to_string()]);
    assert_unauthorized(&refused(&shop.live));
    assert_hinted(&refused(&shop.test), "merchant");
}

#[test]
fn a_key_with_an_allow_list_works_from_there_alone() {
    let world = World::shared();
    let allow_list = ["203.0.113.0/24", "2001:db8::/32"].map(str::to_owned).to_vec();
    let shop = Shop::open(world, &Plan { allow_list, ..Plan::default() });
    let from = |side: &Side<'_>, address: Option<&str>, id: &str| {
        let body = json!({"externalOrderId": id, "orderAmount": "10.00"}).to_string();
        let call = side.signer.post(CONVERSIONS, body);
        match address {
            Some(address) => call.header(ADDRESS_HEADER, address).send(),
            None => call.send(),
        }
    };
    from(&shop.live, Some("203.0.113.99"), "v4").expect_status(202);
    from(&shop.live, Some("2001:db8:1::1"), "v6").expect_status(202);
    assert_unauthorized(&from(&shop.live, Some("198.51.100.1"), "other"));
    assert_unauthorized(&from(&shop.live, Some("junk"), "junk"));
    assert_unauthorized(&from(&shop.live, None, "none"));
    assert_hinted(&from(&shop.test, Some("198.51.100.1"), "other"), "allow-list");
}

#[test]
fn two_keys_at_once_let_a_merchant_rotate() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let input = NewKey::usual(shop.live.scope);
    let (pool, now) = (world.database.pool(), jiff::Timestamp::now());
    let vault = world.vault();
    let flow = create_key::run(pool, &vault, Actor::Installation, input, now);
    let key = world.database.wait(flow).unwrap();
    world.await_directory();
    let second = SigningMerchant::new(world.edge_url(), &key.key_id, &key.signing_secret);
    let body = json!({"externalOrderId": "rotated", "orderAmount": "10.00"}).to_string();
    second.post(CONVERSIONS, body.as_bytes()).send().expect_status(202);
    let known = shop.live.signer.post(CONVERSIONS, body.as_bytes()).at(5).send();
    assert_eq!(known.json()["status"], "DUPLICATE");
    assert_unauthorized(&second.post(CONVERSIONS, body).secret(&shop.live.signer.secret).send());
}
