//! Test and live, and two merchants, side by side: what one has the other cannot read, change or
//! even see. A new route is a new row of a table here.

use serde_json::{Value, json};
use std::sync::OnceLock;
use tests::payout::insert_payout;
use tests::side::{CLOCK, CONVERSIONS, ORDER_STATUS};
use tests::{BOUND, Plan, Shop, Side, Sink, World, eventually};

const ENDPOINTS: &str = "/api/v1/webhook-endpoints";
const FEED: &str = "/api/v1/webhook-events";

/// What one side has.
struct Possessions {
    event_id: String,
    status_event_id: String,
    conversion_id: String,
    commission_id: String,
    order: &'static str,
    campaign_id: String,
    code: String,
    sku: String,
    endpoint_id: String,
    /// The number of a delivery that arrived.
    sequence: u64,
    payout_id: String,
}

/// Every signed read of one thing, as a path.
const OF_ONE_THING: [fn(&Possessions) -> String; 14] = [
    |of| format!("/api/v1/events/{}", of.event_id),
    |of| format!("/api/v1/events/{}", of.status_event_id),
    |of| format!("{CONVERSIONS}/{}", of.conversion_id),
    |of| format!("{CONVERSIONS}/{}/explain", of.conversion_id),
    |of| format!("/api/v1/commissions/{}", of.commission_id),
    |of| format!("/api/v1/payouts/{}", of.payout_id),
    |of| format!("/api/v1/campaigns/{}", of.campaign_id),
    |of| format!("/api/v1/links/{}", of.code),
    |of| format!("/api/v1/products/{}", of.sku),
    |of| format!("{ENDPOINTS}/{}", of.endpoint_id),
    |of| format!("{ENDPOINTS}/{}/deliveries", of.endpoint_id),
    |of| format!("{ENDPOINTS}/{}/attempts", of.endpoint_id),
    |of| format!("{ENDPOINTS}/{}/deliveries/{}", of.endpoint_id, of.sequence),
    |of| format!("{ENDPOINTS}/{}/deliveries/{}/attempts", of.endpoint_id, of.sequence),
];

/// Every signed list, with the filters that could name another's things.
const LISTS: [fn(&Possessions) -> String; 16] = [
    |_| CONVERSIONS.to_owned(),
    |of| format!("{CONVERSIONS}?externalOrderId={}", of.order),
    |of| format!("{CONVERSIONS}?conversionId={}", of.conversion_id),
    |_| "/api/v1/commissions".to_owned(),
    |of| format!("/api/v1/commissions?conversionId={}", of.conversion_id),
    |of| format!("/api/v1/commissions?externalOrderId={}", of.order),
    |_| "/api/v1/payouts".to_owned(),
    |_| "/api/v1/payouts?state=approved&currency=NPR".to_owned(),
    |_| "/api/v1/events".to_owned(),
    |_| "/api/v1/campaigns".to_owned(),
    |_| "/api/v1/links".to_owned(),
    |of| format!("/api/v1/links?code={}", of.code),
    |of| format!("/api/v1/links?campaignId={}", of.campaign_id),
    |_| "/api/v1/products".to_owned(),
    |_| ENDPOINTS.to_owned(),
    |_| FEED.to_owned(),
];

/// A method, a path and a body.
type Change = (&'static str, fn(&Possessions) -> String, &'static str);

/// Every signed write that names a resource, sent by a stranger.
const CHANGES: [Change; 11] = [
    ("PATCH", |of| format!("/api/v1/campaigns/{}", of.campaign_id), r#"{"name":"Theirs"}"#),
    ("POST", |of| format!("/api/v1/campaigns/{}/pause", of.campaign_id), ""),
    ("POST", |of| format!("/api/v1/campaigns/{}/activate", of.campaign_id), ""),
    ("POST", |of| format!("/api/v1/campaigns/{}/archive", of.campaign_id), ""),
    ("PATCH", |of| format!("/api/v1/links/{}", of.code), r#"{"state":"paused"}"#),
    ("DELETE", |of| format!("/api/v1/products/{}", of.sku), ""),
    ("PATCH", |of| format!("{ENDPOINTS}/{}", of.endpoint_id), r#"{"state":"paused"}"#),
    ("POST", |of| format!("{ENDPOINTS}/{}/rotate-secret", of.endpoint_id), "{}"),
    ("POST", |of| format!("{ENDPOINTS}/{}/test", of.endpoint_id), ""),
    ("POST", |of| format!("{ENDPOINTS}/{}/deliveries/{}/resend", of.endpoint_id, of.sequence), ""),
    ("DELETE", |of| format!("{ENDPOINTS}/{}", of.endpoint_id), ""),
];

/// A path and the body sent there.
type Write = (&'static str, fn(&Possessions) -> Value);

/// Every signed write that names an order, sent by a stranger.
const WRITES: [Write; 3] = [
    (ORDER_STATUS, |of| json!({"externalOrderId": of.order, "status": "cancelled"})),
    (
        ORDER_STATUS,
        |of| json!({"externalOrderId": of.order, "status": "refunded", "refundedAmount": "1.00"}),
    ),
    (CONVERSIONS, |of| json!({"externalOrderId": of.order, "orderAmount": "7.00"})),
];

fn possessions(side: &Side<'_>, order: &'static str) -> Possessions {
    let event_id = side.convert(order, "100.00", &side.click());
    assert_eq!(side.outcome(&event_id).code, "APPLIED");
    let body = json!({"externalOrderId": order, "status": "confirmed"});
    let status_event_id = side.report(ORDER_STATUS, &body);
    assert_eq!(side.outcome(&status_event_id).code, "APPLIED");
    let commission = side.commission(order);
    let commission_id = commission["id"].as_str().expect("a commission has an id").to_owned();
    let campaign_id = made(side, "/api/v1/campaigns", &json!({"name": order}), "id");
    let (endpoint_id, sequence) = endpoint_of(side);
    Possessions {
        event_id,
        status_event_id,
        conversion_id: side.conversion_id(order),
        payout_id: insert_payout(side, "approved", &commission_id, "10.00"),
        commission_id,
        order,
        code: link_of(side, &campaign_id),
        campaign_id,
        sku: product_of(side, order),
        endpoint_id,
        sequence,
    }
}

/// An endpoint that a ping has arrived at, and the ping's number; the log can be read by now.
fn endpoint_of(side: &Side<'_>) -> (String, u64) {
    static SINK: OnceLock<Sink> = OnceLock::new();
    let sink = SINK.get_or_init(|| Sink::start().expect("a port is free"));
    let body = json!({"url": sink.url("/worlds"), "events": ["conversion.received"]});
    let id = made(side, ENDPOINTS, &body, "id");
    let ping = side.signer.post(&format!("{ENDPOINTS}/{id}/test"), "").send().expect_status(202);
    let sequence = ping.json()["sequence"].as_u64().expect("a delivery has a number");
    let path = format!("{ENDPOINTS}/{id}/deliveries/{sequence}");
    eventually(BOUND, "the ping arrived, and the log can be read", || {
        let (ping, log) = (side.read(&path), side.read(FEED));
        let is_there = ping["state"] == "delivered" && log["data"] != json!([]);
        if is_there { Ok(()) } else { Err(format!("{ping} {log}")) }
    });
    (id, sequence)
}

fn made(side: &Side<'_>, path: &str, body: &Value, name: &str) -> String {
    side.signer.post(path, body.to_string()).send().expect_status(201).text_of(name)
}

/// A link of the campaign, for the affiliate of the side's other links.
fn link_of(side: &Side<'_>, campaign_id: &str) -> String {
    let known = side.read("/api/v1/links?limit=1")["data"][0].clone();
    let body = json!({
        "affiliateId": known["affiliateId"], "campaignId": campaign_id,
        "destination": known["destination"],
    });
    made(side, "/api/v1/links", &body, "code")
}

fn product_of(side: &Side<'_>, order: &str) -> String {
    let sku = format!("sku-{order}");
    let home = side.read("/api/v1/links?limit=1")["data"][0]["destination"].clone();
    let body = json!({"name": order, "price": "1.00", "url": home}).to_string();
    let path = format!("/api/v1/products/{sku}");
    side.signer.call("PUT", &path, body).send().expect_status(201);
    sku
}

fn listed(side: &Side<'_>, path: &str) -> usize {
    side.read(path)["data"].as_array().expect("a list has data").len()
}

#[test]
fn what_is_another_worlds_or_merchants_is_not_there_and_not_listed() {
    let world = World::shared();
    let (shop, other) = (Shop::usual(world), Shop::usual(world));
    let sides = [&shop.live, &shop.test, &other.live, &other.test];
    for owner in [&shop.live, &shop.test] {
        let order = if owner.environment() == "live" { "of-live" } else { "of-test" };
        let own = possessions(owner, order);
        let strangers = || sides.into_iter().filter(|side| side.scope != owner.scope);
        for path in OF_ONE_THING.map(|path| path(&own)) {
            assert_eq!(owner.signer.get(&path).send().status, 200, "{path}");
            for stranger in strangers() {
                let answer = stranger.signer.get(&path).send();
                assert_eq!(answer.status, 404, "{path}");
                assert!(!answer.text.contains(own.order), "{path}: {}", answer.text);
            }
        }
        for path in LISTS.map(|path| path(&own)) {
            assert!(listed(owner, &path) > 0, "{path}");
            for stranger in strangers() {
                let answer = stranger.signer.get(&path).send();
                for theirs in [own.order, &own.conversion_id, &own.commission_id, &own.payout_id] {
                    assert!(!answer.text.contains(theirs), "{path}: {}", answer.text);
                }
            }
        }
    }
}

#[test]
fn nobody_changes_or_deletes_a_resource_of_another_world_or_merchant() {
    let world = World::shared();
    let (shop, other) = (Shop::usual(world), Shop::usual(world));
    let own = possessions(&shop.test, "own");
    let resources: Vec<_> = OF_ONE_THING.iter().skip(6).map(|path| path(&own)).collect();
    let before: Vec<_> = resources.iter().map(|path| shop.test.read(path)).collect();
    for stranger in [&shop.live, &other.test, &other.live] {
        for (method, path, body) in &CHANGES {
            let answer = stranger.signer.call(method, &path(&own), *body).send();
            assert_eq!(answer.status, 404, "{method} {}: {}", path(&own), answer.text);
        }
        let body = json!({"since": jiff::Timestamp::now().to_string()}).to_string();
        let path = format!("{ENDPOINTS}/{}/recover", own.endpoint_id);
        assert_eq!(stranger.signer.post(&path, body).send().status, 404);
    }
    let after: Vec<_> = resources.iter().map(|path| shop.test.read(path)).collect();
    assert_eq!(before, after);
}

#[test]
fn what_a_stranger_writes_of_the_same_order_id_touches_an_order_of_its_own_alone() {
    let world = World::shared();
    let (shop, other) = (Shop::usual(world), Shop::usual(world));
    let own = possessions(&shop.live, "shared-id");
    let before = (shop.live.conversion(own.order), shop.live.commission(own.order));
    for stranger in [&shop.test, &other.live, &other.test] {
        for (path, body) in &WRITES {
            let event_id = stranger.report(path, &body(&own));
            stranger.outcome(&event_id);
        }
        // Its own order took all three; under its own id.
        let theirs = stranger.conversion(own.order);
        assert_eq!(theirs["orderAmount"], "7.00");
        assert_ne!(theirs["id"], own.conversion_id.as_str());
    }
    assert_eq!(before, (shop.live.conversion(own.order), shop.live.commission(own.order)));
}

#[test]
fn one_idempotency_key_names_another_call_in_each_world_and_for_each_merchant() {
    let world = World::shared();
    let (shop, other) = (Shop::usual(world), Shop::usual(world));
    let mut event_ids = Vec::new();
    for (at, side) in [&shop.live, &shop.test, &other.live, &other.test].into_iter().enumerate() {
        let body = json!({"externalOrderId": "keyed", "orderAmount": format!("{at}.00")});
        let call = side.signer.post(CONVERSIONS, body.to_string());
        let answer = call.header("Idempotency-Key", "one-key").send().expect_status(202);
        assert_eq!(answer.json()["duplicate"], false);
        assert_eq!(answer.header("idempotent-replayed"), "");
        event_ids.push(answer.text_of("eventId"));
    }
    event_ids.sort();
    event_ids.dedup();
    assert_eq!(event_ids.len(), 4);
}

#[test]
fn a_click_of_one_world_or_merchant_earns_nothing_in_another() {
    let world = World::shared();
    let (shop, other) = (Shop::usual(world), Shop::usual(world));
    let click_id = shop.live.click();
    let cases = [(&shop.test, "other_environment"), (&other.live, "other_merchant")];
    for (stranger, reason) in cases {
        let outcome = stranger.outcome(&stranger.convert("o", "100.00", &click_id));
        assert_eq!(outcome.code, "IN_REVIEW", "{outcome:?}");
        assert!(stranger.explain("o").to_string().contains(reason));
        assert!(stranger.find_commission("o").is_none());
    }
}

#[test]
fn a_key_signs_for_its_own_world_and_merchant_alone() {
    let world = World::shared();
    let (shop, other) = (Shop::usual(world), Shop::usual(world));
    let sides = [&shop.live, &shop.test, &other.live, &other.test];
    for (at, side) in sides.iter().enumerate() {
        let of_another = &sides[(at + 1) % sides.len()].signer.secret;
        let body = json!({"externalOrderId": "o", "orderAmount": "1.00"}).to_string();
        let call = side.signer.post(CONVERSIONS, body).secret(of_another);
        assert_eq!(call.send().status, 401);
        assert_eq!(side.signer.get(CONVERSIONS).secret(of_another).send().status, 401);
        assert_eq!(listed(side, CONVERSIONS), 0);
    }
}

#[test]
fn a_test_clock_never_moves_a_live_one_nor_another_merchants() {
    let world = World::shared();
    let plan = Plan { hold_days: 1, ..Plan::default() };
    let (shop, other) = (Shop::open(world, &plan), Shop::open(world, &plan));
    let still = [&shop.live, &other.live, &other.test];
    for side in still.into_iter().chain([&shop.test]) {
        side.sell("o", "100.00");
        assert_eq!(side.tell("o", "delivered").code, "APPLIED");
    }
    assert_eq!(shop.live.post(CLOCK, r#"{"seconds":60}"#).status, 403);
    shop.test.advance(2 * 86_400);
    shop.test.commission_in("o", "payable");
    let id = other.test.conversion_id("o");
    for side in still {
        assert_eq!(side.commission("o")["state"], "hold");
    }
    assert_eq!(shop.live.signer.get(&format!("{CONVERSIONS}/{id}")).send().status, 404);
    let moves = "clock_move where merchant_id = $1::uuid";
    assert_eq!(world.database.count(moves, &[&other.merchant.to_string()]), 0);
    let live = "clock_move where environment = 'live'";
    assert_eq!(world.database.count(live, &[]), 0);
}
