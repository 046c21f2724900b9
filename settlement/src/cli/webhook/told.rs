//! What became of an endpoint's deliveries, and what is sent again.

use super::{OnAffiliate, OnEndpoint, Opened};
use crate::cli::Failure;
use crate::cli::scope::environment;
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use settlement::error::Fault;
use settlement::flows::affiliate_webhook_endpoint as flow;
use settlement::flows::affiliate_webhook_endpoint::feed::{self, Place, Start};
use settlement::flows::webhook::kept_since;
use settlement::store::affiliate_endpoint::AffiliateEndpointRow;
use settlement::store::instant;
use settlement::store::webhook_endpoint::EndpointRow;
use settlement::store::webhook_read::{self, AttemptFilter, DeliveryFilter};
use settlement::wire::webhook_delivery::{Attempt, Delivery, DeliveryInFull};
use settlement::wire::webhook_event::Event;
use shared::id::{AffiliateId, Environment};
use shared::time::format_instant;
use shared::validate::resource::Recovery;
use sqlx::types::time::OffsetDateTime;

/// Lines shown at most.
const LINES_MAX: u16 = 1_000;
const LINES_DEFAULT: u16 = 20;

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum State {
    /// It is tried
    Pending,
    /// It arrived
    Delivered,
    /// Given up
    Dead,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Deliveries {
    #[command(flatten)]
    on: OnEndpoint,
    /// One by its number, with its body
    #[arg(long)]
    sequence: Option<i64>,
    /// Those in one state
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Those below this number
    #[arg(long)]
    below: Option<i64>,
    /// How many
    #[arg(long, default_value_t = LINES_DEFAULT,
          value_parser = clap::value_parser!(u16).range(1..=i64::from(LINES_MAX)))]
    limit: u16,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Attempts {
    #[command(flatten)]
    on: OnEndpoint,
    /// Those of one delivery
    #[arg(long)]
    sequence: Option<i64>,
    /// How many
    #[arg(long, default_value_t = LINES_DEFAULT,
          value_parser = clap::value_parser!(u16).range(1..=i64::from(LINES_MAX)))]
    limit: u16,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Resend {
    #[command(flatten)]
    on: OnEndpoint,
    /// The delivery's number
    #[arg(long)]
    sequence: i64,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Recover {
    #[command(flatten)]
    on: OnEndpoint,
    /// Since when, RFC 3339, within the last 30 days
    #[arg(long)]
    since: Timestamp,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Events {
    #[command(flatten)]
    on: OnAffiliate,
    /// Which world: live or test
    #[arg(long, value_parser = environment)]
    environment: Environment,
    /// From where an earlier read says to go on
    #[arg(long, value_parser = place, conflicts_with = "since")]
    after: Option<Place>,
    /// Since when, RFC 3339; without it and `--after`, from the beginning
    #[arg(long)]
    since: Option<Timestamp>,
    /// How many
    #[arg(long, default_value_t = LINES_DEFAULT,
          value_parser = clap::value_parser!(u16).range(1..=i64::from(LINES_MAX)))]
    limit: u16,
}

fn place(cursor: &str) -> Result<Place, &'static str> {
    Place::parse(cursor).ok_or("must be the next of an earlier read")
}

pub(super) async fn deliveries(order: Deliveries) -> Result<(), Failure> {
    let opened = Opened::open(&order.on.doer).await?;
    let mut connection = opened.pool.acquire().await.map_err(Fault::from)?;
    let row = flow::find(&mut connection, opened.actor, order.on.id).await?;
    let filter = DeliveryFilter {
        key: flow::key_of(&row)?,
        sequence: order.sequence,
        state: order.state.map(|state| state.word().to_owned()),
        kind: None,
        since: kept_since(opened.now),
        until: None,
        below: order.below,
        rows_max: i64::from(order.limit),
    };
    let rows = webhook_read::deliveries(&mut connection, &filter).await.map_err(Fault::from)?;
    for row in rows {
        match order.sequence {
            Some(_) => print(&DeliveryInFull::of(row)),
            None => print(&Delivery::of(row)),
        }
    }
    Ok(())
}

pub(super) async fn attempts(order: Attempts) -> Result<(), Failure> {
    let opened = Opened::open(&order.on.doer).await?;
    let mut connection = opened.pool.acquire().await.map_err(Fault::from)?;
    let row = flow::find(&mut connection, opened.actor, order.on.id).await?;
    let filter = AttemptFilter {
        key: flow::key_of(&row)?,
        sequence: order.sequence,
        since: kept_since(opened.now),
        after: None,
        rows_max: i64::from(order.limit),
    };
    let rows = webhook_read::attempts(&mut connection, &filter).await.map_err(Fault::from)?;
    for row in rows {
        print(&Attempt::of(row));
    }
    Ok(())
}

pub(super) async fn resend(order: Resend) -> Result<(), Failure> {
    let opened = Opened::open(&order.on.doer).await?;
    let row = flow::resend(opened.desk(), order.on.id, order.sequence).await?;
    println!("endpoint {}: delivery {} is on its way again", order.on.id, row.sequence);
    Ok(())
}

pub(super) async fn recover(order: Recover) -> Result<(), Failure> {
    let opened = Opened::open(&order.on.doer).await?;
    let (mut dead, mut pending, mut missing) = (0, 0, 0);
    let mut wish = Recovery { since: order.since, from: None };
    loop {
        let done = flow::recover(opened.desk(), order.on.id, wish).await?;
        dead += done.dead;
        pending += done.pending;
        missing += done.missing;
        let Some(next) = done.next else { break };
        wish.from = Some(next);
    }
    println!(
        "endpoint {}: {dead} given up and {pending} waiting are tried now, {missing} it never had \
         are on their way",
        order.on.id
    );
    Ok(())
}

pub(super) async fn events(order: Events) -> Result<(), Failure> {
    let opened = Opened::open(&order.on.doer).await?;
    let of = (order.environment, AffiliateId(order.on.affiliate));
    let since = order.since.unwrap_or(Timestamp::UNIX_EPOCH);
    let mut start = Start { at: order.after, since };
    let mut left = usize::from(order.limit);
    loop {
        let read = feed::read(&opened.pool, opened.actor, of, start, left, opened.now).await?;
        for notice in &read.notices {
            let unreadable = || Fault::Corrupt("a notice's body is unreadable".to_owned());
            print(&Event::of(notice).ok_or_else(unreadable)?);
        }
        left -= read.notices.len();
        start.at = Some(read.next);
        if left == 0 || !read.more {
            print(&json!({"next": read.next.cursor(), "more": read.more}));
            return Ok(());
        }
    }
}

/// An answer may hold anything; as JSON it cannot move a terminal's cursor.
fn print(line: &impl Serialize) {
    println!("{}", serde_json::to_string(line).expect("what is shown is plain data"));
}

/// One endpoint in one line, without its secret.
pub(super) fn line(row: &AffiliateEndpointRow) -> String {
    let endpoint = &row.endpoint;
    let (id, state, format) = (endpoint.endpoint_id, &endpoint.state, &endpoint.format);
    let because = endpoint.paused_because.as_ref().map(|why| format!(" ({why})"));
    let because = because.unwrap_or_default();
    format!("{id} {} {state}{because} {format} {}", row.environment, endpoint.url)
}

/// The rest of what is known of an endpoint.
pub(super) fn details(row: &EndpointRow) -> Vec<String> {
    let at = |at: Option<OffsetDateTime>| at.map(|at| format_instant(instant::from_row(at)));
    let known = [
        ("note", row.description.clone()),
        ("told of", Some(row.events.join(", "))),
        ("deliveries", Some(row.last_sequence.to_string())),
        ("paused since", at(row.paused_at)),
        ("nothing arrives since", at(row.failing_since)),
        ("the secret before signs until", at(row.previous_secret_until)),
        ("made", at(Some(row.created_at))),
        ("changed", at(Some(row.updated_at))),
    ];
    let line =
        |(what, value): (&str, Option<String>)| value.map(|value| format!("{what}: {value}"));
    known.into_iter().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn an_endpoint_is_shown_with_what_is_known_of_it() {
        let at = OffsetDateTime::UNIX_EPOCH;
        let endpoint = EndpointRow {
            endpoint_id: Uuid::from_u128(1),
            url: "https://asha.example/hook".to_owned(),
            events: vec!["commission.paid".to_owned(), "ping".to_owned()],
            format: "khata".to_owned(),
            description: None,
            state: "paused".to_owned(),
            created_at: at,
            updated_at: at,
            paused_at: Some(at),
            paused_because: Some("failing".to_owned()),
            previous_secret_until: None,
            failing_since: Some(at),
            last_sequence: 41,
        };
        let expected = [
            "told of: commission.paid, ping",
            "deliveries: 41",
            "paused since: 1970-01-01T00:00:00Z",
            "nothing arrives since: 1970-01-01T00:00:00Z",
            "made: 1970-01-01T00:00:00Z",
            "changed: 1970-01-01T00:00:00Z",
        ];
        assert_eq!(details(&endpoint), expected);
        let row = AffiliateEndpointRow {
            environment: "live".to_owned(),
            affiliate_id: Uuid::from_u128(2),
            endpoint,
        };
        assert_eq!(
            line(&row),
            "00000000-0000-0000-0000-000000000001 live paused (failing) khata \
             https://asha.example/hook"
        );
    }
}
