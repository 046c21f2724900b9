//! A shop's own webhooks: settled, kept part by part, and rebuilt from what was recorded.

use crate::batches::click_keys;
use crate::network::BY;
use crate::shop::{DAY, Shop};
use serde_json::{Value, json};
use settlement::domain::review::Ruling;
use settlement::flows::{decide_review, verify};
use shared::id::EventKind;

impl Shop {
    /// What a shop pushed, as the edge picked from it; answers its outcome's code.
    async fn pushed(&mut self, topic: &str, click: Option<&str>, data: Value) -> String {
        let terms =
            json!({"source": "shopify", "orderIdField": "id", "fulfilledIsDelivered": false});
        let body = json!({"terms": terms, "topic": topic, "clickId": click, "data": data});
        let event_id = self.accept(EventKind::Webhook, body).await;
        self.settle().await;
        self.code(&event_id).await
    }

    async fn differences(&self) -> String {
        let verified = verify::run(self.pool(), &click_keys(), &|_| ()).await.unwrap();
        let found = verified.differences.iter().map(|found| format!("{found:?}\n"));
        found.collect()
    }
}

fn order(more: &Value) -> Value {
    let mut body = json!({
        "id": 5, "currency": "NPR", "total_price": "1000.00",
        "line_items": [{"sku": "A", "quantity": 3, "price": "300.00"}],
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn refund(id: u64, amount: &str) -> Value {
    let money = json!([{"kind": "refund", "status": "success", "amount": amount}]);
    json!({"id": id, "order_id": 5, "transactions": money})
}

#[tokio::test]
async fn what_a_shop_pushes_is_settled_and_rebuilt_the_same() {
    let mut shop = Shop::new().await;
    let click = shop.click();
    shop.wait(60);
    // A refund first; then an order that says three things at once.
    assert_eq!(
        shop.pushed("refunds/create", None, refund(1, "90.00")).await,
        "AWAITING_CONVERSION"
    );
    shop.wait(60);
    let arrived = json!({
        "financial_status": "partially_refunded", "fulfillment_status": "fulfilled",
        "fulfillments": [{"shipment_status": "delivered", "updated_at": shop.now.to_string()}],
        "refunds": [refund(2, "90.00")],
    });
    assert_eq!(shop.pushed("orders/updated", Some(&click), order(&arrived)).await, "APPLIED");
    assert_eq!(shop.commission("5").await, "hold 72.00 Asha");
    shop.wait(60);
    assert_eq!(shop.pushed("orders/updated", Some(&click), order(&arrived)).await, "NO_CHANGE");
    assert_eq!(shop.pushed("products/update", None, json!({})).await, "TOPIC_IGNORED");
    assert_eq!(shop.pushed("orders/create", None, json!({"id": 6})).await, "EVENT_INVALID");
    assert_eq!(shop.differences().await, "");
    shop.wait(60);
    let cancelled = json!({"cancelled_at": shop.now.to_string(), "cancel_reason": "fraud"});
    assert_eq!(shop.pushed("orders/cancelled", Some(&click), order(&cancelled)).await, "APPLIED");
    assert_eq!(shop.commission("5").await, "rejected 0 Asha");
    assert_eq!(shop.differences().await, "");
    shop.assert_books_hold().await;
    shop.assert_receipts_hold().await;
    let sql = "update conversion set refund_parts = '{\"1\": \"90.00\"}'";
    sqlx::query(sql).execute(shop.pool()).await.unwrap();
    let found = shop.differences().await;
    assert!(found.lines().count() == 1 && found.contains("refund_parts"), "{found}");
}

#[tokio::test]
async fn a_shop_and_the_api_tell_the_same_order_once() {
    let mut shop = Shop::new().await;
    let click = shop.click();
    let told = json!({"clickId": click, "orderAmount": "1000.00"});
    assert_eq!(shop.order("5", told).await, "APPLIED");
    let paid = json!({"financial_status": "paid"});
    assert_eq!(shop.pushed("orders/paid", Some(&click), order(&paid)).await, "APPLIED");
    // What is told of the order by whom does not matter: the first word of each counts.
    assert_eq!(shop.report("5", "paid", json!({})).await, "NO_CHANGE");
    assert_eq!(shop.differences().await, "");
    assert_eq!(
        shop.notices("5").await.iter().filter(|kind| *kind == "commission.created").count(),
        1
    );
}

#[tokio::test]
async fn an_order_assigned_later_gets_all_that_its_shop_said_before() {
    let mut shop = Shop::new().await;
    let told = json!({"financial_status": "paid", "refunds": [refund(1, "90.00")]});
    assert_eq!(shop.pushed("orders/updated", None, order(&told)).await, "IN_REVIEW");
    assert_eq!(shop.standing("5").await, "unattributed LOW waiting");
    shop.wait(60);
    let on = (shop.network.scope, shop.conversion("5"));
    let (affiliate, campaign) = (shop.network.affiliate, Some(shop.network.campaign));
    let ruling = Ruling::Assign { affiliate, campaign };
    decide_review::run(shop.pool(), &click_keys(), BY, on, ruling, shop.now).await.unwrap();
    assert_eq!(shop.commission("5").await, "hold 81.00 Asha");
    assert_eq!(shop.differences().await, "");
}

#[tokio::test]
async fn a_part_told_after_all_of_it_was_given_back_is_kept_though_it_changes_nothing() {
    let mut shop = Shop::new().await;
    let click = shop.click();
    shop.wait(60);
    let whole = json!({"financial_status": "refunded"});
    assert_eq!(shop.pushed("orders/updated", Some(&click), order(&whole)).await, "APPLIED");
    shop.wait(60);
    let again = json!({"financial_status": "refunded", "refunds": [refund(1, "1000.00")]});
    assert_eq!(shop.pushed("orders/updated", Some(&click), order(&again)).await, "NO_CHANGE");
    assert_eq!(shop.differences().await, "");
    let sql = "select refund_parts::text from conversion";
    let parts: String = sqlx::query_scalar(sql).fetch_one(shop.pool()).await.unwrap();
    assert_eq!(parts, "{\"1\": \"1000.00\"}");
}

#[tokio::test]
async fn a_refund_that_grows_is_kept_and_rebuilt_at_its_greatest_size() {
    let mut shop = Shop::new().await;
    let click = shop.click();
    shop.wait(60);
    let opened = order(&json!({"refunds": [refund(1, "90.00")]}));
    assert_eq!(shop.pushed("orders/create", Some(&click), opened).await, "APPLIED");
    shop.wait(60);
    // Two decimals are rupees' most: 90.005 and 90.01 are 180.02, rounded together.
    let told = [refund(1, "90.005"), refund(2, "90.01")];
    let grown = order(&json!({"refunds": told}));
    assert_eq!(shop.pushed("orders/updated", None, grown).await, "APPLIED");
    shop.wait(60);
    assert_eq!(shop.pushed("refunds/create", None, refund(1, "180.00")).await, "APPLIED");
    assert_eq!(shop.pushed("refunds/create", None, refund(1, "90.00")).await, "NO_CHANGE");
    // B is 900 and R is 270.01: 90 × 629.99 / 900.
    assert_eq!(shop.commission("5").await, "pending 63.00 Asha");
    let sql = "select refunded_amount::text from conversion";
    let refunded: String = sqlx::query_scalar(sql).fetch_one(shop.pool()).await.unwrap();
    assert_eq!(refunded.parse(), Ok(rust_decimal::Decimal::new(27_001, 2)));
    assert_eq!(shop.differences().await, "");
    shop.assert_books_hold().await;
}

#[tokio::test]
async fn of_several_coupons_the_first_that_is_somebody_s_earns() {
    let mut shop = Shop::new().await;
    shop.coupon("MAYA10").await;
    shop.wait(60);
    let codes = |codes: &[&str]| {
        let codes: Vec<_> = codes.iter().map(|code| json!({"code": code})).collect();
        order(&json!({"discount_codes": codes}))
    };
    assert_eq!(
        shop.pushed("orders/create", None, codes(&["FREESHIP", "maya10"])).await,
        "IN_REVIEW"
    );
    assert_eq!(shop.standing("5").await, "attributed MEDIUM waiting");
    let sql = "select coupon_code from conversion";
    let taken: String = sqlx::query_scalar(sql).fetch_one(shop.pool()).await.unwrap();
    assert_eq!(taken, "maya10");
    assert_eq!(shop.differences().await, "");
    shop.assert_receipts_hold().await;
    // A coupon that no webhook named is found out.
    sqlx::query("update conversion set coupon_code = 'OTHER'").execute(shop.pool()).await.unwrap();
    let found = shop.differences().await;
    assert!(found.contains("coupon_code"), "{found}");
}

#[tokio::test]
async fn an_order_judged_again_keeps_the_coupon_that_was_taken() {
    let mut shop = Shop::new().await;
    shop.coupon("MAYA10").await;
    let (number, other) = (shop.link_number, shop.link_number ^ 1);
    let click = shop.click_on(other);
    shop.wait(400 * DAY);
    let codes = order(&json!({"discount_codes": [{"code": "FREESHIP"}, {"code": "MAYA10"}]}));
    assert_eq!(shop.pushed("orders/create", Some(&click), codes).await, "AWAITING_LINK");
    shop.wait(DAY);
    shop.resume().await;
    assert_eq!(shop.standing("5").await, "attributed MEDIUM waiting");
    assert_eq!(shop.reasons("5").await[..2], ["link_unknown", "won"]);
    let sql = "insert into link select environment, merchant_id, $2, 'late', affiliate_id,
                   campaign_id, destination, state, created_at from link where link_number = $1";
    let numbers = [number, other].map(|number| i64::try_from(number).unwrap());
    sqlx::query(sql).bind(numbers[0]).bind(numbers[1]).execute(shop.pool()).await.unwrap();
    shop.resume().await;
    assert_eq!(shop.reasons("5").await[..2], ["window_passed", "won"]);
    assert_eq!(shop.standing("5").await, "attributed MEDIUM waiting");
    shop.assert_receipts_hold().await;
    assert_eq!(shop.differences().await, "");
}
