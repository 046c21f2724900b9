//! Risk along a history told to books in memory.

use super::super::super::commission::Steps;
use super::super::super::risk::desk::Loaded;
use super::super::super::risk::{Outcome, Reason, THRESHOLD_DEFAULT};
use super::*;

impl History {
    fn codes(&self) -> Vec<(Vec<Reason>, Outcome)> {
        let scores = &self.book.changes.steps.scores;
        scores.iter().map(|s| (s.score.codes().into_iter().collect(), s.outcome)).collect()
    }
}

#[test]
fn a_score_without_its_facts_waits_and_is_made_once_they_are_there() {
    let mut history = live();
    let (orders, keys) = (HashSet::new(), HashSet::new());
    history.book.risk.loaded = Loaded::Only { orders, keys };
    history.attributed("A", "100.00");
    history.report("A", S::CommissionApproved, None);
    assert_eq!(history.state("A"), State::Approved);
    assert_eq!(history.codes(), []);
    let id = history.book.conversion_id("A");
    let (book, now) = (&mut history.book, at(history.now));
    let order = book.orders.get_mut(&id).expect("the order is in the book");
    assert!(order.commission.as_ref().is_some_and(|c| c.risk.due));
    book.risk.loaded = Loaded::Everything;
    book.risk.show(order, &book.clock);
    let commission = order.commission.as_mut().expect("the order has a commission");
    let mut steps = Steps::default();
    commission.score(now, &mut steps);
    assert_eq!((commission.state, commission.risk.due), (State::PayableFree, false));
    commission.score(now, &mut steps);
    assert_eq!(steps.scores.len(), 1);
}

#[test]
fn the_first_of_two_like_orders_is_paid_before_anybody_knows_of_the_second() {
    let mut history = live();
    let click = history.click(LINK);
    history.wait(30);
    for (order, seconds) in [("A", 0), ("B", 600), ("C", 601)] {
        history.wait(seconds);
        history.order(order, "100.00", Some(&click));
        history.report(order, S::CommissionApproved, None);
    }
    let expected = [
        (vec![], Outcome::Clear),
        (vec![Reason::SameSale], Outcome::Clear),
        (vec![], Outcome::Clear),
    ];
    assert_eq!(history.codes(), expected);
}

#[test]
fn a_whole_reversal_counts_once_however_often_it_is_told() {
    let mut history = live();
    history.attributed("A", "100.00");
    history.report("A", S::Returned, None);
    history.report("A", S::Cancelled, None);
    let reversed: i64 = history.book.risk.counted.values().map(|tally| tally.reversed).sum();
    assert_eq!(reversed, 1);
    history.order("B", "100.00", None);
    history.report("B", S::Returned, None);
    let orders: Vec<i64> = history.book.risk.counted.values().map(|tally| tally.orders).collect();
    assert_eq!(orders, [1, 1]);
}

#[test]
fn a_score_keeps_the_threshold_weights_and_facts_it_was_made_of() {
    let mut history = live();
    let click = history.click(LINK);
    history.wait(9);
    history.order("A", "100.00", Some(&click));
    history.report("A", S::CommissionApproved, None);
    let scored = &history.book.changes.steps.scores[0];
    assert_eq!((scored.threshold, scored.score.weights_version), (THRESHOLD_DEFAULT, 1));
    assert_eq!(scored.facts.signals.click_to_order_seconds, Some(9));
    assert_eq!(scored.facts.counts.affiliate_hour_orders, 1);
    assert_eq!(scored.score.points, 30);
}
