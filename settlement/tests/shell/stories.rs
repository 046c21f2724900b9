//! Stories of the sandbox on an empty database: the first click of a month, and of a merchant.

use crate::batches::{click_keys, now};
use crate::database;
use crate::network::Network;
use settlement::domain::order::Scope;
use settlement::flows::accept_events::Intake;
use settlement::flows::simulate;
use shared::id::Environment;
use shared::validate::{Scenario, Simulation};

const STORY: Simulation = Simulation { scenario: Scenario::Delivered, seed: 7, days: 60 };

#[tokio::test]
async fn a_merchant_without_links_or_clicks_gets_a_sandbox_once() {
    let network = Network::new(database::fresh().await).await;
    let scope = Scope { environment: Environment::Test, merchant: network.merchant };
    let (pool, keys) = (&network.pool, click_keys());
    let intake = Intake::new(click_keys());
    let second = u32::try_from(now().as_second()).unwrap();
    let first = simulate::prepare(pool, &intake, &keys, scope, STORY, second, now()).await.unwrap();
    assert_eq!(first.about.external_order_id, "sim-delivered-7");
    assert_eq!(first.events.len(), 6, "order, two statuses and three moves");
    let again = simulate::prepare(pool, &intake, &keys, scope, STORY, second, now()).await.unwrap();
    assert_eq!(again.about, first.about);
    let count = |table: &'static str| {
        let sql = format!("select count(*) from {table} where environment = 'test'");
        async move {
            let counted: i64 =
                sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(pool).await.unwrap();
            counted
        }
    };
    assert_eq!((count("link").await, count("click").await), (1, 1));
}
