//! Risk of a commission that a later decision makes.

use crate::batches::click_keys;
use crate::network::BY;
use crate::sales::Shop;
use serde_json::json;
use settlement::domain::review::Ruling;
use settlement::flows::{decide_review, set_risk};
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
    let on = (scope, shop.conversion("low"));
    let ruling = Ruling::Assign { affiliate: who, campaign: None };
    decide_review::run(&pool, &click_keys(), BY, on, ruling, shop.now).await.unwrap();
    let kept = "select count(*) from conversion where signals @> '{\"selfReferral\": true}'";
    assert_eq!(count(&pool, kept).await, 1);
    assert_eq!(count(&pool, "select orders from risk_tally where kind = 'affiliate'").await, 2);
}
