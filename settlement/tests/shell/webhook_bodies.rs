//! Bodies of deliveries written from the log on a real Postgres: the affiliate order event step by
//! step, and each audience's reading of the same notices.

use crate::calm::calm;
use crate::network::BY;
use crate::shop::{DAY, Shop};
use serde_json::{Value, json};
use settlement::domain::correction::ChargedTo;
use settlement::domain::review::{Ruled, Ruling};
use settlement::domain::webhook::endpoint::{Endpoint, EndpointKey, Format, Owner};
use settlement::domain::webhook::told::{Told, Written};
use settlement::flows::actor::Actor;
use settlement::flows::affiliate_webhook_endpoint::{
    self as endpoints, Choice, NOBODY, NewAffiliateEndpoint,
};
use settlement::flows::decide_review;
use settlement::flows::post_correction::{self, Decision, NewCorrection};
use settlement::flows::release_holds;
use settlement::flows::settle_events::Progress;
use settlement::flows::webhook::bodies;
use settlement::flows::webhook::fan_out::{self, Numbered};
use settlement::store::webhook_group;
use shared::id::AffiliateId;
use shared::validate::resource::EventType;
use shared::validate::web_address::Reach;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

impl Shop {
    pub fn desk(&self) -> endpoints::Desk<'_> {
        let (pool, vault) = (self.pool(), &self.network.vault);
        endpoints::Desk { pool, vault, reach: Reach::Public, actor: BY, now: self.now }
    }

    pub async fn endpoint(&self, affiliate: AffiliateId, choice: Choice) -> Endpoint {
        let new = NewAffiliateEndpoint {
            affiliate,
            environment: self.network.scope.environment,
            url: "https://asha.example/hook".to_owned(),
            choice,
            description: None,
        };
        let row = endpoints::create(self.desk(), new).await.unwrap().row;
        let environment = self.network.scope.environment;
        Endpoint {
            key: EndpointKey { environment, merchant: NOBODY, endpoint: row.endpoint_id },
            owner: Owner::Affiliate(affiliate),
            events: row.events.iter().map(|word| EventType::parse(word).unwrap()).collect(),
            format: Format::parse(&row.format).unwrap(),
        }
    }

    pub async fn orders_endpoint(&self) -> Endpoint {
        self.endpoint(self.network.affiliate, Choice::Orders).await
    }

    pub fn merchants(&self) -> Endpoint {
        let scope = self.network.scope;
        Endpoint {
            key: EndpointKey {
                environment: scope.environment,
                merchant: scope.merchant,
                endpoint: Uuid::nil(),
            },
            owner: Owner::Merchant,
            events: EventType::ALL.to_vec(),
            format: Format::Khata,
        }
    }

    /// The log so far.
    pub async fn told(&self) -> Vec<Told> {
        let sql = "select environment, merchant_id, position from webhook_event_group
                   order by position";
        let places: Vec<(String, Uuid, i64)> =
            sqlx::query_as(sql).fetch_all(self.pool()).await.unwrap();
        let places: Vec<_> =
            places.iter().map(|(world, merchant, at)| (world.as_str(), *merchant, *at)).collect();
        let mut connection = self.pool().acquire().await.unwrap();
        let mut groups = webhook_group::find(&mut connection, &places).await.unwrap();
        groups.sort_by_key(|group| group.position);
        groups.into_iter().flat_map(|group| group.told).collect()
    }

    pub async fn write(&self, endpoint: &Endpoint, told: &[Told], first: i64) -> Vec<Written> {
        let mut transaction = self.pool().begin().await.unwrap();
        let written = bodies::write(&mut transaction, endpoint, told, first).await.unwrap();
        transaction.commit().await.unwrap();
        written
    }

    /// Numbers what endpoints are owed, as the job does.
    pub async fn number(&self) {
        calm(self.pool()).await;
        let once = || fan_out::run_once(self.pool(), self.now);
        while once().await.unwrap() != Numbered::Nothing {}
    }

    /// Number, id and body of an endpoint's deliveries.
    pub async fn numbered(&self, endpoint: &Endpoint) -> Vec<(i64, String, String)> {
        let sql = "select sequence, message_id, body from webhook_delivery
                   where endpoint_id = $1 order by sequence";
        let rows = sqlx::query_as(sql).bind(endpoint.key.endpoint).fetch_all(self.pool());
        rows.await.unwrap()
    }

    pub async fn release(&mut self, seconds: i64) {
        self.wait(seconds);
        calm(self.pool()).await;
        let once = || release_holds::run_once(self.pool(), self.now);
        while once().await.unwrap() != Progress::Idle {}
    }

    pub async fn super_admin(&self, number: u128) -> Actor {
        sqlx::query(
            "insert into account (account_id, email, password_hash, role, super_admin, created_at)
             values ($1, $2, '', 'operator', true, now())",
        )
        .bind(Uuid::from_u128(number))
        .bind(format!("admin-{number}@khata.example"))
        .execute(self.pool())
        .await
        .unwrap();
        Actor::Operator(Uuid::from_u128(number))
    }
}

/// `status commission adjustment` of each body.
fn shown(written: &[Written]) -> Vec<String> {
    let number = |body: &str, name: &str| {
        let after = body.split_once(&format!("\"{name}\":")).unwrap().1;
        after.split([',', '}']).next().unwrap().trim_matches('"').to_owned()
    };
    let names = ["order_status", "commission_amount", "order_adjustment"];
    let line = |one: &Written| names.map(|name| number(&one.body, name)).join(" ");
    written.iter().map(line).collect()
}

fn data_of(written: &Written) -> Value {
    let body: Value = serde_json::from_str(&written.body).unwrap();
    body["data"].clone()
}

#[tokio::test]
async fn an_order_is_told_of_whenever_what_its_event_shows_changes() {
    let mut shop = Shop::new().await;
    let endpoint = shop.orders_endpoint().await;
    let click = shop.click();
    shop.wait(60);
    let created_at = shop.now;
    shop.order("A", json!({"clickId": click})).await;
    shop.report("A", "confirmed", json!({})).await;
    shop.wait(60);
    shop.report("A", "delivered", json!({})).await;
    shop.report("A", "refunded", json!({"refundedAmount": "999.00"})).await;
    shop.report("A", "refunded", json!({"refundedAmount": "500.00"})).await;
    // Too little to change the commission by a paisa, and yet more of the order.
    shop.report("A", "refunded", json!({"refundedAmount": "999.01"})).await;
    shop.release(15 * DAY).await;
    let told = shop.told().await;
    let written = shop.write(&endpoint, &told, 1).await;
    let expected = [
        "pending 299.90 0.00",
        "completed 299.90 0.00",
        "completed 200.00 2000.00",
        "completed 200.00 1999.99",
    ];
    assert_eq!(shown(&written), expected);
    let sequences: Vec<_> = written.iter().map(|one| one.sequence).collect();
    assert_eq!(sequences, [1, 2, 3, 4]);
    let first: Value = serde_json::from_str(&written[0].body).unwrap();
    assert_eq!(first["timestamp"], created_at.as_second());
    assert_eq!(first["partner_id"], shop.network.affiliate.to_string());
    assert_eq!(first["partner_name"], "Asha");
    assert_eq!(first["order_data"]["order_id"], shop.conversion("A").to_string());
    let second: Value = serde_json::from_str(&written[1].body).unwrap();
    assert_eq!(second["timestamp"], created_at.as_second() + 60);
    shop.report("A", "returned", json!({})).await;
    let later = shop.told().await;
    let written = shop.write(&endpoint, &later[told.len()..], 5).await;
    assert_eq!(shown(&written), ["refunded 0.00 0.00"]);
    assert_eq!(written[0].sequence, 5);
    // What was owed once more, after newer news, sets nobody back.
    assert_eq!(shop.write(&endpoint, &later, 6).await, []);
}

#[tokio::test]
async fn one_batch_and_many_write_the_same_events() {
    let mut shop = Shop::new().await;
    let (at_once, one_by_one) = (shop.orders_endpoint().await, shop.orders_endpoint().await);
    for id in ["A", "B"] {
        let click = shop.click();
        shop.order(id, json!({"clickId": click, "orderAmount": "100.00"})).await;
    }
    for (id, status, refunded) in [
        ("A", "delivered", None),
        ("B", "refunded", Some("30.00")),
        ("A", "refunded", Some("50.00")),
        ("B", "cancelled", None),
        ("A", "commission_rejected", None),
    ] {
        let more = refunded.map_or(json!({}), |total| json!({"refundedAmount": total}));
        shop.report(id, status, more).await;
    }
    let told = shop.told().await;
    let whole = shop.write(&at_once, &told, 1).await;
    let mut parts = Vec::new();
    for one in &told {
        let next = i64::try_from(parts.len()).unwrap() + 1;
        parts.extend(shop.write(&one_by_one, std::slice::from_ref(one), next).await);
    }
    assert_eq!(whole, parts);
    let expected = [
        "pending 10.00 0.00",
        "pending 10.00 0.00",
        "completed 10.00 0.00",
        "pending 7.00 70.00",
        "completed 5.00 50.00",
        "failed 0.00 0.00",
        "failed 0.00 50.00",
    ];
    assert_eq!(shown(&whole), expected);
    // All of it happened in one second; a receiver puts each order's events in their order by it.
    let mut seconds: HashMap<String, i64> = HashMap::new();
    for body in whole.iter().map(|one| serde_json::from_str::<Value>(&one.body).unwrap()) {
        let order = body["order_data"]["order_id"].as_str().unwrap().to_owned();
        let second = body["timestamp"].as_i64().unwrap();
        assert!(seconds.insert(order, second).is_none_or(|before| before < second), "{body}");
    }
    let ids: HashSet<_> = whole.iter().map(|one| &one.message_id).collect();
    assert_eq!(ids.len(), whole.len());
}

#[tokio::test]
async fn items_are_told_with_their_products_names_and_units_taken_back_by_their_price() {
    let mut shop = Shop::new().await;
    let endpoint = shop.orders_endpoint().await;
    let sql = "insert into product (environment, merchant_id, sku, name, price, currency, url,
                                    created_at, updated_at)
               values ('live', $1, 'TEA', 'Ilam tea', 20, 'NPR', 'https://shop.example/tea',
                       now(), now())";
    sqlx::query(sql).bind(shop.network.merchant.0).execute(shop.pool()).await.unwrap();
    let items = json!([
        {"sku": "TEA", "quantity": 3, "unitPrice": "20.00"},
        {"sku": "CUP", "quantity": 1, "unitPrice": "40.00"},
    ]);
    let click = shop.click();
    let order = json!({"clickId": click, "orderAmount": "90.00", "items": items});
    shop.order("A", order).await;
    shop.report("A", "returned", json!({"items": [{"sku": "CUP", "quantity": 1}]})).await;
    let told = shop.told().await;
    let written = shop.write(&endpoint, &told, 1).await;
    assert_eq!(shown(&written), ["pending 9.00 0.00", "pending 5.40 54.00"]);
    let body: Value = serde_json::from_str(&written[1].body).unwrap();
    let order = &body["order_data"];
    let expected = json!([
        {"item_id": "TEA", "item_name": "Ilam tea", "item_quantity": 3, "item_price": 20.0},
        {"item_id": "CUP", "item_name": "CUP", "item_quantity": 1, "item_price": 40.0},
    ]);
    assert_eq!(order["order_items"], expected);
    assert!(written[1].body.contains(
        "\"order_total\":90.00,\"order_adjustment\":54.00,\"order_subtotal\":100.00,\
         \"order_discount\":10.00,\"order_currency\":\"NPR\""
    ));
    assert_eq!(body["commission_rate"], 10.0);
}

#[tokio::test]
async fn an_order_in_review_is_told_of_once_somebody_earns_it() {
    let mut shop = Shop::new().await;
    shop.coupon("SAVE10").await;
    let endpoint = shop.endpoint(shop.other, Choice::Orders).await;
    let stranger = shop.orders_endpoint().await;
    shop.order("A", json!({"couponCode": "SAVE10"})).await;
    shop.order("B", json!({})).await;
    shop.report("A", "refunded", json!({"refundedAmount": "999.00"})).await;
    let before = shop.told().await;
    assert_eq!(shop.write(&endpoint, &before, 1).await, []);
    let on = (shop.network.scope, shop.conversion("A"));
    let keys = crate::batches::click_keys();
    let ruled = decide_review::run(shop.pool(), &keys, BY, on, Ruling::Confirm, shop.now);
    assert_eq!(ruled.await.unwrap(), decide_review::Decided::Now(Ruled::Earned));
    let told = shop.told().await;
    let written = shop.write(&endpoint, &told[before.len()..], 1).await;
    // What was taken back before the decision is told as its own step.
    assert_eq!(shown(&written), ["pending 299.90 0.00", "pending 200.00 2000.00"]);
    assert_eq!(shop.write(&stranger, &told, 1).await, []);
}

#[tokio::test]
async fn a_correction_of_a_rejected_commission_is_added_and_keeps_its_status() {
    let mut shop = Shop::new().await;
    let endpoint = shop.orders_endpoint().await;
    let click = shop.click();
    shop.order("A", json!({"clickId": click})).await;
    shop.report("A", "refunded", json!({})).await;
    let (one, other) = (shop.super_admin(0xb1).await, shop.super_admin(0xb2).await);
    let new = NewCorrection {
        id: "c-1".to_owned(),
        conversion: shop.conversion("A"),
        amount: "99.90".parse().unwrap(),
        reason: "the refund was a mistake".to_owned(),
        charged_to: ChargedTo::Network,
    };
    post_correction::request(shop.pool(), one, new, shop.now).await.unwrap();
    let asked = shop.told().await;
    assert_eq!(shown(&shop.write(&endpoint, &asked, 1).await).len(), 2);
    post_correction::decide(shop.pool(), other, "c-1", Decision::Approve, shop.now).await.unwrap();
    let told = shop.told().await;
    let written = shop.write(&endpoint, &told[asked.len()..], 3).await;
    assert_eq!(shown(&written), ["refunded 99.90 0.00"]);
    let all = Choice::Khata(vec!["commission.adjusted".to_owned()]);
    let khata = shop.endpoint(shop.network.affiliate, all).await;
    let written = shop.write(&khata, &told, 1).await;
    let data = data_of(&written[0]);
    assert_eq!(
        (&data["delta"], &data["reason"]),
        (&json!("99.90"), &json!("the refund was a mistake"))
    );
    assert!(data.get("chargedTo").is_none() && data.get("correctionId").is_none(), "{data}");
}

#[tokio::test]
async fn each_audience_reads_its_own_of_the_same_log() {
    let mut shop = Shop::new().await;
    shop.coupon("SAVE10").await;
    let events: Vec<String> =
        ["conversion.attributed", "commission.created", "commission.rejected"]
            .map(str::to_owned)
            .to_vec();
    let own = shop.endpoint(shop.network.affiliate, Choice::Khata(events.clone())).await;
    let other = shop.endpoint(shop.other, Choice::Khata(events)).await;
    let click = shop.click();
    shop.order("A", json!({"clickId": click})).await;
    shop.order("B", json!({"couponCode": "SAVE10"})).await;
    shop.report("A", "cancelled", json!({"reason": "out of stock"})).await;
    let told = shop.told().await;
    let of = |written: &[Written]| -> Vec<String> {
        written.iter().map(|one| one.kind.as_str().to_owned()).collect()
    };
    let merchants = shop.write(&shop.merchants(), &told, 1).await;
    assert_eq!(merchants.len(), told.len());
    let sequences: Vec<_> = merchants.iter().map(|one| one.sequence).collect();
    assert_eq!(sequences, (1..=i64::try_from(told.len()).unwrap()).collect::<Vec<_>>());
    let ids: HashSet<_> = merchants.iter().map(|one| one.message_id.clone()).collect();
    assert_eq!(ids.len(), told.len(), "each notice has an id of its own");
    let mine = shop.write(&own, &told, 41).await;
    let kinds = ["conversion.attributed", "commission.created", "commission.rejected"];
    assert_eq!(of(&mine), kinds);
    assert_eq!(mine.iter().map(|one| one.sequence).collect::<Vec<_>>(), [41, 42, 43]);
    assert!(mine.iter().all(|one| ids.contains(&one.message_id)), "one news, one id");
    assert_eq!(data_of(&mine[0]).get("externalOrderId"), None);
    assert_eq!(data_of(&mine[2])["reason"], "The shop's reason: out of stock");
    let rejected = merchants.iter().find(|one| one.kind == EventType::CommissionRejected).unwrap();
    assert_eq!(data_of(rejected)["reason"], "out of stock");
    assert_eq!(data_of(rejected)["orderStatus"], "cancelled");
    assert_eq!(of(&shop.write(&other, &told, 1).await), ["conversion.attributed"]);
    // Read again, everything is the same to the byte.
    assert_eq!(shop.write(&shop.merchants(), &shop.told().await, 1).await, merchants);
}

#[tokio::test]
async fn what_is_settled_is_numbered_for_its_affiliate_s_endpoints() {
    let mut shop = Shop::new().await;
    let orders = shop.orders_endpoint().await;
    let rejected = Choice::Khata(vec!["commission.rejected".to_owned()]);
    let khata = shop.endpoint(shop.network.affiliate, rejected).await;
    let other = shop.endpoint(shop.other, Choice::Orders).await;
    let click = shop.click();
    shop.order("A", json!({"clickId": click})).await;
    shop.report("A", "confirmed", json!({})).await;
    shop.number().await;
    shop.report("A", "returned", json!({})).await;
    shop.number().await;
    let told = shop.told().await;
    let expected = shop.write(&shop.orders_endpoint().await, &told, 1).await;
    assert_eq!(shown(&expected), ["pending 299.90 0.00", "refunded 0.00 0.00"]);
    let sent = |written: &[Written]| -> Vec<(i64, String, String)> {
        let row = |one: &Written| (one.sequence, one.message_id.clone(), one.body.clone());
        written.iter().map(row).collect()
    };
    assert_eq!(shop.numbered(&orders).await, sent(&expected));
    let rejected = shop.write(&khata, &told, 1).await;
    assert_eq!(rejected.len(), 1);
    assert_eq!(shop.numbered(&khata).await, sent(&rejected));
    assert_eq!(shop.numbered(&other).await, []);
}
