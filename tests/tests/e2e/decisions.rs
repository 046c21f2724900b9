//! The merchant's word on a commission, stale news, and statuses that change nothing.

use serde_json::{Value, json};
use tests::{Shop, World};

fn at(order: &str, status: &str, instant: &str) -> Value {
    json!({"externalOrderId": order, "status": status, "statusUpdatedAt": instant})
}

#[test]
fn an_approval_waives_the_hold() {
    let world = World::shared();
    let shop = Shop::usual(world);
    shop.live.sell("o", "100.00");
    assert_eq!(shop.live.tell("o", "commission_approved").code, "APPLIED");
    assert_eq!(shop.live.commission("o")["state"], "payable");
    assert_eq!(shop.live.tell("o", "delivered").code, "NO_CHANGE");
}

#[test]
fn a_rejection_ends_it_and_its_reason_is_kept() {
    let world = World::shared();
    let shop = Shop::usual(world);
    shop.live.sell("o", "100.00");
    let body = json!({
        "externalOrderId": "o", "status": "commission_rejected", "reason": "own purchase",
    });
    assert_eq!(shop.live.tell_more(&body).code, "APPLIED");
    let commission = shop.live.commission("o");
    assert_eq!(
        (&commission["state"], &commission["reason"]),
        (&json!("rejected"), &json!("own purchase"))
    );
    let outcome = shop.live.tell("o", "commission_approved");
    assert_eq!(
        (outcome.state.as_str(), outcome.code.as_str()),
        ("skipped", "ORDER_STATUS_TRANSITION_DENIED")
    );
}

#[test]
fn an_older_decision_is_stale() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    side.sell("o", "100.00");
    let approved = at("o", "commission_approved", "2026-06-14T12:00:00Z");
    assert_eq!(side.tell_more(&approved).code, "APPLIED");
    let older = side.tell_more(&at("o", "commission_rejected", "2026-06-14T11:59:59Z"));
    assert_eq!((older.state.as_str(), older.code.as_str()), ("skipped", "STALE_DECISION"));
    assert_eq!(side.commission("o")["state"], "payable");
    let newer = side.tell_more(&at("o", "commission_rejected", "2026-06-14T12:00:01Z"));
    assert_eq!(newer.code, "APPLIED");
    assert_eq!(side.commission("o")["state"], "rejected");
}

#[test]
fn a_decision_without_a_commission_is_skipped() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let body = json!({"externalOrderId": "low", "orderAmount": "100.00"});
    let outcome = shop.live.outcome(&shop.live.report("/api/v1/conversions", &body));
    assert_eq!(outcome.code, "IN_REVIEW");
    for status in ["commission_approved", "commission_rejected"] {
        let outcome = shop.live.tell("low", status);
        assert_eq!((outcome.state.as_str(), outcome.code.as_str()), ("skipped", "NO_COMMISSION"));
    }
    let recorded = shop.live.tell("low", "delivered");
    assert_eq!((recorded.state.as_str(), recorded.code.as_str()), ("applied", "RECORDED"));
}

#[test]
fn late_forward_news_never_moves_a_commission_back() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    side.sell("o", "100.00");
    assert_eq!(side.tell("o", "delivered").code, "APPLIED");
    let held_until = side.commission("o")["holdUntil"].clone();
    for status in ["pending", "confirmed", "paid"] {
        assert_eq!(side.tell("o", status).code, "NO_CHANGE", "{status}");
    }
    let later = at("o", "delivered", "2026-06-15T00:00:00Z");
    assert_eq!(side.tell_more(&later).code, "NO_CHANGE");
    let commission = side.commission("o");
    assert_eq!((&commission["state"], &commission["holdUntil"]), (&json!("hold"), &held_until));
}

#[test]
fn a_reversal_applies_however_late_it_says_it_happened() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    side.sell("o", "100.00");
    assert_eq!(side.tell("o", "delivered").code, "APPLIED");
    let early = at("o", "cancelled", "2026-01-01T00:00:00Z");
    assert_eq!(side.tell_more(&early).code, "APPLIED");
    assert_eq!(side.commission("o")["state"], "rejected");
}
