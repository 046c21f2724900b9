//! A case per way a call can end at the gate.

use super::*;
use crate::gate::hop::{Ask, Item};
use serde_json::value::RawValue;

const DAY_MS: i64 = 24 * 3_600_000;
pub(super) const FIRST: EventId = EventId { kind: EventKind::Conversion, epoch: 1, seq: 1 };

pub(super) fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).expect("a test's JSON")
}

pub(super) fn origin(body_sha256: &str) -> Origin {
    Origin { body_sha256: body_sha256.into(), idempotency: Some("POST /x k".into()) }
}

/// A conversion of this order.
pub(super) fn conversion(order: &str) -> NewEvent {
    NewEvent {
        kind: EventKind::Conversion,
        body: raw("{}"),
        content: Some(format!("c:{order}")),
        conversion_id: Some(format!("cnv_{order}")),
    }
}

pub(super) fn known_key(body_sha256: &str, answer: Option<&str>) -> KnownKey {
    KnownKey {
        event_id: FIRST,
        body_sha256: body_sha256.into(),
        received_at_ms: 0,
        answer: answer.map(str::to_owned),
    }
}

fn call(signature: u8, ask: Ask) -> Call {
    Call {
        key_id: "pk_test_a".into(),
        per_minute_max: 3,
        per_hour_max: 10,
        signature: Some(format!("{signature:02x}").repeat(16)),
        ask,
    }
}

fn items(many: usize) -> Ask {
    Ask::AcceptAll(origin("same"), vec![Item::Refused(raw("{}")); many])
}

#[test]
fn what_is_known_decides() {
    let by_content = || HashMap::from([("c:A".to_owned(), FIRST)]);
    let under = |sha256| Known { by_key: Some(known_key(sha256, None)), by_content: by_content() };
    let only_content = Known { by_key: None, by_content: by_content() };
    let received = || Admission::Repeat(answer::received(FIRST));
    let duplicate = || {
        Admission::Duplicate(
            r#"{"status":"DUPLICATE","conversionId":"cnv_A","duplicate":true}"#.into(),
        )
    };
    let accept = Admission::Accept(Stamp { received_at_ms: 0, not_before_ms: None });
    let cases = [
        (Known::default(), 0, accept),
        (under("same"), 0, received()),
        (under("same"), DAY_MS - 1, received()),
        (under("same"), DAY_MS, duplicate()),
        (under("other"), 0, Admission::KeyReused),
        (under("other"), DAY_MS - 1, Admission::KeyReused),
        (under("other"), DAY_MS, duplicate()),
        (only_content, 0, duplicate()),
    ];
    for (known, now_ms, expected) in cases {
        let admission = recognise(&origin("same"), &conversion("A"), &known, now_ms);
        assert_eq!(admission, expected, "{known:?} at {now_ms}");
    }
}

#[test]
fn a_key_is_kept_for_a_day_from_its_own_first_event() {
    let first = KnownKey { received_at_ms: DAY_MS, ..known_key("same", None) };
    let known = Known { by_key: Some(first), by_content: HashMap::new() };
    for (now_ms, is_kept) in [(DAY_MS, true), (2 * DAY_MS - 1, true), (2 * DAY_MS, false)] {
        let admission = recognise(&origin("same"), &conversion("A"), &known, now_ms);
        assert_eq!(matches!(admission, Admission::Repeat(_)), is_kept, "{now_ms}");
    }
}

#[test]
fn a_clock_move_is_stamped_at_the_next_full_second() {
    let event = NewEvent {
        kind: EventKind::ClockAdvance,
        body: raw("{}"),
        content: None,
        conversion_id: None,
    };
    for (now_ms, moved_at_ms) in [(0, 1_000), (999, 1_000), (1_000, 2_000)] {
        let expected = Stamp { received_at_ms: moved_at_ms, not_before_ms: Some(moved_at_ms) };
        let admission = recognise(&origin("same"), &event, &Known::default(), now_ms);
        assert_eq!(admission, Admission::Accept(expected));
    }
}

#[test]
fn the_same_signature_enters_once() {
    let mut memory = Memory::default();
    assert_eq!(memory.enter(&call(1, Ask::Count), 0), Entry::Entered);
    assert_eq!(memory.enter(&call(1, Ask::Count), 1), Entry::Replayed);
    assert_eq!(memory.enter(&call(2, Ask::Count), 1), Entry::Entered);
}

#[test]
fn a_refused_call_spends_nothing_and_is_not_remembered() {
    let mut memory = Memory::default();
    for signature in 1..=3 {
        assert_eq!(memory.enter(&call(signature, Ask::Count), 0), Entry::Entered);
    }
    let limited = Entry::RateLimited("Rate limit exceeded (3/min)".into());
    for _ in 0..20 {
        assert_eq!(memory.enter(&call(4, Ask::Count), 1), limited);
    }
    assert_eq!(memory.enter(&call(4, Ask::Count), 60_000), Entry::Entered);
}

#[test]
fn a_list_spends_a_token_for_each_item_or_none() {
    let mut memory = Memory::default();
    let limited = Entry::RateLimited("Rate limit exceeded (3/min)".into());
    assert_eq!(memory.enter(&call(1, items(4)), 0), limited);
    assert_eq!(memory.enter(&call(2, items(2)), 0), Entry::Entered);
    assert_eq!(memory.enter(&call(3, items(2)), 0), limited);
    assert_eq!(memory.enter(&call(4, items(1)), 0), Entry::Entered);
    assert_eq!(memory.enter(&call(3, items(3)), 60_000), Entry::Entered);
}

#[test]
fn a_call_without_replay_check_may_come_again() {
    let mut memory = Memory::default();
    let mut read = call(1, Ask::Read(None));
    read.signature = None;
    for _ in 0..2 {
        assert_eq!(memory.enter(&read, 0), Entry::Entered);
    }
}

#[test]
fn rows_bring_windows_and_signatures_back() {
    let mut memory = Memory::default();
    // A list of two stored its signature with the first of its rows alone.
    for (signature, received_at_ms) in [(Some("03"), 3_000), (None, 1_000), (Some("02"), 1_000)] {
        let signature = signature.map(|digits| digits.repeat(16));
        memory.restore_older("pk_test_a", signature.as_deref(), received_at_ms);
    }
    let limited = memory.enter(&call(9, Ask::Count), 4_000);
    assert!(matches!(limited, Entry::RateLimited(_)));
    assert_eq!(memory.enter(&call(2, Ask::Count), 62_000), Entry::Replayed);
}

#[test]
fn a_call_that_could_not_be_stored_may_come_again_unchanged() {
    let mut memory = Memory::default();
    let first = call(1, Ask::Count);
    assert_eq!(memory.enter(&first, 0), Entry::Entered);
    memory.forget_signature(&first);
    assert_eq!(memory.enter(&first, 1), Entry::Entered);
}
