//! Posts streams to settlement as the edge would: each in order, several side by side.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use jiff::Timestamp;
use shared::internal::{Acknowledgement, EVENTS_PATH};
use shared::keys::InternalKeys;
use shared::signing::{INTERNAL_SIGNATURE_HEADER, INTERNAL_TIMESTAMP_HEADER, sign_internal};

use super::batches::{Post, Posts};

/// Streams posted side by side; the edge's objects would be more, each with less.
const SENDERS: usize = 4;
/// How long settlement may take over one post.
const POST_TIMEOUT: Duration = Duration::from_secs(30);

/// Posts everything and waits for every acknowledgement. Streams take turns, post by post.
pub fn send(url: &str, keys: &InternalKeys, streams: Vec<Posts>) -> Result<()> {
    let queue: VecDeque<VecDeque<Post>> = streams.into_iter().map(|posts| posts.0.into()).collect();
    let queue = Mutex::new(queue);
    std::thread::scope(|scope| {
        let senders: Vec<_> =
            (0..SENDERS).map(|_| scope.spawn(|| send_next(url, keys, &queue))).collect();
        senders
            .into_iter()
            .try_for_each(|sender| sender.join().map_err(|_| anyhow!("a sender panicked"))?)
    })
}

fn send_next(
    url: &str,
    keys: &InternalKeys,
    queue: &Mutex<VecDeque<VecDeque<Post>>>,
) -> Result<()> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(POST_TIMEOUT))
        .http_status_as_error(false)
        .build()
        .into();
    let lock = || queue.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        // A stream is out of the queue while one of its posts is under way, so it stays in order.
        let Some(mut stream) = lock().pop_front() else { return Ok(()) };
        let Some(post) = stream.pop_front() else { continue };
        send_one(&agent, url, keys, &post)?;
        if !stream.is_empty() {
            lock().push_back(stream);
        }
    }
}

fn send_one(agent: &ureq::Agent, url: &str, keys: &InternalKeys, post: &Post) -> Result<()> {
    let now = Timestamp::now().as_second();
    let (timestamp, signature) = sign_internal(keys, now, "POST", EVENTS_PATH, &post.body);
    let mut answer = agent
        .post(format!("{url}{EVENTS_PATH}"))
        .header(INTERNAL_TIMESTAMP_HEADER, timestamp)
        .header(INTERNAL_SIGNATURE_HEADER, signature)
        .header("content-type", "application/json")
        .send(&post.body)
        .context("settlement does not answer")?;
    let text = answer.body_mut().read_to_string()?;
    if answer.status().as_u16() != 200 {
        bail!("a batch was answered {}: {text}", answer.status());
    }
    let acknowledged: Acknowledgement = serde_json::from_str(&text)?;
    if acknowledged.acknowledged_seq != post.last_seq {
        bail!("acknowledged up to {} instead of {}", acknowledged.acknowledged_seq, post.last_seq);
    }
    Ok(())
}
