//! `rule set` and `rule preview`: what a rule pays, and what it would change.

use super::Failure;
use super::scope::currency;
use super::scope::{Books, Doer, OnBooks};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use rust_decimal::Decimal;
use settlement::domain::preview::Difference;
use settlement::domain::rule::{Kind, Subject};
use settlement::flows::preview_rule::{self, Preview};
use settlement::flows::set_rule::{self, NewRule};
use shared::id::CampaignId;
use shared::money::Currency;
use std::process::ExitCode;
use uuid::Uuid;

/// Days looked back on unless told otherwise.
const DAYS_DEFAULT: u32 = 30;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Set its next version
    Set(Set),
    /// Show what it would have changed on the last days' orders; nothing is written
    Preview(PreviewOf),
}

/// A rule as the command line says it.
#[derive(Debug, Args)]
pub(super) struct Terms {
    #[command(flatten)]
    on: OnBooks,
    /// Of one product: its SKU
    #[arg(long, conflicts_with_all = ["campaign", "platform"])]
    sku: Option<String>,
    /// Of one campaign: a UUID
    #[arg(long, conflicts_with = "platform")]
    campaign: Option<Uuid>,
    /// Of the network; without --sku, --campaign or this one it is the merchant's default
    #[arg(long)]
    platform: bool,
    /// Percent, in basis points: 1000 is 10 %
    #[arg(long, required_unless_present = "flat", conflicts_with = "flat")]
    bps: Option<u32>,
    /// An amount, per unit on a product and once per order elsewhere
    #[arg(long, value_parser = amount)]
    flat: Option<Decimal>,
    /// Most the lines under it can earn together
    #[arg(long, value_parser = amount)]
    cap: Option<Decimal>,
    /// Order total below which it gives zero
    #[arg(long, value_parser = amount)]
    minimum_order: Option<Decimal>,
    /// ISO 4217, of the amounts
    #[arg(long, value_parser = currency)]
    currency: Option<Currency>,
    #[command(flatten)]
    doer: Doer,
}

#[derive(Debug, Args)]
pub(super) struct Set {
    #[command(flatten)]
    terms: Terms,
    /// From when, as 2026-07-01T00:00:00+05:45; without it from now
    #[arg(long, value_name = "INSTANT")]
    from: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(super) struct PreviewOf {
    #[command(flatten)]
    terms: Terms,
    /// Days of orders looked back on
    #[arg(long, default_value_t = DAYS_DEFAULT)]
    days: u32,
}

impl Terms {
    fn rule(&self) -> NewRule {
        let scope = self.on.scope();
        let subject = match (&self.sku, self.campaign) {
            (Some(sku), _) => Subject::Product(sku.clone()),
            (None, Some(campaign)) => Subject::Campaign(CampaignId(campaign)),
            (None, None) if self.platform => Subject::Platform,
            (None, None) => Subject::Merchant,
        };
        NewRule {
            environment: scope.environment,
            merchant: Some(scope.merchant),
            subject,
            kind: self.flat.map_or(Kind::Percent(self.bps.unwrap_or(0)), Kind::Flat),
            cap: self.cap,
            minimum_order: self.minimum_order,
            currency: self.currency,
        }
    }
}

pub(super) async fn run(verb: Verb) -> Result<ExitCode, Failure> {
    match verb {
        Verb::Set(Set { terms, from }) => {
            let books = Books::open(&terms.doer).await?;
            let (pool, by, now) = (&books.pool, books.actor, books.now);
            let set = match from {
                Some(from) => set_rule::announce(pool, by, terms.rule(), from, now).await?,
                None => set_rule::run(pool, by, terms.rule(), now).await?,
            };
            println!("rule {} has version {}", set.rule_id, set.version);
        }
        Verb::Preview(PreviewOf { terms, days }) => {
            let books = Books::open(&terms.doer).await?;
            let (pool, by, scope) = (&books.pool, books.actor, terms.on.scope());
            let seen = preview_rule::run(pool, by, scope, terms.rule(), days, books.now).await?;
            print!("{}", table(&seen));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn table(preview: &Preview) -> String {
    use std::fmt::Write;
    let mut text = format!(
        "{:<36}  {:<3}  {:>7}  {:>18}  {:>18}  {:>18}\n",
        "affiliate", "", "orders", "now", "then", "difference"
    );
    for row in &preview.differences {
        let _ = writeln!(text, "{}", line(row));
    }
    let more = if preview.is_cut_short { "; the days hold more" } else { "" };
    let _ = writeln!(text, "orders counted: {}{more}; nothing was written", preview.orders);
    text
}

fn line(row: &Difference) -> String {
    let format = |amount: Decimal| row.currency.format(amount);
    format!(
        "{:<36}  {:<3}  {:>7}  {:>18}  {:>18}  {:>18}",
        row.affiliate.to_string(),
        row.currency.code(),
        row.orders,
        format(row.now),
        format(row.then),
        format(row.delta()),
    )
}

fn amount(text: &str) -> Result<Decimal, String> {
    shared::money::parse_amount(text).ok_or_else(|| "a decimal amount, such as 12.50".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::id::AffiliateId;

    #[test]
    fn a_preview_is_a_table_with_a_line_per_affiliate_and_currency() {
        let (now, then) = (Decimal::new(34_990, 2), Decimal::from(40));
        let row = Difference {
            affiliate: AffiliateId(Uuid::from_u128(2)),
            currency: Currency::parse("NPR").expect("a currency"),
            orders: 2,
            now,
            then,
        };
        let preview = Preview { differences: vec![row], orders: 2, is_cut_short: false };
        let text = table(&preview);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[1].ends_with("349.90               40.00             -309.90"), "{text}");
        assert_eq!(lines[2], "orders counted: 2; nothing was written");
    }
}
