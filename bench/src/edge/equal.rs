//! Whether both edges answer alike: status, headers and body byte for byte, ids aside.

use anyhow::{Result, bail};
use hyper::Response;
use hyper::body::Bytes;
use shared::click_id::{CLICK_ID_CHARACTERS, Click, ClickClass};
use shared::keys::ClickKeys;

use super::pair::Pair;
use crate::load::{self, Sent};

/// Seconds between the two answers at most.
const SECONDS_APART_MAX: u32 = 5;
/// Where an event's id begins; its characters follow.
const EVENT_ID: &str = "cnvevt_";
const EVENT_ID_CHARACTERS: usize = EVENT_ID.len() + 26;

/// An answer with its ids taken out.
#[derive(Debug, PartialEq, Eq)]
struct Plain {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// A click id's meaning, without what is random in it.
#[derive(Debug, PartialEq, Eq)]
struct Meaning {
    link_number: u64,
    class: ClickClass,
}

/// Sends the same request to both; fails with both answers when they differ.
pub fn check(pair: &Pair, title: &str, request: &Sent) -> Result<()> {
    let keys = pair.shop.click_keys()?;
    let ours = read(&load::one(pair.ours.port, request.clone())?, &keys)?;
    let twin = read(&load::one(pair.twin.port, request.clone())?, &keys)?;
    let seconds_apart = match (ours.2, twin.2) {
        (Some(ours), Some(twin)) => ours.abs_diff(twin),
        _ => 0,
    };
    if ours.0 != twin.0 || ours.1 != twin.1 || seconds_apart > SECONDS_APART_MAX {
        bail!("the two edges differ on {title}:\n{ours:?}\n{twin:?}");
    }
    Ok(())
}

type Read = (Plain, Vec<Meaning>, Option<u32>);

fn read(answer: &Response<Bytes>, keys: &ClickKeys) -> Result<Read> {
    let mut meanings = Vec::new();
    let mut second = None;
    let mut take_out = |text: &str| -> Result<String> {
        let mut rest = text.to_owned();
        while let Some(at) = rest.find("clk_") {
            let Some(id) = rest.get(at..at + CLICK_ID_CHARACTERS) else {
                bail!("a click id is cut short in {text}");
            };
            let click = Click::open(id, keys)?;
            second = Some(click.clicked_at_seconds);
            meanings.push(Meaning { link_number: click.link_number, class: click.class });
            rest.replace_range(at..at + CLICK_ID_CHARACTERS, "<click>");
        }
        if let Some(at) = rest.find(EVENT_ID).filter(|at| at + EVENT_ID_CHARACTERS <= rest.len()) {
            rest.replace_range(at..at + EVENT_ID_CHARACTERS, "<event>");
        }
        Ok(rest)
    };
    let mut headers = Vec::new();
    for (name, value) in answer.headers() {
        headers.push((name.to_string(), take_out(value.to_str()?)?));
    }
    headers.sort();
    let body = take_out(std::str::from_utf8(answer.body())?)?;
    let plain = Plain { status: answer.status().as_u16(), headers, body };
    Ok((plain, meanings, second))
}
