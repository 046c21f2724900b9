//! When a drain that failed tries again.

/// Pause before the first event of a quiet object is sent, so that a burst goes as one batch.
pub const FIRST_DRAIN_MS: i64 = 50;
/// Pause after the first failure.
const PAUSE_MIN_MS: i64 = 1_000;
/// Pause at most.
const PAUSE_MAX_MS: i64 = 60_000;
/// Doublings after which the pause has long reached its most.
const DOUBLINGS_MAX: u32 = 10;

/// The pause after so many failures in a row, at least one.
pub fn pause_ms(failures: u32) -> i64 {
    let doublings = failures.saturating_sub(1).min(DOUBLINGS_MAX);
    (PAUSE_MIN_MS << doublings).min(PAUSE_MAX_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_a_minute() {
        let pauses: Vec<i64> = (0..9).map(pause_ms).collect();
        let expected = [1, 1, 2, 4, 8, 16, 32, 60, 60].map(|seconds| seconds * 1_000);
        assert_eq!(pauses, expected);
        assert_eq!(pause_ms(u32::MAX), PAUSE_MAX_MS);
    }
}
