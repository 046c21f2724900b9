//! What a rule would change, in figures computed by hand, with nothing written.

use crate::batches::click_keys;
use crate::network::BY;
use crate::shop::{DAY, Shop};
use jiff::SignedDuration;
use rust_decimal::Decimal;
use serde_json::json;
use settlement::domain::review::Ruling;
use settlement::domain::rule::{Kind, Subject};
use settlement::flows::preview_rule::{self, PREVIEW_DAYS_MAX, Preview};
use settlement::flows::set_rule::{self, NewRule};
use settlement::flows::{decide_review, set_rule::SetRule};
use shared::money::Currency;

const DAYS: u32 = 30;

async fn shop_with_orders() -> Shop {
    let mut shop = Shop::new().await;
    let click = shop.click();
    shop.order("too-old", json!({"clickId": click})).await;
    shop.wait(i64::from(DAYS) * DAY + 1);
    let click = shop.click();
    shop.order("A", json!({"clickId": click})).await;
    shop.order("B", json!({"orderAmount": "1000.00"})).await;
    let to_other = Ruling::Assign { affiliate: shop.other, campaign: Some(shop.network.campaign) };
    let on = (shop.network.scope, shop.conversion("B"));
    decide_review::run(shop.pool(), &click_keys(), BY, on, to_other, shop.now).await.unwrap();
    shop.order("waits", json!({})).await;
    shop.order("D", json!({"clickId": click, "orderAmount": "500.00"})).await;
    shop.report("D", "refunded", json!({})).await;
    let dollars = json!({"clickId": click, "orderAmount": "100.00", "currency": "USD"});
    shop.order("E", dollars).await;
    shop
}

fn proposal(shop: &Shop, kind: Kind, cap: Option<&str>, minimum: Option<&str>) -> NewRule {
    let scope = shop.network.scope;
    let subject = Subject::Campaign(shop.network.campaign);
    let amount = |text: &str| shared::money::parse_amount(text).unwrap();
    NewRule {
        kind,
        cap: cap.map(amount),
        minimum_order: minimum.map(amount),
        currency: (cap.or(minimum)).and_then(|_| Currency::parse("NPR")),
        ..NewRule::percent(scope.environment, Some(scope.merchant), subject, 0)
    }
}

async fn preview(shop: &Shop, rule: NewRule) -> Preview {
    let scope = shop.network.scope;
    preview_rule::run(shop.pool(), BY, scope, rule, DAYS, shop.now).await.unwrap()
}

/// `name currency orders now then delta`, one affiliate and currency a line.
fn shown(shop: &Shop, preview: &Preview) -> Vec<String> {
    let name = |id| if id == shop.other { "Bina" } else { "Asha" };
    let mut lines: Vec<_> = preview
        .differences
        .iter()
        .map(|d| {
            let format = |amount: Decimal| d.currency.format(amount);
            let sums = [format(d.now), format(d.then), format(d.delta())].join(" ");
            format!("{} {} {} {sums}", name(d.affiliate), d.currency, d.orders)
        })
        .collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn a_preview_shows_each_affiliate_s_difference_and_writes_nothing() {
    let shop = shop_with_orders().await;
    let rows = "select (select count(*) from rule) + (select count(*) from audit_log)
                     + (select count(*) from ledger_entry)";
    let before: i64 = sqlx::query_scalar(rows).fetch_one(shop.pool()).await.unwrap();
    let flat = Kind::Flat(Decimal::from(40));
    let seen = preview(&shop, proposal(&shop, flat, None, Some("600.00"))).await;
    assert_eq!((seen.orders, seen.is_cut_short), (4, false));
    assert_eq!(
        shown(&shop, &seen),
        [
            "Asha NPR 2 349.90 40.00 -309.90",
            "Asha USD 1 10.00 0.00 -10.00",
            "Bina NPR 1 100.00 40.00 -60.00",
        ]
    );
    let seen = preview(&shop, proposal(&shop, Kind::Percent(1500), Some("200.00"), None)).await;
    assert_eq!(
        shown(&shop, &seen),
        [
            "Asha NPR 2 349.90 275.00 -74.90",
            "Asha USD 1 10.00 0.00 -10.00",
            "Bina NPR 1 100.00 150.00 50.00",
        ]
    );
    let after: i64 = sqlx::query_scalar(rows).fetch_one(shop.pool()).await.unwrap();
    assert_eq!(before, after);
    let scope = shop.network.scope;
    let rule = || proposal(&shop, Kind::Percent(1500), None, None);
    for days in [0, PREVIEW_DAYS_MAX + 1] {
        assert!(preview_rule::run(shop.pool(), BY, scope, rule(), days, shop.now).await.is_err());
    }
}

#[tokio::test]
async fn a_rule_announced_for_later_begins_at_its_instant() {
    let mut shop = Shop::new().await;
    let later = |seconds: i64| shop.now + SignedDuration::from_secs(seconds);
    let rule = |bps| proposal(&shop, Kind::Percent(bps), None, None);
    let announce = |rule, from| set_rule::announce(shop.pool(), BY, rule, from, shop.now);
    assert!(announce(rule(2000), later(-1)).await.is_err(), "sales keep their terms");
    let SetRule { version, .. } = announce(rule(2000), later(DAY)).await.unwrap();
    assert_eq!(version, 2);
    let first = NewRule { subject: Subject::Merchant, ..rule(500) };
    assert!(announce(first, later(DAY)).await.is_err(), "a first version reaches back");
    let (click, begins) = (shop.click(), later(DAY));
    shop.wait(2 * DAY);
    for (id, seconds, amount) in [("before", -1, "299.90"), ("at", 0, "599.80")] {
        let placed = (begins + SignedDuration::from_secs(seconds)).to_string();
        shop.order(id, json!({"clickId": click, "orderedAt": placed})).await;
        assert_eq!(shop.commission(id).await, format!("pending {amount} Asha"));
    }
}
