//! Signed intake beside its twin: every 202 stands on disk, on both sides.

use anyhow::{Result, bail};
use http_body_util::Full;
use hyper::{Request, StatusCode};
use serde_json::{Value, json};
use shared::click_id::{Click, ClickClass};
use shared::keys::ClickKeys;
use shared::signing::{SignedForm, sign};

use super::equal;
use super::pair::{Compared, Pair, Side, now_seconds};
use super::shop::Shop;
use crate::figure::{Figure, Target, eventually};
use crate::load::Sent;
use crate::table::number;

/// Orders under way at once.
const CONNECTIONS: u64 = 64;
const PATH: &str = "/api/v1/conversions";
/// Calls of the check that leave a row: all but the one whose key is unknown.
const CALLS_CHECKED: usize = 9;

/// Checks that both sides answer alike, then measures them.
pub fn measure(rounds: usize) -> Result<Vec<Figure>> {
    let pair = Pair::start()?;
    check_equal(&pair)?;
    let keys = pair.shop.click_keys()?;
    let before = (pair.ours.sink.arrived().events, pair.twin.sink.arrived().events);
    let make = |request: u64| order(&pair.shop, &keys, request, now_seconds());
    let compared = pair.compare(rounds, CONNECTIONS, StatusCode::ACCEPTED, &make)?;
    let answered = compared.answered;
    await_sent(&pair.ours, before.0 + answered.0)?;
    await_sent(&pair.twin, before.1 + answered.1)?;
    Ok(figures(&compared))
}

fn figures(compared: &Compared) -> Vec<Figure> {
    let Compared { ours, twin, throughput, cpu, .. } = compared;
    let both = |what: &str, ours: f64, twin: f64| {
        format!("{} {what} beside {} of the JavaScript twin", number(ours), number(twin))
    };
    vec![
        Figure {
            name: "intake, durable 202s".to_owned(),
            value: *throughput,
            unit: "×",
            target: Target::AtLeast(0.9),
            note: both("req/s", ours.per_second, twin.per_second),
        },
        Figure {
            name: "intake, CPU saved".to_owned(),
            value: *cpu,
            unit: "×",
            target: Target::Told,
            note: both("µs", ours.cpu_us, twin.cpu_us),
        },
        Figure {
            name: "intake, p99".to_owned(),
            value: ours.p99_ms,
            unit: "ms",
            target: Target::Told,
            note: both("ms", ours.p99_ms, twin.p99_ms),
        },
    ]
}

/// A shop's report of one order, with everything that shops usually send.
fn order(shop: &Shop, keys: &ClickKeys, number: u64, at: i64) -> Sent {
    let place = usize::try_from(number).unwrap_or(0);
    let key = &shop.keys[place % shop.keys.len()];
    let link = &shop.links[place % shop.keys.len() * shop.links.len() / shop.keys.len()];
    let click = Click {
        link_number: link.link_number,
        clicked_at_seconds: u32::try_from(at - 3_600).unwrap_or(0),
        class: ClickClass::Human,
        random: number,
    };
    let body = json!({
        "externalOrderId": format!("ORD-{number:09}"),
        "orderAmount": "2999.00",
        "currency": "NPR",
        "clickId": click.seal(keys),
        "orderStatus": "confirmed",
        "couponCode": "DASHAIN",
        "metadata": {"channel": "web", "items": 3, "city": "Kathmandu"},
    });
    let key_text = format!("order-{number}");
    signed(&key.entry.key_id, &key.secret, &body.to_string(), at, Some(&key_text))
}

/// One merchant's order, by the place of its key.
pub fn order_of(shop: &Shop, key: u64, number: u64, at: i64) -> Result<Sent> {
    Ok(order(shop, &shop.click_keys()?, number * shop.keys.len() as u64 + key, at))
}

fn signed(key_id: &str, secret: &str, body: &str, at: i64, idempotency: Option<&str>) -> Sent {
    let timestamp = at.to_string();
    let form = SignedForm::of_call("POST", PATH, body.as_bytes());
    let signature = hex::encode(sign(secret.as_bytes(), &timestamp, form, body.as_bytes()));
    let mut request = Request::post(PATH)
        .header("host", "api.khata.example")
        .header("user-agent", "shop/1.0")
        .header("content-type", "application/json")
        .header("x-api-key", key_id)
        .header("x-timestamp", timestamp)
        .header("x-signature", signature);
    if let Some(key) = idempotency {
        request = request.header("idempotency-key", key);
    }
    let request = request.body(Full::from(body.to_owned()));
    request.expect("the parts of a request are well-formed")
}

fn check_equal(pair: &Pair) -> Result<()> {
    let key = &pair.shop.keys[0];
    let now = now_seconds();
    let named = |mut request: Sent| {
        request.headers_mut().insert("x-request-id", "bench-1".parse().expect("plain text"));
        request
    };
    let send = |title: &str, body: &str, at: i64, idempotency: Option<&str>| {
        let request = signed(&key.entry.key_id, &key.secret, body, at, idempotency);
        equal::check(pair, title, &named(request))
    };
    let body = r#"{"externalOrderId":"A-1","orderAmount":"2999.00","clickId":"CLK_example123"}"#;
    send("a new order", body, now, Some("k-1"))?;
    send("a replay", body, now, Some("k-1"))?;
    send("a repeat", body, now - 1, Some("k-1"))?;
    send("a known order", body, now - 2, None)?;
    let other = r#"{"externalOrderId":"A-2","orderAmount":"2999.00"}"#;
    send("a key used again", other, now, Some("k-1"))?;
    let full = r#"{"externalOrderId":"A-3","orderAmount":"10.50","currency":"USD","orderStatus":
        "delivered","couponCode":"X","metadata":{"a":[1,2]},"externalProductId":"SKU-1"}"#;
    send("all fields", full, now, None)?;
    send("no amount", r#"{"externalOrderId":"A-4"}"#, now, None)?;
    send("a stale timestamp", other, now - 301, None)?;
    let forged = signed(&key.entry.key_id, "sk_live_other", other, now, None);
    equal::check(pair, "a wrong secret", &named(forged))?;
    let unknown = signed("pk_live_none", &key.secret, other, now, None);
    equal::check(pair, "an unknown key", &named(unknown))?;
    check_stored(pair)
}

/// What both stored and sent on must be the same, too.
fn check_stored(pair: &Pair) -> Result<()> {
    let bodies = |side: &Side| side.sink.arrived().bodies;
    eventually("the first events arrive", || {
        bodies(&pair.ours).len() >= 2 && bodies(&pair.twin).len() >= 2
    })?;
    let (ours, twin) = (bodies(&pair.ours), bodies(&pair.twin));
    if ours != twin {
        bail!("the two edges stored:\n{ours:?}\n{twin:?}");
    }
    eventually("the first calls arrive", || {
        let arrived = |side: &Side| side.sink.arrived().calls.len() >= CALLS_CHECKED;
        arrived(&pair.ours) && arrived(&pair.twin)
    })?;
    let (ours, twin) = (calls(&pair.ours), calls(&pair.twin));
    if ours == twin { Ok(()) } else { bail!("the two edges logged:\n{ours:?}\n{twin:?}") }
}

/// The request log of a side, without what is its own.
fn calls(side: &Side) -> Vec<Value> {
    let mut calls = side.sink.arrived().calls;
    for call in calls.iter_mut().filter_map(Value::as_object_mut) {
        for own in ["id", "receivedAtMs", "latencyMs", "eventId"] {
            call.remove(own);
        }
    }
    calls
}

/// Waits until the event of every 202 has arrived.
fn await_sent(side: &Side, events: u64) -> Result<()> {
    eventually("the event of every 202 is sent on", || side.sink.arrived().events >= events)
}
