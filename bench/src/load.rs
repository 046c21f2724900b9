//! A load on a server of this machine: some connections, each sending its next request when the
//! last one is answered.

use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures_util::future::join_all;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

/// A request to be sent.
pub type Sent = Request<Full<Bytes>>;

/// What to send, and for how long.
pub struct Load<'a> {
    /// On 127.0.0.1.
    pub port: u16,
    /// Requests under way at once.
    pub connections: u64,
    /// When the last request begins.
    pub lasts: Duration,
    /// What every answer must say.
    pub status: StatusCode,
    /// Makes the request of a number; numbers count up from `first`.
    pub make: &'a dyn Fn(u64) -> Sent,
    /// The number of the first request.
    pub first: u64,
}

/// What a load came to.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// Answers with the right status.
    pub answered: u64,
    /// From the first request to the last answer.
    pub seconds: f64,
    /// Of each answer, sorted.
    pub latencies_ms: Vec<f64>,
}

impl Measured {
    /// Answers a second.
    pub fn per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 answers")]
        let answered = self.answered as f64;
        answered / self.seconds
    }

    /// The latency that this share of answers stayed below, in milliseconds.
    pub fn latency_ms(&self, share: f64) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place in a list in memory"
        )]
        let at = (self.latencies_ms.len() as f64 * share) as usize;
        self.latencies_ms
            .get(at.min(self.latencies_ms.len().saturating_sub(1)))
            .copied()
            .unwrap_or(0.0)
    }
}

/// Sends a load; fails on the first answer with another status.
pub fn run(load: &Load<'_>) -> Result<Measured> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let local = LocalSet::new();
    local.block_on(&runtime, drive(load))
}

/// Sends one request; answers with status, headers and body.
pub fn one(port: u16, request: Sent) -> Result<Response<Bytes>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut sender = connect(port).await?;
        let (head, body) = sender.send_request(request).await?.into_parts();
        Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
    })
}

async fn drive(load: &Load<'_>) -> Result<Measured> {
    let mut senders = Vec::new();
    for _ in 0..load.connections {
        senders.push(connect(load.port).await?);
    }
    let began = Instant::now();
    let next = Rc::new(std::cell::Cell::new(load.first));
    let workers = senders.into_iter().map(|sender| work(load, sender, Rc::clone(&next), began));
    let mut measured = Measured::default();
    for worker in join_all(workers).await {
        measured.latencies_ms.extend(worker?);
    }
    measured.seconds = began.elapsed().as_secs_f64();
    measured.answered = measured.latencies_ms.len() as u64;
    measured.latencies_ms.sort_by(f64::total_cmp);
    Ok(measured)
}

async fn work(
    load: &Load<'_>,
    mut sender: SendRequest<Full<Bytes>>,
    next: Rc<std::cell::Cell<u64>>,
    began: Instant,
) -> Result<Vec<f64>> {
    let mut latencies_ms = Vec::new();
    while began.elapsed() < load.lasts {
        let number = next.replace(next.get() + 1);
        let request = (load.make)(number);
        let sent = Instant::now();
        let response = sender.send_request(request).await.context("no answer")?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if status != load.status {
            bail!("an answer says {status}: {}", String::from_utf8_lossy(&body));
        }
        latencies_ms.push(sent.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(latencies_ms)
}

async fn connect(port: u16) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::task::spawn_local(connection);
    Ok(sender)
}
