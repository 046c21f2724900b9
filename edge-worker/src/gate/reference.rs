//! How old a kept description of the API may be when it is served.

/// A description this young is served as it is.
pub const FRESH_MS: i64 = 60_000;
/// One older than this is not served at all, also when settlement is away.
pub const LOST_MS: i64 = 3_600_000;
/// While something may be served, settlement is asked again no sooner than this; and after it gave
/// no answer, by nobody.
pub const ASK_PAUSE_MS: i64 = 5_000;

/// What to do for a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serve {
    /// Serve what is kept.
    Kept,
    /// Ask settlement; serve what is kept, if anything may be, when it does not answer.
    Ask,
    /// Nothing may be served, and settlement was asked just now.
    Nothing,
}

/// What is known of a description; instants of the edge's clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "three instants, told apart by their first words")]
pub struct Known {
    /// When the kept text came.
    pub kept_at_ms: Option<i64>,
    /// When settlement was asked last.
    pub asked_at_ms: Option<i64>,
    /// When it was asked last and gave no answer.
    pub failed_at_ms: Option<i64>,
}

/// Decides.
pub fn serve(known: Known, now_ms: i64) -> Serve {
    let just_now = |at: Option<i64>| at.is_some_and(|at| now_ms - at < ASK_PAUSE_MS);
    match known.kept_at_ms.map(|at| now_ms - at) {
        Some(age_ms) if age_ms < FRESH_MS => Serve::Kept,
        Some(age_ms) if age_ms < LOST_MS && just_now(known.asked_at_ms) => Serve::Kept,
        _ if just_now(known.failed_at_ms) => Serve::Nothing,
        _ => Serve::Ask,
    }
}

/// Whether a kept text may stand in for an answer that did not come.
pub fn may_stand_in(kept_at_ms: i64, now_ms: i64) -> bool {
    now_ms - kept_at_ms < LOST_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_fresh_an_hour_in_need_and_no_question_soon_after_a_failed_one() {
        let now = 10_000_000;
        let cases = [
            (None, None, None, Serve::Ask),
            (None, Some(1), None, Serve::Ask),
            (None, Some(4_999), Some(4_999), Serve::Nothing),
            (None, Some(5_000), Some(5_000), Serve::Ask),
            (Some(0), Some(0), None, Serve::Kept),
            (Some(59_999), Some(59_999), None, Serve::Kept),
            (Some(60_000), Some(60_000), None, Serve::Ask),
            (Some(60_000), Some(1), None, Serve::Kept),
            (Some(3_599_999), Some(1), Some(1), Serve::Kept),
            (Some(3_600_000), Some(1), Some(1), Serve::Nothing),
            (Some(3_600_000), Some(5_000), Some(5_000), Serve::Ask),
        ];
        for (kept_ms_ago, asked_ms_ago, failed_ms_ago, expected) in cases {
            let at = |ms_ago: Option<i64>| ms_ago.map(|ms| now - ms);
            let known = Known {
                kept_at_ms: at(kept_ms_ago),
                asked_at_ms: at(asked_ms_ago),
                failed_at_ms: at(failed_ms_ago),
            };
            assert_eq!(serve(known, now), expected, "{kept_ms_ago:?} {asked_ms_ago:?}");
        }
        assert!(may_stand_in(now - 3_599_999, now) && !may_stand_in(now - 3_600_000, now));
    }
}
