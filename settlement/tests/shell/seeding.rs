//! The demo network: made once, its secrets renewed on demand.

use crate::batches::now;
use crate::database;
use crate::network::vault;
use settlement::flows::seed_demo::network::Network;
use settlement::flows::seed_demo::{self, Seeded};
use sqlx::PgPool;
use std::collections::BTreeSet;

async fn seed(pool: &PgPool, renew: bool) -> Option<Network> {
    match seed_demo::run(pool, &vault().0, renew, now()).await.unwrap() {
        Seeded::Fresh(network) => Some(*network),
        Seeded::AlreadyThere => None,
    }
}

async fn counts(pool: &PgPool) -> Vec<i64> {
    let sql = "select count(*) from merchant union all select count(*) from affiliate
               union all select count(*) from campaign union all select count(*) from rule
               union all select count(*) from link union all select count(*) from product
               union all select count(*) from account";
    sqlx::query_scalar(sql).fetch_all(pool).await.unwrap()
}

#[tokio::test]
async fn a_second_seeding_changes_nothing_and_a_renewal_only_secrets() {
    let pool = database::fresh().await;
    let first = seed(&pool, false).await.unwrap();
    let seeded = counts(&pool).await;
    assert!(seed(&pool, false).await.is_none());
    assert_eq!(counts(&pool).await, seeded);
    let second = seed(&pool, true).await.unwrap();
    assert_eq!(counts(&pool).await, seeded);
    let ids = |network: &Network| -> BTreeSet<String> {
        let keys = network.merchants.iter().flat_map(|merchant| &merchant.keys);
        keys.map(|key| key.id.clone()).collect()
    };
    assert!(ids(&first).is_disjoint(&ids(&second)));
    assert_ne!(first.operator.password, second.operator.password);
    assert_eq!(first.merchants[0].id, second.merchants[0].id);
    let active: Vec<String> =
        sqlx::query_scalar("select key_id from api_key where state = 'active'")
            .fetch_all(&pool)
            .await
            .unwrap();
    assert_eq!(active.into_iter().collect::<BTreeSet<_>>(), ids(&second));
}

#[tokio::test]
async fn the_network_has_both_worlds_and_rates_that_all_differ() {
    let pool = database::fresh().await;
    let network = seed(&pool, true).await.unwrap();
    assert_eq!((network.merchants.len(), network.affiliates.len()), (2, 3));
    for merchant in &network.merchants {
        for environment in ["live", "test"] {
            let of = |text: &str| text == environment;
            assert_eq!(merchant.keys.iter().filter(|k| of(k.environment.as_str())).count(), 1);
            let campaigns = merchant.campaigns.iter().filter(|c| of(&c.environment));
            assert_eq!(campaigns.map(|c| c.rate_bps).collect::<BTreeSet<_>>().len(), 2);
            assert_eq!(merchant.products.iter().filter(|p| of(&p.environment)).count(), 2);
            let links = network.links.iter().filter(|link| link.merchant_id == merchant.id.0);
            assert_eq!(links.filter(|link| of(&link.environment)).count(), 3);
        }
    }
    let rates: Vec<i32> = sqlx::query_scalar(
        "select rate_bps from rule where environment = 'live' and rate_bps is not null",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(rates.iter().collect::<BTreeSet<_>>().len(), rates.len());
    let shown = format!("{network:?}");
    assert!(!shown.contains("sk_") && !shown.contains(&network.operator.password));
}
