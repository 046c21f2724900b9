//! A server before the edge that stumbles once: its first answer is 503, the rest is the edge's.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

/// How long one connection may stay silent.
const SILENCE_MAX: Duration = Duration::from_mins(1);
/// Bytes of a request's head at most.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// The server; it ends with the process.
#[derive(Debug)]
pub struct Stumbling {
    /// Where it answers, without a slash at the end.
    pub url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Stumbling {
    /// Starts before an edge.
    pub fn before(edge_url: &str) -> Result<Self> {
        let edge = edge_url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&heads);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (edge, seen) = (edge.clone(), Arc::clone(&seen));
                // A connection that breaks shows in the client's own failure.
                thread::spawn(move || pass(client, &edge, &seen));
            }
        });
        Ok(Self { url, heads })
    }

    /// A header of the first request of each connection, in order.
    pub fn header_of_each(&self, name: &str) -> Vec<String> {
        let heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        heads.iter().map(|head| header(head, name).unwrap_or_default().to_owned()).collect()
    }
}

fn pass(mut client: TcpStream, edge: &str, heads: &Mutex<Vec<String>>) -> Result<()> {
    client.set_read_timeout(Some(SILENCE_MAX))?;
    let (head, body) = read_head(&mut client)?;
    let is_first = {
        let mut heads = heads.lock().unwrap_or_else(PoisonError::into_inner);
        heads.push(head.clone());
        heads.len() == 1
    };
    if is_first {
        return stumble(client, &head, body.len());
    }
    let mut edge = TcpStream::connect(edge)?;
    edge.set_read_timeout(Some(SILENCE_MAX))?;
    edge.write_all(head.as_bytes())?;
    edge.write_all(&body)?;
    let (mut from, mut to) = (client.try_clone()?, edge.try_clone()?);
    thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    std::io::copy(&mut edge, &mut client)?;
    client.shutdown(Shutdown::Both)?;
    Ok(())
}

/// Reads the body to its end before it answers, or the client would see a broken connection.
fn stumble(mut client: TcpStream, head: &str, read_bytes: usize) -> Result<()> {
    let told = header(head, "content-length").and_then(|text| text.parse::<usize>().ok());
    let mut rest = vec![0; told.unwrap_or(0).saturating_sub(read_bytes)];
    client.read_exact(&mut rest)?;
    client.write_all(
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
    )?;
    client.shutdown(Shutdown::Write)?;
    Ok(())
}

/// The head with its empty line, and what of the body came with it.
fn read_head(client: &mut TcpStream) -> Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4_096];
    loop {
        let count = client.read(&mut chunk)?;
        anyhow::ensure!(count > 0 && bytes.len() < HEAD_BYTES_MAX, "no request came");
        bytes.extend_from_slice(&chunk[..count]);
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let body = bytes.split_off(at + 4);
            return Ok((String::from_utf8(bytes).context("a head is text")?, body));
        }
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
