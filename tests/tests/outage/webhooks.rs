//! Settlement killed in the middle of deliveries: nothing is lost, and every copy is the same.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use settlement::secrets::draw;
use tests::{Shop, Side, eventually};

use crate::{BACK, report, world};

/// Calls that are answered before the listener falls silent.
const ANSWERED_FIRST: usize = 20;
/// Orders told about.
const ORDERS: usize = 30;

/// What arrived: `webhook-id` and body.
type Calls = Arc<Mutex<Vec<(String, String)>>>;

/// A listener that answers the first calls, then none as long as it is silent.
struct Listener {
    url: String,
    calls: Calls,
    silent: Arc<Mutex<bool>>,
}

impl Listener {
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let url = format!("http://{}/", listener.local_addr().expect("it is bound"));
        let (calls, silent) = (Calls::default(), Arc::new(Mutex::new(true)));
        let shared = (Arc::clone(&calls), Arc::clone(&silent));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (calls, silent) = (Arc::clone(&shared.0), Arc::clone(&shared.1));
                // A connection that its caller's death cuts off is what this is about.
                thread::spawn(move || drop(answer(&stream, &calls, &silent)));
            }
        });
        Self { url, calls, silent }
    }

    fn calls(&self) -> Vec<(String, String)> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn speak(&self) {
        *self.silent.lock().unwrap_or_else(PoisonError::into_inner) = false;
    }
}

fn answer(mut stream: &TcpStream, calls: &Calls, silent: &Mutex<bool>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            match line.trim_end().split_once(": ") {
                Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
                None if line.trim_end().is_empty() => break,
                None => None,
            };
        }
        let mut body = vec![0; headers["content-length"].parse().expect("a length")];
        reader.read_exact(&mut body)?;
        let body = String::from_utf8(body).expect("JSON");
        let many = {
            let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
            calls.push((headers["webhook-id"].clone(), body));
            calls.len()
        };
        if *silent.lock().unwrap_or_else(PoisonError::into_inner) && many > ANSWERED_FIRST {
            // Until the caller is gone.
            return reader.read(&mut [0]).map(|_| ());
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
    }
}

fn open_endpoint(side: &Side<'_>, url: &str) {
    let id = draw::id(jiff::Timestamp::now()).to_string();
    let sealed = hex::encode(side.world.vault().seal(&id, &draw::webhook_secret()));
    let [merchant, environment] = side.binds();
    let insert = "insert into webhook_endpoint (environment, merchant_id, endpoint_id, url, events,
                      format, state, secret_sealed, created_at, updated_at)
                  values ($1, $2::uuid, $3::uuid, $4, $5::text[], 'khata', 'active',
                          decode($6, 'hex'), now(), now())";
    let events = "{conversion.received,conversion.attributed,commission.created,event.processed}";
    let binds = [&environment, &merchant, &id, url, events, &sealed];
    assert_eq!(side.world.database.execute(insert, &binds), 1);
}

fn sequence(body: &str) -> i64 {
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    body["sequence"].as_i64().expect("a number")
}

#[test]
fn killed_in_the_middle_of_deliveries_it_loses_none_and_changes_none() {
    let broken = world();
    let world = broken.world;
    let shop = Shop::usual(world);
    let side = &shop.live;
    let listener = Listener::start();
    open_endpoint(side, &listener.url);
    let event_ids = report(side, "told", ORDERS);
    for event_id in &event_ids {
        assert_eq!(side.outcome(event_id).code, "APPLIED");
    }
    eventually(BACK, "calls are under way", || {
        let many = listener.calls().len();
        if many > ANSWERED_FIRST { Ok(()) } else { Err(many.to_string()) }
    });
    world.parts().settlement.kill_hard().unwrap();
    let before = listener.calls();
    listener.speak();
    world.parts().settlement.start_again().unwrap();
    let [merchant, environment] = side.binds();
    let filter = "merchant_id = $1::uuid and environment = $2";
    let count =
        |from: &str| world.database.count(&format!("{from} {filter}"), &[&merchant, &environment]);
    let told = i64::try_from(ORDERS * 4).expect("some notices");
    eventually(BACK, "everything is delivered", || {
        let delivered = count("webhook_delivery where state = 'delivered' and");
        if delivered == told { Ok(()) } else { Err(format!("{delivered} of {told}")) }
    });
    assert_eq!(count("webhook_delivery where"), told);
    let calls = listener.calls();
    let mut copies: BTreeMap<i64, BTreeSet<&(String, String)>> = BTreeMap::new();
    for call in &calls {
        copies.entry(sequence(&call.1)).or_default().insert(call);
    }
    assert!(copies.keys().copied().eq(1..=told), "{:?}", copies.keys());
    assert!(copies.values().all(|copies| copies.len() == 1), "a copy differs");
    let cut_off = before[ANSWERED_FIRST..].iter();
    for call in cut_off {
        assert!(calls.iter().filter(|other| *other == call).count() > 1, "it was not sent again");
    }
}
