//! Four levels of rules, the most specific first, and amounts exact to the minor unit.

use serde_json::{Value, json};
use tests::shop::RULED_SKU;
use tests::side::{CONVERSIONS, Side, extended};
use tests::{BOUND, Plan, Shop, SigningMerchant, World, eventually};

/// Reports an order by a click of one link; answers its commission.
fn priced(side: &Side<'_>, order: &str, click_id: &str, more: &Value) -> Value {
    let body = extended(
        json!({"externalOrderId": order, "orderAmount": "100.00", "clickId": click_id}),
        more,
    );
    let outcome = side.outcome(&side.report(CONVERSIONS, &body));
    assert_eq!(outcome.code, "APPLIED", "{outcome:?}");
    side.commission(order)
}

#[test]
fn product_before_campaign_before_merchant_before_platform() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let bare = Shop::open(world, &Plan { merchant_bps: None, ..Plan::default() });
    let platform = world.database.row(
        "select rate_bps from rule where level = 'platform' and environment = 'live' \
         order by version desc limit 1",
        &[],
    );
    let platform_bps = platform["rate_bps"].as_i64().unwrap();
    let ruled = json!({"externalProductId": RULED_SKU});
    let other = json!({"externalProductId": "SKU-UNKNOWN"});
    let (side, none) = (&shop.live, json!({}));
    let cases = [
        (priced(side, "1", &side.click(), &ruled), "product", 1_500),
        (priced(side, "2", &side.click_of_plain(), &ruled), "product", 1_500),
        (priced(side, "3", &side.click(), &other), "campaign", 1_000),
        (priced(side, "4", &side.click(), &none), "campaign", 1_000),
        (priced(side, "5", &side.click_of_plain(), &other), "merchant", 600),
        (priced(&bare.live, "6", &bare.live.click_of_plain(), &none), "platform", platform_bps),
    ];
    for (commission, level, bps) in cases {
        assert_eq!(commission["rule"]["level"], level, "{commission}");
        assert_eq!(commission["rule"]["rateBps"], bps, "{commission}");
        let amount = format!("{}.{:02}", bps / 100, bps % 100);
        assert_eq!(commission["amount"], amount, "{commission}");
    }
}

#[test]
fn amounts_are_rounded_once_half_to_even() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let cases = [
        ("10.05", "1.00"),
        ("10.15", "1.02"),
        ("10.25", "1.02"),
        ("0.05", ""),
        ("0.06", "0.01"),
        ("999999999999999.99", "100000000000000.00"),
    ];
    for (amount, expected) in cases {
        let outcome = side.outcome(&side.convert(amount, amount, &side.click()));
        assert_eq!(outcome.code, "APPLIED", "{amount}: {outcome:?}");
        let shown = side.find_commission(amount);
        let found = shown.as_ref().and_then(|commission| commission["amount"].as_str());
        assert_eq!(found.unwrap_or_default(), expected, "{amount}");
    }
}

#[test]
fn items_follow_each_their_own_rule() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let items = json!([
        {"sku": RULED_SKU, "quantity": 2, "unitPrice": "10.00"},
        {"sku": "OTHER", "quantity": 1, "unitPrice": "30.00"},
    ]);
    // 20.00 at 15 % and 30.00 at 10 %; shipping of 50.00 earns nothing.
    let more = json!({"items": items, "externalProductId": RULED_SKU});
    assert_eq!(priced(side, "shipped", &side.click(), &more)["amount"], "6.00");
    // A discount to 25.00 halves both lines.
    let more = json!({"items": more["items"], "orderAmount": "25.00"});
    assert_eq!(priced(side, "discounted", &side.click(), &more)["amount"], "3.00");
}

#[test]
fn a_sale_keeps_its_terms_when_the_rule_changes() {
    use settlement::domain::rule::Subject;
    use settlement::flows::actor::Actor;
    use settlement::flows::set_rule::{self, NewRule};
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    side.sell("before", "100.00");
    let subject = Subject::Campaign(side.campaign);
    let (environment, merchant) = (side.scope.environment, Some(side.scope.merchant));
    let rule = NewRule::percent(environment, merchant, subject, 2_000);
    let now = jiff::Timestamp::now();
    let flow = set_rule::run(world.database.pool(), Actor::Installation, rule, now);
    assert_eq!(world.database.wait(flow).unwrap().version, 2);
    side.sell("after", "100.00");
    let (before, after) = (side.commission("before"), side.commission("after"));
    assert_eq!((&before["amount"], &before["rule"]["version"]), (&json!("10.00"), &json!(1)));
    assert_eq!((&after["amount"], &after["rule"]["version"]), (&json!("20.00"), &json!(2)));
    let body = json!({
        "externalOrderId": "before", "status": "refunded", "refundedAmount": "50.00",
    });
    side.tell_more(&body);
    assert_eq!(side.commission("before")["netAmount"], "5.00");
}

#[test]
fn another_currency_earns_in_itself() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let yen =
        priced(side, "yen", &side.click(), &json!({"orderAmount": "1505", "currency": "JPY"}));
    assert_eq!((&yen["amount"], &yen["currency"]), (&json!("150"), &json!("JPY")));
}

#[test]
fn the_demo_networks_rules_price_its_orders() {
    let world = World::shared();
    for (number, merchant) in world.demo.merchants.iter().enumerate() {
        let key = merchant.keys.iter().find(|key| key.environment == "live").unwrap();
        let signer = SigningMerchant::new(world.edge_url(), &key.id, &key.secret);
        let mut links = world.demo.links.iter();
        let link = links.find(|l| l.merchant_id == merchant.id && l.environment == "live").unwrap();
        let order = format!("demo-{number}-{}", std::process::id());
        let click_id = world.shopper().click(&link.code);
        let body = json!({"externalOrderId": order, "orderAmount": "1000.00", "clickId": click_id});
        signer.post(CONVERSIONS, body.to_string()).send().expect_status(202);
        let path = format!("/api/v1/commissions?externalOrderId={order}");
        let commission = eventually(BOUND, "the demo order's commission", || {
            let list = signer.get(&path).send().json();
            let found = list["data"].get(0).cloned();
            found.ok_or_else(|| list.to_string())
        });
        let rate = world.database.row(
            "select rate_bps from rule where level = 'campaign' and campaign_id = $1::uuid",
            &[&link.campaign_id],
        );
        let bps = rate["rate_bps"].as_i64().unwrap();
        assert_eq!(commission["currency"], merchant.currency);
        assert_eq!(commission["affiliateId"], link.affiliate_id);
        assert_eq!(commission["amount"], format!("{}.{}0", bps / 10, bps % 10));
    }
}
