//! What a sink answers: statuses, and everything that goes wrong between two machines.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use socket2::SockRef;

/// Bytes of a body that has an end in its head and none on the wire.
const PROMISED_BYTES: usize = 1_000;
/// Between two writes of a slow answer.
const DRIP: Duration = Duration::from_millis(10);

/// What is answered to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// This status with the body `{}`.
    Status(u16),
    /// All of it: status, further headers, body.
    Whole(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Nothing, until the sender gives up.
    Stall,
    /// 200 and the start of a body, and then nothing until the sender gives up.
    StallInBody,
    /// A head that goes on by a few bytes for ever.
    SlowHead,
    /// A body that goes on by a byte for ever.
    SlowBody,
    /// A head without an end, as fast as it is read.
    EndlessHead,
    /// The connection is reset.
    Reset,
    /// 200 and the start of a body, and then the connection is reset.
    ResetInBody,
    /// The connection is closed in good order, without an answer.
    Close,
    /// What is no HTTP, and the connection is closed.
    Garbage,
    /// 200 and a body without an end.
    Endless,
}

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    Keep,
    Close,
    Reset,
}

impl Reply {
    pub(super) fn write(&self, mut stream: &TcpStream) -> Result<After> {
        match self {
            Self::Status(status) => {
                whole(stream, *status, &[], b"{}")?;
                return Ok(After::Keep);
            }
            Self::Whole(status, headers, body) => {
                whole(stream, *status, headers, body)?;
                return Ok(After::Keep);
            }
            Self::Stall => until_left(stream)?,
            Self::StallInBody => {
                start(stream)?;
                until_left(stream)?;
            }
            Self::SlowHead => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
                drip(stream, b"a: b\r\n")?;
            }
            Self::SlowBody => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
                drip(stream, b"x")?;
            }
            Self::EndlessHead => {
                stream.write_all(b"HTTP/1.1 200 OK\r\na: ")?;
                flood(stream);
            }
            Self::Reset => return reset(stream),
            Self::ResetInBody => {
                start(stream)?;
                return reset(stream);
            }
            Self::Close => {}
            Self::Garbage => stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n\x00\xff\r\n\r\n")?,
            Self::Endless => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
                flood(stream);
            }
        }
        Ok(After::Close)
    }
}

fn whole(
    mut stream: &TcpStream,
    status: u16,
    headers: &[(&'static str, String)],
    body: &[u8],
) -> Result<()> {
    let mut answer = format!("HTTP/1.1 {status} Scripted\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        answer.extend([name, ": ", value, "\r\n"]);
    }
    answer.push_str("\r\n");
    // In one write: two would wait for each other's acknowledgement.
    stream.write_all(&[answer.as_bytes(), body].concat())?;
    Ok(())
}

fn start(mut stream: &TcpStream) -> Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {PROMISED_BYTES}\r\n\r\n{{");
    Ok(stream.write_all(head.as_bytes())?)
}

/// Writes a few bytes after another until the sender closes.
fn drip(mut stream: &TcpStream, bytes: &[u8]) -> Result<()> {
    loop {
        stream.write_all(bytes)?;
        thread::sleep(DRIP);
    }
}

/// Writes until the sender closes.
fn flood(mut stream: &TcpStream) {
    while stream.write_all(&[b'x'; 8 * 1024]).is_ok() {}
}

/// Reads on until the sender closes.
fn until_left(mut stream: &TcpStream) -> Result<()> {
    while stream.read(&mut [0; 1024])? > 0 {}
    Ok(())
}

/// Lets the connection end by a reset once it is dropped: what was not yet sent is thrown away.
fn reset(stream: &TcpStream) -> Result<After> {
    SockRef::from(stream).set_linger(Some(Duration::ZERO))?;
    Ok(After::Reset)
}
