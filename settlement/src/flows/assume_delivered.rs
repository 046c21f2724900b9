//! Orders that nobody speaks of count as delivered, where their merchant chose so (MONEY §4).

use super::actor::{Actor, note};
use super::settle_events::Progress;
use crate::domain::book::{Fact, POLICY_PREFIX};
use crate::domain::clock::Clock;
use crate::domain::commission::Steps;
use crate::domain::lifecycle::State;
use crate::domain::order::{Order, Scope};
use crate::domain::report::{self, Reported};
use crate::error::Fault;
use crate::store::missing_status::{self, OverdueRow};
use crate::store::terms::{self, unknown};
use crate::store::{commission, instant, ledger, order, webhook_event};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use shared::event::OrderStatusReport;
use shared::id::{ConversionId, Environment, MerchantId};
use shared::order_status::OrderStatus;
use sqlx::{PgConnection, PgPool};
use std::collections::BTreeMap;

/// Days a policy may name at most.
pub const DAYS_MAX: u32 = 366;
/// Orders taken for delivered in one transaction at most.
pub const ORDERS_MAX: i64 = 1_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// Sets after how many days without news a merchant's orders count as delivered; `None`: never.
pub async fn set(
    pool: &PgPool,
    actor: Actor,
    merchant: MerchantId,
    days: Option<u32>,
    now: Timestamp,
) -> Result<(), Fault> {
    actor.may_change(merchant)?;
    let days = days.map(|days| i32::try_from(days).unwrap_or(i32::MAX));
    let most = i32::try_from(DAYS_MAX).unwrap_or(i32::MAX);
    if days.is_some_and(|days| !(1..=most).contains(&days)) {
        return Err(Fault::invalid(format!("the days must be 1 to {DAYS_MAX}")));
    }
    let mut transaction = pool.begin().await?;
    if missing_status::set_policy(&mut transaction, merchant.0, days).await? != 1 {
        return Err(Fault::NotFound("merchant"));
    }
    let detail = json!({"afterDays": days});
    let subject = merchant.to_string();
    note(&mut transaction, actor, "merchant.assume_delivered", &subject, detail, now).await?;
    transaction.commit().await?;
    Ok(())
}

/// Takes one batch of overdue orders for delivered. Each is delivered at the instant its time was
/// up, whenever this runs, by the same rules as a reported one; what was heard meanwhile wins.
pub async fn run_once(pool: &PgPool, now: Timestamp) -> Result<Progress, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let rows = missing_status::overdue(&mut transaction, now, ORDERS_MAX).await?;
    if rows.is_empty() {
        return Ok(Progress::Idle);
    }
    let (keys, days) = named(&rows)?;
    let merchants: Vec<_> = rows.iter().map(|row| row.merchant_id).collect();
    let clocks = terms::clocks(&mut transaction, &merchants).await?;
    let mut steps = Steps::default();
    let mut done: Vec<(Order, Fact, Steps)> = Vec::new();
    let orders = order::lock(&mut transaction, &keys).await?;
    // Asked under the lock: whoever reports of an order holds it too.
    let heard: BTreeMap<_, _> =
        missing_status::heard(&mut transaction, &keys).await?.into_iter().collect();
    for mut order in orders {
        let clock = match order.scope.environment {
            Environment::Test => clocks.get(&order.scope.merchant.0).cloned().unwrap_or_default(),
            Environment::Live => Clock::default(),
        };
        let days = days.get(&(order.scope, order.id)).copied().unwrap_or(i64::from(DAYS_MAX));
        let heard_at = heard.get(&order.id.to_string()).map(|at| instant::from_row(*at));
        if let Some(due_at) =
            due_at(&order, heard_at, days).filter(|due_at| *due_at <= clock.at(now))
        {
            let fact = deliver(&mut order, due_at, &mut steps);
            done.push((order, fact, std::mem::take(&mut steps)));
        }
    }
    write(&mut transaction, &done, now).await?;
    transaction.commit().await?;
    // Orders that were heard of meanwhile are not looked at again: nothing is left of this batch.
    Ok(if done.is_empty() { Progress::Idle } else { Progress::Settled(done.len()) })
}

type Days = BTreeMap<(Scope, ConversionId), i64>;

fn named(rows: &[OverdueRow]) -> Result<(order::Keys, Days), sqlx::Error> {
    let mut keys = order::Keys::default();
    let mut days = Days::new();
    for row in rows {
        let wrong = |what: &str| unknown("conversion", what);
        let environment =
            Environment::parse(&row.environment).ok_or_else(|| wrong(&row.environment))?;
        let id =
            ConversionId::parse(&row.conversion_id).ok_or_else(|| wrong(&row.conversion_id))?;
        let scope = Scope { environment, merchant: MerchantId(row.merchant_id) };
        keys.push(scope, id);
        days.insert((scope, id), i64::from(row.days));
    }
    Ok((keys, days))
}

/// When an order that still waits for a status counts as delivered; `None`: never.
fn due_at(order: &Order, heard_at: Option<Timestamp>, days: i64) -> Option<Timestamp> {
    let waits = order
        .commission
        .as_ref()
        .is_some_and(|it| matches!(it.state, State::Pending | State::HoldWaiting));
    let window = SignedDuration::from_secs(days * SECONDS_PER_DAY);
    let due_at = heard_at?.saturating_add(window).unwrap_or(Timestamp::MAX);
    waits.then_some(due_at)
}

fn deliver(order: &mut Order, due_at: Timestamp, steps: &mut Steps) -> Fact {
    let event_id = format!("{POLICY_PREFIX}{}", order.id);
    let report = OrderStatusReport {
        external_order_id: order.external_order_id.clone(),
        status: OrderStatus::Delivered,
        click_id: None,
        status_updated_at: Some(due_at),
        reason: None,
        refunded_amount: None,
        items: Vec::new(),
        metadata: None,
    };
    let reported = Reported { event_id: &event_id, report: &report, received_at: due_at };
    report::apply(order, reported, steps);
    // A key of its own: the merchant's own `delivered` is news when it comes after all.
    let content_key = event_id.clone();
    let (conversion, happened_at, received_at) = (order.id, due_at, due_at);
    Fact { conversion, event_id, content_key, happened_at, received_at, report }
}

async fn write(
    connection: &mut PgConnection,
    done: &[(Order, Fact, Steps)],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let now = instant::to_row(now);
    let orders: Vec<_> = done.iter().map(|(order, _, _)| order).collect();
    order::update(connection, &orders, now).await?;
    let commissions = orders.iter().filter_map(|it| Some((it.scope, it.commission.as_ref()?)));
    commission::update(connection, &commissions.collect::<Vec<_>>()).await?;
    let facts: Vec<_> = done.iter().map(|(order, fact, _)| (order.scope, fact)).collect();
    order::insert_facts(connection, &facts).await?;
    let transfers: Vec<_> = done
        .iter()
        .flat_map(|(order, _, steps)| steps.transfers.iter().map(|it| (order.scope, it)))
        .collect();
    ledger::post(connection, &transfers, now).await?;
    let notices: Vec<_> = done
        .iter()
        .flat_map(|(order, _, steps)| steps.notices.iter().map(|it| (order.scope, it)))
        .collect();
    webhook_event::insert(connection, &notices, now).await
}
