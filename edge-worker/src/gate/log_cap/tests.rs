//! The cap per key, kind and minute, and what becomes of the rest.

use super::*;
use crate::gate::call_record::{self, Answered};
use crate::gate::key::tests::entry;
use shared::request_log::LogRow;

const NOW_MS: i64 = 1_781_408_700_000;

fn key(key_id: &str) -> KeyEntry {
    KeyEntry { key_id: key_id.to_owned(), ..entry() }
}

/// Minute, reason, key and number of each tally, in a fixed order.
fn told(tallies: &[CallTally]) -> Vec<(i64, TallyReason, String, u64)> {
    let mut told: Vec<_> = tallies
        .iter()
        .map(|tally| {
            let key = tally.key.as_ref().map_or_else(String::new, |key| key.key_id.clone());
            (tally.minute_ms - NOW_MS, tally.reason, key, tally.calls)
        })
        .collect();
    told.sort_by_key(|(minute, reason, key, _)| (*minute, reason.as_str(), key.clone()));
    told
}

fn listed(cap: &mut LogCap, key: &KeyEntry, flood: Flood, calls: usize, now_ms: i64) -> usize {
    (0..calls).filter(|_| cap.list(key, flood, now_ms) == Place::Listed).count()
}

#[test]
fn the_61st_of_a_kind_a_key_and_a_minute_is_counted() {
    use Flood::{RateLimited, Unproven};
    let (mut cap, a, b) = (LogCap::default(), key("a"), key("b"));
    let end = NOW_MS + MINUTE_MS - 1;
    // Key, kind, instant, calls, how many of them are listed.
    let steps = [
        (&a, Unproven, NOW_MS, 60, 60),
        (&a, Unproven, end, 3, 0),
        (&a, RateLimited, end, 61, 60),
        (&b, Unproven, end, 1, 1),
        (&a, Unproven, end + 1, 61, 60),
    ];
    for (key, flood, now_ms, calls, expected) in steps {
        let found = listed(&mut cap, key, flood, calls, now_ms);
        assert_eq!(found, expected, "{} {flood:?} {now_ms}", key.key_id);
    }
    let a = || "a".to_owned();
    let expected = [
        (0, TallyReason::RateLimited, a(), 1),
        (0, TallyReason::Unproven, a(), 3),
        (MINUTE_MS, TallyReason::Unproven, a(), 1),
    ];
    assert_eq!(told(&cap.take(|| 7)), expected);
    assert_eq!(cap.take(|| 7), []);
}

#[test]
fn taking_the_counts_gives_no_more_room_in_the_minute() {
    let (mut cap, key) = (LogCap::default(), key("a"));
    assert_eq!(listed(&mut cap, &key, Flood::Unproven, 70, NOW_MS), 60);
    assert_eq!(told(&cap.take(|| 7))[0].3, 10);
    assert_eq!(listed(&mut cap, &key, Flood::Unproven, 5, NOW_MS), 0);
    assert_eq!(told(&cap.take(|| 7))[0].3, 5);
}

#[test]
fn calls_of_nobody_are_told_by_their_kind() {
    let mut cap = LogCap::default();
    for names_a_key in [true, false, true] {
        cap.count_nobodys(names_a_key, NOW_MS);
    }
    cap.count_nobodys(false, NOW_MS + MINUTE_MS);
    let none = String::new;
    let expected = [
        (0, TallyReason::MissingKey, none(), 1),
        (0, TallyReason::UnknownKey, none(), 2),
        (MINUTE_MS, TallyReason::MissingKey, none(), 1),
    ];
    assert_eq!(told(&cap.take(|| 7)), expected);
}

#[test]
fn a_tally_that_comes_back_keeps_its_id_and_none_is_lost_beyond_the_bound() {
    let mut cap = LogCap::default();
    cap.count_nobodys(true, NOW_MS);
    let first = cap.take(|| 7);
    cap.put_back(first.clone());
    cap.count_nobodys(true, NOW_MS);
    let again = cap.take(|| 8);
    assert_eq!(again.iter().map(|tally| tally.id).collect::<Vec<_>>(), [7, 8]);
    assert_eq!(again[0], first[0]);
    let many = u64::try_from(TALLIES_MAX).unwrap() + 5;
    let minutes = (0_i64..).take(TALLIES_MAX + 5);
    minutes.for_each(|minute| cap.count_nobodys(true, NOW_MS + minute * MINUTE_MS));
    let mut sum = 0;
    for _ in 0..3 {
        let tallies = cap.take(|| 9);
        assert!(tallies.len() <= TALLIES_MAX, "{}", tallies.len());
        sum += tallies.iter().map(|tally| tally.calls).sum::<u64>();
    }
    assert_eq!(sum, many);
}

#[test]
fn only_refusals_that_prove_nothing_are_capped() {
    let capped: Vec<u16> = (100..600).filter(|status| Flood::of(*status).is_some()).collect();
    assert_eq!(capped, [401, 429]);
}

#[test]
fn a_log_without_its_calls_tells_how_many_there_were() {
    let key = entry();
    let call = call_record::record(&Answered {
        id: 1,
        received_at_ms: NOW_MS,
        done_at_ms: NOW_MS,
        key: &key,
        is_signed: true,
        method: "GET",
        path: "/api/v1/,\"receivedAtMs\":1,\"tallies\":[]",
        request_id: "r-1",
        content_length: None,
        status: 200,
        refusal: None,
        is_repeat: false,
        body: "",
    });
    let mut cap = LogCap::default();
    cap.count_nobodys(true, NOW_MS);
    for tallies in [Vec::new(), cap.take(|| 7)] {
        let log = LogRow { calls: vec![call.clone(), call.clone()], tallies: tallies.clone() };
        let text = serde_json::to_string(&log).unwrap();
        let left: LogRow = serde_json::from_str(&without_calls(&text, 9, NOW_MS + 59_999)).unwrap();
        let (id, minute_ms, key) = (9, NOW_MS, None);
        let reason = TallyReason::Dropped;
        let mut expected = vec![CallTally { id, minute_ms, reason, key, calls: 2 }];
        expected.extend(tallies);
        assert_eq!(left, LogRow { calls: Vec::new(), tallies: expected });
    }
}
