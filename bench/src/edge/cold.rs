//! How large the bundle is, and how soon a cold `workerd` answers with it.

use std::time::Instant;

use anyhow::Result;
use xtask::edge::bundle_gzipped_bytes;

use super::pair;
use super::shop::Shop;
use crate::figure::{Figure, Target, median};
use crate::table::number;

/// Cold starts per round; each is short.
const STARTS: usize = 3;

/// Measures both.
pub fn measure(rounds: usize) -> Result<Vec<Figure>> {
    #[expect(clippy::cast_precision_loss, reason = "a bundle is far below 2^52 bytes")]
    let bundle_kb = bundle_gzipped_bytes()? as f64 / 1_000.0;
    let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(xtask::paths::target())?;
    let mut side = pair::start_ours(&Shop::open()?, &folder.path().join("cold"))?;
    let mut starts_ms = Vec::new();
    for _ in 0..rounds * STARTS {
        side.edge.kill_hard()?;
        let began = Instant::now();
        side.edge.start_again()?;
        starts_ms.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    starts_ms.sort_by(f64::total_cmp);
    let edges = starts_ms.first().zip(starts_ms.last());
    let spread = edges.map(|(least, most)| format!("{} to {}", number(*least), number(*most)));
    Ok(vec![
        Figure {
            name: "bundle, gzipped".to_owned(),
            value: bundle_kb,
            unit: "KB",
            target: Target::AtMost(400.0),
            note: "Wasm and JavaScript".to_owned(),
        },
        Figure {
            name: "cold start to first answer".to_owned(),
            value: median(&starts_ms),
            unit: "ms",
            target: Target::AtMost(150.0),
            note: format!("{}, process start included", spread.unwrap_or_default()),
        },
    ])
}
