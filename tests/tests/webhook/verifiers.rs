//! The reference libraries of Standard Webhooks, in three languages, on what the client sends.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::json;
use tests::Sink;
use tests::sink::Received;
use ureq::http::HeaderMap;

use crate::{Client, Message};

/// The secret of an endpoint, and the one before it.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PREVIOUS: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// Seconds that a signature is good for, by the standard's libraries: five minutes.
const TOLERANCE_SECONDS: i64 = 300;
const BODY: &str = r#"{"type":"commission.paid","timestamp":"2026-06-14T08:00:00.000Z","sequence":7,"data":{"note":"é \u0000 /"}}"#;

/// A delivery as it arrived, the secret that its receiver has, and whether it is to be accepted.
struct Case {
    what: &'static str,
    received: Received,
    secret: &'static str,
    accepted: bool,
}

/// Sends everything through the client, so that what is judged is what arrives.
fn cases() -> Vec<Case> {
    let now = jiff::Timestamp::now().as_second();
    let (client, sink) = (Client::new(), Sink::start().unwrap());
    let arrived = |seconds: i64, secrets: &[&str]| {
        let message = Message { id: "msg_01J9Z8", seconds, body: BODY };
        client.deliver(&sink.url("/"), message, secrets);
        sink.received().pop().expect("it arrived")
    };
    let good = arrived(now, &[SECRET]);
    let both = arrived(now, &[SECRET, PREVIOUS]);
    let (mut tampered, mut renamed, mut redated) = (good.clone(), good.clone(), good.clone());
    let at = tampered.body.iter().position(|byte| *byte == b'7').unwrap();
    tampered.body[at] = b'8';
    let set = |received: &mut Received, name: &str, value: String| {
        received.headers.iter_mut().find(|(known, _)| known == name).unwrap().1 = value;
    };
    set(&mut renamed, "webhook-id", "msg_01J9Z9".to_owned());
    set(&mut redated, "webhook-timestamp", (now + 1).to_string());
    let case = |what, received: &Received, secret, accepted| {
        let received = received.clone();
        Case { what, received, secret, accepted }
    };
    let margin = 60;
    vec![
        case("a delivery", &good, SECRET, true),
        case("two signatures, the new secret", &both, SECRET, true),
        case("two signatures, the old secret", &both, PREVIOUS, true),
        case("another secret", &good, PREVIOUS, false),
        case("a changed body", &tampered, SECRET, false),
        case("another id", &renamed, SECRET, false),
        case("another time", &redated, SECRET, false),
        case("an old time", &arrived(now - TOLERANCE_SECONDS - margin, &[SECRET]), SECRET, false),
        case(
            "a time to come",
            &arrived(now + TOLERANCE_SECONDS + margin, &[SECRET]),
            SECRET,
            false,
        ),
        case("no signature", &arrived(now, &[]), SECRET, false),
    ]
}

/// What a program that reads a case per line says of each.
fn judged(mut program: Command, cases: &[Case]) -> Vec<bool> {
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    for Case { received, secret, .. } in cases {
        let headers: serde_json::Map<_, _> =
            received.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let line = json!({"secret": secret, "headers": headers, "body": received.text()});
        writeln!(input, "{line}").unwrap();
    }
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program:?} fails");
    let text = String::from_utf8(output.stdout).unwrap();
    let verdict = |line: &str| match line {
        "accepted" => true,
        "refused" => false,
        other => panic!("{program:?} says {other}"),
    };
    text.lines().map(verdict).collect()
}

fn assert_judged(verdicts: &[bool], cases: &[Case]) {
    assert_eq!(verdicts.len(), cases.len());
    for (verdict, case) in verdicts.iter().zip(cases) {
        assert_eq!(*verdict, case.accepted, "{}", case.what);
    }
}

fn file(name: &str) -> PathBuf {
    xtask::paths::root().join("tests/tests/webhook").join(name)
}

#[test]
fn the_rust_library_accepts_what_is_right_and_nothing_else() {
    let cases = cases();
    let verdict = |case: &Case| {
        let mut headers = HeaderMap::new();
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            headers.insert(name, case.received.header(name).parse().unwrap());
        }
        let webhook = standardwebhooks::Webhook::new(case.secret).unwrap();
        webhook.verify(&case.received.body, &headers).is_ok()
    };
    assert_judged(&cases.iter().map(verdict).collect::<Vec<_>>(), &cases);
}

#[test]
fn the_node_library_accepts_what_is_right_and_nothing_else() {
    xtask::npm::ensure().unwrap();
    let cases = cases();
    let mut node = Command::new("node");
    node.arg(file("verify.mjs"));
    assert_judged(&judged(node, &cases), &cases);
}

#[test]
fn the_python_library_accepts_what_is_right_and_nothing_else() {
    let python = xtask::python::ensure("standardwebhooks", &file("requirements.txt"))
        .unwrap_or_else(|cause| panic!("{cause:#}"));
    let cases = cases();
    let mut python = Command::new(python);
    python.arg(file("verify.py")).env("PYTHONDONTWRITEBYTECODE", "1");
    assert_judged(&judged(python, &cases), &cases);
}
