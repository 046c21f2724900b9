//! The durable Postgres that a benchmark measures on.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use xtask::postgres::{Server, StartOptions};

/// What a server of this size is usually given; the README names the same. None of them makes a
/// commit less durable.
const SETTINGS: [&str; 4] =
    ["shared_buffers=1GB", "max_wal_size=8GB", "checkpoint_timeout=15min", "wal_buffers=64MB"];

/// Starts one with its data under a name in this benchmark's own folder; answers that folder too.
pub fn start(name: &str) -> Result<(Server, PathBuf)> {
    xtask::npm::ensure()?;
    let folder = xtask::paths::target().join("bench").join(std::process::id().to_string());
    fs::create_dir_all(&folder)?;
    let server = Server::start(&StartOptions {
        data_dir: folder.join(name),
        port: None,
        durable: true,
        settings: SETTINGS.map(str::to_owned).into(),
        remove_on_stop: true,
    })?;
    Ok((server, folder))
}
