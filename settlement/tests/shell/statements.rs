//! Statements on a real Postgres: every kind of line, what is carried over, and what a merchant
//! sees of them.

use crate::batches::now;
use crate::database;
use crate::network::{BY, Network, new_merchant};
use settlement::error::Fault;
use settlement::flows::open_merchant;
use settlement::web::statement;
use shared::id::MerchantId;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

const PAYOUT: Uuid = Uuid::from_u128(1);
const RETURNED: Uuid = Uuid::from_u128(2);
const OTHER: Uuid = Uuid::from_u128(3);

struct Desk {
    network: Network,
    other: MerchantId,
}

impl Desk {
    /// A payout of two merchants with a line of each kind that is no commission, and an item that
    /// no payout holds.
    async fn new() -> Self {
        let network = Network::new(database::fresh().await).await;
        let new = new_merchant("Yak Wool", "yak.example");
        let other = open_merchant::run(&network.pool, BY, new, now()).await.unwrap();
        let desk = Self { network, other };
        desk.payouts().await;
        desk.sources().await;
        let shop = desk.network.merchant;
        for (number, merchant, kind, source, amount, is_held) in [
            (11, shop, "correction", "request-1", "25.00", true),
            (12, shop, "bank_return", &RETURNED.to_string(), "70.00", true),
            (13, other, "write_off", "give-up-1", "5.00", true),
            (14, other, "fx", "fx-1", "1452.00", true),
            (15, other, "correction", "request-2", "-30.00", false),
        ] {
            desk.item(number, merchant, kind, source, amount, is_held).await;
        }
        desk
    }

    /// Runs statements; `:name` stands for an id of the network.
    async fn put(&self, sql: &str) {
        let sql = sql
            .replace(":payout", &format!("'{PAYOUT}'"))
            .replace(":returned", &format!("'{RETURNED}'"))
            .replace(":affiliate", &format!("'{}'", self.network.affiliate))
            .replace(":shop", &format!("'{}'", self.network.merchant))
            .replace(":other", &format!("'{}'", self.other));
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&self.network.pool).await.unwrap();
    }

    async fn payouts(&self) {
        self.put(
            "insert into payout_run (run_id, environment, cut_off_at, state, created_at)
             values (:payout, 'live', now(), 'open', now());
             insert into payout (payout_id, run_id, environment, affiliate_id, currency, amount,
                                 state, cut_off_at, created_at, approved_at, processing_at,
                                 answered_at)
             values (:returned, :payout, 'live', :affiliate, 'NPR', 70, 'returned',
                     '2026-07-01T00:00:00Z', now(), now(), now(), now()),
                    (:payout, :payout, 'live', :affiliate, 'NPR', 1552, 'settled',
                     '2026-07-08T00:00:00Z', now(), now(), now(), '2026-07-09T00:00:00Z')",
        )
        .await;
    }

    async fn sources(&self) {
        for (merchant, id) in [(":shop", "a"), (":other", "b")] {
            self.put(
                &"insert into conversion (environment, merchant_id, conversion_id, event_id,
                      external_order_id, state, confidence, order_amount, currency, order_status,
                      order_status_at, ordered_at, received_at, attribution, created_at, updated_at)
                  values ('live', :m, 'cnv_:i', 'e', 'o', 'attributed', 'HIGH', 100, 'NPR',
                          'pending', now(), '2026-07-02T00:00:00Z', now(), '{}', now(), now());
                  insert into commission (environment, merchant_id, commission_id, conversion_id,
                      affiliate_id, state, amount, net_amount, currency, terms, reason, created_at,
                      updated_at)
                  values ('live', :m, 'com_:i', 'cnv_:i', :affiliate, 'rejected', 50, 50, 'NPR',
                          '{}', 'Refused in risk review.', '2026-07-02T00:00:00Z',
                          '2026-07-02T00:00:00Z');
                  insert into correction (environment, merchant_id, correction_id, commission_id,
                      amount, currency, reason, charged_to, state, requested_by, requested_at,
                      decided_by, decided_at, effective_at)
                  values ('live', :m, :request, 'com_:i', 25, 'NPR', 'counted wrong', 'merchant',
                          'approved', '00000000-0000-0000-0000-000000000001', now(),
                          '00000000-0000-0000-0000-000000000002', now(), now())"
                    .replace(":request", if id == "a" { "'request-1'" } else { "'request-2'" })
                    .replace(":m", merchant)
                    .replace(":i", id),
            )
            .await;
        }
        self.put(
            "insert into write_off (environment, merchant_id, write_off_id, affiliate_id, currency,
                 amount, reason, effective_at, created_at)
             values ('live', :other, 'give-up-1', :affiliate, 'NPR', 5, 'too small', now(), now());
             insert into fx_rate (rate_id, environment, from_currency, to_currency, rate, dated,
                 source, created_at)
             values (:payout, 'live', 'EUR', 'NPR', 145.2, '2026-07-03', 'the central bank', now());
             insert into fx_conversion (environment, merchant_id, fx_conversion_id, affiliate_id,
                 rate_id, rate, from_currency, from_amount, to_currency, to_amount, effective_at,
                 created_at)
             values ('live', :other, 'fx-1', :affiliate, :payout, 145.2, 'EUR', 10, 'NPR', 1452,
                     now(), now());
             insert into ledger_transfer (environment, merchant_id, transfer_key, currency,
                 effective_at, created_at)
             values ('live', :shop, 't', 'NPR', now(), now());
             insert into ledger_entry (environment, merchant_id, transfer_key, account,
                 affiliate_id, currency, amount)
             values ('live', :shop, 't', 'A.hold', :affiliate, 'NPR', 12.5),
                    ('live', :shop, 't', 'M.accrued', null, 'NPR', -12.5)",
        )
        .await;
    }

    async fn item(
        &self,
        number: u128,
        merchant: MerchantId,
        kind: &str,
        source: &str,
        amount: &str,
        is_held: bool,
    ) {
        let id = Uuid::from_u128(number);
        self.put(&format!(
            "insert into payable_item (environment, merchant_id, item_id, kind, source,
                 affiliate_id, currency, amount, commission_id, effective_at, created_at)
             values ('live', '{merchant}', '{id}', '{kind}', '{source}', :affiliate, 'NPR',
                     {amount}, case when '{kind}' = 'correction' then 'com_a' end, now(), now())"
        ))
        .await;
        if is_held {
            self.put(&format!(
                "insert into payout_line (environment, merchant_id, payout_id, kind, subject,
                     affiliate_id, currency, amount)
                 values ('live', '{merchant}', :payout, '{kind}', '{id}', :affiliate, 'NPR',
                         {amount})"
            ))
            .await;
        }
    }

    async fn page(&self, payout: Uuid, merchant: Option<MerchantId>) -> Result<String, Fault> {
        let mut connection = self.network.pool.acquire().await.unwrap();
        let merchant = merchant.map(|merchant| merchant.0);
        let read = statement::of_payout(&mut connection, payout, merchant, None, now()).await?;
        Ok(statement::html(&read))
    }
}

fn assert_all(page: &str, wanted: &[&str]) {
    for text in wanted {
        assert!(page.contains(text), "{text} in {page}");
    }
}

#[tokio::test]
async fn every_kind_of_line_is_told_and_what_no_payout_holds_is_carried_over() {
    let desk = Desk::new().await;
    let page = desk.page(PAYOUT, None).await.unwrap();
    assert_all(
        &page,
        &[
            "NPR 1,552.00",
            "After 1 July 2026, 05:45 until 8 July 2026, 05:45",
            "Correction of cnv_a: counted wrong",
            &format!("Returned by the bank: payout {RETURNED}"),
            "Given up by the network: too small",
            "Converted from EUR 10.00 to NPR 1,452.00 at 145.2, the rate of 2026-07-03",
            "NPR 95.00",
            "NPR 1,457.00",
            "Carried over: set off against what is earned next.",
            "NPR −30.00",
            "NPR 12.50",
            "Paid on 9 July 2026.",
        ],
    );
}

#[tokio::test]
async fn a_review_s_reasons_stay_with_the_network() {
    let desk = Desk::new().await;
    let page = desk.page(PAYOUT, None).await.unwrap();
    let ours = |page: &str| page.contains("Rejected after a review.") && !page.contains("risk");
    assert!(ours(&page), "{page}");
    // What the shop reported beside it rejected nothing, so it is not the reason.
    desk.put(
        "insert into order_fact (environment, merchant_id, conversion_id, event_id, content_key,
             status, status_updated_at, received_at, reason)
         values ('live', :shop, 'cnv_a', 'e', 'k', 'commission_rejected', now(), now(),
                 'a resale')",
    )
    .await;
    let page = desk.page(PAYOUT, None).await.unwrap();
    assert!(ours(&page) && !page.contains("a resale"), "{page}");
    desk.put("update commission set reason = 'a resale' where state = 'rejected'").await;
    let page = desk.page(PAYOUT, None).await.unwrap();
    assert_all(&page, &["The shop's reason: a resale"]);
}

#[tokio::test]
async fn a_merchant_s_statement_has_its_own_lines_and_balances_alone() {
    let desk = Desk::new().await;
    let page = desk.page(PAYOUT, Some(desk.network.merchant)).await.unwrap();
    assert_all(&page, &["NPR 95.00", "cnv_a", "NPR 12.50"]);
    for theirs in ["Yak Wool", "cnv_b", "Converted", "Carried over", "1,552"] {
        assert!(!page.contains(theirs), "{theirs}");
    }
    let page = desk.page(PAYOUT, Some(desk.other)).await.unwrap();
    assert_all(&page, &["NPR 1,457.00", "Carried over", "Nothing was earned yet."]);
    assert!(!page.contains("NPR 25.00"), "{page}");
    for (payout, merchant) in [(RETURNED, Some(desk.other)), (Uuid::nil(), None)] {
        let refused = desk.page(payout, merchant).await;
        assert!(matches!(refused, Err(Fault::NotFound("payout"))));
    }
}

#[tokio::test]
async fn an_item_of_another_payout_still_waits_until_that_one_is_answered() {
    let desk = Desk::new().await;
    let waits = "In another payout, which is not sent yet.";
    let carried = "Carried over: set off";
    let hold = format!(
        "insert into payout (payout_id, run_id, environment, affiliate_id, currency, amount,
             state, cut_off_at, created_at)
         values ('{OTHER}', :payout, 'live', :affiliate, 'NPR', 10, 'draft', now(), now());
         insert into payout_line (environment, merchant_id, payout_id, kind, subject,
             affiliate_id, currency, amount)
         values ('live', :other, '{OTHER}', 'correction', '{}', :affiliate, 'NPR', -30)",
        Uuid::from_u128(15)
    );
    let page = desk.page(PAYOUT, None).await.unwrap();
    assert!(page.contains(carried) && !page.contains(waits), "{page}");
    desk.put(&hold).await;
    let page = desk.page(PAYOUT, None).await.unwrap();
    assert!(page.contains(waits) && !page.contains(carried), "{page}");
    desk.put(&format!(
        "update payout set state = 'settled', approved_at = now(), processing_at = now(),
             answered_at = now() where payout_id = '{OTHER}'"
    ))
    .await;
    let page = desk.page(PAYOUT, None).await.unwrap();
    assert!(page.contains("Nothing else waits."), "{page}");
}

#[tokio::test]
async fn a_statement_without_orders_is_on_its_first_merchant_s_clock_too() {
    let desk = Desk::new().await;
    desk.put("update merchant set time_zone = 'Asia/Tokyo'").await;
    let page = desk.page(PAYOUT, None).await.unwrap();
    assert_all(&page, &["until 8 July 2026, 09:00", "Asia/Tokyo"]);
}
