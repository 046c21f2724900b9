//! What the log of notices makes of deliveries: an id per news, and order events that end where the
//! books do.

use crate::history::History;
use rust_decimal::Decimal;
use settlement::domain::webhook::affiliate_order::standing::{OrderStatus, Shown, Standing};
use settlement::domain::webhook::message;
use settlement::store::webhook_group;
use shared::id::Environment;
use std::collections::HashMap;
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct EndRow {
    commission_id: String,
    state: String,
    has_window: bool,
    expected_amount: Decimal,
    order_amount: Decimal,
    refunded_amount: Decimal,
    has_units_back: bool,
}

/// Every notice has an id of its own, and reading it again gives the same one; the last order event
/// of each commission shows what the books hold.
pub async fn tell_what_the_books_hold(history: &History) {
    let places: Vec<(String, Uuid, i64)> = sqlx::query_as(
        "select environment, merchant_id, position from webhook_event_group order by position",
    )
    .fetch_all(&history.pool)
    .await
    .unwrap();
    let worlds: HashMap<i64, &str> =
        places.iter().map(|(world, _, position)| (*position, world.as_str())).collect();
    let places: Vec<_> =
        places.iter().map(|(world, merchant, at)| (world.as_str(), *merchant, *at)).collect();
    let mut connection = history.pool.acquire().await.unwrap();
    let mut groups = webhook_group::find(&mut connection, &places).await.unwrap();
    groups.sort_by_key(|group| group.position);
    let mut known: HashMap<String, String> = HashMap::new();
    let mut stands: HashMap<String, Standing> = HashMap::new();
    let told = groups.into_iter().flat_map(|group| {
        let world = worlds[&group.position];
        group.told.into_iter().map(move |told| (world, told))
    });
    for (world, told) in told {
        let environment = Environment::parse(world).unwrap();
        let id = message::id(environment, &told);
        assert_eq!(id.len(), "msg_".len() + 26);
        let what = format!("{told:?}");
        if let Some(other) = known.insert(id, what.clone()) {
            panic!("two notices with one id: {other} and {what}");
        }
        let Some(commission) = told.commission_id else { continue };
        let before = stands.get(&commission).copied();
        if let Some(after) = Standing::after(before, told.kind, &told.data) {
            stands.insert(commission, after);
        }
    }
    let ends = ends(history).await;
    assert_eq!(ends.len(), stands.len());
    for end in ends {
        assert_ends_so(&end, stands[&end.commission_id].shown(end.order_amount));
    }
}

async fn ends(history: &History) -> Vec<EndRow> {
    sqlx::query_as(
        "select commission_id, commission.state, hold_until is not null as has_window,
                net_amount + coalesce((
                    select sum(item.amount) from payable_item item
                    where item.kind = 'correction' and item.commission_id = commission.commission_id
                ), 0) as expected_amount,
                order_amount, refunded_amount, returned_items::text <> '[]' as has_units_back
         from commission join conversion using (environment, merchant_id, conversion_id)",
    )
    .fetch_all(&history.pool)
    .await
    .unwrap()
}

fn assert_ends_so(end: &EndRow, shown: Shown) {
    let id = &end.commission_id;
    assert_eq!(shown.commission_amount, end.expected_amount, "{id}");
    let expected: &[OrderStatus] = match (end.state.as_str(), end.has_window) {
        ("pending", _) | ("hold", false) => &[OrderStatus::Pending],
        ("rejected", _) => &[OrderStatus::Refunded, OrderStatus::Failed],
        _ => &[OrderStatus::Completed],
    };
    assert!(expected.contains(&shown.order_status), "{id}: {shown:?}");
    // What is taken back of an order whose commission is over is recorded and told no more; units
    // count by what they had cost, which the row does not say.
    let is_over = ["paid", "rejected"].contains(&end.state.as_str());
    if !is_over && !end.has_units_back {
        let left = (end.order_amount - end.refunded_amount).max(Decimal::ZERO);
        let left = if end.refunded_amount.is_zero() { Decimal::ZERO } else { left };
        assert_eq!(shown.order_adjustment, left, "{id}");
    }
}
