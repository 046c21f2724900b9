//! Refusals the edge makes on its own account. Codes and statuses stand in `shared::problem`.

use shared::problem::{Code, Problem};
use std::fmt::Display;
use worker::console_error;

/// Our fault, and passing: the client hears only that, the log hears why.
pub fn unavailable(what_failed: &str, cause: &impl Display) -> Problem {
    console_error!("{what_failed}: {cause}");
    Problem::new(Code::Unavailable, "temporarily unavailable; try again")
}

/// A call whose outcome is unknown: it may have been stored, and is never sent on twice by us.
pub fn outcome_unknown(cause: &impl Display) -> Problem {
    console_error!("A hop to an intake object ended without an answer: {cause}");
    Problem::new(
        Code::Unavailable,
        "temporarily unavailable; the event may have been stored: send it again with the same \
         Idempotency-Key, a later X-Timestamp and a new signature",
    )
}
