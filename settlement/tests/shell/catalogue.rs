//! Products on a real Postgres: put in one by one and many at a time, with commissions of their own.

use crate::batches::now;
use crate::database;
use crate::network::Network;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use settlement::domain::catalogue::Written;
use settlement::domain::order::Scope;
use settlement::domain::rule::{Question, RuleBook, Subject};
use settlement::error::Fault;
use settlement::flows::actor::Actor;
use settlement::flows::put_products;
use settlement::flows::set_rule::{self, NewRule};
use settlement::flows::{delete_product, open_merchant};
use settlement::store::{product, rule, terms};
use settlement::wire::product::{Product, ProductResult};
use shared::id::Environment;
use shared::money::Currency;
use shared::validate::resource::{self, Shop};

struct Catalogue {
    network: Network,
    scope: Scope,
    now: Timestamp,
}

impl Catalogue {
    async fn new() -> Self {
        let network = Network::new(database::fresh().await).await;
        Self { scope: network.scope, network, now: now() }
    }

    fn actor(&self) -> Actor {
        Actor::Key { merchant: self.scope.merchant }
    }

    /// So many seconds later.
    fn wait(&mut self, seconds: i64) {
        self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
    }

    async fn put(&self, sku: &str, more: Value) -> Written {
        let mut transaction = self.network.pool.begin().await.unwrap();
        let body = body_of(more).to_string();
        let product = resource::product(sku, body.as_bytes(), &shop()).unwrap();
        let (actor, scope) = (self.actor(), self.scope);
        let put = put_products::one(&mut transaction, actor, scope, &product, self.now).await;
        transaction.commit().await.unwrap();
        put.unwrap()
    }

    /// A product as its merchant reads it.
    async fn shown(&self, sku: &str) -> Value {
        let (environment, owner) = (self.scope.environment.as_str(), self.scope.merchant.0);
        let mut connection = self.network.pool.acquire().await.unwrap();
        let found = product::find_many(&mut connection, environment, owner, &[sku]).await.unwrap();
        let rules = rule::product::last(&mut connection, environment, owner, &[sku]).await.unwrap();
        serde_json::to_value(Product::of(&found[0], rules.first())).unwrap()
    }

    async fn put_many(&self, rows: &[Value]) -> Value {
        let mut transaction = self.network.pool.begin().await.unwrap();
        let body = json!({"products": rows}).to_string();
        let rows = resource::products(body.as_bytes(), &shop()).unwrap();
        let (actor, scope) = (self.actor(), self.scope);
        let rows = put_products::many(&mut transaction, actor, scope, rows, self.now).await;
        transaction.commit().await.unwrap();
        let results: Vec<_> = rows.unwrap().into_iter().map(ProductResult::of).collect();
        serde_json::to_value(results).unwrap()
    }

    async fn delete(&self, sku: &str) -> Result<(), Fault> {
        let mut transaction = self.network.pool.begin().await.unwrap();
        delete_product::within(&mut transaction, self.actor(), self.scope, sku, self.now).await?;
        transaction.commit().await.unwrap();
        Ok(())
    }

    /// The level that prices an order of a SKU placed so many seconds after the beginning, the
    /// version, and what the product's level said.
    async fn priced(&self, sku: &str, second: i64) -> (String, i32, String) {
        let mut connection = self.network.pool.acquire().await.unwrap();
        let skus = [sku.to_owned()];
        let mut books = terms::rules(&mut connection, &[self.scope], &skus).await.unwrap();
        let book = RuleBook(books.remove(&self.scope).unwrap());
        let (rule, tried) = book.choose(Question {
            sku: Some(sku),
            campaign: None,
            currency: Currency::parse("NPR").unwrap(),
            at: now().checked_add(SignedDuration::from_secs(second)).unwrap(),
        });
        let (level, version) =
            rule.map_or(("", 0), |rule| (rule.subject.level().as_str(), rule.version));
        (level.to_owned(), version, tried[0].result.clone())
    }

    async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.network.pool).await.unwrap()
    }
}

fn shop() -> Shop<'static> {
    Shop { currency: Currency::parse("NPR").unwrap(), approved_domain: "shop.example" }
}

/// A product's body with more properties.
fn body_of(more: Value) -> Value {
    let mut body = json!({"name": "Tea", "price": "450.00", "url": "https://shop.example/tea"});
    if let Value::Object(more) = more {
        body.as_object_mut().unwrap().extend(more);
    }
    body
}

fn percent(bps: u32) -> Value {
    json!({"commission": {"kind": "percent", "rateBps": bps}})
}

fn at_level(level: &str, version: i32, said: &str) -> (String, i32, String) {
    (level.to_owned(), version, said.to_owned())
}

#[tokio::test]
async fn a_product_is_created_updated_and_left_alone() {
    let mut catalogue = Catalogue::new().await;
    let picture = json!({"imageUrl": "https://cdn.example/t.png"});
    assert_eq!(catalogue.put("TEA/1 é", picture.clone()).await, Written::Created);
    let first = catalogue.shown("TEA/1 é").await;
    catalogue.wait(10);
    assert_eq!(catalogue.put("TEA/1 é", picture).await, Written::Unchanged);
    assert_eq!(catalogue.shown("TEA/1 é").await, first);
    let change = json!({"price": "450.5", "stock": "out_of_stock"});
    assert_eq!(catalogue.put("TEA/1 é", change).await, Written::Updated);
    assert_eq!(
        catalogue.shown("TEA/1 é").await,
        json!({
            "sku": "TEA/1 é", "name": "Tea", "price": "450.50", "currency": "NPR",
            "url": "https://shop.example/tea", "imageUrl": null, "category": null,
            "stock": "out_of_stock", "commission": null,
            "createdAt": "2026-06-14T03:45:00Z", "updatedAt": "2026-06-14T03:45:10Z",
        })
    );
    let noted = "select count(*) from audit_log where action = 'product.put'";
    assert_eq!(catalogue.count(noted).await, 2, "what changes nothing is not noted");
}

#[tokio::test]
async fn a_product_s_own_commission_is_a_rule_that_moves_only_when_it_differs_and_ends() {
    let mut catalogue = Catalogue::new().await;
    let merchant = Some(catalogue.scope.merchant);
    let default = NewRule::percent(Environment::Live, merchant, Subject::Merchant, 600);
    let pool = catalogue.network.pool.clone();
    set_rule::run(&pool, Actor::Installation, default, now()).await.unwrap();
    assert_eq!(catalogue.priced("TEA", 0).await, at_level("merchant", 1, "none"));
    catalogue.put("TEA", percent(1_500)).await;
    catalogue.wait(100);
    assert_eq!(catalogue.put("TEA", percent(1_500)).await, Written::Unchanged);
    let shown = catalogue.shown("TEA").await["commission"].clone();
    let of = |name: &str| shown[name].clone();
    assert_eq!(
        [of("kind"), of("rateBps"), of("version")],
        [json!("percent"), json!(1_500), json!(1)]
    );
    assert_eq!(catalogue.priced("TEA", 0).await, at_level("product", 1, "matched"));
    catalogue.put("TEA", json!({"commission": {"kind": "flat", "flatAmount": "20"}})).await;
    assert_eq!(catalogue.priced("TEA", 99).await, at_level("product", 1, "matched"));
    assert_eq!(catalogue.priced("TEA", 100).await, at_level("product", 2, "matched"));
    catalogue.wait(100);
    catalogue.put("TEA", json!({})).await;
    assert_eq!(catalogue.shown("TEA").await["commission"], Value::Null);
    assert_eq!(catalogue.priced("TEA", 199).await, at_level("product", 2, "matched"));
    assert_eq!(catalogue.priced("TEA", 200).await, at_level("merchant", 1, "ended"));
    catalogue.wait(100);
    catalogue.put("TEA", percent(900)).await;
    assert_eq!(catalogue.priced("TEA", 299).await, at_level("merchant", 1, "ended"));
    assert_eq!(catalogue.priced("TEA", 300).await, at_level("product", 4, "matched"));
    catalogue.wait(100);
    catalogue.delete("TEA").await.unwrap();
    assert_eq!(catalogue.priced("TEA", 399).await, at_level("product", 4, "matched"));
    assert_eq!(catalogue.priced("TEA", 400).await, at_level("merchant", 1, "ended"));
    assert!(matches!(catalogue.delete("TEA").await, Err(Fault::NotFound("product"))));
    assert_eq!(catalogue.count("select count(*) from rule where level = 'product'").await, 5);
}

#[tokio::test]
async fn a_bulk_call_answers_each_row_and_writes_the_good_ones() {
    let catalogue = Catalogue::new().await;
    catalogue.put("OLD", json!({})).await;
    let row = |sku: &str, more: Value| {
        let mut body = body_of(more);
        body["sku"] = json!(sku);
        body
    };
    let rows = [
        row("NEW", percent(1_200)),
        row("OLD", json!({})),
        row("NEW", json!({})),
        row("FAR", json!({"url": "https://evil.example/"})),
        json!([]),
        row("TOO", json!({"price": "x", "stock": "sold"})),
    ];
    let results = catalogue.put_many(&rows).await;
    assert_eq!(
        results,
        json!([
            {"sku": "NEW", "status": "created"},
            {"sku": "OLD", "status": "unchanged"},
            {"sku": "NEW", "code": "VALIDATION_ERROR",
             "message": ["sku must not be repeated: products[0] has it"]},
            {"sku": "FAR", "code": "MERCHANT_DOMAIN_INVALID",
             "message": ["url must be an https URL on shop.example or below it"]},
            {"code": "VALIDATION_ERROR", "message": ["products[4] must be an object"]},
            {"sku": "TOO", "code": "VALIDATION_ERROR", "message": [
                "price must be a decimal string like \"2999.00\", at most 15 digits before the point",
                "stock must be one of in_stock, out_of_stock"]},
        ])
    );
    assert_eq!(catalogue.count("select count(*) from product").await, 2);
    assert_eq!(catalogue.priced("NEW", 0).await, at_level("product", 1, "matched"));
    let many: Vec<_> = (0..500).map(|at| row(&format!("S-{at}"), percent(100 + at))).collect();
    let results = catalogue.put_many(&many).await;
    assert!(results.as_array().unwrap().iter().all(|row| row["status"] == "created"));
    let again = catalogue.put_many(&many).await;
    assert!(again.as_array().unwrap().iter().all(|row| row["status"] == "unchanged"));
    assert_eq!(catalogue.count("select count(*) from rule where sku like 'S-%'").await, 500);
}

#[tokio::test]
async fn worlds_and_merchants_keep_their_own_products_and_rights() {
    let mut catalogue = Catalogue::new().await;
    catalogue.put("TEA", percent(1_500)).await;
    let live = catalogue.scope;
    catalogue.scope = Scope { environment: Environment::Test, ..live };
    assert!(matches!(catalogue.delete("TEA").await, Err(Fault::NotFound("product"))));
    assert_eq!(catalogue.put("TEA", json!({})).await, Written::Created);
    catalogue.delete("TEA").await.unwrap();
    catalogue.scope = live;
    assert_eq!(catalogue.priced("TEA", 0).await, at_level("product", 1, "matched"));
    let input = crate::network::new_merchant("Other", "other.example");
    let pool = catalogue.network.pool.clone();
    let other = open_merchant::run(&pool, Actor::Installation, input, now()).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    let actor = Actor::Key { merchant: other };
    let refused = delete_product::within(&mut connection, actor, live, "TEA", now()).await;
    assert!(matches!(refused, Err(Fault::PermissionDenied(_))));
}

#[tokio::test]
async fn in_the_sandbox_a_rule_begins_and_ends_by_the_test_clock() {
    let mut catalogue = Catalogue::new().await;
    catalogue.scope.environment = Environment::Test;
    let days = 10 * 86_400;
    sqlx::query(
        "insert into clock_move (environment, merchant_id, event_id, real_at, seconds)
         values ('test', $1, 'e', $2, $3)",
    )
    .bind(catalogue.scope.merchant.0)
    .bind(settlement::store::instant::to_row(now()))
    .bind(days)
    .execute(&catalogue.network.pool)
    .await
    .unwrap();
    catalogue.put("TEA", percent(1_500)).await;
    catalogue.wait(100);
    catalogue.put("TEA", json!({})).await;
    let days = i64::from(days);
    assert_eq!(catalogue.priced("TEA", 100).await, at_level("product", 1, "matched"));
    assert_eq!(catalogue.priced("TEA", days + 99).await, at_level("product", 1, "matched"));
    assert_eq!(catalogue.priced("TEA", days + 100).await, at_level("", 0, "ended"));
}
