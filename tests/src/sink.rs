//! A receiver of webhooks: a real HTTP server that records what comes and answers by a script.

mod reply;

use std::collections::{BTreeMap, VecDeque};
use std::io::Read;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, ensure};

use reply::After;
pub use reply::Reply;

/// Bytes of a request's head at most.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// One request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Method, such as `POST`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Headers with lowercase names, in their order.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// Which connection it came on, from 0 in the order of their opening.
    pub connection: usize,
}

impl Received {
    /// A header's value; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The body as text; panics when it is none.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body is UTF-8")
    }

    /// The body as JSON; panics when it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a body is JSON")
    }
}

#[derive(Debug, Default)]
struct State {
    received: Vec<Received>,
    /// What is answered once, by path, before the usual.
    next: BTreeMap<String, VecDeque<Reply>>,
    /// What is answered usually, by path.
    usual: BTreeMap<String, Reply>,
    /// Open connections by their number, to close them all.
    open: BTreeMap<usize, TcpStream>,
    connections: usize,
    is_down: bool,
}

/// The server. It answers 200 unless told otherwise, keeps connections alive, and ends when
/// dropped.
#[derive(Debug)]
pub struct Sink {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

impl Sink {
    /// Starts on a free port of 127.0.0.1.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State::default()));
        let accepting = Mutex::new(Some(accept(listener, &state)));
        Ok(Self { address, state, accepting })
    }

    /// The URL of a path, such as `/hooks`. One sink serves many endpoints, each by its path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Everything received so far, in the order of its arrival.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.state).received.clone()
    }

    /// What was received on a path.
    pub fn received_at(&self, path: &str) -> Vec<Received> {
        let state = lock(&self.state);
        state.received.iter().filter(|received| received.path == path).cloned().collect()
    }

    /// How many requests came in all.
    pub fn count(&self) -> usize {
        lock(&self.state).received.len()
    }

    /// From now on, what a path answers.
    pub fn answer(&self, path: &str, reply: Reply) {
        lock(&self.state).usual.insert(path.to_owned(), reply);
    }

    /// What a path answers to its next requests, one each, before it goes on as usual.
    pub fn script(&self, path: &str, replies: impl IntoIterator<Item = Reply>) {
        lock(&self.state).next.entry(path.to_owned()).or_default().extend(replies);
    }

    /// Closes every connection and takes no more: who connects is refused.
    pub fn down(&self) {
        let mut accepting = self.accepting.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(accepting) = accepting.take() else { return };
        lock(&self.state).is_down = true;
        // It waits in `accept`: one more connection lets it see that it shall end.
        let _ = TcpStream::connect(self.address);
        let _ = accepting.join();
        for stream in std::mem::take(&mut lock(&self.state).open).into_values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Takes connections again, at the same address.
    pub fn up(&self) -> Result<()> {
        let mut accepting = self.accepting.lock().unwrap_or_else(PoisonError::into_inner);
        if accepting.is_none() {
            let listener = TcpListener::bind(self.address)?;
            lock(&self.state).is_down = false;
            *accepting = Some(accept(listener, &self.state));
        }
        Ok(())
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.down();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: TcpListener, state: &Arc<Mutex<State>>) -> JoinHandle<()> {
    let state = Arc::clone(state);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut held = lock(&state);
            if held.is_down {
                return;
            }
            let connection = held.connections;
            held.connections += 1;
            held.open.extend(stream.try_clone().map(|stream| (connection, stream)));
            drop(held);
            let state = Arc::clone(&state);
            thread::spawn(move || {
                // A connection that breaks shows in its sender's own failure.
                let end = serve(&stream, connection, &state).unwrap_or(After::Close);
                // Only the last one that is dropped can reset a connection.
                lock(&state).open.remove(&connection);
                if end != After::Reset {
                    let _ = stream.shutdown(Shutdown::Both);
                }
            });
        }
    })
}

fn serve(stream: &TcpStream, connection: usize, state: &Mutex<State>) -> Result<After> {
    stream.set_nodelay(true)?;
    let mut unread = Vec::new();
    while let Some(received) = read(stream, &mut unread, connection)? {
        let reply = {
            let mut state = lock(state);
            let path = received.path.clone();
            state.received.push(received);
            let next = state.next.get_mut(&path).and_then(VecDeque::pop_front);
            next.or_else(|| state.usual.get(&path).cloned()).unwrap_or(Reply::Status(200))
        };
        let after = reply.write(stream)?;
        if after != After::Keep {
            return Ok(after);
        }
    }
    Ok(After::Close)
}

/// The next request of a connection; `None` when it ended before one began.
fn read(stream: &TcpStream, unread: &mut Vec<u8>, connection: usize) -> Result<Option<Received>> {
    let head_bytes = loop {
        if let Some(at) = unread.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        ensure!(unread.len() < HEAD_BYTES_MAX, "a head without an end");
        if fill(stream, unread)? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8(unread.drain(..head_bytes).collect()).context("a head is text")?;
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let (method, path) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let pair = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    let headers = lines.filter_map(pair).collect();
    let mut received = Received { method, path, headers, body: Vec::new(), connection };
    let body_bytes = received.header("content-length").parse().unwrap_or(0);
    while unread.len() < body_bytes {
        ensure!(fill(stream, unread)? > 0, "a body ends early");
    }
    received.body = unread.drain(..body_bytes).collect();
    Ok(Some(received))
}

fn fill(mut stream: &TcpStream, unread: &mut Vec<u8>) -> Result<usize> {
    let mut chunk = [0; 16 * 1024];
    let count = stream.read(&mut chunk)?;
    unread.extend_from_slice(&chunk[..count]);
    Ok(count)
}
