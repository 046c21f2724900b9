//! `cargo xtask demo`: from a click to a payable commission, against a running `dev`, as a table.

mod api;
mod words;

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::demo_file::{DemoFile, Link};
use crate::{dev, settlement};
use api::{Api, text};

const SECONDS_PER_DAY: u64 = 86_400;
/// A little more than the hold window, so that it has surely elapsed.
const SLACK_SECONDS: u64 = 60;
/// Width of the table's first column.
const STEP_WIDTH: usize = 22;

/// Walks the story and prints it; fails at the first thing that is not as it should be.
pub fn demo(data: Option<&Path>) -> Result<()> {
    let data = dev::data_folder(data)?;
    let file = DemoFile::read(&data)?;
    let (merchant, key, link) = file.walk("test")?;
    if ureq::get(format!("{}/healthz", file.edge_url)).call().is_err() {
        bail!("nothing answers at {}: start `cargo xtask dev` first", file.edge_url);
    }
    println!("\n{}, test environment; edge {}\n", merchant.name, file.edge_url);
    row("step", "what happened");
    row(&"─".repeat(STEP_WIDTH), &"─".repeat(60));
    let story = Story { api: Api::new(&file.edge_url, key), file: &file, link, began: now()? };
    let order = story.order("sold", "2999.00")?;
    story.hold(&order)?;
    story.release(&order)?;
    let other = story.order("returned", "1200.00")?;
    story.refund(&other)?;
    balance(&data, &file)
}

struct Story<'a> {
    api: Api,
    file: &'a DemoFile,
    link: &'a Link,
    /// Unix seconds; makes this walk's order ids its own.
    began: u64,
}

/// A reported order that earned a commission.
struct Order {
    external_id: String,
    conversion_id: String,
}

impl Story<'_> {
    /// A click, the order it led to, and to whom that was attributed on which terms.
    fn order(&self, what: &str, amount: &str) -> Result<Order> {
        let click_id = self.click()?;
        let external_id = format!("demo-{what}-{}", self.began);
        let body =
            json!({"externalOrderId": external_id, "orderAmount": amount, "clickId": click_id});
        let event_id = self.api.post("/api/v1/conversions", &body)?;
        row("order reported", &format!("{external_id} over {amount} → 202, stored at the edge"));
        row("", &format!("event {event_id}"));
        let event = self.api.applied(&event_id)?;
        let conversion_id = text(&event, "/conversionId")?;
        self.attributed(&conversion_id)?;
        let order = Order { external_id, conversion_id };
        let commission = self.commission(&order, |_| true)?;
        let (amount, rule) = (words::money(&commission), words::rule(&commission));
        row("commission", &format!("{amount} by {rule}: {}", text(&commission, "/state")?));
        Ok(order)
    }

    fn click(&self) -> Result<String> {
        let (status, location) = self.api.click(&self.link.url)?;
        row("click", &format!("GET {} → {status}", self.link.url));
        if status != 302 {
            bail!("the link was answered {status}, not 302");
        }
        row("", &format!("to {location}"));
        let click_id = location
            .split(['?', '&', '#'])
            .find_map(|part| part.strip_prefix("click_id="))
            .context("the destination carries no click_id")?;
        row("click id", click_id);
        Ok(click_id.to_owned())
    }

    fn attributed(&self, conversion_id: &str) -> Result<()> {
        let path = format!("/api/v1/conversions/{conversion_id}");
        let conversion =
            self.api.settled(&path, |conversion| conversion["affiliateId"].is_string())?;
        let affiliate_id = text(&conversion, "/affiliateId")?;
        let affiliate = self.file.affiliates.iter().find(|known| known.id == affiliate_id);
        let name = affiliate.map_or(affiliate_id.as_str(), |known| &known.name);
        let confidence = text(&conversion, "/confidence")?;
        row("attributed to", &format!("{name}, confidence {confidence}"));
        let explanation = self.api.get(&format!("{path}/explain"))?;
        row("  because", &text(&explanation, "/attribution/why")?);
        for candidate in words::candidates(&explanation) {
            row("", &candidate);
        }
        Ok(())
    }

    fn hold(&self, order: &Order) -> Result<()> {
        self.report(order, "delivered")?;
        let commission = self.in_state(order, "hold")?;
        row("on hold", &format!("until {}", text(&commission, "/holdUntil")?));
        Ok(())
    }

    fn release(&self, order: &Order) -> Result<()> {
        let days = self.file.hold_days(self.link);
        let seconds = days * SECONDS_PER_DAY + SLACK_SECONDS;
        let advance = json!({"seconds": seconds});
        let event_id = self.api.post("/api/v1/test/clock/advance", &advance)?;
        self.api.applied(&event_id)?;
        row("test clock", &format!("moved on by {days} days and {SLACK_SECONDS} s"));
        let commission = self.in_state(order, "payable")?;
        row("payable", &words::money(&commission));
        Ok(())
    }

    fn refund(&self, order: &Order) -> Result<()> {
        self.report(order, "refunded")?;
        self.in_state(order, "rejected")?;
        row("commission", "rejected: the money went back");
        Ok(())
    }

    fn report(&self, order: &Order, status: &str) -> Result<()> {
        let body = json!({"externalOrderId": order.external_id, "status": status});
        let event_id = self.api.post("/api/v1/order-status", &body)?;
        self.api.applied(&event_id)?;
        row(&format!("order {status}"), &format!("{} → 202, applied", order.external_id));
        Ok(())
    }

    fn in_state(&self, order: &Order, state: &str) -> Result<Value> {
        self.commission(order, |commission| commission["state"] == state)
    }

    /// The order's commission, once it is as `wanted`.
    fn commission(&self, order: &Order, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let path = format!("/api/v1/commissions?conversionId={}", order.conversion_id);
        let mut list =
            self.api.settled(&path, |list| list.pointer("/data/0").is_some_and(&wanted))?;
        Ok(list["data"][0].take())
    }
}

fn balance(data: &Path, file: &DemoFile) -> Result<()> {
    let environment = dev::settlement_environment(data, &file.database_url, &file.edge_url)?;
    let printed = settlement::run(&["ledger", "trial-balance"], &environment)?;
    row("trial balance", "zero: every posting has its counterpart");
    for line in printed.lines().filter(|line| !line.trim().is_empty()) {
        row("", line.trim_end());
    }
    println!();
    Ok(())
}

fn row(step: &str, text: &str) {
    println!("{step:STEP_WIDTH$}  {text}");
}

fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}
