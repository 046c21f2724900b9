//! What one accepted event costs the object: hops, commits and rows, counted and not timed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use http_body_util::Full;
use hyper::Request;
use shared::id::Environment;
use shared::internal::{POKE_PATH, Poke, PokeAnswer, intake_name};
use shared::keys::InternalKeys;
use shared::signing::{INTERNAL_SIGNATURE_HEADER, INTERNAL_TIMESTAMP_HEADER, sign_internal};

use super::intake::order_of;
use super::pair::{self, now_seconds};
use super::shop::Shop;
use crate::figure::{Figure, Target};
use crate::load::{self, Sent};

/// Orders sent one after the other: few enough that the log of the object's database is never
/// written back and begun anew, which would lose count.
const ORDERS: u32 = 100;
/// The write-ahead log of `SQLite`: its own header, then frames of a header and a page.
const WAL_HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;

/// Sends orders with idempotency keys to one merchant, and reads the counters.
pub fn measure() -> Result<Vec<Figure>> {
    let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(xtask::paths::target())?;
    let shop = Shop::open()?;
    let side = pair::start_ours(&shop, &folder.path().join("counted"))?;
    shop.push_to(side.port, now_seconds())?;
    for number in 0..ORDERS {
        let answer = load::one(side.port, order_of(&shop, 0, number.into(), now_seconds())?)?;
        if answer.status() != 202 {
            bail!("an order was answered {}", answer.status());
        }
    }
    let head = poke(&shop, side.port)?;
    let (commits, orders) =
        (commits_below(&folder.path().join("counted/state"))?, f64::from(ORDERS));
    #[expect(clippy::cast_precision_loss, reason = "some hundred of each")]
    let per_order = |number: u64| number as f64 / orders;
    let figure = |name: &str, value, target, note: &str| Figure {
        name: format!("{name} of an order"),
        value,
        unit: "",
        target,
        note: note.to_owned(),
    };
    Ok(vec![
        figure("hops", per_order(head.0), Target::AtMost(1.0), "calls to its object"),
        figure(
            "commits",
            per_order(commits),
            Target::Told,
            "of its object's database; one each, and some for alarms and drains",
        ),
        figure(
            "rows",
            per_order(head.1),
            Target::AtMost(3.0),
            "written by the accepting statement",
        ),
    ])
}

/// The object's calls and rows written.
fn poke(shop: &Shop, port: u16) -> Result<(u64, u64)> {
    let name = intake_name(shop.keys[0].entry.merchant_id, Environment::Live);
    let body = serde_json::to_vec(&Poke { objects: vec![name] })?;
    let keys = InternalKeys::parse(&shop.secrets.for_edge()["INTERNAL_KEYS"])?;
    let (timestamp, signature) = sign_internal(&keys, now_seconds(), "POST", POKE_PATH, &body);
    let request: Sent = Request::post(POKE_PATH)
        .header("host", "127.0.0.1")
        .header("content-type", "application/json")
        .header(INTERNAL_TIMESTAMP_HEADER, timestamp)
        .header(INTERNAL_SIGNATURE_HEADER, signature)
        .body(Full::from(body))?;
    let answer: PokeAnswer = serde_json::from_slice(load::one(port, request)?.body())?;
    let head = answer.heads.first().context("the object told nothing")?;
    Ok((head.calls, head.rows_written))
}

/// Commits in the log of the one intake object: frames that end one name the database's size.
fn commits_below(state: &Path) -> Result<u64> {
    let mut logs = Vec::new();
    collect(state, &mut logs)?;
    // Beside the object's own database lies one that only names objects; it is the smaller.
    logs.retain(|log| log.to_string_lossy().contains("MerchantIntake"));
    logs.sort_by_key(|log| fs::metadata(log).map_or(0, |data| data.len()));
    let bytes = fs::read(logs.last().context("the object's database has no log")?)?;
    let page_bytes: [u8; 4] = bytes.get(8..12).context("a log has a header")?.try_into()?;
    let frame_bytes = FRAME_HEADER_BYTES + usize::try_from(u32::from_be_bytes(page_bytes))?;
    let frames = bytes[WAL_HEADER_BYTES..].chunks_exact(frame_bytes);
    Ok(frames.filter(|frame| frame[4..8] != [0; 4]).count() as u64)
}

fn collect(folder: &Path, logs: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, logs)?;
        } else if path.extension().is_some_and(|extension| extension == "sqlite-wal") {
            logs.push(path);
        }
    }
    Ok(())
}
