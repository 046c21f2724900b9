//! A listener that answers each path as it is told: well, badly, not at all, or with no HTTP.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// How a path answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// With this status.
    Status(u16),
    /// Never; it holds the connection until the other side lets go.
    Stall,
    /// It takes the call and closes the connection.
    Reset,
    /// With bytes that are no HTTP.
    Garbage,
    /// With the beginning of an answer, and no end.
    HalfAnswer,
}

pub const BAD: [Mode; 5] =
    [Mode::Status(500), Mode::Stall, Mode::Reset, Mode::Garbage, Mode::HalfAnswer];

/// One call, as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub path: String,
    pub message_id: String,
    pub timestamp: i64,
    pub signature: String,
    pub body: String,
    /// How it was answered.
    pub mode: Mode,
}

type Choice = Box<dyn FnMut(&str) -> Mode + Send>;

#[derive(Default)]
struct State {
    modes: HashMap<String, Mode>,
    choice: Option<Choice>,
    received: Vec<Received>,
}

/// The listener; it runs until the process ends.
#[derive(Clone)]
pub struct Sink {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl Sink {
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, shared) = (stream.unwrap(), Arc::clone(&shared));
                // A connection that breaks is one of the cases.
                thread::spawn(move || drop(serve(stream, &shared)));
            }
        });
        Self { port, state }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// Sets how a path answers; 200 unless set.
    pub fn set(&self, path: &str, mode: Mode) {
        self.state.lock().unwrap().modes.insert(format!("/{path}"), mode);
    }

    /// Chooses every answer by a function instead.
    pub fn choose(&self, choice: impl FnMut(&str) -> Mode + Send + 'static) {
        self.state.lock().unwrap().choice = Some(Box::new(choice));
    }

    /// All calls so far.
    pub fn received(&self) -> Vec<Received> {
        self.state.lock().unwrap().received.clone()
    }

    /// Calls of a path so far.
    pub fn at(&self, path: &str) -> Vec<Received> {
        let path = format!("/{path}");
        self.received().into_iter().filter(|call| call.path == path).collect()
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    while let Some(mut call) = read(&mut reader)? {
        let mode = {
            let mut state = state.lock().unwrap();
            let set = state.modes.get(&call.path).copied().unwrap_or(Mode::Status(200));
            let mode = state.choice.as_mut().map_or(set, |choice| choice(&call.path));
            call.mode = mode;
            state.received.push(call);
            mode
        };
        match mode {
            Mode::Status(status) => {
                let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 4\r\n\r\nseen");
                stream.write_all(answer.as_bytes())?;
            }
            Mode::Stall => drop(reader.read(&mut [0])?),
            Mode::Reset => return Ok(()),
            Mode::Garbage => return stream.write_all(b"\x00\xff no HTTP at all\r\n\r\n"),
            Mode::HalfAnswer => {
                return stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nhalf");
            }
        }
    }
    Ok(())
}

fn read(reader: &mut BufReader<TcpStream>) -> std::io::Result<Option<Received>> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers["content-length"].parse().unwrap();
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(Received {
        path: first.split(' ').nth(1).unwrap().to_owned(),
        message_id: headers["webhook-id"].clone(),
        timestamp: headers["webhook-timestamp"].parse().unwrap(),
        signature: headers["webhook-signature"].clone(),
        body: String::from_utf8(body).unwrap(),
        mode: Mode::Reset,
    }))
}
