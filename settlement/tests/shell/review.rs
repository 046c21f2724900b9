//! The review queue on a real Postgres: one decision per order, on the terms of its sale.

use crate::batches::click_keys;
use crate::network::BY;
use crate::shop::{DAY, Shop};
use serde_json::json;
use settlement::domain::review::{Ruled, Ruling};
use settlement::error::Fault;
use settlement::flows::actor::Actor;
use settlement::flows::decide_review::{self, Decided};
use settlement::store::review;
use shared::id::{AffiliateId, CampaignId, MerchantId};
use uuid::Uuid;

impl Shop {
    async fn decide(&self, id: &str, ruling: Ruling) -> Result<Decided, Fault> {
        let on = (self.network.scope, self.conversion(id));
        decide_review::run(self.pool(), &click_keys(), BY, on, ruling, self.now).await
    }

    fn to_other(&self) -> Ruling {
        Ruling::Assign { affiliate: self.other, campaign: Some(self.network.campaign) }
    }
}

#[tokio::test]
async fn a_confirmed_coupon_replays_what_was_reported_and_is_decided_once() {
    let mut shop = Shop::new().await;
    shop.coupon("SAVE10").await;
    shop.order("A", json!({"couponCode": "SAVE10"})).await;
    shop.report("A", "delivered", json!({})).await;
    shop.report("A", "refunded", json!({"refundedAmount": "999.00"})).await;
    let mut connection = shop.pool().acquire().await.unwrap();
    let queue = review::waiting(&mut connection, shop.network.scope, None, 10).await.unwrap();
    drop(connection);
    assert_eq!((queue.len(), queue[0].external_order_id.as_str()), (1, "A"));
    shop.wait(3 * DAY);
    let decided = shop.decide("A", Ruling::Confirm).await.unwrap();
    assert_eq!(decided, Decided::Now(Ruled::Earned));
    assert_eq!(shop.commission("A").await, "hold 200.00 Bina");
    assert_eq!(shop.standing("A").await, "attributed MEDIUM assigned");
    assert_eq!(
        shop.notices("A").await,
        [
            "conversion.received",
            "conversion.attributed",
            "commission.created",
            "commission.held",
            "commission.adjusted",
        ]
    );
    for ruling in [Ruling::Reject, Ruling::Confirm, shop.to_other()] {
        let Decided::Before(first) = shop.decide("A", ruling).await.unwrap() else {
            panic!("a second decision answers what was decided");
        };
        assert_eq!((first.decision.as_str(), first.affiliate_id), ("confirm", Some(shop.other.0)));
    }
    shop.assert_books_hold().await;
    // Refunds go on as ever.
    shop.report("A", "refunded", json!({})).await;
    assert_eq!(shop.commission("A").await, "rejected 0 Bina");
    shop.assert_books_hold().await;
}

#[tokio::test]
async fn of_two_decisions_at_once_one_wins() {
    let mut shop = Shop::new().await;
    for n in 0..10 {
        let id = format!("A{n}");
        shop.order(&id, json!({})).await;
        let (one, two) =
            tokio::join!(shop.decide(&id, shop.to_other()), shop.decide(&id, Ruling::Reject));
        let outcomes = [one.unwrap(), two.unwrap()];
        let now = outcomes.iter().filter(|decided| matches!(decided, Decided::Now(_))).count();
        let before = outcomes.iter().filter(|d| matches!(d, Decided::Before(_))).count();
        assert_eq!((now, before), (1, 1), "{outcomes:?}");
        let earns = outcomes[0] == Decided::Now(Ruled::Earned);
        assert_eq!(shop.commission(&id).await.is_empty(), !earns);
    }
    let sql = "select count(*) from review_decision join conversion
                   using (environment, merchant_id, conversion_id)
               where (decision = 'assign') = (review = 'assigned')
                 and (decision = 'reject') = (review = 'rejected')";
    let rows: i64 = sqlx::query_scalar(sql).fetch_one(shop.pool()).await.unwrap();
    assert_eq!(rows, 10);
    let audits: i64 =
        sqlx::query_scalar("select count(*) from audit_log where action like 'review.%'")
            .fetch_one(shop.pool())
            .await
            .unwrap();
    assert_eq!(audits, 10);
    shop.assert_books_hold().await;
}

#[tokio::test]
async fn what_cannot_be_decided_is_refused_and_changes_nothing() {
    let mut shop = Shop::new().await;
    shop.order("back", json!({})).await;
    shop.report("back", "cancelled", json!({})).await;
    shop.order("low", json!({})).await;
    let click = shop.click();
    shop.order("high", json!({"clickId": click})).await;
    let refused = |ruled| Decided::Refused(ruled);
    let to_other = shop.to_other();
    assert_eq!(shop.decide("back", to_other).await.unwrap(), refused(Ruled::FullyReversed));
    assert_eq!(shop.decide("low", Ruling::Confirm).await.unwrap(), refused(Ruled::NoCandidate));
    assert_eq!(shop.decide("high", to_other).await.unwrap(), refused(Ruled::NotWaiting));
    assert!(matches!(shop.decide("gone", to_other).await, Err(Fault::NotFound("conversion"))));
    let campaign = Some(shop.network.campaign);
    let nobody = Ruling::Assign { affiliate: AffiliateId(Uuid::nil()), campaign };
    assert!(matches!(shop.decide("low", nobody).await, Err(Fault::NotFound("affiliate"))));
    let nowhere = Ruling::Assign { affiliate: shop.other, campaign: Some(CampaignId(Uuid::nil())) };
    assert!(matches!(shop.decide("low", nowhere).await, Err(Fault::NotFound("campaign"))));
    let stranger = Actor::Key { merchant: MerchantId(Uuid::nil()) };
    let on = (shop.network.scope, shop.conversion("low"));
    let theirs =
        decide_review::run(shop.pool(), &click_keys(), stranger, on, to_other, shop.now).await;
    assert!(matches!(theirs, Err(Fault::PermissionDenied(_))));
    let rows: i64 = sqlx::query_scalar("select count(*) from review_decision")
        .fetch_one(shop.pool())
        .await
        .unwrap();
    assert_eq!(rows, 0);
    assert_eq!(shop.standing("low").await, "unattributed LOW waiting");
    assert_eq!(shop.decide("back", Ruling::Reject).await.unwrap(), Decided::Now(Ruled::Rejected));
    let later = sqlx::query("update review_decision set decision = 'confirm'");
    assert!(later.execute(shop.pool()).await.is_err(), "a decision is never changed");
}

#[tokio::test]
async fn an_assignment_uses_the_terms_of_the_sale_and_takes_effect_when_it_is_made() {
    let mut shop = Shop::new().await;
    shop.order("A", json!({})).await;
    shop.wait(20 * DAY);
    shop.pay(settlement::domain::rule::Subject::Campaign(shop.network.campaign), 5000).await;
    let to_other = shop.to_other();
    assert_eq!(shop.decide("A", to_other).await.unwrap(), Decided::Now(Ruled::Earned));
    assert_eq!(shop.commission("A").await, "pending 299.90 Bina");
    let sql = "select bool_and(effective_at = $1) from ledger_transfer";
    let is_now: bool = sqlx::query_scalar(sql)
        .bind(settlement::store::instant::to_row(shop.now))
        .fetch_one(shop.pool())
        .await
        .unwrap();
    assert!(is_now, "nothing is posted before it was decided");
    shop.assert_books_hold().await;
}
