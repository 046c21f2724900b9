//! The windows against a model that keeps every token and counts them anew on each call.

use super::*;
use proptest::prelude::*;

const LIMITS: Limits = Limits { per_minute_max: 3, per_hour_max: 5 };

#[test]
fn the_windows_slide_and_a_refusal_spends_nothing() {
    let mut window = Window::default();
    let cases = [
        (0, Spend::Spent),
        (1_000, Spend::Spent),
        (2_000, Spend::Spent),
        (2_000, Spend::MinuteFull),
        (59_999, Spend::MinuteFull),
        (60_000, Spend::Spent),
        (61_000, Spend::Spent),
        (62_000, Spend::HourFull),
        (HOUR_MS - 1, Spend::HourFull),
        (HOUR_MS, Spend::Spent),
        (HOUR_MS, Spend::HourFull),
    ];
    for (now_ms, expected) in cases {
        assert_eq!(window.spend(now_ms, 1, LIMITS), expected, "{now_ms}");
    }
}

#[test]
fn several_tokens_are_spent_all_or_none() {
    let mut window = Window::default();
    let cases = [
        (0, 4, Spend::MinuteFull),
        (0, 2, Spend::Spent),
        (0, 2, Spend::MinuteFull),
        (0, 1, Spend::Spent),
        (60_000, 3, Spend::HourFull),
        (60_000, 2, Spend::Spent),
        (120_000, 1, Spend::HourFull),
        (HOUR_MS, 3, Spend::Spent),
    ];
    for (now_ms, tokens, expected) in cases {
        assert_eq!(window.spend(now_ms, tokens, LIMITS), expected, "{tokens} at {now_ms}");
    }
}

#[test]
fn the_refusal_names_the_limit() {
    let limits = Limits { per_minute_max: 600, per_hour_max: 30_000 };
    assert_eq!(Spend::MinuteFull.refusal(limits).as_deref(), Some("Rate limit exceeded (600/min)"));
    assert_eq!(
        Spend::HourFull.refusal(limits).as_deref(),
        Some("Rate limit exceeded (30000/hour)")
    );
    assert_eq!(Spend::Spent.refusal(limits), None);
}

#[test]
fn restored_tokens_count() {
    let mut window = Window::default();
    for spent_at_ms in [2_000, 1_000, 0] {
        window.restore_older(spent_at_ms);
    }
    assert_eq!(window.spend(3_000, 1, LIMITS), Spend::MinuteFull);
    assert_eq!(window.spend(60_000, 1, LIMITS), Spend::Spent);
}

/// One thing that happens to a window.
#[derive(Debug, Clone)]
enum Op {
    /// So many tokens are asked for, of which so many would come with stored events.
    Spend { tokens: usize, stored: usize },
    /// Time passes.
    Pass(i64),
    /// Time passes to this many milliseconds after the oldest token leaves a window.
    ToEdge { span_ms: i64, after_ms: i64 },
    /// The object restarts: what was stored comes back from its rows.
    Restart,
}

fn op() -> impl Strategy<Value = Op> {
    let tokens = prop_oneof![4 => Just(1_usize), 1 => 1_usize..8];
    let spend = (tokens, 0_usize..8)
        .prop_map(|(tokens, stored)| Op::Spend { tokens, stored: stored.min(tokens) });
    let span_ms = prop_oneof![Just(MINUTE_MS), Just(HOUR_MS)];
    prop_oneof![
        8 => spend,
        2 => prop_oneof![Just(0_i64), 1_i64..200_000].prop_map(Op::Pass),
        2 => (span_ms, -1_i64..=1).prop_map(|(span_ms, after_ms)| Op::ToEdge { span_ms, after_ms }),
        1 => Just(Op::Restart),
    ]
}

/// A token of the model.
#[derive(Debug, Clone, Copy)]
struct Token {
    at_ms: i64,
    /// Whether it came with a stored event, so that a restart finds it again.
    is_stored: bool,
}

fn within(tokens: &[Token], now_ms: i64, span_ms: i64) -> usize {
    tokens.iter().filter(|token| now_ms - token.at_ms < span_ms).count()
}

fn expected(model: &[Token], now_ms: i64, tokens: usize, limits: Limits) -> Spend {
    if within(model, now_ms, MINUTE_MS) + tokens > limits.per_minute_max as usize {
        Spend::MinuteFull
    } else if within(model, now_ms, HOUR_MS) + tokens > limits.per_hour_max as usize {
        Spend::HourFull
    } else {
        Spend::Spent
    }
}

fn restored(model: &[Token]) -> Window {
    let mut window = Window::default();
    for token in model.iter().rev() {
        window.restore_older(token.at_ms);
    }
    window
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Never a refusal of what may pass, never a pass of what may not; and of stored events never
    /// more than the limit in any window, restarts or not.
    #[test]
    fn any_schedule_agrees_with_counting_everything(
        ops in proptest::collection::vec(op(), 1..150),
        per_minute_max in 1_u32..8,
        per_hour_max in 1_u32..20,
    ) {
        let limits = Limits { per_minute_max, per_hour_max };
        let (mut window, mut model, mut now_ms) = (Window::default(), Vec::<Token>::new(), 0_i64);
        let mut stored_at_ms = Vec::new();
        for op in ops {
            match op {
                Op::Pass(ms) => now_ms += ms,
                Op::ToEdge { span_ms, after_ms } => {
                    let oldest = model.iter().find(|token| now_ms - token.at_ms < span_ms);
                    let edge_ms = oldest.map_or(now_ms, |token| token.at_ms + span_ms + after_ms);
                    now_ms = now_ms.max(edge_ms);
                }
                Op::Restart => {
                    model.retain(|token| token.is_stored);
                    window = restored(&model);
                }
                Op::Spend { tokens, stored } => {
                    let expected = expected(&model, now_ms, tokens, limits);
                    prop_assert_eq!(window.spend(now_ms, tokens, limits), expected);
                    if expected == Spend::Spent {
                        let token = |at| Token { at_ms: now_ms, is_stored: at < stored };
                        model.extend((0..tokens).map(token));
                        stored_at_ms.extend(std::iter::repeat_n(now_ms, stored));
                    }
                }
            }
        }
        for (span_ms, most) in [(MINUTE_MS, per_minute_max), (HOUR_MS, per_hour_max)] {
            for (at, first_ms) in stored_at_ms.iter().enumerate() {
                let in_window = stored_at_ms[at..].iter().filter(|&ms| ms - first_ms < span_ms);
                prop_assert!(in_window.count() <= most as usize);
            }
        }
    }

    /// A clock that steps back stands still: what was spent is neither forgotten nor counted twice.
    #[test]
    fn a_clock_that_steps_back_lets_nothing_more_pass(
        steps in proptest::collection::vec((-100_000_i64..100_000, 1_usize..4), 1..100),
    ) {
        let (mut window, mut model) = (Window::default(), Vec::<Token>::new());
        let (mut shown_ms, mut newest_ms) = (1_000_000_i64, 0_i64);
        for (step_ms, tokens) in steps {
            shown_ms += step_ms;
            let now_ms = shown_ms.max(newest_ms);
            let expected = expected(&model, now_ms, tokens, LIMITS);
            prop_assert_eq!(window.spend(shown_ms, tokens, LIMITS), expected);
            if expected == Spend::Spent {
                newest_ms = now_ms;
                let token = Token { at_ms: now_ms, is_stored: true };
                model.extend(std::iter::repeat_n(token, tokens));
            }
        }
    }
}
