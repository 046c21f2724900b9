//! Lists decided as a whole: places, results in order, and what is stored.

use super::*;
use crate::gate::admit::tests::{FIRST, conversion, known_key, origin, raw};
use serde_json::{Value, json};
use shared::id::EventKind;

const DAY_MS: i64 = 24 * 3_600_000;
const PLACE: Place = Place { epoch: 1, next_seq: 8 };

fn event(order: &str) -> Item {
    Item::Event(conversion(order))
}

fn clock() -> Item {
    let kind = EventKind::ClockAdvance;
    Item::Event(NewEvent { kind, body: raw("{}"), content: None, conversion_id: None })
}

fn refused() -> Item {
    Item::Refused(raw(r#"{"code":"VALIDATION_ERROR","message":["wrong"]}"#))
}

fn received(kind: EventKind, seq: u64) -> Value {
    let id = EventId { kind, epoch: PLACE.epoch, seq }.to_string();
    json!({"eventId": id, "status": "RECEIVED", "duplicate": false})
}

fn results(answer: &str) -> Value {
    let mut answer: Value = serde_json::from_str(answer).expect("an answer is JSON");
    answer["results"].take()
}

fn known_order(order: &str) -> Known {
    Known { by_key: None, by_content: [(format!("c:{order}"), FIRST)].into() }
}

#[test]
fn what_is_new_takes_the_next_places_and_each_result_its_own() {
    let items = [event("A"), refused(), event("B"), event("C"), event("B")];
    let admission = recognise_all(&origin("same"), &items, &known_order("A"), PLACE, 5);
    let ListAdmission::Accept(plan) = admission else { panic!("{admission:?}") };
    let known = |order: &str| {
        json!({
            "status": "DUPLICATE", "conversionId": format!("cnv_{order}"), "duplicate": true,
        })
    };
    let expected = json!([
        known("A"),
        {"code": "VALIDATION_ERROR", "message": ["wrong"]},
        received(EventKind::Conversion, 8),
        received(EventKind::Conversion, 9),
        known("B"),
    ]);
    assert_eq!(results(&plan.answer), expected);
    let stored: Vec<_> =
        plan.events.iter().map(|one| (one.event.content.as_deref(), one.received_at_ms)).collect();
    assert_eq!(stored, [(Some("c:B"), 5), (Some("c:C"), 5)]);
    assert_eq!(plan.not_before_ms, None);
}

#[test]
fn a_repeated_status_names_the_event_before_it_in_the_list() {
    let status = || {
        Item::Event(NewEvent {
            kind: EventKind::OrderStatus,
            body: raw("{}"),
            content: Some("s:1".into()),
            conversion_id: None,
        })
    };
    let items = [event("A"), status(), status()];
    let admission = recognise_all(&origin("same"), &items, &Known::default(), PLACE, 0);
    let ListAdmission::Accept(plan) = admission else { panic!("{admission:?}") };
    let first = received(EventKind::OrderStatus, 9);
    let again = json!({"eventId": first["eventId"], "status": "DUPLICATE", "duplicate": true});
    assert_eq!(results(&plan.answer)[2], again);
    assert_eq!(plan.events.len(), 2);
}

#[test]
fn what_follows_a_clock_move_happens_after_it() {
    let items = [event("A"), clock(), event("B"), clock(), event("C")];
    let admission = recognise_all(&origin("same"), &items, &Known::default(), PLACE, 500);
    let ListAdmission::Accept(plan) = admission else { panic!("{admission:?}") };
    let stamps: Vec<_> = plan.events.iter().map(|one| one.received_at_ms).collect();
    assert_eq!(stamps, [500, 1_000, 1_000, 2_000, 2_000]);
    assert_eq!(plan.not_before_ms, Some(2_000));
    assert_eq!(results(&plan.answer)[1], received(EventKind::ClockAdvance, 9));
}

#[test]
fn a_list_without_anything_new_stores_nothing() {
    for items in [vec![refused()], vec![event("A")], vec![refused(), event("A"), event("A")]] {
        let admission = recognise_all(&origin("same"), &items, &known_order("A"), PLACE, 0);
        let ListAdmission::NothingNew(answer) = admission else { panic!("{admission:?}") };
        assert_eq!(results(&answer).as_array().map(Vec::len), Some(items.len()));
    }
}

#[test]
fn the_idempotency_key_covers_the_whole_list() {
    let items = [event("A")];
    let decide = |sha256, now_ms| {
        let by_key = Some(known_key(sha256, Some("the first answer")));
        let known = Known { by_key, by_content: [("c:A".to_owned(), FIRST)].into() };
        match recognise_all(&origin("same"), &items, &known, PLACE, now_ms) {
            ListAdmission::KeyReused => "reused".to_owned(),
            ListAdmission::Repeat(answer) => answer,
            ListAdmission::NothingNew(_) => "nothing new".to_owned(),
            ListAdmission::Accept(_) => "accept".to_owned(),
        }
    };
    let cases = [
        ("same", 0, "the first answer"),
        ("same", DAY_MS - 1, "the first answer"),
        ("same", DAY_MS, "nothing new"),
        ("other", 0, "reused"),
        ("other", DAY_MS - 1, "reused"),
        ("other", DAY_MS, "nothing new"),
    ];
    for (sha256, now_ms, expected) in cases {
        assert_eq!(decide(sha256, now_ms), expected, "{sha256} at {now_ms}");
    }
}
