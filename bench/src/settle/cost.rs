//! What processes used, from `/proc`: seconds of CPU and resident memory.

use std::fs;

use anyhow::{Context, Result};

/// Ticks of `/proc/<pid>/stat` in a second: `USER_HZ`, 100 on every Linux that Rust runs on.
const TICKS_PER_SECOND: f64 = 100.0;

struct Stat {
    parent: u32,
    /// Of its own and of children that ended and were waited for.
    own_ticks: u64,
    ended_children_ticks: u64,
}

/// Seconds of CPU a process has used itself.
pub fn cpu_seconds(id: u32) -> Result<f64> {
    Ok(seconds(stat(id)?.own_ticks))
}

/// Seconds of CPU a process and its children have used, ended ones included.
pub fn cpu_seconds_with_children(id: u32) -> Result<f64> {
    let own = stat(id)?;
    let mut ticks = own.own_ticks + own.ended_children_ticks;
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(other) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        // One that ends meanwhile is counted with its parent the next time.
        if let Ok(stat) = stat(other)
            && stat.parent == id
        {
            ticks += stat.own_ticks;
        }
    }
    Ok(seconds(ticks))
}

/// Megabytes resident now (`VmRSS`), or at most so far (`VmHWM`).
pub fn memory_mb(id: u32, field: &str) -> Result<f64> {
    let text = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = text.lines().find(|line| line.starts_with(field)).context("no such field")?;
    let kilobytes = line.split_whitespace().nth(1).context("no number")?;
    Ok(kilobytes.parse::<f64>()? / 1_024.0)
}

fn stat(id: u32) -> Result<Stat> {
    let text = fs::read_to_string(format!("/proc/{id}/stat"))?;
    // The name, in parentheses, may hold spaces; the state follows it.
    let rest = text.rsplit_once(") ").context("a stat line without a name")?.1;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number =
        |at: usize| -> Result<u64> { Ok(fields.get(at).context("a short stat line")?.parse()?) };
    Ok(Stat {
        parent: u32::try_from(number(1)?)?,
        own_ticks: number(11)? + number(12)?,
        ended_children_ticks: number(13)? + number(14)?,
    })
}

#[expect(clippy::cast_precision_loss, reason = "ticks of a benchmark stay far below 2^52")]
fn seconds(ticks: u64) -> f64 {
    ticks as f64 / TICKS_PER_SECOND
}
