//! `verify`: the books rebuilt from what was recorded, compared with what is stored.

use super::{ENVIRONMENT, Failure};
use indicatif::{ProgressBar, ProgressStyle};
use settlement::flows::verify::{self, Progress, Verified};
use settlement::{app, config};
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

/// Orders between two lines where there is no terminal.
const ORDERS_PER_LINE: u64 = 50_000;

pub(super) async fn run() -> Result<ExitCode, Failure> {
    let config = config::settle(ENVIRONMENT)?;
    let pool = app::pool(&config.database_url)?;
    let bar = bar();
    let lines = AtomicU64::new(0);
    let verified = verify::run(&pool, &config.click_keys, &|progress| {
        show(bar.as_ref(), &lines, progress);
    })
    .await?;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    print(&verified);
    Ok(if verified.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A bar on a terminal; lines anywhere else.
fn bar() -> Option<ProgressBar> {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} orders, {eta} left").ok()?;
    std::io::stderr().is_terminal().then(|| ProgressBar::new(0).with_style(style))
}

fn show(bar: Option<&ProgressBar>, lines: &AtomicU64, progress: Progress) {
    let Progress { orders, orders_total } = progress;
    if let Some(bar) = bar {
        bar.set_length(orders_total);
        bar.set_position(orders);
    } else if orders / ORDERS_PER_LINE > lines.swap(orders / ORDERS_PER_LINE, Ordering::Relaxed) {
        eprintln!("verify: {orders} of {orders_total} orders");
    }
}

fn print(verified: &Verified) {
    for difference in &verified.differences {
        println!("{}: {}", difference.subject, difference.what);
        println!("  stored   {}", difference.stored);
        println!("  rebuilt  {}", difference.rebuilt);
    }
    if verified.more_differences > 0 {
        println!("and {} differences more", verified.more_differences);
    }
    if verified.waiting > 0 {
        println!("{} events wait to be settled and are left out", verified.waiting);
    }
    let (orders, transfers) = (verified.orders, verified.transfers);
    if verified.holds() {
        println!("the books are what was recorded makes: {orders} orders, {transfers} transfers");
    } else {
        let found = verified.differences.len() as u64 + verified.more_differences;
        println!(
            "the books are NOT what was recorded makes: {found} differences over {orders} orders"
        );
    }
}
