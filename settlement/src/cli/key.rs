//! Merchants' keys: made, listed, rotated, limited, switched off. A secret is printed once.

use super::operate::Desk;
use super::scope::{environment, must_exist};
use super::{ENVIRONMENT, Failure};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use settlement::app;
use settlement::config;
use settlement::domain::order::Scope;
use settlement::error::Fault;
use settlement::flows::create_key::{
    self, IssuedKey, NewKey, PER_HOUR_DEFAULT, PER_MINUTE_DEFAULT,
};
use settlement::flows::hold_key::state_at;
use settlement::flows::limit_key::{self, KeyTerms};
use settlement::flows::rotate_key::{self, GRACE_HOURS_DEFAULT, GRACE_HOURS_MAX};
use settlement::flows::set_state::{self, KeyChange};
use settlement::store::api_key::{self, ApiKeyRow};
use settlement::store::instant;
use shared::id::{Environment, MerchantId};
use shared::shop::{OrderIdField, ShopTerms, Source};
use std::process::ExitCode;
use uuid::Uuid;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Make one; prints its secret, this once
    Create(Create),
    /// Make a shop's key, which proves the shop's own webhooks; with the secret that the shop gave,
    /// or else one to type in there, printed this once
    Import(Import),
    /// Show a merchant's keys, both environments, without secrets
    List(List),
    /// Make a successor with the same limits and allow-list; prints its secret, this once
    Rotate(Rotate),
    /// Set how many calls it may make
    Limit(Limit),
    /// Set from where it may be used, in place of what was set before
    Allow(Allow),
    /// It stops working for now
    Disable(OnKey),
    /// It works again
    Enable(OnKey),
    /// It stops working for good
    Revoke(OnKey),
}

#[derive(Debug, Args)]
pub(super) struct OnKey {
    /// The key's public id, pk_…
    key_id: String,
    /// E-mail address of the account that does it
    #[arg(long = "as", value_name = "E-MAIL")]
    by: String,
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// Whose it is: a UUID
    #[arg(long)]
    merchant: Uuid,
    /// Which world it opens: live or test
    #[arg(long, value_parser = environment)]
    environment: Environment,
    /// Calls in any 60 seconds
    #[arg(long, default_value_t = PER_MINUTE_DEFAULT)]
    per_minute: u32,
    /// Calls in any 3,600 seconds
    #[arg(long, default_value_t = PER_HOUR_DEFAULT)]
    per_hour: u32,
    /// An address or network that may use it, such as 203.0.113.0/24; more than once for more;
    /// none: any
    #[arg(long, value_name = "ADDRESS")]
    allow: Vec<String>,
    /// E-mail address of the account that does it
    #[arg(long = "as", value_name = "E-MAIL")]
    by: String,
}

#[derive(Debug, Args)]
pub(super) struct Import {
    #[command(flatten)]
    create: Create,
    /// Which shop system: shopify or woocommerce
    #[arg(long, value_parser = source)]
    source: Source,
    /// Read the shop's secret from standard input
    #[arg(long)]
    secret_stdin: bool,
    /// Which field of an order is its id: id, number or name
    #[arg(long, value_parser = order_id_field, default_value = "id")]
    order_id_field: OrderIdField,
    /// An order that was sent off counts as delivered
    #[arg(long)]
    fulfilled_is_delivered: bool,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Whose they are: a UUID
    #[arg(long)]
    merchant: Uuid,
}

#[derive(Debug, Args)]
pub(super) struct Rotate {
    #[command(flatten)]
    on: OnKey,
    /// Hours for which both keys work
    #[arg(long, default_value_t = GRACE_HOURS_DEFAULT,
          value_parser = clap::value_parser!(u32).range(0..=i64::from(GRACE_HOURS_MAX)))]
    grace_hours: u32,
}

#[derive(Debug, Args)]
pub(super) struct Limit {
    #[command(flatten)]
    on: OnKey,
    /// Calls in any 60 seconds
    #[arg(long, required_unless_present = "per_hour")]
    per_minute: Option<u32>,
    /// Calls in any 3,600 seconds
    #[arg(long)]
    per_hour: Option<u32>,
}

#[derive(Debug, Args)]
pub(super) struct Allow {
    #[command(flatten)]
    on: OnKey,
    /// Addresses or networks, such as 203.0.113.7 or 203.0.113.0/24
    #[arg(required_unless_present = "any", value_name = "ADDRESS")]
    addresses: Vec<String>,
    /// Clear the list: it may be used from anywhere
    #[arg(long, conflicts_with = "addresses")]
    any: bool,
}

fn source(text: &str) -> Result<Source, String> {
    Source::parse(text).ok_or_else(|| "shopify or woocommerce".to_owned())
}

fn order_id_field(text: &str) -> Result<OrderIdField, String> {
    OrderIdField::parse(text).ok_or_else(|| "id, number or name".to_owned())
}

/// Runs a verb to its end.
pub(super) async fn run(verb: Verb) -> Result<ExitCode, Failure> {
    match verb {
        Verb::Create(order) => create(order).await,
        Verb::Import(order) => import(order).await,
        Verb::List(order) => list(order).await,
        Verb::Rotate(order) => rotate(order).await,
        Verb::Limit(Limit { on, per_minute, per_hour }) => {
            let limits = KeyTerms::Limits { per_minute_max: per_minute, per_hour_max: per_hour };
            change_terms(on, limits, "has new limits").await
        }
        Verb::Allow(Allow { on, addresses, any: _ }) => {
            change_terms(on, KeyTerms::AllowList(addresses), "has a new allow-list").await
        }
        Verb::Disable(on) => change_state(on, KeyChange::Disable, "disabled").await,
        Verb::Enable(on) => change_state(on, KeyChange::Enable, "enabled").await,
        Verb::Revoke(on) => change_state(on, KeyChange::Revoke, "revoked").await,
    }
}

async fn create(order: Create) -> Result<ExitCode, Failure> {
    let desk = Desk::open(&order.by).await?;
    let input = new_key(order, None);
    let issued = create_key::run(&desk.pool, &desk.vault, desk.actor, input, desk.now).await?;
    tell(&issued);
    desk.finish(&format!("key {} created", issued.key_id), &issued.rows).await
}

fn new_key(order: Create, shop: Option<ShopTerms>) -> NewKey {
    NewKey {
        scope: Scope { environment: order.environment, merchant: MerchantId(order.merchant) },
        per_minute_max: order.per_minute,
        per_hour_max: order.per_hour,
        allow_list: order.allow,
        shop,
    }
}

async fn import(order: Import) -> Result<ExitCode, Failure> {
    let desk = Desk::open(&order.create.by).await?;
    let secret = if order.secret_stdin {
        let read = std::io::read_to_string(std::io::stdin());
        Some(read.map_err(|_| Fault::invalid("the secret cannot be read"))?.trim().to_owned())
    } else {
        None
    };
    let terms = ShopTerms {
        source: order.source,
        order_id_field: order.order_id_field,
        fulfilled_is_delivered: order.fulfilled_is_delivered,
    };
    let input = new_key(order.create, Some(terms));
    let (pool, vault, given) = (&desk.pool, &desk.vault, secret.as_deref());
    let issued = create_key::import(pool, vault, desk.actor, input, given, desk.now).await?;
    if given.is_some() {
        println!("key id: {}", issued.key_id);
    } else {
        tell(&issued);
    }
    println!("webhooks go to: /api/v1/webhooks/{}/{}", terms.source.as_str(), issued.key_id);
    desk.finish(&format!("key {} imported", issued.key_id), &issued.rows).await
}

async fn rotate(Rotate { on, grace_hours }: Rotate) -> Result<ExitCode, Failure> {
    let desk = Desk::open(&on.by).await?;
    let (pool, vault, key_id) = (&desk.pool, &desk.vault, on.key_id.as_str());
    let rotated = rotate_key::run(pool, vault, desk.actor, key_id, grace_hours, desk.now).await?;
    tell(&rotated.issued);
    println!("the old key works until {}", rotated.expires_at);
    desk.finish(&format!("key {key_id} rotated"), &rotated.issued.rows).await
}

/// Shows a new key's secret: it is in no other place that anybody can read.
fn tell(issued: &IssuedKey) {
    println!("key id: {}", issued.key_id);
    println!("signing secret, shown this once: {}", issued.signing_secret);
}

async fn change_terms(on: OnKey, terms: KeyTerms, done: &str) -> Result<ExitCode, Failure> {
    let desk = Desk::open(&on.by).await?;
    let (pool, vault, key_id) = (&desk.pool, &desk.vault, on.key_id.as_str());
    let rows = limit_key::run(pool, vault, desk.actor, key_id, terms, desk.now).await?;
    desk.finish(&format!("key {key_id} {done}"), &rows).await
}

async fn change_state(on: OnKey, change: KeyChange, done: &str) -> Result<ExitCode, Failure> {
    let desk = Desk::open(&on.by).await?;
    let (pool, vault, key_id) = (&desk.pool, &desk.vault, on.key_id.as_str());
    let rows = set_state::key(pool, vault, desk.actor, key_id, change, desk.now).await?;
    desk.finish(&format!("key {key_id} {done}"), &rows).await
}

async fn list(order: List) -> Result<ExitCode, Failure> {
    let pool = app::pool(&config::database(ENVIRONMENT)?)?;
    let mut connection = pool.acquire().await.map_err(Fault::from)?;
    must_exist(&mut connection, order.merchant).await?;
    let keys = api_key::of_merchant(&mut connection, order.merchant).await.map_err(Fault::from)?;
    let now = Timestamp::now();
    for key in &keys {
        println!("{}", line(key, now));
    }
    if keys.is_empty() {
        println!("no keys");
    }
    Ok(ExitCode::SUCCESS)
}

/// One key in one line, without its secret.
fn line(key: &ApiKeyRow, now: Timestamp) -> String {
    let allowed = match key.allow_list.as_slice() {
        [] => "any address".to_owned(),
        list => list.join(" "),
    };
    let until = match (key.expires_at, &key.successor_key_id) {
        (Some(at), Some(successor)) => {
            format!("  until {}, then {successor}", instant::from_row(at))
        }
        _ => String::new(),
    };
    let used = key.last_used_at.map_or_else(
        || "never used".to_owned(),
        |at| format!("last used {}", instant::from_row(at)),
    );
    let shop = key.shop.map_or(String::new(), |shop| format!("  {}", shop.source.as_str()));
    format!(
        "{}  {}{shop}  {}/min {}/hour  {allowed}  made {}  {used}{until}",
        key.key_id,
        state_at(key, now),
        key.per_minute_max,
        key.per_hour_max,
        instant::from_row(key.created_at),
    )
}
