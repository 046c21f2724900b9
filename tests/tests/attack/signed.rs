//! What plain `workerd` hands on is what was signed, to the last byte (EDGE §1).

use std::io::{Read, Write};
use std::net::TcpStream;

use shared::signing::{SignedForm, sign};
use tests::eventually::now_seconds;
use tests::{BOUND, Shop};

use crate::world;

#[test]
fn a_query_with_a_quote_and_raw_utf_8_verifies_as_sent() {
    let attacked = world();
    let shop = Shop::usual(attacked.world);
    let signer = &shop.live.signer;
    let host = attacked.world.edge_url().trim_start_matches("http://");
    let timestamp = now_seconds().to_string();
    let path = "/api/v1/conversions?externalOrderId='o’é'";
    let form = SignedForm::of_call("GET", path, b"");
    let signature = hex::encode(sign(signer.secret.as_bytes(), &timestamp, form, b""));
    let ask = |path: &str| {
        // No client library sends such a path as it is.
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(BOUND)).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nX-Api-Key: {}\r\nX-Timestamp: {timestamp}\r\n\
             X-Signature: {signature}\r\nConnection: close\r\n\r\n",
            signer.key_id
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    };
    let answer = ask(path);
    assert!(!answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert!(answer.starts_with("HTTP/1.1 2") || answer.starts_with("HTTP/1.1 400"), "{answer}");
    // The same query spelled otherwise is another one.
    let respelled = ask("/api/v1/conversions?externalOrderId=%27o’é%27");
    assert!(respelled.starts_with("HTTP/1.1 401"), "{respelled}");
}
