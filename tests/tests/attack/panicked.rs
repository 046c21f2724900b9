//! A panic takes the Wasm instance with it: the next click and the next event meet a new one.

use std::fs;
use std::io::Write;
use std::net::TcpStream;

use serde_json::json;
use shared::internal::intake_name;
use shared::keys::InternalKeys;
use shared::signing::{INTERNAL_SIGNATURE_HEADER, INTERNAL_TIMESTAMP_HEADER, sign_internal};
use tests::eventually::now_seconds;
use tests::http::{Answer, Outgoing, send};
use tests::shopper::click_id;
use tests::side::CONVERSIONS;
use tests::world::{edge_vars, folder, prepare};
use tests::{BOUND, Shop, World, eventually};
use xtask::edge::{Edge, EdgeOptions, Runtime};
use xtask::secrets::Secrets;

use crate::audit::assert_settled_once;
use crate::load::{Said, Sent};
use crate::world;

const PANIC_PATH: &str = "/internal/v1/panic";
/// Panics of each kind.
const PANICS: usize = 4;
/// Clicks right after each.
const CLICKS: usize = 25;

fn ask(edge_url: &str, path: &str, body: &str, headers: Vec<(String, String)>) -> Answer {
    let (method, url) = ("POST".to_owned(), format!("{edge_url}{path}"));
    send(&Outgoing { method, url, headers, body: body.into() }).expect("the edge answers")
}

/// Asks with settlement's signature.
fn ask_signed(keys: &InternalKeys, edge_url: &str, path: &str, body: &str) -> Answer {
    let (timestamp, signature) = sign_internal(keys, now_seconds(), "POST", path, body.as_bytes());
    let headers = [(INTERNAL_TIMESTAMP_HEADER, timestamp), (INTERNAL_SIGNATURE_HEADER, signature)];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).into();
    ask(edge_url, path, body, headers)
}

/// Asks for a panic and returns once it is there. Its own call may never be answered: what a
/// panic leaves behind is a promise that nobody keeps.
fn panic_in(world: &World, body: &str) -> TcpStream {
    let panics = || {
        let log = fs::read(world.parts().edge.child().log()).expect("the edge has a log");
        String::from_utf8_lossy(&log).matches("a panic was asked for").count()
    };
    let before = panics();
    let keys = world.internal_keys();
    let at = now_seconds();
    let (timestamp, signature) = sign_internal(&keys, at, "POST", PANIC_PATH, body.as_bytes());
    let host = world.edge_url().trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).expect("the edge listens");
    write!(
        stream,
        "POST {PANIC_PATH} HTTP/1.1\r\nHost: {host}\r\n\
         {INTERNAL_TIMESTAMP_HEADER}: {timestamp}\r\n{INTERNAL_SIGNATURE_HEADER}: {signature}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("the edge reads");
    eventually(BOUND, "the panic", || if panics() > before { Ok(()) } else { Err("none".into()) });
    stream
}

#[test]
fn after_a_panic_elsewhere_clicks_and_events_are_fine() {
    let attacked = world();
    let world = attacked.world;
    let shop = Shop::usual(world);
    let side = &shop.live;
    let intake = intake_name(side.scope.merchant, side.scope.environment);
    let shopper = world.shopper();
    let mut sent = Vec::new();
    let worker = [""; PANICS];
    for (number, place) in worker.into_iter().chain([intake.as_str(); PANICS]).enumerate() {
        side.click();
        let _in_flight = panic_in(world, place);
        for _ in 0..CLICKS {
            let answer = shopper.visit(&format!("/c/{}", side.link.code)).send();
            assert_eq!(answer.status, 302, "after panic {number}: {}", answer.text);
            assert!(click_id(&answer).is_some(), "{}", answer.header("location"));
        }
        let order = format!("panic-{number}");
        let click_id = side.click();
        let body = json!({"externalOrderId": order, "orderAmount": "1.00", "clickId": click_id});
        let said = Said::of(&side.signer.post(CONVERSIONS, body.to_string()).send());
        assert!(matches!(said, Said::Taken(_)), "after panic {number}: {said:?}");
        sent.push(Sent { path: CONVERSIONS, order, said });
    }
    assert_settled_once(side, sent);
}

#[test]
fn nobody_else_makes_it_panic() {
    let attacked = world();
    let edge_url = attacked.world.edge_url();
    let answer = ask(edge_url, PANIC_PATH, "", Vec::new());
    assert_eq!(answer.status, 401, "{}", answer.text);
}

#[test]
fn in_production_there_is_nothing_that_panics() {
    prepare();
    let folder = folder();
    let secrets = Secrets::load_or_create(&folder.join("secrets.json")).unwrap().for_edge();
    let mut vars = edge_vars("http://127.0.0.1:1");
    vars.insert("EDGE_MODE".to_owned(), "production".to_owned());
    let keys = InternalKeys::parse(&secrets["INTERNAL_KEYS"]).unwrap();
    let runtime = Runtime::Workerd;
    let options = EdgeOptions { runtime, port: None, folder, vars, secrets, remove_on_stop: true };
    let edge = Edge::start(&options).unwrap();
    let panic = ask_signed(&keys, edge.url(), PANIC_PATH, "").expect_status(404);
    let nothing = ask_signed(&keys, edge.url(), "/internal/v1/nothing", "").expect_status(404);
    assert_eq!(panic.json()["message"], nothing.json()["message"]);
}
