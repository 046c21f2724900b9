//! Days of orders compared on a real Postgres.

use crate::database;
use crate::network::Network;
use settlement::domain::order::Scope;
use settlement::flows::actor::Actor;
use settlement::flows::reconcile::{self, LISTED_MAX, Reconciled};
use shared::id::{ConversionId, Environment};
use shared::validate::resource::day;

/// Inserts an order placed at an instant.
async fn order(network: &Network, scope: Scope, id: &str, status: &str, ordered_at: &str) {
    orders(network, scope, &[id.to_owned()], status, ordered_at).await;
}

async fn orders(network: &Network, scope: Scope, ids: &[String], status: &str, ordered_at: &str) {
    let conversion =
        |id: &String| ConversionId::derive(scope.merchant, scope.environment, id).to_string();
    sqlx::query(
        "insert into conversion (environment, merchant_id, conversion_id, event_id,
             external_order_id, state, confidence, order_amount, currency, order_status,
             order_status_at, ordered_at, received_at, attribution, created_at, updated_at)
         select $1, $2, new.conversion_id, 'e', new.external_order_id, 'unattributed', 'LOW',
                10.00, 'NPR', $5, $6::timestamptz, $6::timestamptz, now(), '{}', now(), now()
         from unnest($3::text[], $4::text[]) as new (conversion_id, external_order_id)",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .bind(ids.iter().map(conversion).collect::<Vec<_>>())
    .bind(ids)
    .bind(status)
    .bind(settlement::store::instant::to_row(ordered_at.parse().unwrap()))
    .execute(&network.pool)
    .await
    .unwrap();
}

async fn compare(network: &Network, scope: Scope, orders: &[(&str, &str, &str)]) -> Reconciled {
    let orders: Vec<_> = orders
        .iter()
        .map(|(id, status, amount)| {
            serde_json::json!({"externalOrderId": id, "status": status, "amount": amount})
        })
        .collect();
    let body = serde_json::json!({"date": "2026-06-14", "orders": orders}).to_string();
    let day = day(body.as_bytes()).unwrap();
    let mut connection = network.pool.acquire().await.unwrap();
    let actor = Actor::Key { merchant: scope.merchant };
    reconcile::within(&mut connection, actor, scope, &day).await.unwrap()
}

#[tokio::test]
async fn a_day_is_compared_in_the_merchant_s_time_zone_and_world() {
    let network = Network::new(database::fresh().await).await;
    let live = network.scope;
    let test = Scope { environment: Environment::Test, ..live };
    // Midnight in Kathmandu is 18:15 UTC of the day before.
    order(&network, live, "first", "paid", "2026-06-13T18:15:00Z").await;
    order(&network, live, "last", "paid", "2026-06-14T18:14:59.999999Z").await;
    order(&network, live, "before", "paid", "2026-06-13T18:14:59Z").await;
    order(&network, live, "after", "paid", "2026-06-14T18:15:00Z").await;
    order(&network, live, "noon", "delivered", "2026-06-14T06:15:00Z").await;
    order(&network, test, "noon", "paid", "2026-06-14T06:15:00Z").await;
    order(&network, test, "sandbox", "paid", "2026-06-14T06:15:00Z").await;
    let sent = [("first", "paid", "10"), ("noon", "paid", "10.00"), ("sandbox", "paid", "10")];
    let done = compare(&network, live, &sent).await;
    assert_eq!(done.time_zone, "Asia/Kathmandu");
    assert_eq!(done.span.from.to_string(), "2026-06-13T18:15:00Z");
    assert_eq!(done.span.to.to_string(), "2026-06-14T18:15:00Z");
    assert_eq!(
        (done.comparison.matching, done.comparison.missing),
        (1, vec!["sandbox".to_owned()])
    );
    let different = &done.comparison.different;
    assert_eq!(different.len(), 1);
    assert_eq!(different[0].external_order_id, "noon");
    assert_eq!((different[0].fields[0].field, different[0].fields.len()), ("status", 1));
    let extra: Vec<_> = done.extra.iter().map(|row| row.external_order_id.as_str()).collect();
    assert_eq!((extra, done.extra_total), (vec!["last"], 1));
    let done = compare(&network, live, &[("before", "paid", "10"), ("after", "paid", "10")]).await;
    let days: Vec<_> =
        done.comparison.different.iter().map(|one| one.other_day.unwrap().to_string()).collect();
    assert_eq!(days, ["2026-06-13", "2026-06-15"]);
    let extra: Vec<_> = done.extra.iter().map(|row| row.external_order_id.as_str()).collect();
    assert_eq!(extra, ["first", "noon", "last"]);
}

#[tokio::test]
async fn a_long_list_is_cut_and_its_count_is_not() {
    let network = Network::new(database::fresh().await).await;
    let ids: Vec<_> = (0..LISTED_MAX + 5).map(|at| format!("o-{at:05}")).collect();
    orders(&network, network.scope, &ids, "paid", "2026-06-14T06:15:00Z").await;
    let done = compare(&network, network.scope, &[("o-00000", "paid", "10")]).await;
    assert_eq!((done.extra.len(), done.extra_total), (LISTED_MAX, LISTED_MAX + 4));
    assert_eq!(done.extra[0].external_order_id, "o-00001");
}
