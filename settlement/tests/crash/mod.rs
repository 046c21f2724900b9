//! A node that dies: its work is dropped after so many steps, wherever it stands.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// Polls a future so many times at most; `None` when it was dropped in the middle.
pub async fn dying<F: Future>(dies_after: Option<usize>, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    let mut polls = 0;
    poll_fn(|context| {
        if dies_after.is_some_and(|most| polls >= most) {
            return Poll::Ready(None);
        }
        polls += 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}
