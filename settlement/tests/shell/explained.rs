//! What explains a commission beside its own row, on a real Postgres: payouts that hold or held it,
//! what is open beside it, corrections, and what each report came to.

use crate::sales::Shop;
use rust_decimal::Decimal;
use serde_json::json;
use settlement::store::payout::line::{self, HolderRow};
use settlement::store::payout::prospect::{self, ProspectRow};
use settlement::store::read_commission::{self, CommissionFilter, ShownCommissionRow};
use settlement::store::read_conversion;
use shared::click_id::ClickClass;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

const REFUSED: Uuid = Uuid::from_u128(1);
const RETURNED: Uuid = Uuid::from_u128(2);
const AGAIN: Uuid = Uuid::from_u128(3);
const ITEM: Uuid = Uuid::from_u128(4);

struct Desk {
    shop: Shop,
    commission: ShownCommissionRow,
}

impl Desk {
    /// A payable commission of NPR 300.00.
    async fn new() -> Self {
        let mut shop = Shop::new(0).await;
        let click = shop.click(ClickClass::Human);
        shop.wait(60);
        shop.order("one", "3000.00", &click, json!({})).await;
        shop.report("one", "delivered").await;
        shop.settle(10).await;
        shop.wait_days(1);
        shop.release().await;
        assert_eq!(shop.state("one").await, "payable");
        let filter = CommissionFilter {
            environment: "live",
            merchant_id: shop.network.merchant.0,
            conversion_id: None,
            external_order_id: None,
            state: None,
            commission_id: None,
            after: None,
            rows_max: 1,
        };
        let mut connection = shop.network.pool.acquire().await.unwrap();
        let rows = read_commission::list(&mut connection, &filter).await.unwrap();
        Self { commission: rows.into_iter().next().unwrap(), shop }
    }

    /// Runs statements; `:name` stands for an id of the network.
    async fn put(&self, sql: &str) {
        let network = &self.shop.network;
        let sql = sql
            .replace(":refused", &format!("'{REFUSED}'"))
            .replace(":returned", &format!("'{RETURNED}'"))
            .replace(":again", &format!("'{AGAIN}'"))
            .replace(":item", &format!("'{ITEM}'"))
            .replace(":affiliate", &format!("'{}'", network.affiliate))
            .replace(":shop", &format!("'{}'", network.merchant))
            .replace(":commission", &format!("'{}'", self.commission.commission_id));
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&network.pool).await.unwrap();
    }

    async fn payout(&self, name: &str, state: &str, lines: &str) {
        self.put(
            &"insert into payout_run (run_id, environment, cut_off_at, state, created_at)
              values (:name, 'live', now(), 'open', now());
              insert into payout (payout_id, run_id, environment, affiliate_id, currency, amount,
                  state, cut_off_at, created_at, approved_at, processing_at, answered_at, reason)
              values (:name, :name, 'live', :affiliate, 'NPR', 300, ':state', now(), now(), now(),
                      now(), now(), 'account closed');
              insert into payout_line (environment, merchant_id, payout_id, kind, subject,
                  affiliate_id, currency, amount, held)
              values ('live', :shop, :name, :lines)"
                .replace(":name", name)
                .replace(":state", state)
                .replace(":lines", lines),
        )
        .await;
    }

    fn owner(&self) -> (&'static str, Uuid) {
        ("live", self.shop.network.merchant.0)
    }

    async fn prospect(&self) -> ProspectRow {
        let mut connection = self.shop.network.pool.acquire().await.unwrap();
        prospect::find(&mut connection, self.owner(), &self.commission).await.unwrap()
    }

    async fn holder(&self) -> Option<HolderRow> {
        let mut connection = self.shop.network.pool.acquire().await.unwrap();
        line::holder(&mut connection, self.owner(), &self.commission.commission_id).await.unwrap()
    }

    async fn item(&self, kind: &str, source: &str, amount: i64) {
        self.put(&format!(
            "insert into payable_item (environment, merchant_id, item_id, kind, source,
                 affiliate_id, currency, amount, commission_id, effective_at, created_at)
             values ('live', :shop, :item, '{kind}', '{source}', :affiliate, 'NPR', {amount}, null,
                     now(), now())"
        ))
        .await;
    }
}

#[tokio::test]
async fn what_a_payable_commission_meets_is_the_minimum_what_is_open_and_the_bank_s_refusal() {
    let desk = Desk::new().await;
    let prospect = desk.prospect().await;
    assert_eq!((prospect.minimum, prospect.balance), (None, Decimal::from(300)));
    assert_eq!(prospect.refused_payout_id, None);
    desk.put(
        "insert into payout_minimum (environment, currency, amount) values ('live', 'NPR', 9)",
    )
    .await;
    desk.item("correction", "c", -350).await;
    desk.payout(":refused", "failed", "'commission', :commission, :affiliate, 'NPR', 300, false")
        .await;
    assert_eq!(desk.holder().await, None);
    let prospect = desk.prospect().await;
    assert_eq!((prospect.minimum, prospect.balance), (Some(9.into()), Decimal::from(-50)));
    assert_eq!(prospect.refused_payout_id, Some(REFUSED));
    assert_eq!(prospect.refused_reason.as_deref(), Some("account closed"));
}

#[tokio::test]
async fn money_that_came_back_is_found_in_the_payout_that_sent_it_again() {
    let desk = Desk::new().await;
    desk.payout(":returned", "returned", "'commission', :commission, :affiliate, 'NPR', 300, true")
        .await;
    desk.item("bank_return", &RETURNED.to_string(), 300).await;
    let holder = desk.holder().await.unwrap();
    assert_eq!((holder.payout_id, holder.again_payout_id), (RETURNED, None));
    assert!(holder.lacks_method);
    desk.payout(":again", "settled", "'bank_return', :item, :affiliate, 'NPR', 300, true").await;
    let holder = desk.holder().await.unwrap();
    assert_eq!((holder.payout_id, holder.again_payout_id), (RETURNED, Some(AGAIN)));
    assert_eq!(holder.again_state.as_deref(), Some("settled"));
    assert!(holder.again_at.is_some());
}

#[tokio::test]
async fn a_posted_correction_and_what_a_report_came_to_are_told() {
    let desk = Desk::new().await;
    for (id, state, by) in [("a", "approved", "now()"), ("b", "refused", "null")] {
        desk.put(&format!(
            "insert into correction (environment, merchant_id, correction_id, commission_id, amount,
                 currency, reason, charged_to, state, requested_by, requested_at, decided_by,
                 decided_at, effective_at)
             values ('live', :shop, '{id}', :commission, -5, 'NPR', 'counted twice', 'merchant',
                     '{state}', '00000000-0000-0000-0000-000000000001', now(),
                     '00000000-0000-0000-0000-000000000002', now(), {by})"
        ))
        .await;
    }
    let mut connection = desk.shop.network.pool.acquire().await.unwrap();
    let (owner, id) = (desk.owner(), &desk.commission.commission_id);
    let rows = read_commission::corrections(&mut connection, owner, id).await.unwrap();
    let told: Vec<_> = rows.iter().map(|row| (row.amount, row.reason.as_str())).collect();
    assert_eq!(told, [(Decimal::from(-5), "counted twice")]);
    let id = &desk.commission.conversion_id;
    let facts = read_conversion::facts(&mut connection, owner.1, owner.0, id).await.unwrap();
    let delivered = facts.iter().find(|fact| fact.status == "delivered").unwrap();
    let outcome = delivered.outcome.as_deref().unwrap();
    assert!(outcome.starts_with("delivered: "), "{outcome}");
}
