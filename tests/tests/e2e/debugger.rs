//! The signature debugger through the real edge: whose secret signed, and what should be signed.

use serde_json::{Value, json};
use tests::merchant::{SignedCall, SigningMerchant};
use tests::refusal::{
    assert_hinted, assert_invalid, assert_refused, assert_unauthorized, sentences,
};
use tests::side::{CONVERSIONS, Side};
use tests::world::ADDRESS_HEADER;
use tests::{Answer, Plan, Shop, World};

const DEBUGGER: &str = "/api/v1/test/signature";

fn order(side: &Side<'_>, id: &str) -> SignedCall {
    let body = json!({"externalOrderId": id, "orderAmount": "10.00"});
    side.signer.post(CONVERSIONS, body.to_string())
}

/// Asks without signing: a key's id is all it takes.
fn ask(signer: &SigningMerchant, question: &Value) -> Answer {
    question_of(signer, question).send()
}

fn question_of(signer: &SigningMerchant, question: &Value) -> SignedCall {
    signer.post(DEBUGGER, question.to_string()).without_timestamp().without_signature()
}

#[test]
fn the_secret_of_another_key_of_the_merchant_is_told_by_its_key() {
    let world = World::shared();
    let (shop, stranger) = (Shop::usual(world), Shop::usual(world));
    let merchant = shop.merchant.to_string();
    let create = ["key", "create", "--merchant", &merchant, "--environment", "test"];
    let printed = world.operate(&create);
    let after = |label: &str| printed.split_once(label).unwrap().1.lines().next().unwrap();
    let (second, secret) = (after("key id: "), after("shown this once: "));
    let (live, test) = (&shop.live.signer, &shop.test.signer);
    let cases = [
        (live.secret.as_str(), live.key_id.as_str(), "a live key"),
        (secret, second, "another test key"),
    ];
    for (secret, key_id, kind) in cases {
        let answer = order(&shop.test, "o").secret(secret).send();
        let own = &test.key_id;
        let expected =
            format!("you signed with the secret of {key_id}, {kind}; sign with that of {own}");
        assert_hinted(&answer, &expected);
        assert!(!answer.text.contains(secret), "{}", answer.text);
    }
    // A rotated-away secret is still known by its key.
    world.operate(&["key", "revoke", second]);
    let read = test.get(CONVERSIONS).secret(secret).send();
    assert_hinted(&read, &format!("the secret of {second}"));
    // Of another merchant's secret nothing can be said, and to a live key never anything.
    let foreign = order(&shop.test, "o").secret(&stranger.test.signer.secret).send();
    assert_hinted(&foreign, "none of the usual mistakes explains it");
    assert_unauthorized(&order(&shop.live, "o").secret(&test.secret).send());
    let swapped = test.secret.replace("sk_test_", "sk_live_");
    assert_hinted(&order(&shop.test, "o").secret(&swapped).send(), "sk_live_ before it");
}

#[test]
fn ten_diagnoses_a_minute_are_made_and_bodies_up_to_16_kib() {
    let world = World::shared();
    let (shop, other) = (Shop::usual(world), Shop::usual(world));
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(16 * 1024));
    let call = other.test.signer.post(CONVERSIONS, long).signature("z");
    assert_hinted(&call.send(), "not diagnosed");
    let wrong = || order(&shop.test, "o").signature("z");
    let hints: Vec<bool> =
        (0..12).map(|_| wrong().send().text.contains("64 lowercase hex")).collect();
    // A minute may begin in between.
    assert!(hints[..10].contains(&true), "{hints:?}");
    assert!(hints.iter().filter(|diagnosed| **diagnosed).count() < 12, "{hints:?}");
}

#[test]
fn what_it_shows_is_what_a_call_must_sign() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let signer = &shop.test.signer;
    let body = json!({"externalOrderId": "shown", "orderAmount": "10.00"}).to_string();
    let now = tests::eventually::now_seconds().to_string();
    let question = json!({"secret": signer.secret, "timestamp": now, "body": body});
    let shown = ask(signer, &question).expect_status(200);
    assert_eq!(shown.header("content-type"), "application/json");
    assert_eq!(shown.header("cache-control"), "no-store");
    assert!(!shown.text.contains(&signer.secret));
    let shown = shown.json();
    assert_eq!(shown["canonical"], format!("{now}.{body}"));
    assert_eq!(shown["form"], "body");
    let signature = shown["signature"].as_str().unwrap();
    assert_eq!(
        shown,
        json!({"canonical": format!("{now}.{body}"), "signature": signature, "form": "body"})
    );
    let call = signer.post(CONVERSIONS, body).timestamp(&now).signature(signature);
    call.send().expect_status(202);
    let read = json!({"secret": signer.secret, "timestamp": now, "path": CONVERSIONS});
    let shown = ask(signer, &read).expect_status(200).json();
    assert_eq!(shown["canonical"], format!("{now}.GET {CONVERSIONS}."));
    assert_eq!(shown["form"], "method-and-path");
    let signature = shown["signature"].as_str().unwrap();
    signer.get(CONVERSIONS).timestamp(&now).signature(signature).send().expect_status(200);
}

#[test]
fn it_compares_a_signature_under_the_secret_asked_about_and_no_other() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let signer = &shop.test.signer;
    let now = tests::eventually::now_seconds().to_string();
    let made_up = "sk_test_made_up";
    let asked = |secret: &str, signature: &str| {
        let question =
            json!({"secret": secret, "timestamp": now, "body": "{}", "signature": signature});
        ask(signer, &question).expect_status(200).json()
    };
    let of = |secret: &str| {
        let call = signer.post(CONVERSIONS, "{}").timestamp(&now).secret(secret);
        call.proper_signature()
    };
    // Any secret may be asked about: the stored one is not looked at.
    assert_eq!(asked(made_up, &of(made_up))["matches"], true);
    assert_eq!(asked(made_up, &of(made_up))["hint"], Value::Null);
    let other = asked(made_up, &of(&signer.secret));
    assert_eq!(other["matches"], false);
    assert!(other["hint"].as_str().unwrap().contains("none of the usual mistakes"), "{other}");
    let upper = asked(made_up, &of(made_up).to_uppercase());
    assert_eq!(upper["matches"], false);
    assert!(upper["hint"].as_str().unwrap().contains("uppercase"), "{upper}");
    let logs = world.logs();
    assert!(logs.contains("route=") && !logs.contains(made_up), "a secret is in a log");
}

#[test]
fn its_faults_are_told_at_once_and_its_limits_hold() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let signer = &shop.test.signer;
    let faults = assert_invalid(&ask(signer, &json!({"timestamp": 1, "colour": "red"})));
    let named = ["secret is required", "timestamp must be", "path is required", "colour"];
    assert_eq!(faults.len(), named.len(), "{faults:?}");
    for name in named {
        assert!(faults.iter().any(|fault| fault.starts_with(name)), "{name} in {faults:?}");
    }
    for body in ["", "[]", "{"] {
        let call = signer.post(DEBUGGER, body).without_timestamp().without_signature();
        let answer = call.media_type(Some("application/json")).send();
        let message = assert_refused(&answer, 400, "Bad Request", "VALIDATION_ERROR");
        assert_eq!(sentences(&message).len(), 1);
    }
    let large = json!({"secret": "s", "timestamp": "1", "body": "x".repeat(16 * 1024)});
    let answer = ask(signer, &large);
    assert_refused(&answer, 413, "Payload Too Large", "PAYLOAD_TOO_LARGE");
    let plain = question_of(signer, &json!({})).media_type(Some("text/plain")).send();
    assert_refused(&plain, 415, "Unsupported Media Type", "UNSUPPORTED_MEDIA_TYPE");
    let get = signer.get(DEBUGGER).send();
    assert_refused(&get, 405, "Method Not Allowed", "METHOD_NOT_ALLOWED");
}

#[test]
fn it_answers_usable_test_keys_alone() {
    let world = World::shared();
    let allow_list = vec!["203.0.113.7".to_owned()];
    let shop = Shop::open(world, &Plan { allow_list, ..Plan::default() });
    let question = json!({"secret": "sk_test_x", "timestamp": "1", "body": "{}"});
    let from_there = |signer: &SigningMerchant| {
        question_of(signer, &question).header(ADDRESS_HEADER, "203.0.113.7").send()
    };
    assert_refused(&from_there(&shop.live.signer), 403, "Forbidden", "PERMISSION_DENIED");
    from_there(&shop.test.signer).expect_status(200);
    assert_hinted(&ask(&shop.test.signer, &question), "allow-list");
    assert_unauthorized(&ask(&shop.live.signer, &question));
    assert_unauthorized(&question_of(&shop.test.signer, &question).without_key().send());
    assert_unauthorized(&question_of(&shop.test.signer, &question).key("pk_test_none").send());
    world.operate(&["merchant", "suspend", &shop.merchant.to_string()]);
    tests::eventually(std::time::Duration::from_secs(5), "the key is refused", || {
        let answer = from_there(&shop.test.signer);
        if answer.status == 401 { Ok(()) } else { Err(answer.text) }
    });
    assert_hinted(&from_there(&shop.test.signer), "merchant");
}

#[test]
fn a_key_may_ask_sixty_times_a_minute_and_no_call_of_its_is_spent() {
    let world = World::shared();
    let shop = Shop::open(world, &Plan { per_minute_max: 1, ..Plan::default() });
    let question = json!({"secret": "sk_test_x", "timestamp": "1", "body": "{}"});
    let answers: Vec<_> = (0..61).map(|_| ask(&shop.test.signer, &question)).collect();
    let (last, first) = answers.split_last().unwrap();
    assert!(first.iter().all(|answer| answer.status == 200));
    let message = assert_refused(last, 429, "Too Many Requests", "RATE_LIMITED");
    assert_eq!(message, "Rate limit exceeded (60/min)");
    assert_eq!(last.header("retry-after"), "");
    order(&shop.test, "o").send().expect_status(202);
}
