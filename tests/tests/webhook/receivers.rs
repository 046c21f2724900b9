//! The receivers of the examples, written from `docs/webhooks.md` alone, before all that can come.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};
use settlement::outbound::webhook::Answer;
use tests::{BOUND as WAIT, eventually};

use crate::{BOUND, Client, Message};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A receiver that runs, and what it printed.
struct Receiver {
    child: Child,
    url: String,
    printed: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    fn start(mut command: Command, store: &Path) -> Self {
        command.env("KHATA_WEBHOOK_SECRET", SECRET).env("KHATA_WEBHOOK_STORE", store);
        command.env("PORT", "0").stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().expect("it says where it listens").unwrap();
        let url = first.strip_prefix("listening on ").expect("it listens").to_owned();
        let printed = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&printed);
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        });
        Self { child, url, printed }
    }

    fn standing(&self) -> Value {
        let mut answer = ureq::get(&self.url).call().unwrap();
        serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
    }

    /// Waits until these numbers, in this order, are what it has worked on, and `next` is next.
    fn assert_worked(&self, numbers: &[i64], next: i64) {
        eventually(WAIT, "the receiver has worked", || {
            let standing = self.standing();
            if standing["next"] != next {
                return Err(standing.to_string());
            }
            let printed = self.printed.lock().unwrap();
            let number = |line: &String| line.split(' ').nth(1)?.parse().ok();
            let worked: Vec<i64> = printed.iter().filter_map(number).collect();
            if worked == numbers { Ok(()) } else { Err(format!("{worked:?}")) }
        });
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Deliveries to one receiver.
struct Sending<'a> {
    client: &'a Client,
    url: String,
    now: i64,
}

impl Sending<'_> {
    fn send(&self, id: &str, body: &str, secrets: &[&str]) -> u16 {
        let message = Message { id, seconds: self.now, body };
        status(&self.client.deliver(&self.url, message, secrets))
    }

    fn event(&self, sequence: i64) -> u16 {
        self.send(&format!("msg_{sequence}"), &body(sequence), &[SECRET])
    }
}

fn status(answer: &Answer) -> u16 {
    match answer {
        Answer::Status { status, .. } => *status,
        failed => panic!("no answer: {failed:?}"),
    }
}

fn body(sequence: i64) -> String {
    json!({
        "type": "commission.paid", "timestamp": "2026-06-14T03:45:00Z",
        "sequence": sequence, "data": {"reason": "é \u{1F9E5} /"},
    })
    .to_string()
}

fn order(second: i64, order_status: &str) -> String {
    json!({
        "event_category": "affiliate", "event_type": "order", "timestamp": second,
        "order_data": {"order_id": "cnv_1", "order_status": order_status},
    })
    .to_string()
}

fn store() -> PathBuf {
    static STORES: AtomicUsize = AtomicUsize::new(0);
    let number = STORES.fetch_add(1, Ordering::Relaxed);
    let folder = xtask::paths::target().join("receivers");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{}-{number}", std::process::id()));
    let _ = fs::remove_file(&path);
    path
}

/// Takes a receiver through everything that the page says may come.
fn check(command: impl Fn() -> Command) {
    let (client, store) = (Client::new(), store());
    let receiver = Receiver::start(command(), &store);
    let now = jiff::Timestamp::now().as_second();
    let sending = Sending { client: &client, url: receiver.url.clone(), now };

    assert_eq!((sending.event(1), sending.event(3)), (200, 200));
    // 3 waits for 2.
    receiver.assert_worked(&[1], 2);
    let standing = receiver.standing();
    assert_eq!((&standing["waiting"], &standing["missing"]), (&json!([3]), &json!([2])));
    assert_eq!(sending.event(1), 200, "a repeat is answered as the first was");

    // What is not genuine is refused, and leaves nothing.
    assert_eq!(sending.send("msg_2", &body(2), &[OTHER]), 401);
    assert_eq!(sending.send("msg_2", &body(2), &[]), 401);
    for (id, seconds, sent) in
        [("msg_2", now, body(20)), ("msg_4", now, body(2)), ("msg_2", now - 1, body(2))]
    {
        let signed = Message { id: "msg_2", seconds: now, body: &body(2) };
        let secrets = [SECRET.to_owned()];
        let signature =
            settlement::domain::webhook::signature::header(&secrets, signed.id, now, signed.body);
        let message = Message { id, seconds, body: &sent };
        let answer = client.send(&sending.url, message, &signature, BOUND);
        assert_eq!(status(&answer), 401, "{id} {seconds} {sent}");
    }
    let old = Message { id: "msg_2", seconds: now - 400, body: &body(2) };
    assert_eq!(status(&client.deliver(&sending.url, old, &[SECRET])), 401);
    receiver.assert_worked(&[1], 2);

    assert_eq!(sending.send("msg_2", &body(2), &[OTHER, SECRET]), 200, "either may be ours");
    receiver.assert_worked(&[1, 2, 3], 4);

    // It ends in the middle of its work, and knows everything when it is back.
    assert_eq!(sending.event(5), 200);
    drop(receiver);
    let receiver = Receiver::start(command(), &store);
    let sending = Sending { url: receiver.url.clone(), ..sending };
    assert_eq!((sending.event(3), sending.event(4)), (200, 200));
    receiver.assert_worked(&[4, 5], 6);

    // After a restored backup: a known event under a new number, a new one under an old number.
    assert_eq!(sending.send("msg_5", &body(6), &[SECRET]), 200);
    assert_eq!(sending.send("msg_x", &body(2), &[SECRET]), 200);
    receiver.assert_worked(&[4, 5, 2], 7);

    // Out of order, twice each.
    let numbers = (0..33).map(|at| 7 + at * 10 % 33);
    for sequence in numbers.clone().chain(numbers) {
        assert_eq!(sending.event(sequence), 200);
    }
    let all: Vec<i64> = [4, 5, 2].into_iter().chain(7..40).collect();
    receiver.assert_worked(&all, 40);

    // Orders as affiliates are told them: the newest counts.
    for (id, second, word) in
        [("msg_a", 10, "pending"), ("msg_c", 30, "refunded"), ("msg_b", 20, "completed")]
    {
        assert_eq!(sending.send(id, &order(second, word), &[SECRET]), 200);
    }
    assert_eq!(receiver.standing()["orders"], json!({"cnv_1": "refunded"}));
    drop(receiver);
    let receiver = Receiver::start(command(), &store);
    assert_eq!(receiver.standing()["orders"], json!({"cnv_1": "refunded"}));
    // Nothing is done twice.
    receiver.assert_worked(&[], 40);
    drop(receiver);
    fs::remove_file(&store).unwrap();
}

fn example(program: &str, name: &str) -> Command {
    let mut command = Command::new(program);
    command.arg(xtask::paths::root().join("examples/receivers").join(name));
    command
}

#[test]
fn the_python_receiver_verifies_deduplicates_and_orders_everything() {
    check(|| example("python3", "receiver.py"));
}

#[test]
fn the_node_receiver_verifies_deduplicates_and_orders_everything() {
    check(|| example("node", "receiver.mjs"));
}
