//! When what is held is sent, in which rows, and what is dropped.

use super::*;
use crate::gate::key::tests::entry;
use shared::click_id::ClickClass;
use shared::id::Environment;
use shared::request_log::TallyReason;

const NOW_MS: i64 = 1_781_408_700_000;

fn click(number: u64) -> ClickRecord {
    ClickRecord {
        click_id: String::new(),
        link_number: number,
        class: ClickClass::Human,
        reason: String::new(),
        clicked_at_ms: NOW_MS,
        shopper_hash: None,
        country: None,
        private: false,
        sub_ids: Vec::new(),
    }
}

fn call(id: u64) -> CallRecord {
    CallRecord {
        id,
        received_at_ms: NOW_MS,
        merchant_id: entry().merchant_id,
        environment: Environment::Test,
        key_id: String::new(),
        method: "GET".into(),
        path: String::new(),
        status: 200,
        code: None,
        latency_ms: 0,
        request_id: String::new(),
        event_id: None,
        taken: None,
        faults: Vec::new(),
        content_bytes: None,
        proven: true,
    }
}

fn hold_call(held: &mut Held, id: u64) -> Wish {
    held.hold_call(&entry(), None, || call(id), NOW_MS)
}

#[test]
fn the_first_asks_for_a_timer_and_a_full_batch_for_no_pause() {
    let mut held = Held::default();
    assert_eq!(held.hold_click(click(0), NOW_MS), Wish::SendAfter(WAIT_MS));
    assert_eq!(hold_call(&mut held, 0), Wish::Nothing);
    assert_eq!(held.count_nobodys(true, NOW_MS), Wish::Nothing);
    for number in 1..63 {
        assert_eq!(held.hold_click(click(number), NOW_MS), Wish::Nothing);
    }
    assert_eq!(held.hold_click(click(63), NOW_MS), Wish::SendAfter(0));
    for id in 1..255 {
        assert_eq!(hold_call(&mut held, id), Wish::Nothing);
    }
    assert_eq!(hold_call(&mut held, 255), Wish::SendAfter(0));
    // A lost timer is replaced, one that rang makes room for the next.
    assert_eq!(held.count_nobodys(true, NOW_MS + 4_999), Wish::Nothing);
    assert_eq!(held.count_nobodys(true, NOW_MS + 5_000), Wish::SendAfter(WAIT_MS));
    held.timer_rang();
    assert_eq!(held.count_nobodys(true, NOW_MS + 5_001), Wish::SendAfter(WAIT_MS));
}

#[test]
fn a_row_holds_both_in_order_and_is_never_too_large() {
    let mut held = Held::default();
    for number in 0..300 {
        held.hold_click(click(number), NOW_MS);
    }
    for id in 0..300 {
        hold_call(&mut held, id);
    }
    let row = held.take(|| 1).unwrap();
    assert_eq!((row.clicks.len(), row.log.calls.len()), (256, 256));
    held.put_back(row.clone());
    assert_eq!(held.take(|| 1).unwrap(), row);
    let rest = held.take(|| 1).unwrap();
    assert_eq!((rest.clicks[0].link_number, rest.log.calls[0].id), (256, 256));
    assert_eq!(held.take(|| 1), None);
}

#[test]
fn beyond_the_bound_the_oldest_go_and_are_counted() {
    let mut held = Held::default();
    let many = HELD_MAX as u64 + 3;
    for number in 0..many {
        held.hold_click(click(number), NOW_MS);
    }
    for id in 0..many {
        hold_call(&mut held, id);
    }
    let row = held.take(|| 1).unwrap();
    assert_eq!((row.clicks[0].link_number, row.dropped), (3, 3));
    assert_eq!(row.log.calls[0].id, 3);
    let dropped: Vec<_> = row.log.tallies.iter().map(|tally| (tally.reason, tally.calls)).collect();
    assert_eq!(dropped, [(TallyReason::Dropped, 3)]);
    // Newer ones came while a row was under way: it comes back in front of them, and goes first.
    for id in 0..256 {
        hold_call(&mut held, many + id);
    }
    held.put_back(row);
    let row = held.take(|| 1).unwrap();
    assert_eq!((row.log.calls[0].id, row.dropped), (259, 3));
    let dropped: u64 = row.log.tallies.iter().map(|tally| tally.calls).sum();
    assert_eq!(dropped, 3 + 256);
}

#[test]
fn a_row_that_is_only_counted_is_never_made() {
    let mut held = Held::default();
    let mut rows = 0;
    for _ in 0..100 {
        let make = || {
            rows += 1;
            call(1)
        };
        held.hold_call(&entry(), Some(Flood::Unproven), make, NOW_MS);
    }
    assert_eq!(rows, 60);
    let log = held.take(|| 1).unwrap().log;
    assert_eq!((log.calls.len(), log.tallies[0].calls), (60, 40));
}
