//! What an affiliate reads and recovers of the logs of its merchants.

use crate::network::BY;
use crate::shop::Shop;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use settlement::domain::webhook::endpoint::Endpoint;
use settlement::domain::webhook::owed::concerns;
use settlement::error::Fault;
use settlement::flows::actor::Actor;
use settlement::flows::affiliate_webhook_endpoint::feed::{self, Start};
use settlement::flows::affiliate_webhook_endpoint::{self as endpoints, Choice};
use shared::validate::resource::Recovery;
use std::time::Duration;

#[tokio::test]
async fn an_affiliate_recovers_what_its_endpoint_never_had_and_nothing_of_another_s() {
    let mut shop = Shop::new().await;
    let since = shop.now;
    let click = shop.click();
    shop.order("A", json!({"clickId": click})).await;
    // Proposed to another affiliate, it waits for a decision and has no commission.
    shop.coupon("save10").await;
    shop.order("B", json!({"couponCode": "SAVE10"})).await;
    shop.report("A", "confirmed", json!({})).await;
    shop.wait(60);
    let told = shop.told().await;
    let attributed = Choice::Khata(vec!["conversion.attributed".to_owned(), "ping".to_owned()]);
    let khata = shop.endpoint(shop.network.affiliate, attributed.clone()).await;
    let other = shop.endpoint(shop.other, attributed).await;
    let orders = shop.orders_endpoint().await;
    shop.report("A", "returned", json!({})).await;
    let wish = Recovery { since, from: None };
    let recover = |endpoint: &Endpoint| {
        let (desk, id) = (shop.desk(), endpoint.key.endpoint);
        async move { endpoints::recover(desk, id, wish).await.unwrap() }
    };
    let done = recover(&khata).await;
    assert_eq!((done.missing, done.next), (1, None));
    // Of the order's events it was owed the last one already: the others are told before it.
    assert_eq!(recover(&orders).await.missing, 1);
    assert_eq!(recover(&other).await.missing, 1);
    for endpoint in [&khata, &orders, &other] {
        assert_eq!(recover(endpoint).await.missing, 0, "a repeat finds nothing more");
    }
    let received = |endpoint: &Endpoint| {
        let owner = endpoint.owner;
        let own = told.iter().filter(|one| concerns(owner, one.merchant, one.affiliate, one.kind));
        own.cloned().collect::<Vec<_>>()
    };
    for endpoint in [&khata, &other] {
        let expected = shop.write(endpoint, &received(endpoint), 1).await;
        let numbered = shop.numbered(endpoint).await;
        assert_eq!((numbered.len(), expected.len()), (1, 1));
        assert_eq!((&numbered[0].1, &numbered[0].2), (&expected[0].message_id, &expected[0].body));
    }
    shop.number().await;
    let bodies: Vec<String> =
        shop.numbered(&orders).await.into_iter().map(|(.., body)| body).collect();
    let statuses: Vec<Value> =
        bodies.iter().map(|body| serde_json::from_str::<Value>(body).unwrap()).collect();
    let statuses: Vec<_> =
        statuses.iter().map(|body| body["order_data"]["order_status"].as_str()).collect();
    assert_eq!(statuses, [Some("pending"), Some("refunded")]);
}

const OLDEST: Start = Start { at: None, since: Timestamp::UNIX_EPOCH };

/// Reads on for an affiliate until something is there: other databases of the server write too, and
/// a mark waits for whoever does.
async fn pull(shop: &Shop, start: Start, limit: usize) -> feed::Read {
    let of = (shop.network.scope.environment, shop.network.affiliate);
    for _ in 0..600 {
        let read = feed::read(shop.pool(), BY, of, start, limit, shop.now).await.unwrap();
        if !read.notices.is_empty() {
            return read;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing can be read from {start:?}");
}

#[tokio::test]
async fn an_affiliate_reads_its_own_of_all_logs_page_by_page_and_none_twice() {
    let mut shop = Shop::new().await;
    let click = shop.click();
    shop.coupon("save10").await;
    for order in ["A", "B"] {
        shop.order(order, json!({"clickId": click})).await;
        shop.order(&format!("{order}-other"), json!({"couponCode": "SAVE10"})).await;
    }
    shop.report("A", "returned", json!({})).await;
    let kinds = |read: &feed::Read| -> Vec<&'static str> {
        read.notices.iter().map(|one| one.kind.as_str()).collect()
    };
    let told = |read: &feed::Read| -> Vec<(String, Option<i64>)> {
        read.notices.iter().map(|one| (one.message_id.clone(), one.position)).collect()
    };
    let sold = ["conversion.attributed", "commission.created"];
    let expected = [&sold[..], &sold[..], &["commission.rejected"]].concat();
    // One by one, as far as each becomes safe to read.
    let (mut start, mut paged, mut seen) = (OLDEST, Vec::new(), Vec::new());
    while paged.len() < expected.len() {
        let page = pull(&shop, start, 1).await;
        paged.extend(told(&page));
        seen.extend(kinds(&page));
        start.at = Some(page.next);
    }
    assert_eq!(seen, expected);
    let all = pull(&shop, OLDEST, 100).await;
    assert_eq!((told(&all), all.more), (paged, false));
    let of = (shop.network.scope.environment, shop.network.affiliate);
    let end = feed::read(shop.pool(), BY, of, start, 1, shop.now).await.unwrap();
    assert_eq!((end.notices.len(), end.more), (0, false));
    shop.report("B", "returned", json!({})).await;
    start.at = Some(end.next);
    assert_eq!(kinds(&pull(&shop, start, 100).await), ["commission.rejected"]);
    let stranger = Actor::Key { merchant: shop.network.merchant };
    let denied = feed::read(shop.pool(), stranger, of, start, 1, shop.now).await;
    assert!(matches!(denied, Err(Fault::PermissionDenied(_))));
}

#[tokio::test]
async fn what_was_before_an_instant_is_not_read_though_other_logs_are_quiet_since() {
    let mut shop = Shop::new().await;
    let click = shop.click();
    // Old, and more of it than one read looks at, of which nothing is the affiliate's.
    let sql = "insert into webhook_event_group (environment, merchant_id, notices, created_at)
        select 'live', $1, json_build_array(json_build_object('type', 'event.processed',
            'occurredAt', '2026-01-01T00:00:00Z', 'data', json_build_object())),
            '2026-01-01T00:00:00Z'
        from generate_series(1, 5100)";
    let merchant = shop.network.merchant.0;
    sqlx::query(sql).bind(merchant).execute(shop.pool()).await.unwrap();
    shop.order("A", json!({"clickId": click})).await;
    let since = shop.now;
    shop.wait(3_600);
    shop.report("A", "returned", json!({})).await;
    // What is told is written by the node's clock.
    let sql = "select max(created_at) from webhook_event_group";
    let last: sqlx::types::time::OffsetDateTime =
        sqlx::query_scalar(sql).fetch_one(shop.pool()).await.unwrap();
    assert!(settlement::store::instant::from_row(last) > since);
    let after = since.checked_add(SignedDuration::from_mins(30)).unwrap();
    let read = pull(&shop, Start { at: None, since: after }, 100).await;
    let kinds: Vec<_> = read.notices.iter().map(|one| one.kind.as_str()).collect();
    assert_eq!(kinds, ["commission.rejected"]);
    // From the beginning one read finds nothing, and says where to go on.
    let of = (shop.network.scope.environment, shop.network.affiliate);
    let first = feed::read(shop.pool(), BY, of, OLDEST, 100, shop.now).await.unwrap();
    assert!(first.notices.is_empty() && first.more, "{first:?}");
    let rest = pull(&shop, Start { at: Some(first.next), ..OLDEST }, 100).await;
    assert_eq!((rest.notices.len(), rest.more), (3, false));
}

#[tokio::test]
async fn a_place_of_before_a_restored_backup_is_refused() {
    let mut shop = Shop::new().await;
    let click = shop.click();
    shop.order("A", json!({"clickId": click})).await;
    let read = pull(&shop, OLDEST, 100).await;
    // The same positions are other groups' now.
    sqlx::query("update webhook_event_group set created_at = created_at + interval '1 second'")
        .execute(shop.pool())
        .await
        .unwrap();
    let of = (shop.network.scope.environment, shop.network.affiliate);
    let start = Start { at: Some(read.next), ..OLDEST };
    let refused = feed::read(shop.pool(), BY, of, start, 1, shop.now).await;
    assert!(matches!(refused, Err(Fault::Invalid(_))), "{refused:?}");
}
