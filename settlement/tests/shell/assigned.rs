//! Risk of a commission that a later decision makes.

use crate::network::BY;
use crate::sales::Shop;
use serde_json::json;
use settlement::domain::clock::Clock;
use settlement::flows::{risk_facts, set_risk};
use settlement::store::order::{self, Keys};
use shared::click_id::ClickClass;
use sqlx::PgPool;

async fn count(pool: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn an_order_assigned_later_is_measured_by_its_earner_as_at_its_sale() {
    let mut shop = Shop::new(0).await;
    let click = shop.click(ClickClass::Human);
    shop.wait(60);
    shop.order("earned", "100.00", &click, json!({})).await;
    let hash = "0123456789abcdef0123456789abcdef";
    shop.order("low", "100.00", "CLK_example", json!({ "customerHash": hash })).await;
    shop.settle(10).await;
    let (pool, scope) = (shop.network.pool.clone(), shop.network.scope);
    let who = shop.network.affiliate;
    set_risk::customer(&pool, BY, scope, who, hash, shop.now).await.unwrap();
    let mut transaction = pool.begin().await.unwrap();
    let mut keys = Keys::default();
    keys.push(scope, shop.conversion("earned"));
    keys.push(scope, shop.conversion("low"));
    let mut orders = order::lock(&mut transaction, &keys).await.unwrap();
    orders.sort_by_key(|order| order.commission.is_none());
    let mut low = orders.pop().unwrap();
    low.commission = orders[0].commission.clone().map(|mut commission| {
        commission.conversion = low.id;
        commission
    });
    risk_facts::take_assigned(&mut transaction, &mut low, &Clock::default()).await.unwrap();
    let view = low.commission.unwrap().risk.view.unwrap();
    assert!(view.facts.signals.self_referral);
    assert_eq!(view.facts.counts.affiliate_hour_orders, 2);
    transaction.commit().await.unwrap();
    let kept = "select count(*) from conversion where signals @> '{\"selfReferral\": true}'";
    assert_eq!(count(&pool, kept).await, 1);
    assert_eq!(count(&pool, "select orders from risk_tally where kind = 'affiliate'").await, 2);
}
