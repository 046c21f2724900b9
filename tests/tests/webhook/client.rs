//! The client before receivers of every kind: what it sends, and what it makes of their answers.

use std::thread;
use std::time::Duration;

use settlement::outbound::webhook::{ANSWER_BYTES_MAX, ANSWER_KEPT_BYTES, Answer, CallFault};
use tests::Sink;
use tests::sink::Reply;

use crate::{BOUND, Client, Message};

/// Time for an answer that does not come: enough for the request to arrive on a busy machine.
const SHORT: Duration = Duration::from_secs(2);
const MESSAGE: Message<'static> =
    Message { id: "msg_1", seconds: 1_781_424_000, body: r#"{"type":"ping","data":"é"}"# };

/// What the client makes of a reply within some time.
fn of(reply: Reply, time_max: Duration) -> Answer {
    let sink = Sink::start().unwrap();
    sink.answer("/hook", reply);
    let answer = Client::new().send(&sink.url("/hook"), MESSAGE, "v1,AA==", time_max);
    assert_eq!(sink.count(), 1, "it is tried once");
    answer
}

fn status(status: u16, start: &[u8]) -> Answer {
    Answer::Status { status, start: start.to_vec() }
}

fn whole(status: u16, headers: &[(&'static str, &str)], body: &[u8]) -> Reply {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Reply::Whole(status, headers, body.to_vec())
}

#[test]
fn a_delivery_is_what_the_page_says_and_nothing_else() {
    let sink = Sink::start().unwrap();
    let answer = Client::new().send(&sink.url("/hook?a=1"), MESSAGE, "v1,AA== v1,BB==", BOUND);
    assert_eq!(answer, status(200, b"{}"));
    let [received] = &sink.received()[..] else { panic!("one delivery") };
    assert_eq!((received.method.as_str(), received.path.as_str()), ("POST", "/hook?a=1"));
    assert_eq!(received.text(), MESSAGE.body);
    let version = env!("CARGO_PKG_VERSION");
    let expected = [
        ("content-type", "application/json"),
        ("webhook-id", "msg_1"),
        ("webhook-timestamp", "1781424000"),
        ("webhook-signature", "v1,AA== v1,BB=="),
        ("user-agent", &format!("Khata/{version}")),
        ("accept", "*/*"),
        ("content-length", &MESSAGE.body.len().to_string()),
    ];
    for (name, value) in expected {
        assert_eq!(received.header(name), value, "{name}");
    }
    let known = |name: &str| name == "host" || expected.iter().any(|(known, _)| *known == name);
    let others: Vec<_> = received.headers.iter().filter(|(name, _)| !known(name)).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn every_way_to_fail_is_told_apart() {
    for (reply, fault) in [
        (Reply::Reset, CallFault::Broken),
        (Reply::ResetInBody, CallFault::Broken),
        (Reply::Close, CallFault::Broken),
        (Reply::Garbage, CallFault::Broken),
        (Reply::EndlessHead, CallFault::Broken),
        (Reply::Endless, CallFault::TooLong),
    ] {
        assert_eq!(of(reply.clone(), BOUND), Answer::Failed(fault), "{reply:?}");
    }
    // Each takes all of its time: side by side.
    thread::scope(|scope| {
        for reply in [Reply::Stall, Reply::StallInBody, Reply::SlowHead, Reply::SlowBody] {
            scope.spawn(move || {
                let answer = of(reply.clone(), SHORT);
                assert_eq!(answer, Answer::Failed(CallFault::Timeout), "{reply:?}");
            });
        }
    });
}

#[test]
fn an_answer_is_read_to_its_limit_and_its_start_is_kept() {
    let body = vec![b'x'; ANSWER_BYTES_MAX + 1];
    let longest = of(whole(500, &[], &body[1..]), BOUND);
    assert_eq!(longest, status(500, &body[..ANSWER_KEPT_BYTES]));
    assert_eq!(of(whole(200, &[], &body), BOUND), Answer::Failed(CallFault::TooLong));
    let zipped = of(whole(200, &[("Content-Encoding", "gzip")], b"no gzip"), BOUND);
    assert_eq!(zipped, status(200, b"no gzip"), "what is kept is what came");
}

#[test]
fn a_redirect_is_an_answer_and_is_not_followed() {
    let (sink, inner) = (Sink::start().unwrap(), Sink::start().unwrap());
    let client = Client::new();
    for code in [301, 302, 303, 307, 308] {
        let to = [("Location", inner.url("/admin")), ("Set-Cookie", "a=b".to_owned())];
        sink.script("/hook", [Reply::Whole(code, to.to_vec(), Vec::new())]);
        let answer = client.send(&sink.url("/hook"), MESSAGE, "v1,AA==", BOUND);
        assert_eq!(answer, status(code, b""));
    }
    assert_eq!((sink.count(), inner.count()), (5, 0));
    let with_cookie = sink.received().iter().filter(|r| !r.header("cookie").is_empty()).count();
    assert_eq!(with_cookie, 0, "cookies are not kept");
}

#[test]
fn a_connection_is_used_again_for_its_own_host_alone() {
    let (sink, other) = (Sink::start().unwrap(), Sink::start().unwrap());
    let client = Client::new();
    for _ in 0..3 {
        for sink in [&sink, &other] {
            let answer = client.send(&sink.url("/hook"), MESSAGE, "v1,AA==", BOUND);
            assert_eq!(answer, status(200, b"{}"));
        }
    }
    for sink in [sink, other] {
        let connections: Vec<_> = sink.received().iter().map(|r| r.connection).collect();
        assert_eq!(connections, [0, 0, 0]);
    }
}

#[test]
fn who_is_away_is_unreachable_and_is_found_again() {
    let sink = Sink::start().unwrap();
    let client = Client::new();
    let post = || client.send(&sink.url("/hook"), MESSAGE, "v1,AA==", BOUND);
    assert_eq!(post(), status(200, b"{}"));
    sink.down();
    // The kept connection may be found closed only once it is written to.
    let first = post();
    assert!(
        matches!(first, Answer::Failed(CallFault::Unreachable | CallFault::Broken)),
        "{first:?}"
    );
    assert_eq!(post(), Answer::Failed(CallFault::Unreachable));
    sink.up().unwrap();
    assert_eq!(post(), status(200, b"{}"));
}
