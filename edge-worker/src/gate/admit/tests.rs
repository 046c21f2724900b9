//! A case per way a call can end at the gate.

use super::*;
use crate::gate::hop::{BatchEvent, NewEvent};
use shared::id::EventKind;

const DAY_MS: i64 = 24 * 3_600_000;
const FIRST: EventId = EventId { kind: EventKind::Conversion, epoch: 1, seq: 1 };

fn call(signature: u8, ask: Ask) -> Call {
    Call {
        key_id: "pk_test_a".into(),
        per_minute_max: 3,
        per_hour_max: 10,
        signature: Some(format!("{signature:02x}").repeat(16)),
        ask,
    }
}

fn event(body_sha256: &str) -> Ask {
    Ask::Accept(NewEvent {
        kind: EventKind::Conversion,
        body: "{}".into(),
        body_sha256: body_sha256.into(),
        idempotency: Some("POST /x k".into()),
        content: Some("c:A".into()),
        conversion_id: None,
    })
}

fn known_key(body_sha256: &str) -> Known {
    Known {
        by_key: Some(KnownKey {
            event_id: FIRST,
            body_sha256: body_sha256.into(),
            received_at_ms: 0,
            answer: None,
        }),
        by_content: by_content(),
    }
}

fn by_content() -> HashMap<String, EventId> {
    HashMap::from([("c:A".to_owned(), FIRST)])
}

#[test]
fn what_is_known_decides_after_rate_and_replay() {
    let by_content = Known { by_key: None, by_content: by_content() };
    let first = |body: &str| known_key(body).by_key.expect("it is known by its key");
    let cases = [
        (Known::default(), 0, Admission::Accept),
        (known_key("same"), 0, Admission::Repeat(first("same"))),
        (known_key("other"), 0, Admission::KeyReused),
        (known_key("other"), DAY_MS - 1, Admission::KeyReused),
        (known_key("other"), DAY_MS, Admission::Duplicate(FIRST)),
        (by_content, 0, Admission::Duplicate(FIRST)),
    ];
    for (known, now_ms, expected) in cases {
        let admission = Memory::default().admit(&call(1, event("same")), &known, now_ms);
        assert_eq!(admission, expected, "{known:?} at {now_ms}");
    }
}

#[test]
fn a_repeat_with_the_same_signature_is_a_replay() {
    let mut memory = Memory::default();
    let first = call(1, event("same"));
    assert_eq!(memory.admit(&first, &Known::default(), 0), Admission::Accept);
    assert_eq!(memory.admit(&first, &known_key("same"), 1), Admission::Replayed);
    let later = call(2, event("same"));
    let known = known_key("same");
    let repeat = Admission::Repeat(known.by_key.clone().expect("it is known by its key"));
    assert_eq!(memory.admit(&later, &known, 1), repeat);
}

#[test]
fn a_refused_call_spends_nothing_and_is_not_remembered() {
    let mut memory = Memory::default();
    for signature in 1..=3 {
        let counted = memory.admit(&call(signature, Ask::Count), &Known::default(), 0);
        assert_eq!(counted, Admission::Counted);
    }
    let limited = Admission::RateLimited("Rate limit exceeded (3/min)".into());
    for _ in 0..20 {
        let admission = memory.admit(&call(4, Ask::Count), &Known::default(), 1);
        assert_eq!(admission, limited);
    }
    let after = memory.admit(&call(4, Ask::Count), &Known::default(), 60_000);
    assert_eq!(after, Admission::Counted);
}

#[test]
fn a_call_without_replay_check_may_come_again() {
    let mut memory = Memory::default();
    let mut read = call(1, Ask::Read(None));
    read.signature = None;
    for _ in 0..2 {
        let admission = memory.admit(&read, &Known::default(), 0);
        assert_eq!(admission, Admission::Counted);
    }
}

#[test]
fn rows_bring_windows_and_signatures_back() {
    let mut memory = Memory::default();
    for (signature, received_at_ms) in [("03", 3_000), ("02", 2_000), ("01", 1_000)] {
        let signature = signature.repeat(16);
        memory.restore_older("pk_test_a", Some(&signature), received_at_ms);
    }
    let admission = memory.admit(&call(9, Ask::Count), &Known::default(), 4_000);
    assert!(matches!(admission, Admission::RateLimited(_)));
    let admission = memory.admit(&call(2, Ask::Count), &Known::default(), 62_000);
    assert_eq!(admission, Admission::Replayed);
}

#[test]
fn a_call_that_could_not_be_stored_may_come_again_unchanged() {
    let mut memory = Memory::default();
    let first = call(1, event("same"));
    assert_eq!(memory.admit(&first, &Known::default(), 0), Admission::Accept);
    memory.forget_signature(&first);
    assert_eq!(memory.admit(&first, &Known::default(), 1), Admission::Accept);
}

fn batch(contents: &[Option<&str>]) -> Ask {
    let item = |content: Option<&str>| match content {
        None => Item::Refused("{}".into()),
        Some(content) => Item::Event(BatchEvent {
            kind: EventKind::Conversion,
            body: "{}".into(),
            content: Some(content.to_owned()),
            conversion_id: None,
        }),
    };
    Ask::AcceptAll(NewBatch {
        items: contents.iter().copied().map(item).collect(),
        body_sha256: "same".into(),
        idempotency: Some("POST /x k".into()),
        is_story: false,
    })
}

#[test]
fn every_item_of_a_batch_has_its_own_fate() {
    let known = Known { by_key: None, by_content: by_content() };
    let ask = batch(&[Some("c:B"), None, Some("c:A")]);
    let places = vec![Place::New, Place::Refused, Place::Known(FIRST)];
    assert_eq!(Memory::default().admit(&call(1, ask), &known, 0), Admission::AcceptAll(places));
    let ask = batch(&[Some("c:B"), Some("c:B"), Some("c:B")]);
    let places = vec![Place::New, Place::SameAs(0), Place::SameAs(0)];
    assert_eq!(Memory::default().admit(&call(1, ask), &known, 0), Admission::AcceptAll(places));
}

#[test]
fn a_batch_spends_a_token_for_each_event_all_or_none() {
    let mut memory = Memory::default();
    let known = Known::default();
    let of = |count: usize| batch(&vec![None; count]);
    let admitted = |admission: &Admission| matches!(admission, Admission::AcceptAll(_));
    assert!(admitted(&memory.admit(&call(1, of(2)), &known, 0)));
    assert!(!admitted(&memory.admit(&call(2, of(2)), &known, 0)), "three a minute");
    assert!(admitted(&memory.admit(&call(2, of(1)), &known, 0)), "a refusal spends nothing");
    assert!(!admitted(&memory.admit(&call(3, of(1)), &known, 0)));
}

#[test]
fn a_batch_is_repeated_as_a_whole_by_its_key() {
    let known = known_key("same");
    let repeat = Admission::Repeat(known.by_key.clone().expect("it is known by its key"));
    let ask = batch(&[Some("c:Z")]);
    assert_eq!(Memory::default().admit(&call(1, ask.clone()), &known, 0), repeat);
    let other = known_key("other");
    assert_eq!(Memory::default().admit(&call(1, ask), &other, 0), Admission::KeyReused);
}
