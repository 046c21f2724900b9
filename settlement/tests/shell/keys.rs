//! Keys rotated, limited and listed: what the edge is told, and what is refused.

use crate::batches::now;
use crate::database;
use crate::network::{BY, Network};
use jiff::{SignedDuration, Timestamp};
use settlement::domain::order::Scope;
use settlement::error::Fault;
use settlement::flows::create_key::{self, NewKey};
use settlement::flows::hold_key::state_at;
use settlement::flows::limit_key::{self, KeyTerms};
use settlement::flows::rotate_key::{self, Rotated};
use settlement::flows::set_state::{self, KeyChange};
use settlement::store::api_key;
use shared::directory::{Entry, KeyEntry, KeyState, OTHER_KEYS_MAX};
use shared::id::Environment;
use shared::shop::{OrderIdField, ShopTerms, Source};

fn hours(hours: i64) -> Timestamp {
    now() + SignedDuration::from_hours(hours)
}

async fn entry(network: &Network, key_id: &str) -> KeyEntry {
    match network.row(&format!("key:{key_id}")).await.1 {
        Entry::Key(key) => key,
        other => panic!("a key's row holds {other:?}"),
    }
}

async fn rotate(network: &Network, key_id: &str, grace_hours: u32) -> Result<Rotated, Fault> {
    rotate_key::run(&network.pool, &network.vault, BY, key_id, grace_hours, now()).await
}

#[tokio::test]
async fn a_successor_has_the_same_terms_and_the_old_key_an_end() {
    let network = Network::new(database::fresh().await).await;
    let allow_list = vec!["203.0.113.0/24".to_owned()];
    let input = NewKey { per_minute_max: 77, allow_list, ..NewKey::usual(network.scope) };
    let (pool, vault) = (&network.pool, &network.vault);
    let old = create_key::run(pool, vault, BY, input, now()).await.unwrap();
    let rotated = rotate(&network, &old.key_id, 24).await.unwrap();
    assert_eq!(rotated.expires_at, hours(24));
    let (first, second) =
        (entry(&network, &old.key_id).await, entry(&network, &rotated.issued.key_id).await);
    assert_eq!(first.expires_at_ms, Some(hours(24).as_millisecond()));
    assert_eq!((first.state, second.state), (KeyState::Active, KeyState::Active));
    assert_eq!((second.per_minute_max, &second.allow_list), (77, &first.allow_list));
    assert_eq!(second.expires_at_ms, None);
    let longer = rotate(&network, &rotated.issued.key_id, 721).await;
    assert!(matches!(longer, Err(Fault::Invalid(_))), "30 days at most: {longer:?}");
    let again = rotate(&network, &old.key_id, 24).await.unwrap_err();
    assert!(again.to_string().contains(&rotated.issued.key_id), "{again}");
    let audited: serde_json::Value = sqlx::query_scalar(
        "select detail from audit_log where action = 'key.rotate' and subject = $1",
    )
    .bind(&old.key_id)
    .fetch_one(pool)
    .await
    .unwrap();
    assert_eq!(audited["successor"], rotated.issued.key_id.as_str());
    assert!(!audited.to_string().contains("sk_live"), "{audited}");
}

#[tokio::test]
async fn a_shop_s_key_has_the_secret_that_the_shop_gave_and_terms_of_its_own() {
    let network = Network::new(database::fresh().await).await;
    let (pool, vault) = (&network.pool, &network.vault);
    let terms = |source| ShopTerms {
        source,
        order_id_field: OrderIdField::Name,
        fulfilled_is_delivered: true,
    };
    let input = |source| NewKey { shop: Some(terms(source)), ..NewKey::usual(network.scope) };
    let import = async |source, secret| {
        create_key::import(pool, vault, BY, input(source), secret, now()).await
    };
    let given = "shpss_0123456789abcdef";
    let shopify = import(Source::Shopify, Some(given)).await.unwrap();
    assert_eq!(shopify.signing_secret, given);
    let row = entry(&network, &shopify.key_id).await;
    assert_eq!(row.shop, Some(terms(Source::Shopify)));
    // Shopify makes its own secrets; WooCommerce takes ours, the next one too.
    let refused = rotate(&network, &shopify.key_id, 24).await;
    assert!(matches!(refused, Err(Fault::Conflict(_))), "{refused:?}");
    let woo = import(Source::WooCommerce, None).await.unwrap();
    assert!(woo.signing_secret.starts_with("sk_live_"));
    let next = rotate(&network, &woo.key_id, 24).await.unwrap().issued;
    let next = entry(&network, &next.key_id).await;
    assert_eq!(next.shop, Some(terms(Source::WooCommerce)));
    for secret in ["short", "with a blank in it", &"x".repeat(201)] {
        let refused = import(Source::Shopify, Some(secret)).await;
        assert!(matches!(refused, Err(Fault::Invalid(_))), "{refused:?}");
    }
    let audited: Vec<serde_json::Value> =
        sqlx::query_scalar("select detail from audit_log where action = 'key.create'")
            .fetch_all(pool)
            .await
            .unwrap();
    assert!(!format!("{audited:?}").contains(given), "{audited:?}");
}

#[tokio::test]
async fn a_rotation_without_grace_ends_the_old_key_at_once() {
    let network = Network::new(database::fresh().await).await;
    let old = network.key().await;
    rotate(&network, &old.key_id, 0).await.unwrap();
    assert_eq!(entry(&network, &old.key_id).await.state, KeyState::Revoked);
}

#[tokio::test]
async fn an_expired_key_is_shown_as_revoked_and_marked_once() {
    let network = Network::new(database::fresh().await).await;
    let (pool, vault) = (&network.pool, &network.vault);
    let old = network.key().await;
    rotate(&network, &old.key_id, 2).await.unwrap();
    let row = async || {
        let mut connection = pool.acquire().await.unwrap();
        api_key::find(&mut connection, &old.key_id).await.unwrap().unwrap()
    };
    assert_eq!(state_at(&row().await, hours(1)), "active");
    assert_eq!(state_at(&row().await, hours(2)), "revoked");
    assert_eq!(row().await.state, "active");
    assert_eq!(rotate_key::expire_once(pool, hours(1)).await.unwrap(), 0);
    // What has expired cannot come back, whether or not it is marked.
    let enable = set_state::key(pool, vault, BY, &old.key_id, KeyChange::Enable, hours(2)).await;
    assert!(matches!(enable, Err(Fault::Conflict(_))));
    assert_eq!(rotate_key::expire_once(pool, hours(2)).await.unwrap(), 1);
    assert_eq!(rotate_key::expire_once(pool, hours(2)).await.unwrap(), 0);
    assert_eq!(row().await.state, "revoked");
}

#[tokio::test]
async fn an_expiring_key_counts_in_the_sum_until_it_has_expired() {
    let network = Network::new(database::fresh().await).await;
    let (pool, vault) = (&network.pool, &network.vault);
    let sized = |per_minute_max| NewKey { per_minute_max, ..NewKey::usual(network.scope) };
    let old = create_key::run(pool, vault, BY, sized(7_000), now()).await.unwrap();
    let fault = rotate(&network, &old.key_id, 1).await.unwrap_err();
    assert!(matches!(fault, Fault::RateSumExceeded { sum: 14_000, max: 12_000 }), "{fault}");
    let count: i64 =
        sqlx::query_scalar("select count(*) from api_key").fetch_one(pool).await.unwrap();
    assert_eq!(count, 1, "a refused rotation leaves nothing");
    let limits = KeyTerms::Limits { per_minute_max: Some(6_000), per_hour_max: None };
    limit_key::run(pool, vault, BY, &old.key_id, limits, now()).await.unwrap();
    rotate(&network, &old.key_id, 1).await.unwrap();
    let more = create_key::run(pool, vault, BY, sized(1), now()).await.unwrap_err();
    assert!(matches!(more, Fault::RateSumExceeded { sum: 12_001, .. }), "{more}");
    create_key::run(pool, vault, BY, sized(6_000), hours(1)).await.unwrap();
}

#[tokio::test]
async fn terms_change_within_their_bounds_and_a_revoked_key_keeps_its_own() {
    let network = Network::new(database::fresh().await).await;
    let (pool, vault) = (&network.pool, &network.vault);
    let key = network.key().await;
    let change = async |terms| limit_key::run(pool, vault, BY, &key.key_id, terms, now()).await;
    let limits = |per_minute_max, per_hour_max| KeyTerms::Limits { per_minute_max, per_hour_max };
    change(limits(Some(5), None)).await.unwrap();
    change(limits(None, Some(50))).await.unwrap();
    let known = entry(&network, &key.key_id).await;
    assert_eq!((known.per_minute_max, known.per_hour_max), (5, 50));
    for wrong in [limits(Some(0), None), limits(None, Some(720_001))] {
        assert!(matches!(change(wrong).await, Err(Fault::Invalid(_))));
    }
    let sum = change(limits(Some(12_000), None)).await;
    assert!(sum.is_ok(), "a key's own old limit does not count twice: {sum:?}");
    let list = KeyTerms::AllowList(vec!["2001:db8::/32".to_owned()]);
    change(list.clone()).await.unwrap();
    assert_eq!(entry(&network, &key.key_id).await.allow_list, ["2001:db8::/32"]);
    let odd = change(KeyTerms::AllowList(vec!["shop.np".to_owned()])).await;
    assert!(matches!(odd, Err(Fault::Invalid(_))));
    change(KeyTerms::AllowList(Vec::new())).await.unwrap();
    assert!(entry(&network, &key.key_id).await.allow_list.is_empty());
    set_state::key(pool, vault, BY, &key.key_id, KeyChange::Revoke, now()).await.unwrap();
    for terms in [list, limits(Some(1), None)] {
        assert!(matches!(change(terms).await, Err(Fault::Conflict(_))));
    }
}

#[tokio::test]
async fn a_test_key_s_row_names_the_merchant_s_other_keys_and_a_live_one_s_none() {
    let network = Network::new(database::fresh().await).await;
    let (pool, vault) = (&network.pool, &network.vault);
    let test = Scope { environment: Environment::Test, ..network.scope };
    let make = async |scope, at| {
        create_key::run(pool, vault, BY, NewKey::usual(scope), at).await.unwrap().key_id
    };
    let sandbox = make(test, now()).await;
    assert!(entry(&network, &sandbox).await.other_keys.is_empty());
    let live = make(network.scope, hours(1)).await;
    let second = make(test, hours(2)).await;
    assert_eq!(entry(&network, &sandbox).await.other_keys, [second.clone(), live.clone()]);
    assert_eq!(entry(&network, &second).await.other_keys, [live.clone(), sandbox.clone()]);
    assert!(entry(&network, &live).await.other_keys.is_empty());
    // A revoked one stays named, after those in use: its secret is still tried by mistake.
    set_state::key(pool, vault, BY, &second, KeyChange::Revoke, hours(3)).await.unwrap();
    assert_eq!(entry(&network, &sandbox).await.other_keys, [live, second]);
    for hour in 4..30 {
        let short = NewKey { per_minute_max: 1, ..NewKey::usual(network.scope) };
        create_key::run(pool, vault, BY, short, hours(hour)).await.unwrap();
    }
    assert_eq!(entry(&network, &sandbox).await.other_keys.len(), OTHER_KEYS_MAX);
}
