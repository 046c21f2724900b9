//! Ports on the loopback address, and waiting until something answers there.

use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::interrupt;
use crate::process::Child;

/// Pause between two looks at something that is starting.
const POLL: Duration = Duration::from_millis(5);
/// How long one health request may take.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);

/// A port that nobody listens on at this moment.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

/// Checks that a port is free; the error names the option that chooses another one.
pub fn require_free(port: u16, option: &str) -> Result<()> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(()),
        Err(cause) => bail!("port {port} cannot be used ({cause}); choose another with {option}"),
    }
}

/// Waits until `ready` holds; fails with the end of the log if the process ends or time runs out.
pub fn wait_until(child: &Child, limit: Duration, mut ready: impl FnMut() -> bool) -> Result<()> {
    let began = Instant::now();
    while !ready() {
        interrupt::check()?;
        if let Some(end) = child.ended() {
            bail!("{} ended while starting ({end}):\n{}", child.name(), child.log_tail());
        }
        if began.elapsed() > limit {
            let seconds = limit.as_secs();
            bail!("{} was not ready in {seconds} s:\n{}", child.name(), child.log_tail());
        }
        std::thread::sleep(POLL);
    }
    Ok(())
}

/// Waits until `GET {url}/healthz` answers 200.
pub fn wait_until_healthy(child: &Child, url: &str, limit: Duration) -> Result<()> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(HEALTH_TIMEOUT))
        .http_status_as_error(false)
        .build()
        .into();
    let health = format!("{url}/healthz");
    wait_until(child, limit, || {
        agent.get(&health).call().is_ok_and(|answer| answer.status().as_u16() == 200)
    })
}
