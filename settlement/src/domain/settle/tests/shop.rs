//! A shop's webhooks on the books: whatever comes first, and however often.

use super::*;
use serde_json::{Value, json};
use shared::id::EventKind;

fn pushed(history: &mut History, topic: &str, data: &Value, click: Option<&str>) -> Outcome {
    pushed_by(history, "shopify", topic, data, click)
}

fn pushed_by(
    history: &mut History,
    source: &str,
    topic: &str,
    data: &Value,
    click: Option<&str>,
) -> Outcome {
    let terms = json!({"source": source, "orderIdField": "id", "fulfilledIsDelivered": false});
    let body = json!({"terms": terms, "topic": topic, "clickId": click, "data": data});
    let event = Event::from_json(EventKind::Webhook, &body.to_string()).expect("an event");
    history.tell(event)
}

fn order(more: &Value) -> Value {
    let mut body = json!({"id": 5, "currency": "NPR", "total_price": "1000.00"});
    body.as_object_mut().expect("an object").extend(more.as_object().expect("one").clone());
    body
}

fn refund(id: u64, amount: &str) -> Value {
    let money = json!([{"kind": "refund", "status": "success", "amount": amount}]);
    json!({"id": id, "order_id": 5, "transactions": money})
}

#[test]
fn one_webhook_opens_the_order_and_says_what_became_of_it() {
    let mut history = History::new(Environment::Live);
    let click = history.click(LINK);
    let paid = order(&json!({"financial_status": "paid"}));
    let outcome = pushed(&mut history, "orders/create", &paid, Some(&click));
    assert_eq!((outcome.code, outcome.has_commission), (Code::Applied, true));
    assert_eq!(history.get("5").status, S::Paid);
    let again = pushed(&mut history, "orders/paid", &paid, Some(&click));
    assert_eq!((again.code, again.conversion), (Code::NoChange, outcome.conversion));
    assert_eq!(history.book.changes.facts.len(), 1);
}

#[test]
fn refunds_are_summed_by_their_ids_whatever_comes_first() {
    let (first, second) = (refund(1, "100.00"), refund(2, "250.00"));
    let both = order(&json!({"refunds": [first, second]}));
    let net = |tellings: &[(&str, &Value)]| {
        let mut history = History::new(Environment::Live);
        let click = history.click(LINK);
        for (topic, data) in tellings {
            pushed(&mut history, topic, data, Some(&click));
        }
        let order = history.get("5");
        (order.refunded.to_string(), order.commission.as_ref().map(|it| it.net.to_string()))
    };
    let opened = order(&json!({}));
    let expected = ("350.00".to_owned(), Some("65.00".to_owned()));
    let (create, refunded, updated) = ("orders/create", "refunds/create", "orders/updated");
    assert_eq!(net(&[(create, &opened), (refunded, &first), (refunded, &second)]), expected);
    assert_eq!(net(&[(refunded, &second), (refunded, &first), (create, &opened)]), expected);
    assert_eq!(net(&[(refunded, &second), (updated, &both), (refunded, &first)]), expected);
    assert_eq!(net(&[(updated, &both), (updated, &both), (create, &opened)]), expected);
}

/// A refund to a gift card and to a card: the second comes through later.
fn split(status: &str) -> Value {
    let money = json!([
        {"kind": "refund", "status": "success", "amount": "200.00"},
        {"kind": "refund", "status": status, "amount": "300.00"},
    ]);
    json!({"id": 1, "order_id": 5, "transactions": money})
}

#[test]
fn a_refund_that_grows_counts_at_the_greatest_size_it_was_told_of() {
    let mut history = History::new(Environment::Live);
    let click = history.click(LINK);
    pushed(&mut history, "orders/create", &order(&json!({})), Some(&click));
    let half_way = pushed(&mut history, "refunds/create", &split("pending"), None);
    assert_eq!((half_way.code, history.get("5").refunded), (Code::Applied, 200.into()));
    let all = order(&json!({"refunds": [split("success")]}));
    let grown = pushed(&mut history, "orders/updated", &all, Some(&click));
    assert_eq!((grown.code, history.get("5").refunded), (Code::Applied, 500.into()));
    let late = order(&json!({"refunds": [split("pending")]}));
    let late = pushed(&mut history, "orders/updated", &late, Some(&click));
    assert_eq!((late.code, history.get("5").refunded), (Code::NoChange, 500.into()));
    let commission = history.get("5").commission.as_ref();
    assert_eq!(commission.map(|it| it.net.to_string()).as_deref(), Some("50.00"));
}

#[test]
fn a_part_that_grows_is_kept_though_all_of_it_was_given_back_before() {
    let mut history = History::new(Environment::Live);
    let click = history.click(LINK);
    let whole = |state: &str| json!({"financial_status": "refunded", "refunds": [split(state)]});
    pushed(&mut history, "orders/updated", &order(&whole("pending")), Some(&click));
    history.book.changes.touched.clear();
    let again = pushed(&mut history, "orders/updated", &order(&whole("success")), Some(&click));
    assert_eq!(again.code, Code::NoChange);
    assert_eq!(history.get("5").refund_parts["1"], 500.into());
    assert_eq!(history.book.changes.touched.len(), 1);
}

#[test]
fn parts_finer_than_the_currency_are_rounded_together() {
    let mut history = History::new(Environment::Live);
    let click = history.click(LINK);
    pushed(&mut history, "orders/create", &order(&json!({})), Some(&click));
    for (id, amount, code, refunded) in [
        (1, "0.004", Code::NoChange, "0"),
        (2, "10.505", Code::Applied, "10.51"),
        (3, "0.001", Code::NoChange, "10.51"),
        (4, "50.00", Code::Applied, "60.51"),
    ] {
        let outcome = pushed(&mut history, "refunds/create", &refund(id, amount), None);
        let known = history.get("5").refunded.to_string();
        assert_eq!((outcome.code, known.as_str()), (code, refunded), "{amount}");
    }
    assert_eq!(history.get("5").refund_parts.len(), 4);
}

#[test]
fn a_half_refund_of_prices_with_tax_in_them_takes_half() {
    let mut history = History::new(Environment::Live);
    let click = history.click(LINK);
    let taxed = |more: &Value| {
        let mut body = json!({
            "id": 7, "status": "processing", "currency": "NPR", "total": "1130.00",
            "prices_include_tax": true,
            "line_items": [{"sku": "A", "quantity": 2, "total": "1000.00", "total_tax": "130.00"}],
        });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("one").clone());
        body
    };
    let net = |history: &mut History, more: &Value| {
        pushed_by(history, "woocommerce", "order.updated", &taxed(more), Some(&click));
        history.get("7").commission.as_ref().map(|it| it.net.to_string())
    };
    assert_eq!(net(&mut history, &json!({})).as_deref(), Some("113.00"));
    let half = json!({"refunds": [{"id": 1, "total": "-565.00"}]});
    assert_eq!(net(&mut history, &half).as_deref(), Some("56.50"));
}

#[test]
fn a_refund_of_all_of_it_says_more_than_its_parts() {
    let mut history = History::new(Environment::Live);
    let click = history.click(LINK);
    pushed(&mut history, "orders/create", &order(&json!({})), Some(&click));
    let all = json!({"financial_status": "refunded", "refunds": [refund(1, "1000.00")]});
    let outcome = pushed(&mut history, "orders/updated", &order(&all), Some(&click));
    assert_eq!(outcome.code, Code::Applied);
    let order = history.get("5");
    assert_eq!(order.reversed_by, Some(S::Refunded));
    assert_eq!(order.commission.as_ref().map(|it| it.state), Some(State::Rejected));
    let facts = history.book.changes.facts.iter().filter(|it| it.report.status == S::Refunded);
    assert_eq!(facts.count(), 1);
}

#[test]
fn a_webhook_whose_click_has_no_link_yet_waits_and_so_does_what_follows() {
    let mut history = History::new(Environment::Live);
    let click = history.click(43);
    let opened = order(&json!({}));
    let first = pushed(&mut history, "orders/create", &opened, Some(&click));
    assert_eq!(first.code, Code::AwaitingLink);
    let paid = order(&json!({"financial_status": "paid"}));
    let second = pushed(&mut history, "orders/paid", &paid, Some(&click));
    assert_eq!(second.code, Code::AwaitingConversion);
    let facts = history.book.links[&LINK].clone();
    history.book.links.insert(43, facts);
    let id = history.book.conversion_id("5");
    let parked = history.book.parked[&id].iter().find(|it| it.link_number.is_some());
    let parked = parked.expect("it waits for its link").clone();
    history.book.resume(parked, at(T0 + 200));
    assert_eq!(history.outcome("e1").code, Code::Applied);
    assert_eq!(history.outcome("e2").code, Code::Applied);
    assert_eq!(history.get("5").status, S::Paid);
    assert!(history.book.parked.get(&id).is_none_or(Vec::is_empty));
}

#[test]
fn what_is_taken_back_during_a_payout_waits_whole() {
    let mut history = History::new(Environment::Live);
    let click = history.click(LINK);
    pushed(&mut history, "orders/create", &order(&json!({})), Some(&click));
    let id = history.book.conversion_id("5");
    let fly = |history: &mut History, state| {
        let order = history.book.orders.get_mut(&id).expect("it is there");
        order.commission.as_mut().expect("it earns").state = state;
    };
    fly(&mut history, State::PayableInFlight);
    let outcome = pushed(&mut history, "refunds/create", &refund(1, "100.00"), None);
    assert_eq!(outcome.code, Code::PayoutInFlight);
    assert!(history.get("5").refund_parts.is_empty());
    fly(&mut history, State::PayableFree);
    let parked = history.book.parked[&id][0].clone();
    history.book.resume(parked, at(T0 + 200));
    assert_eq!(history.outcome("e2").code, Code::Applied);
    assert_eq!(history.get("5").refund_parts.len(), 1);
    // One that grows waits as one that is new.
    fly(&mut history, State::PayableInFlight);
    let outcome = pushed(&mut history, "refunds/create", &refund(1, "150.00"), None);
    assert_eq!(outcome.code, Code::PayoutInFlight);
    assert_eq!(history.get("5").refund_parts["1"], 100.into());
}

#[test]
fn a_topic_of_no_interest_meets_no_conversion() {
    let mut history = History::new(Environment::Live);
    let outcome = pushed(&mut history, "products/update", &json!({"id": 5}), None);
    assert_eq!((outcome.code, outcome.conversion), (Code::TopicIgnored, None));
}
