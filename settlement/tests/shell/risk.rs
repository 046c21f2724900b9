//! Risk on a real Postgres: who waits for a person, what a clearance covers, what is counted.

use crate::network::BY;
use crate::sales::Shop;
use serde_json::json;
use settlement::domain::lifecycle::State;
use settlement::domain::risk::Reason;
use settlement::error::Fault;
use settlement::flows::decide_risk::{self, Ask, Decided, Decision};
use settlement::flows::set_risk::{self, Entered};
use settlement::flows::set_state::{self, AffiliateChange};
use shared::click_id::ClickClass;
use std::collections::{BTreeMap, BTreeSet};

/// Events of one transaction at most, where it does not matter.
const MANY: usize = 500;

/// Seconds until the next clock hour begins, when a shop opens.
const TO_THE_HOUR: i64 = 15 * 60;

impl Shop {
    fn ask(&self, order: &str, decision: Decision, shown: Option<&[Reason]>) -> Ask {
        Ask {
            scope: self.network.scope,
            conversion: self.conversion(order),
            decision,
            shown: shown.map(|reasons| reasons.iter().copied().collect()),
            note: Some("Known shop assistant".to_owned()),
        }
    }

    async fn decide(&self, order: &str, decision: Decision) -> Decided {
        let ask = self.ask(order, decision, None);
        decide_risk::run(&self.network.pool, BY, &ask, self.now).await.unwrap()
    }

    /// A delivered order by a bot, three seconds after its click: 70 points.
    async fn suspicious(&mut self, order: &str) -> String {
        let click = self.click(ClickClass::Bot);
        self.wait(3);
        self.order(order, "100.00", &click, json!({"metadata": {"country": "NP"}})).await;
        self.report(order, "delivered").await;
        self.settle(MANY).await;
        click
    }

    async fn only(&self, order: &str) -> String {
        let mut scores = self.scores().await.remove(order).unwrap();
        assert_eq!(scores.len(), 1, "{scores:?}");
        scores.remove(0)
    }

    async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.network.pool).await.unwrap()
    }
}

fn states(decided: &Decided) -> Option<State> {
    match decided {
        Decided::Done(state, _) | Decided::ClearedBefore(state, _) => Some(*state),
        Decided::Already(_) | Decided::OtherReasons(_) | Decided::Denied(_) => None,
    }
}

#[tokio::test]
async fn a_suspicious_commission_waits_in_approved_until_a_person_clears_it() {
    let mut shop = Shop::new(14).await;
    shop.suspicious("A").await;
    let click = shop.click(ClickClass::Human);
    shop.wait(60);
    shop.order("B", "50.00", &click, json!({})).await;
    shop.report("B", "delivered").await;
    shop.settle(MANY).await;
    shop.wait_days(14);
    shop.release().await;
    assert_eq!(
        (shop.state("A").await, shop.state("B").await),
        ("approved".into(), "payable".into())
    );
    assert_eq!(shop.only("A").await, "70 click_not_human,quick_order review");
    assert_eq!(shop.only("B").await, "0 clear");
    shop.assert_books_hold().await;
    let done = shop.decide("A", Decision::Clear).await;
    assert_eq!(states(&done), Some(State::PayableFree));
    assert_eq!(shop.state("A").await, "payable");
    assert_eq!(shop.decide("A", Decision::Clear).await, Decided::Already(State::PayableFree));
    assert_eq!(shop.count("select count(*) from risk_decision").await, 1);
    let audits = "select count(*) from audit_log where action = 'risk.clear'";
    assert_eq!(shop.count(audits).await, 1);
    shop.assert_books_hold().await;
}

#[tokio::test]
async fn a_refusal_rejects_and_tells_neither_side_a_risk_reason() {
    let mut shop = Shop::new(14).await;
    shop.suspicious("A").await;
    shop.wait_days(14);
    shop.release().await;
    assert_eq!(states(&shop.decide("A", Decision::Refuse).await), Some(State::Rejected));
    assert_eq!(shop.state("A").await, "rejected");
    assert_eq!(shop.decide("A", Decision::Refuse).await, Decided::Already(State::Rejected));
    assert_eq!(shop.decide("A", Decision::Clear).await, Decided::Denied(State::Rejected));
    let told = "select count(*) from webhook_event where data::text ~ 'click_not_human|person''s'";
    assert_eq!(shop.count(told).await, 0);
    let reason: String = sqlx::query_scalar("select reason from commission")
        .fetch_one(&shop.network.pool)
        .await
        .unwrap();
    assert_eq!(reason, "Refused in risk review.");
    shop.assert_books_hold().await;
}

#[tokio::test]
async fn a_commission_that_was_cleared_and_then_rejected_cannot_be_cleared() {
    let mut shop = Shop::new(14).await;
    shop.suspicious("A").await;
    assert_eq!(states(&shop.decide("A", Decision::Clear).await), Some(State::HoldRunning));
    shop.report("A", "cancelled").await;
    shop.settle(MANY).await;
    assert_eq!(shop.decide("A", Decision::Clear).await, Decided::Denied(State::Rejected));
}

#[tokio::test]
async fn a_payable_commission_can_still_be_refused() {
    let mut shop = Shop::new(0).await;
    let click = shop.click(ClickClass::Human);
    shop.wait(60);
    shop.order("A", "100.00", &click, json!({})).await;
    shop.report("A", "delivered").await;
    shop.settle(MANY).await;
    assert_eq!(shop.state("A").await, "payable");
    assert_eq!(states(&shop.decide("A", Decision::Refuse).await), Some(State::Rejected));
    shop.assert_books_hold().await;
}

#[tokio::test]
async fn a_clearance_in_the_hold_is_remembered_and_covers_the_reasons_then_shown() {
    let mut shop = Shop::new(14).await;
    shop.suspicious("A").await;
    assert_eq!(states(&shop.decide("A", Decision::Clear).await), Some(State::HoldRunning));
    assert_eq!(shop.decide("A", Decision::Clear).await, Decided::Already(State::HoldRunning));
    shop.wait_days(14);
    shop.release().await;
    assert_eq!(shop.state("A").await, "payable");
    assert_eq!(shop.only("A").await, "70 click_not_human,quick_order cleared");
}

#[tokio::test]
async fn a_late_click_record_reopens_what_was_cleared_without_it() {
    let mut shop = Shop::new(14).await;
    let click = shop.suspicious("A").await;
    assert_eq!(states(&shop.decide("A", Decision::Clear).await), Some(State::HoldRunning));
    shop.record(&click, 3, "IN", "h1").await;
    shop.wait_days(14);
    shop.release().await;
    assert_eq!(shop.state("A").await, "approved");
    let reasons = "85 click_not_human,quick_order,country_mismatch review";
    assert_eq!(shop.only("A").await, reasons);
    let old = [Reason::ClickNotHuman, Reason::QuickOrder];
    let ask = shop.ask("A", Decision::Clear, Some(&old));
    let decided = decide_risk::run(&shop.network.pool, BY, &ask, shop.now).await.unwrap();
    let Decided::OtherReasons(score) = decided else { panic!("{decided:?}") };
    assert!(score.codes().contains(&Reason::CountryMismatch));
    assert_eq!(shop.state("A").await, "approved");
    let shown: Vec<Reason> = score.codes().into_iter().collect();
    let ask = shop.ask("A", Decision::Clear, Some(&shown));
    let decided = decide_risk::run(&shop.network.pool, BY, &ask, shop.now).await.unwrap();
    assert_eq!(states(&decided), Some(State::PayableFree));
    assert_eq!(shop.count("select count(*) from risk_decision").await, 2);
    shop.assert_books_hold().await;
}

#[tokio::test]
async fn a_late_click_record_is_scored_anew_while_the_commission_waits() {
    let mut shop = Shop::new(0).await;
    let click = shop.suspicious("A").await;
    assert_eq!(shop.only("A").await, "70 click_not_human,quick_order review");
    shop.record(&click, 3, "IN", "h1").await;
    shop.record(&click, 3, "IN", "h1").await;
    shop.release().await;
    let scores = shop.scores().await.remove("A").unwrap();
    assert_eq!(
        scores,
        [
            "70 click_not_human,quick_order review",
            "85 click_not_human,quick_order,country_mismatch review",
        ]
    );
    let counted = "select orders from risk_tally where kind = 'shopper' and subject = 'h1'";
    assert_eq!(shop.count(counted).await, 1);
}

#[tokio::test]
async fn orders_placed_under_a_suspension_are_reviewed_whatever_their_points() {
    let mut shop = Shop::new(0).await;
    let change = |shop: &Shop, change| {
        let (pool, now, affiliate) = (shop.network.pool.clone(), shop.now, shop.network.affiliate);
        async move { set_state::affiliate(&pool, BY, affiliate, change, now).await.unwrap() }
    };
    for (order, changed) in [
        ("before", None),
        ("during", Some(AffiliateChange::Suspend)),
        ("after", Some(AffiliateChange::Activate)),
    ] {
        if let Some(changed) = changed {
            change(&shop, changed).await;
        }
        let click = shop.click(ClickClass::Human);
        shop.wait(60);
        shop.order(order, "100.00", &click, json!({})).await;
        shop.report(order, "delivered").await;
        shop.settle(MANY).await;
    }
    assert_eq!(shop.only("before").await, "0 clear");
    assert_eq!(shop.only("during").await, "0 affiliate_suspended review");
    assert_eq!(shop.only("after").await, "0 clear");
    assert_eq!(shop.state("during").await, "approved");
}

/// Twenty-five orders of one hour, by four bots' clicks each used several times, one taken back.
async fn velocity(events_max: usize) -> BTreeMap<String, Vec<String>> {
    let mut shop = Shop::new(0).await;
    shop.wait(TO_THE_HOUR);
    let mut clicks = Vec::new();
    for n in 0..4 {
        let click = shop.click(ClickClass::Bot);
        shop.wait(15);
        shop.record(&click, 15, "NP", &format!("shopper {}", n % 2)).await;
        clicks.push(click);
    }
    for n in 0..25_usize {
        shop.wait(40);
        let amount = if n == 24 { "2000.00".to_owned() } else { format!("1{n:02}.00") };
        let country = if n % 3 == 0 { "IN" } else { "np" };
        let more = json!({ "metadata": { "country": country } });
        shop.order(&format!("o{n:02}"), &amount, &clicks[n % 4], more).await;
        shop.report(&format!("o{n:02}"), "delivered").await;
        if n % 3 == 0 {
            shop.report(&format!("o{n:02}"), "returned").await;
        }
    }
    let again = clicks[0].clone();
    shop.order("again", "2000.00", &again, json!({})).await;
    shop.report("again", "commission_approved").await;
    shop.settle(events_max).await;
    shop.assert_books_hold().await;
    shop.scores().await
}

#[tokio::test]
async fn scores_are_the_same_however_events_fall_into_batches() {
    let (together, apart, some) = tokio::join!(velocity(MANY), velocity(1), velocity(7));
    assert_eq!(together, apart);
    assert_eq!(together, some);
    assert_eq!(together["o00"], ["55 click_not_human,country_mismatch clear"]);
    assert_eq!(
        together["o23"],
        ["100 click_not_human,affiliate_velocity,shopper_velocity,refund_rate review"]
    );
    assert_eq!(
        together["again"],
        ["100 click_not_human,affiliate_velocity,shopper_velocity,refund_rate,amount_outlier,\
          same_sale review"]
    );
}

#[tokio::test]
async fn a_merchant_s_own_threshold_decides_and_is_kept_with_the_score() {
    let mut shop = Shop::new(0).await;
    let (pool, scope) = (shop.network.pool.clone(), shop.network.scope);
    for wrong in [0, 39, 101] {
        let refused = set_risk::threshold(&pool, BY, scope, wrong, shop.now).await;
        assert!(matches!(refused, Err(Fault::Invalid(_))), "{wrong}");
    }
    shop.suspicious("A").await;
    shop.wait(1);
    set_risk::threshold(&pool, BY, scope, 71, shop.now).await.unwrap();
    shop.suspicious("B").await;
    assert_eq!(
        (shop.state("A").await, shop.state("B").await),
        ("approved".into(), "payable".into())
    );
    let kept: Vec<i32> = sqlx::query_scalar("select threshold from risk_score order by score_id")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert_eq!(kept, [60, 71]);
}

#[tokio::test]
async fn an_affiliate_s_own_order_is_a_self_referral() {
    let mut shop = Shop::new(0).await;
    let (pool, scope, who) =
        (shop.network.pool.clone(), shop.network.scope, shop.network.affiliate);
    let hash = "0123456789abcdef0123456789abcdef";
    let enter = || set_risk::customer(&pool, BY, scope, who, hash, shop.now);
    assert_eq!(enter().await.unwrap(), Entered::New);
    assert_eq!(enter().await.unwrap(), Entered::Before);
    assert!(set_risk::customer(&pool, BY, scope, who, "asha@example", shop.now).await.is_err());
    for (order, customer) in [("own", hash), ("other", "0123456789abcdef0123456789abcde0")] {
        let click = shop.click(ClickClass::Bot);
        shop.wait(60);
        shop.order(order, "100.00", &click, json!({ "customerHash": customer })).await;
        shop.report(order, "delivered").await;
    }
    shop.settle(MANY).await;
    assert_eq!(shop.only("own").await, "90 click_not_human,self_referral review");
    assert_eq!(shop.only("other").await, "40 click_not_human clear");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_people_deciding_at_once_one_wins() {
    let mut shop = Shop::new(0).await;
    for n in 0..8 {
        shop.suspicious(&format!("A{n}")).await;
    }
    for n in 0..8 {
        let order = format!("A{n}");
        let (cleared, refused) = tokio::join!(
            shop.decide(&order, Decision::Clear),
            shop.decide(&order, Decision::Refuse)
        );
        // A refusal is still possible once it is payable; a clearance of what is refused is not.
        match states(&cleared) {
            Some(state) => assert_eq!(state, State::PayableFree),
            None => assert_eq!(cleared, Decided::Denied(State::Rejected)),
        }
        assert_eq!(states(&refused), Some(State::Rejected));
        assert_eq!(shop.state(&order).await, "rejected");
        let (one, other) = tokio::join!(
            shop.decide(&order, Decision::Refuse),
            shop.decide(&order, Decision::Refuse)
        );
        assert_eq!([one, other], [const { Decided::Already(State::Rejected) }; 2]);
    }
    shop.assert_books_hold().await;
}

#[tokio::test]
async fn many_due_commissions_are_released_and_each_is_scored_once() {
    let mut shop = Shop::new(14).await;
    shop.wait(TO_THE_HOUR);
    let orders: BTreeSet<String> = (0..60).map(|n| format!("o{n:02}")).collect();
    for order in &orders {
        let click = shop.click(ClickClass::Human);
        shop.wait(20);
        shop.order(order, "100.00", &click, json!({})).await;
        shop.report(order, "delivered").await;
    }
    shop.settle(MANY).await;
    shop.wait_days(15);
    tokio::join!(shop.release(), shop.release());
    let scores = shop.scores().await;
    assert_eq!(scores.keys().cloned().collect::<BTreeSet<_>>(), orders);
    for (order, scores) in &scores {
        assert_eq!(scores.as_slice(), ["20 affiliate_velocity clear"], "{order}");
        assert_eq!(shop.state(order).await, "payable");
    }
    shop.assert_books_hold().await;
}

#[tokio::test]
async fn what_was_scored_and_decided_is_never_edited() {
    let mut shop = Shop::new(0).await;
    shop.suspicious("A").await;
    shop.decide("A", Decision::Clear).await;
    for sql in [
        "update risk_score set points = 0",
        "delete from risk_score",
        "update risk_decision set note = null",
        "delete from risk_decision",
    ] {
        let refused = sqlx::query(sql).execute(&shop.network.pool).await;
        assert!(refused.is_err(), "{sql}");
    }
}
