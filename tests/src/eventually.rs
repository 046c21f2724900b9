//! Waiting for a condition, with a bound: the only way a test waits.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long something that happens in the background may take.
pub const BOUND: Duration = Duration::from_secs(30);
/// Pause between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// Looks again and again until `look` has an answer; panics with what it saw last once `bound`
/// is over.
pub fn eventually<T>(
    bound: Duration,
    what: &str,
    mut look: impl FnMut() -> Result<T, String>,
) -> T {
    let began = Instant::now();
    loop {
        match look() {
            Ok(found) => return found,
            Err(seen) => assert!(
                began.elapsed() < bound,
                "not within {} s: {what}; last seen: {seen}",
                bound.as_secs()
            ),
        }
        std::thread::sleep(LOOK);
    }
}

/// Unix seconds now.
pub fn now_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = since.expect("the clock stands after 1970").as_secs();
    i64::try_from(seconds).expect("a second of this age fits 63 bits")
}

/// Waits until the clock shows a later second, so that the same text gets another signature.
pub fn next_second() {
    let first = now_seconds();
    eventually(BOUND, "a later second", || {
        if now_seconds() > first { Ok(()) } else { Err(first.to_string()) }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_returns_as_soon_as_there_is_an_answer() {
        let mut looks = 0;
        let found = eventually(BOUND, "the third look", || {
            looks += 1;
            if looks == 3 { Ok("here") } else { Err(looks.to_string()) }
        });
        assert_eq!((found, looks), ("here", 3));
    }

    #[test]
    #[should_panic(expected = "not within 0 s: a miracle; last seen: nothing")]
    fn it_says_what_it_waited_for_and_what_it_saw() {
        eventually::<()>(Duration::ZERO, "a miracle", || Err("nothing".to_owned()));
    }
}
