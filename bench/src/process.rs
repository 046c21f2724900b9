//! What the kernel says of a process: CPU time and resident memory. Linux only.

use std::fs;

use anyhow::{Context, Result};

/// Clock ticks of a second in `/proc`, the same on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;
/// Where user and system time stand behind the program's name.
const TIME_FIELDS: [usize; 2] = [11, 12];

/// CPU time that a process and all its threads have used, in seconds.
pub fn cpu_seconds(id: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))
        .context("CPU time is read from /proc, which only Linux has")?;
    // The name stands in parentheses and may hold anything.
    let (_, fields) = stat.rsplit_once(')').context("/proc/…/stat has another form")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let mut ticks = 0.0;
    for at in TIME_FIELDS {
        let field = fields.get(at).context("/proc/…/stat is too short")?;
        ticks += field.parse::<f64>()?;
    }
    Ok(ticks / TICKS_PER_SECOND)
}
