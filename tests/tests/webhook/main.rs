//! Deliveries as their receivers see them: sent by the real client, judged by foreign code.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod client;
mod page;
mod receivers;
mod verifiers;

use std::time::Duration;

use settlement::domain::webhook::signature;
use settlement::outbound::webhook::{Answer, Call, Reach, Sender};
use tokio::runtime::{Builder, Runtime};

/// A bound on what is expected to end by itself.
const BOUND: Duration = Duration::from_secs(30);

/// The client on a runtime of its own.
struct Client {
    runtime: Runtime,
    sender: Sender,
}

/// What is delivered, before it is signed.
#[derive(Clone, Copy)]
struct Message<'a> {
    id: &'a str,
    seconds: i64,
    body: &'a str,
}

impl Client {
    fn new() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self { runtime, sender: Sender::new(Reach::Any) }
    }

    /// Delivers a message, signed with each of these secrets.
    fn deliver(&self, url: &str, message: Message<'_>, secrets: &[&str]) -> Answer {
        let secrets: Vec<_> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        let Message { id, seconds, body } = message;
        let signature = signature::header(&secrets, id, seconds, body);
        self.send(url, message, &signature, BOUND)
    }

    fn send(&self, url: &str, message: Message<'_>, signature: &str, time_max: Duration) -> Answer {
        let Message { id: message_id, seconds: timestamp_seconds, body } = message;
        let call = Call { url, message_id, timestamp_seconds, signature, body, time_max };
        self.runtime.block_on(self.sender.post(call))
    }
}
