//! Histories on a test clock.

use super::super::super::outcome::Code;
use super::{DAY, History, LINK, S, State};
use shared::event::Event;
use shared::id::Environment;

#[test]
fn the_cookie_window_is_judged_on_the_test_clock() {
    let mut history = History::new(Environment::Test);
    let click = history.click(LINK);
    let advance = |history: &mut History, days: i64| {
        history.wait(1);
        let seconds = u32::try_from(days * DAY).expect("days of the test");
        history.tell(Event::ClockAdvance(shared::event::ClockAdvance { seconds }));
        history.wait(1);
    };
    advance(&mut history, 29);
    assert_eq!(history.order("A", "100.00", Some(&click)).code, Code::Applied);
    advance(&mut history, 2);
    assert_eq!(history.order("B", "100.00", Some(&click)).code, Code::InReview);
    let fresh = history.click(LINK);
    assert_eq!(history.order("C", "100.00", Some(&fresh)).code, Code::Applied);
}

#[test]
fn an_instant_far_ahead_of_the_test_clock_is_skipped() {
    let mut history = History::new(Environment::Test);
    history.attributed("A", "100.00");
    let ahead = Some(history.now + 2 * DAY);
    assert_eq!(history.report_at("A", S::Delivered, None, ahead).code, Code::TimeAhead);
    assert_eq!(history.state("A"), State::Pending);
}
