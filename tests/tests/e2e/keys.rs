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
fn every_state_of_a_merchant_has_its_answer_in_each_world() {
    let world = World::shared();
    let cases = [
        (None, "pending", 401, 202),
        (Some("approve"), "approved", 202, 202),
        (Some("suspend"), "suspended", 401, 401),
        (Some("reject"), "rejected", 401, 401),
    ];
    for (verb, state, live, test) in cases {
        let shop = Shop::open(world, &Plan { approved: false, ..Plan::default() });
        if let Some(verb) = verb {
            world.operate(&["merchant", verb, &shop.merchant.to_string()]);
        }
        let query = "select state from merchant where merchant_id = $1::uuid";
        let row = world.database.row(query, &[&shop.merchant.to_string()]);
        assert_eq!(row["state"], state);
        for (side, status) in [(&shop.live, live), (&shop.test, test)] {
            let mut tries = 0;
            let answer = eventually(HOLDS_WITHIN, &format!("{state} holds"), || {
                tries += 1;
                let answer = order(side, &format!("o-{tries}"));
                if answer.status == status { Ok(answer) } else { Err(answer.text) }
            });
            let read = side.signer.get(CONVERSIONS).send().status;
            assert_eq!(read, if status == 202 { 200 } else { 401 }, "{state}");
            match (status, side.environment()) {
                (401, "test") => assert_hinted(&answer, "the merchant of this key is not active"),
                (401, _) => assert_unauthorized(&answer),
                _ => {}
            }
        }
    }
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
fn an_allow_list_takes_both_kinds_of_addresses_and_networks() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let key_id = shop.live.signer.key_id.as_str();
    let list = ["203.0.113.7", "198.51.100.0/24", "2001:db8:7::/48", "2001:db8::1"];
    let mapped = ["::ffff:192.0.2.9", "::ffff:192.0.2.64/122"];
    world.operate(&[&["key", "allow", key_id], &list[..], &mapped].concat());
    let cases = [
        ("203.0.113.7", 202),
        ("::ffff:203.0.113.7", 202),
        ("203.0.113.8", 401),
        ("198.51.100.255", 202),
        ("198.51.101.0", 401),
        ("2001:db8:7:ffff::1", 202),
        ("2001:db8:8::1", 401),
        ("2001:0db8:0:0::0001", 202),
        ("2001:db8::2", 401),
        ("192.0.2.9", 202),
        ("192.0.2.64", 202),
        ("192.0.2.127", 202),
        ("192.0.2.128", 401),
        ("127.0.0.1", 401),
        ("203.0.113.7, 198.51.100.1", 401),
        ("203.0.113.7:443", 401),
        ("", 401),
    ];
    refused(&shop.live);
    for (at, (address, status)) in cases.into_iter().enumerate() {
        let body = json!({"externalOrderId": format!("a-{at}"), "orderAmount": "10.00"});
        let call = shop.live.signer.post(CONVERSIONS, body.to_string());
        assert_eq!(call.header(ADDRESS_HEADER, address).send().status, status, "{address}");
    }
    order(&shop.test, "another-key").expect_status(202);
}

#[test]
fn each_key_of_a_merchant_has_limits_of_its_own() {
    let world = World::shared();
    let shop = Shop::usual(world);
    world.operate(&["key", "limit", &shop.live.signer.key_id, "--per-minute", "2"]);
    let mut taken = 0;
    eventually(HOLDS_WITHIN, "the lower limit holds", || {
        let answer = order(&shop.live, &format!("o-{taken}"));
        taken += 1;
        if answer.status == 429 { Ok(()) } else { Err(answer.text) }
    });
    assert!(taken > 2, "two calls a minute pass");
    for id in 0..4 {
        order(&shop.test, &format!("o-{id}")).expect_status(202);
    }
}

#[test]
fn keys_are_listed_with_their_states_and_without_their_secrets() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let merchant = shop.merchant.to_string();
    let (live, test) = (&shop.live.signer, &shop.test.signer);
    let printed = world.operate(&["key", "rotate", &live.key_id, "--grace-hours", "1"]);
    let successor = printed.lines().find_map(|row| row.strip_prefix("key id: ")).unwrap();
    world.operate(&["key", "revoke", &test.key_id]);
    let list = world.command(&["key", "list", "--merchant", &merchant]);
    let shown = |key_id: &str| {
        let found = list.lines().find(|row| row.starts_with(key_id));
        found.unwrap_or_else(|| panic!("{key_id} in {list}"))
    };
    assert!(shown(&live.key_id).contains("  active  "), "{list}");
    assert!(shown(&live.key_id).ends_with(&format!(", then {successor}")), "{list}");
    assert!(shown(successor).contains("6000/min 100000/hour  any address"), "{list}");
    assert!(shown(&test.key_id).contains("  revoked  "), "{list}");
    assert_eq!(list.lines().count(), 3);
    for secret in [&live.secret, &test.secret, "sk_"] {
        assert!(!list.contains(secret), "a secret in {list}");
    }
    let once = printed.split_once("shown this once: ").unwrap().1.lines().next().unwrap();
    let audited = world
        .database
        .count("audit_log where position($1 in detail::text || subject) > 0", &[once]);
    assert_eq!(audited, 0);
    // One rotation at a time.
    let again = world.try_command(&["key", "rotate", &live.key_id, "--as", &world.operator]);
    assert!(again.unwrap_err().contains(successor));
}

#[test]
fn nobody_makes_or_changes_keys_of_another() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let (merchant, key_id) = (shop.merchant.to_string(), shop.live.signer.key_id.as_str());
    let email = world
        .database
        .row("select email from account where role = 'merchant' order by email limit 1", &[]);
    let other = email["email"].as_str().unwrap();
    let commands: [&[&str]; 6] = [
        &["key", "create", "--merchant", &merchant, "--environment", "live"],
        &["key", "rotate", key_id],
        &["key", "limit", key_id, "--per-minute", "1"],
        &["key", "allow", key_id, "--any"],
        &["key", "disable", key_id],
        &["key", "revoke", key_id],
    ];
    for command in commands {
        let refused = world.try_command(&[command, &["--as", other]].concat()).unwrap_err();
        assert!(refused.contains("PERMISSION_DENIED"), "{command:?}: {refused}");
        assert!(!refused.contains("sk_"), "{refused}");
    }
    order(&shop.live, "still").expect_status(202);
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
    // An idempotency key is the merchant's, whichever of its keys signs.
    let repeat = json!({"externalOrderId": "repeated", "orderAmount": "10.00"}).to_string();
    let keyed = |signer: &SigningMerchant, at: i64| {
        let call = signer.post(CONVERSIONS, repeat.as_bytes()).at(at);
        call.header("Idempotency-Key", "k").send().expect_status(202)
    };
    let (first, again) = (keyed(&shop.live.signer, 0), keyed(&second, 1));
    assert_eq!((&again.text, again.header("idempotent-replayed")), (&first.text, "true"));
    assert_unauthorized(&second.post(CONVERSIONS, body).secret(&shop.live.signer.secret).send());
}
