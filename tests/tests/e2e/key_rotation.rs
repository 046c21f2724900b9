//! Keys on a World of their own, whose settlement stops and whose edge's clock moves: what was
//! told holds at the edge alone.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::json;
use tests::merchant::SigningMerchant;
use tests::refusal::{assert_hinted, assert_refused, assert_unauthorized};
use tests::side::CONVERSIONS;
use tests::world::ADDRESS_HEADER;
use tests::{Answer, Plan, Shop, World, eventually};

/// How soon a change must hold everywhere (EDGE §7).
const HOLDS_WITHIN: Duration = Duration::from_secs(5);
const HOUR_SECONDS: i64 = 3_600;

/// The World that these tests break, one at a time; each finds it whole.
struct Broken {
    world: &'static World,
    _alone: MutexGuard<'static, ()>,
}

fn world() -> Broken {
    static ALONE: Mutex<()> = Mutex::new(());
    static WORLD: OnceLock<World> = OnceLock::new();
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let world = WORLD.get_or_init(World::fresh);
    world.mend().expect("what the last test stopped starts again");
    let usual = [("CLOCK_OFFSET_SECONDS", None), ("CLIENT_ADDRESS_HEADER", Some(ADDRESS_HEADER))];
    world.restart_edge_with(&usual).expect("the edge starts again");
    Broken { world, _alone: alone }
}

/// The key that a command printed, with its secret.
fn printed_key(world: &World, printed: &str) -> SigningMerchant {
    let after = |label: &str| {
        let line = printed.lines().find_map(|line| line.strip_prefix(label));
        line.unwrap_or_else(|| panic!("no {label:?} in {printed}")).to_owned()
    };
    let secret = after("signing secret, shown this once: ");
    SigningMerchant::new(world.edge_url(), &after("key id: "), &secret)
}

/// An order of its own for every call, signed so many seconds from now.
fn order(signer: &SigningMerchant, ahead_seconds: i64) -> Answer {
    let id = uuid::Uuid::now_v7().to_string();
    let body = json!({"externalOrderId": id, "orderAmount": "10.00"}).to_string();
    signer.post(CONVERSIONS, body).at(ahead_seconds).send()
}

fn move_clock(world: &World, seconds: i64) {
    let text = seconds.to_string();
    let moved = world.restart_edge_with(&[("CLOCK_OFFSET_SECONDS", Some(&text))]);
    moved.expect("the edge starts again");
}

#[test]
fn both_keys_work_through_the_grace_and_the_old_one_ends_by_the_edges_own_clock() {
    let broken = world();
    let world = broken.world;
    let shop = Shop::usual(world);
    let rotated = |old: &SigningMerchant| {
        let printed = world.operate(&["key", "rotate", &old.key_id, "--grace-hours", "24"]);
        printed_key(world, &printed)
    };
    let sides = [&shop.live, &shop.test].map(|side| (&side.signer, rotated(&side.signer)));
    for (old, new) in &sides {
        assert_ne!((&old.key_id, &old.secret), (&new.key_id, &new.secret));
        order(new, 0).expect_status(202);
        order(old, 0).expect_status(202);
    }
    world.parts().settlement.stop().unwrap();
    let minute_before = 24 * HOUR_SECONDS - 60;
    move_clock(world, minute_before);
    for (old, new) in &sides {
        order(old, minute_before).expect_status(202);
        order(new, minute_before).expect_status(202);
    }
    let after = 24 * HOUR_SECONDS + 1;
    move_clock(world, after);
    for (old, new) in &sides {
        order(new, after).expect_status(202);
        let refused = order(old, after);
        if old.key_id.starts_with("pk_test_") {
            assert_hinted(&refused, "revoked");
        } else {
            assert_unauthorized(&refused);
        }
    }
    let secrets = sides.iter().flat_map(|(old, new)| [&old.secret, &new.secret]);
    let logs = world.logs();
    assert!(logs.contains("Refused a call"), "the logs were really read");
    for secret in secrets {
        assert!(!logs.contains(secret.as_str()), "a secret is in a log");
    }
}

#[test]
fn what_is_changed_by_command_holds_within_five_seconds_and_without_settlement() {
    let broken = world();
    let world = broken.world;
    let shop = Shop::usual(world);
    let merchant = shop.merchant.to_string();
    let made = |more: &[&str]| {
        let command = ["key", "create", "--merchant", &merchant, "--environment", "live"];
        printed_key(world, &world.operate(&[&command, more].concat()))
    };
    let (plain, slow, listed) =
        (made(&[]), made(&["--per-minute", "2"]), made(&["--allow", "::1"]));
    let keys =
        ["disabled", "enabled", "revoked", "limited", "kept in", "let out"].map(|_| made(&[]));
    let [disabled, enabled, revoked, limited, kept_in, let_out] = &keys;
    for key in &keys {
        order(key, 0).expect_status(202);
    }
    let change = |verb: &[&str], key: &SigningMerchant| {
        world.operate(&[&["key", verb[0], &key.key_id], &verb[1..]].concat());
    };
    change(&["disable"], disabled);
    change(&["disable"], enabled);
    change(&["revoke"], revoked);
    change(&["limit", "--per-minute", "1"], limited);
    change(&["allow", "203.0.113.0/24", "2001:db8::7"], kept_in);
    change(&["allow", "203.0.113.0/24"], let_out);
    within_seconds(enabled, 401);
    within_seconds(let_out, 401);
    change(&["enable"], enabled);
    change(&["allow", "--any"], let_out);
    let expected = [
        (&plain, 202),
        (disabled, 401),
        (enabled, 202),
        (revoked, 401),
        (limited, 429),
        (kept_in, 401),
        (let_out, 202),
        (&listed, 401),
    ];
    for (key, status) in expected {
        within_seconds(key, status);
    }
    let hold = || {
        for (key, status) in expected {
            // A restarted edge counts anew what it has not stored.
            let first = order(key, 0);
            let answer = if status == 429 { order(key, 1) } else { first };
            assert_eq!(answer.status, status, "{}: {}", key.key_id, answer.text);
        }
    };
    let answer = order(limited, 1);
    let message = assert_refused(&answer, 429, "Too Many Requests", "RATE_LIMITED");
    assert_eq!(message, "Rate limit exceeded (1/min)");
    order(&slow, 0).expect_status(202);
    order(&slow, 1).expect_status(202);
    assert_eq!(order(&slow, 2).status, 429);
    world.parts().settlement.stop().unwrap();
    hold();
    world.restart_edge_with(&[]).unwrap();
    hold();
    let id = uuid::Uuid::now_v7().to_string();
    let body = json!({"externalOrderId": id, "orderAmount": "10.00"}).to_string();
    let there = kept_in.post(CONVERSIONS, body).header(ADDRESS_HEADER, "2001:db8::7");
    there.send().expect_status(202);
}

fn within_seconds(key: &SigningMerchant, status: u16) {
    eventually(HOLDS_WITHIN, &format!("{} is answered {status}", key.key_id), || {
        let answer = order(key, 0);
        if answer.status == status { Ok(()) } else { Err(answer.text) }
    });
}

#[test]
fn where_no_header_tells_the_address_a_key_with_an_allow_list_is_refused() {
    let broken = world();
    let world = broken.world;
    let allow_list = vec!["127.0.0.1".to_owned(), "::/0".to_owned(), "0.0.0.0/0".to_owned()];
    let shop = Shop::open(world, &Plan { allow_list, ..Plan::default() });
    let open = Shop::usual(world);
    world.restart_edge_with(&[("CLIENT_ADDRESS_HEADER", None)]).unwrap();
    for header in [ADDRESS_HEADER, "CF-Connecting-IP", "X-Forwarded-For", "X-Real-IP"] {
        for side in [&shop.live, &shop.test] {
            let body = json!({"externalOrderId": header, "orderAmount": "10.00"}).to_string();
            let call = side.signer.post(CONVERSIONS, body).header(header, "127.0.0.1");
            assert_eq!(call.send().status, 401, "{header}");
        }
    }
    order(&open.live.signer, 0).expect_status(202);
}
