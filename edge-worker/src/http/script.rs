//! `GET /t.js`: keeps the click id on the merchant's own page.

use super::answer::Answer;

const SCRIPT: &str = include_str!("t.js");
/// The script is promised to be under 2 KB.
const BYTES_MAX: usize = 2_048;
const _: () = assert!(SCRIPT.len() < BYTES_MAX);

/// The script, to be kept for a day and used a week longer while it is fetched anew.
pub(super) fn answer() -> Answer {
    Answer::of(200, "text/javascript; charset=utf-8", SCRIPT)
        .with("cache-control", "public, max-age=86400, stale-while-revalidate=604800")
}
