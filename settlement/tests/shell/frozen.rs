//! Terms are those of the sale: whatever changes afterwards, refunds are computed on nothing newer.

use crate::network::BY;
use crate::shop::{DAY, Shop};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use settlement::domain::attribution::Kind as Candidate;
use settlement::domain::rule::{Kind, Subject};
use settlement::flows::set_rule::{self, NewRule};
use settlement::flows::{assign_coupon, set_attribution};
use settlement::store::campaign::{self, TermsRow};
use shared::money::Currency;

fn amount(text: &str) -> Decimal {
    shared::money::parse_amount(text).unwrap()
}

/// A rule with amounts in rupees: kind, cap and minimum order.
fn in_rupees(shop: &Shop, subject: Subject, kind: Kind, bounds: [Option<&str>; 2]) -> NewRule {
    let scope = shop.network.scope;
    let [cap, minimum_order] = bounds.map(|bound| bound.map(amount));
    let has_amount = matches!(kind, Kind::Flat(_)) || cap.is_some() || minimum_order.is_some();
    NewRule {
        environment: scope.environment,
        merchant: Some(scope.merchant),
        subject,
        kind,
        cap,
        minimum_order,
        currency: has_amount.then(|| Currency::parse("NPR").unwrap()),
    }
}

async fn set(shop: &Shop, rule: NewRule) {
    set_rule::run(shop.pool(), BY, rule, shop.now).await.unwrap();
}

/// Changes every rule at every level, the campaign's windows, the setting and the coupon.
async fn change_everything(shop: &Shop) {
    let (scope, campaign) = (shop.network.scope, shop.network.campaign);
    let skus = ["S1", "S2", "S3"].map(|sku| Subject::Product(sku.to_owned()));
    for subject in
        skus.into_iter().chain([Subject::Campaign(campaign), Subject::Merchant, Subject::Platform])
    {
        set(shop, in_rupees(shop, subject, Kind::Flat(amount("1.00")), [Some("1.00"), None])).await;
    }
    let mut connection = shop.pool().acquire().await.unwrap();
    let row = campaign::find(&mut connection, campaign.0).await.unwrap().unwrap();
    let windows =
        TermsRow { version: 2, cookie_days: 1, hold_days: Some(90), hold_start: Some("confirmed") };
    campaign::insert_terms(&mut connection, &row, &windows, shop.now).await.unwrap();
    drop(connection);
    set_attribution::run(shop.pool(), BY, scope, &[Candidate::Customer], &[], shop.now)
        .await
        .unwrap();
    assign_coupon::end(shop.pool(), BY, scope, "SAVE10", shop.now).await.unwrap();
}

/// A rule of the sale: its SKU, or the campaign's; how it pays; cap and minimum order.
type OfSale = (Option<&'static str>, Kind, [Option<&'static str>; 2]);

/// An order by coupon, everything changed, the order delivered and refunded.
async fn sold_then_refunded(rules: &[OfSale], order: Value, refund: Value) -> [String; 3] {
    let mut shop = Shop::new().await;
    for (sku, kind, bounds) in rules {
        let campaign = Subject::Campaign(shop.network.campaign);
        let subject = sku.map_or(campaign, |sku| Subject::Product(sku.to_owned()));
        set(&shop, in_rupees(&shop, subject, *kind, *bounds)).await;
    }
    shop.coupon("SAVE10").await;
    let kinds = [Candidate::Click, Candidate::Coupon];
    let scope = shop.network.scope;
    set_attribution::run(shop.pool(), BY, scope, &kinds, &kinds[1..], shop.now).await.unwrap();
    shop.wait(60);
    let mut order = order;
    order["couponCode"] = "SAVE10".into();
    assert_eq!(shop.order("A", order).await, "APPLIED");
    let sold = shop.commission("A").await;
    shop.wait(DAY);
    change_everything(&shop).await;
    shop.wait(DAY);
    assert_eq!(shop.report("A", "confirmed", json!({})).await, "APPLIED");
    assert_eq!(shop.report("A", "delivered", json!({})).await, "APPLIED");
    let sql = "select extract(day from hold_until - $1)::text from commission";
    let hold_days: Option<String> = sqlx::query_scalar(sql)
        .bind(settlement::store::instant::to_row(shop.now))
        .fetch_one(shop.pool())
        .await
        .unwrap();
    assert_eq!(shop.report("A", "refunded", refund).await, "APPLIED");
    let left = shop.commission("A").await;
    shop.assert_books_hold().await;
    [sold, left, hold_days.unwrap_or_default()]
}

#[tokio::test]
async fn every_kind_of_rule_keeps_its_terms_to_the_last_minor_unit() {
    let (percent, flat) = (Kind::Percent(1234), Kind::Flat(amount("75.50")));
    let total = |total: &str| json!({"refundedAmount": total});
    let cases = [
        // 999.99 × 12.34 % = 123.398…; two thirds of 123.40 are left: 82.266….
        ((percent, [None, None]), "999.99", "123.40", total("333.33"), "82.27"),
        // 75.50 × 600 / 800 = 56.625, half to even.
        ((flat, [None, None]), "800.00", "75.50", total("200.00"), "56.62"),
        // 20 % would be 599.80: capped; 100 × 1999.33 / 2999 = 66.666….
        (
            (Kind::Percent(2000), [Some("100.00"), None]),
            "2999.00",
            "100.00",
            total("999.67"),
            "66.67",
        ),
        // What is left is below the minimum, which is not asked again: 120 × 700 / 1200.
        (
            (Kind::Percent(1000), [None, Some("1000.00")]),
            "1200.00",
            "120.00",
            total("500.00"),
            "70.00",
        ),
    ];
    for ((kind, bounds), ordered, sold, refund, left) in cases {
        let rules = [(None, kind, bounds)];
        let told = sold_then_refunded(&rules, json!({"orderAmount": ordered}), refund).await;
        let expected = [format!("pending {sold} Bina"), format!("hold {left} Bina"), "14".into()];
        assert_eq!(told, expected, "an order of {ordered}");
    }
}

#[tokio::test]
async fn lines_keep_their_own_rules_and_the_largest_remainder() {
    let rules = [
        (Some("S1"), Kind::Percent(777), [None, None]),
        (Some("S3"), Kind::Flat(amount("1.25")), [None, None]),
        (None, Kind::Percent(1234), [None, None]),
    ];
    let order = json!({"orderAmount": "250.00", "items": [
        {"sku": "S1", "quantity": 3, "unitPrice": "33.33"},
        {"sku": "S2", "quantity": 1, "unitPrice": "50.01"},
        {"sku": "S3", "quantity": 2, "unitPrice": "20.00"},
    ]});
    // 7.769223 + 6.171234 + 2.50 = 16.440457; without one of S1: 5.179482 + 6.171234 + 2.50.
    let refund = json!({"items": [{"sku": "S1", "quantity": 1}]});
    let told = sold_then_refunded(&rules, order, refund).await;
    assert_eq!(told, ["pending 16.44 Bina", "hold 13.85 Bina", "14"]);
}
