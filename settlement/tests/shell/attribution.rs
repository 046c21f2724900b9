//! Who earns an order, on a real Postgres: click, coupon, customer, to the second.

use crate::batches::now;
use crate::network::BY;
use crate::shop::{DAY, Shop, order_body};
use serde_json::json;
use settlement::domain::attribution::Kind;
use settlement::flows::assign_coupon::{self, Ended};
use settlement::flows::set_attribution;
use shared::id::EventKind;

#[tokio::test]
async fn the_cookie_window_ends_to_the_second_and_an_order_may_be_300_s_before_its_click() {
    let mut shop = Shop::new().await;
    let click = shop.click();
    let clicked_at = shop.now;
    let at = |seconds| (clicked_at + jiff::SignedDuration::from_secs(seconds)).to_string();
    shop.wait(40 * DAY);
    let end = 30 * DAY;
    for (seconds, code) in [
        (-301, "IN_REVIEW"),
        (-300, "APPLIED"),
        (0, "APPLIED"),
        (end - 1, "APPLIED"),
        (end, "APPLIED"),
        (end + 1, "IN_REVIEW"),
    ] {
        let id = format!("at{seconds}");
        let more = json!({"clickId": click, "orderedAt": at(seconds)});
        assert_eq!(shop.order(&id, more).await, code, "{seconds} s after the click");
    }
    assert_eq!(shop.reasons("at-301").await[0], "click_after_order");
    assert_eq!(shop.reasons(&format!("at{}", end + 1)).await[0], "window_passed");
    shop.assert_books_hold().await;
}

#[tokio::test]
async fn a_coupon_earns_for_whose_it_was_when_the_order_was_placed() {
    let mut shop = Shop::new().await;
    shop.coupon("SAVE10").await;
    let scope = shop.network.scope;
    let other = (shop.network.affiliate, shop.network.campaign);
    let taken = assign_coupon::run(shop.pool(), BY, scope, "save10", other, shop.now).await;
    assert!(taken.is_err(), "a code is one affiliate's at a time, whatever its case");
    let first = shop.now;
    shop.wait(10 * DAY);
    let ended = assign_coupon::end(shop.pool(), BY, scope, "Save10", shop.now).await.unwrap();
    assert_eq!(ended, Ended::Now);
    let again = assign_coupon::end(shop.pool(), BY, scope, "Save10", shop.now).await.unwrap();
    assert_eq!(again, Ended::NothingToEnd);
    assign_coupon::run(shop.pool(), BY, scope, "SAVE10", other, shop.now).await.unwrap();
    let second = shop.now;
    shop.wait(DAY);
    let late = (second - jiff::SignedDuration::from_secs(1)).to_string();
    let early = (first - jiff::SignedDuration::from_secs(1)).to_string();
    for (id, placed, standing, reason) in [
        ("before", early, "unattributed LOW waiting", "coupon_not_in_force"),
        ("first", late, "attributed MEDIUM waiting", "won"),
        ("second", second.to_string(), "attributed MEDIUM waiting", "won"),
    ] {
        let more = json!({"couponCode": "sAvE10", "orderedAt": placed});
        assert_eq!(shop.order(id, more).await, "IN_REVIEW");
        assert_eq!(shop.standing(id).await, standing, "{id}");
        assert_eq!(
            shop.reasons(id).await,
            ["absent", reason, if reason == "won" { "not_reached" } else { "absent" }]
        );
    }
    let sql = "select string_agg(external_order_id || ' ' || name, ', ' order by external_order_id)
               from conversion join affiliate using (affiliate_id)";
    let whose: String = sqlx::query_scalar(sql).fetch_one(shop.pool()).await.unwrap();
    assert_eq!(whose, "first Bina, second Asha");
    assert_eq!(shop.order("none", json!({"couponCode": "NONE"})).await, "IN_REVIEW");
    assert_eq!(shop.reasons("none").await[1], "coupon_unknown");
    let told = ["conversion.received", "conversion.attributed"];
    assert_eq!(shop.notices("first").await, told, "and no commission before a person confirms");
}

#[tokio::test]
async fn a_merchant_s_setting_counts_from_its_instant_and_is_named_in_the_receipt() {
    let mut shop = Shop::new().await;
    shop.coupon("SAVE10").await;
    let before = shop.now.to_string();
    shop.wait(DAY);
    let (scope, order) = (shop.network.scope, [Kind::Coupon, Kind::Click]);
    let set = |automatic: &'static [Kind]| {
        set_attribution::run(shop.pool(), BY, scope, &order, automatic, shop.now)
    };
    assert!(set(&[Kind::Click]).await.is_err());
    assert!(set(&[Kind::Customer]).await.is_err(), "it is not in the order");
    assert_eq!(set(&[Kind::Coupon]).await.unwrap(), 1);
    shop.wait(DAY);
    let click = shop.click();
    shop.wait(60);
    let both = json!({"clickId": click, "couponCode": "SAVE10"});
    assert_eq!(shop.order("new", both).await, "APPLIED");
    assert_eq!(shop.commission("new").await, "pending 299.90 Bina");
    assert_eq!(shop.reasons("new").await, ["won", "not_reached"]);
    let dated = json!({"couponCode": "SAVE10", "orderedAt": before});
    assert_eq!(shop.order("old", dated).await, "IN_REVIEW", "under the setting of its day");
    let sql = "select string_agg(attribution ->> 'settingVersion', ' ' order by external_order_id)
               from conversion";
    let versions: String = sqlx::query_scalar(sql).fetch_one(shop.pool()).await.unwrap();
    assert_eq!(versions, "1 0");
}

#[tokio::test]
async fn a_customer_is_known_by_the_latest_earlier_order_a_click_earned() {
    let mut shop = Shop::new().await;
    let ann = |more: serde_json::Value| {
        let mut body = json!({"customerHash": "ann"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let click = shop.click();
    // The earlier order is of the same batch once, and long settled the second time.
    shop.accept(EventKind::Conversion, order_body("A", ann(json!({"clickId": click})))).await;
    shop.accept(EventKind::Conversion, order_body("B", ann(json!({})))).await;
    shop.settle().await;
    assert_eq!(shop.standing("A").await, "attributed HIGH -");
    assert_eq!(shop.standing("B").await, "attributed MEDIUM waiting");
    assert_eq!(shop.reasons("B").await, ["absent", "absent", "won"]);
    shop.wait(30 * DAY);
    shop.order("C", ann(json!({}))).await;
    assert_eq!(shop.standing("C").await, "attributed MEDIUM waiting", "the window's last second");
    shop.wait(1);
    shop.order("D", ann(json!({}))).await;
    assert_eq!(shop.reasons("D").await, ["absent", "absent", "window_passed"]);
    shop.order("E", json!({"customerHash": "bob"})).await;
    assert_eq!(shop.reasons("E").await, ["absent", "absent", "customer_new"]);
    // An order placed before the first one is not led by a click that came later.
    let before = (now() - jiff::SignedDuration::from_secs(1)).to_string();
    shop.order("F", ann(json!({"orderedAt": before}))).await;
    assert_eq!(shop.reasons("F").await, ["absent", "absent", "customer_new"]);
}

#[tokio::test]
async fn an_order_goes_on_without_its_link_and_is_judged_once_more_when_it_is_known() {
    let mut shop = Shop::new().await;
    shop.coupon("SAVE10").await;
    let (number, other) = (shop.link_number, shop.link_number ^ 1);
    let click = shop.click_on(other);
    assert_eq!(shop.order("A", json!({"clickId": click})).await, "AWAITING_LINK");
    let more = json!({"clickId": click, "couponCode": "SAVE10"});
    assert_eq!(shop.order("B", more).await, "AWAITING_LINK");
    shop.wait(DAY);
    shop.resume().await;
    assert_eq!(shop.standing("A").await, "unattributed LOW waiting");
    assert_eq!(shop.standing("B").await, "attributed MEDIUM waiting");
    assert_eq!(shop.reasons("B").await[..2], ["link_unknown", "won"]);
    shop.report("A", "delivered", json!({})).await;
    let sql = "insert into link select environment, merchant_id, $2, 'late', affiliate_id,
                   campaign_id, destination, state, created_at from link where link_number = $1";
    let numbers = [number, other].map(|number| i64::try_from(number).unwrap());
    sqlx::query(sql).bind(numbers[0]).bind(numbers[1]).execute(shop.pool()).await.unwrap();
    shop.resume().await;
    for id in ["A", "B"] {
        assert_eq!(shop.standing(id).await, "attributed HIGH -", "{id}");
        assert_eq!(shop.reasons(id).await[0], "won");
    }
    assert_eq!(shop.commission("A").await, "hold 299.90 Asha");
    assert_eq!(shop.commission("B").await, "pending 299.90 Asha");
    shop.resume().await;
    let left: i64 = sqlx::query_scalar("select count(*) from missing_link")
        .fetch_one(shop.pool())
        .await
        .unwrap();
    assert_eq!(left, 0, "each missing fact is looked at once");
    shop.assert_books_hold().await;
}
