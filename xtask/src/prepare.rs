//! Everything that plain `cargo test` needs before it can start the real parts.

use anyhow::Result;

use crate::{edge, process, settlement};

/// Brings tools and npm parts, builds the edge, settlement and the keeper; quick when all is
/// there. Each part holds a file lock while it works, so several test processes may call at once.
pub fn prepare_tests() -> Result<()> {
    process::build_keeper()?;
    edge::ensure_built()?;
    settlement::build()
}
