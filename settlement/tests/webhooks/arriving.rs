//! What is told arrives: at whom it concerns, signed, once, in numbered order.

use crate::sink::Mode;
use crate::world::{World, body, sequence};
use settlement::domain::notice::Kind;
use settlement::domain::order::Scope;
use settlement::domain::webhook::endpoint::Format;
use settlement::domain::webhook::signature;
use settlement::flows::webhook::fan_out::{self, Numbered};
use settlement::store::instant;
use shared::id::{Environment, MerchantId};
use uuid::Uuid;

#[tokio::test]
async fn every_notice_arrives_once_signed_and_numbered_without_gaps() {
    let mut world = World::new().await;
    let scope = world.scopes[0];
    let made = world.endpoint(scope, "all", &Kind::ALL).await;
    let some = world.endpoint(scope, "some", &[Kind::CommissionPaid]).await;
    world.tell_many(scope, Kind::CommissionHeld, 150).await;
    world.tell_many(scope, Kind::CommissionPaid, 3).await;
    world.pass(0).await;
    world.assert_complete(&made, 153);
    world.assert_complete(&some, 3);
    let calls = world.sink.at("all");
    assert_eq!(calls.len(), 153);
    for call in &calls {
        let secrets = [made.secret.clone()];
        let expected = signature::header(&secrets, &call.message_id, call.timestamp, &call.body);
        assert_eq!(call.signature, expected);
        assert!((call.timestamp - world.now.as_second()).abs() <= 60);
    }
    // Places in the log and numbers on an endpoint say the same order.
    let disorder = "select count(*)::text from (
                        select position - lag(position) over (partition by endpoint_id
                            order by sequence) as step from webhook_delivery) as steps
                    where step <= 0";
    assert_eq!(world.text(disorder).await, "0");
    assert_eq!(
        world.text("select count(*)::text || ' ' || max(status) from webhook_attempt").await,
        "156 200"
    );
    assert_eq!(world.text("select count(*)::text from webhook_due").await, "0");
    assert_eq!(world.round().await.attempts, 0);
}

#[tokio::test]
async fn parties_and_worlds_hear_of_their_own_alone() {
    let mut world = World::new().await;
    let (first, second) = (world.scopes[0], world.scopes[1]);
    let test = Scope { environment: Environment::Test, ..first };
    let network = Scope { merchant: MerchantId(Uuid::nil()), ..first };
    world.endpoint(first, "first", &Kind::ALL).await;
    world.endpoint(second, "second", &Kind::ALL).await;
    world.endpoint(test, "test", &Kind::ALL).await;
    world.affiliates(0, "asha", Format::Khata).await;
    world.affiliates(1, "bina", Format::Khata).await;
    let told = [
        (first, Kind::ConversionReceived, None),
        (first, Kind::CommissionHeld, Some(0)),
        (second, Kind::CommissionPaid, Some(1)),
        (test, Kind::CommissionApproved, Some(0)),
        (first, Kind::PayoutProcessed, Some(0)),
        (network, Kind::PayoutProcessed, Some(0)),
        (network, Kind::PayoutFailed, Some(1)),
    ];
    let notices: Vec<_> = told
        .into_iter()
        .map(|(scope, kind, affiliate)| (scope, world.notice(scope, kind, affiliate)))
        .collect();
    world.tell(&notices).await;
    world.pass(0).await;
    let heard = |path: &str| -> Vec<String> {
        let mut calls = world.sink.at(path);
        calls.sort_by_key(sequence);
        calls.iter().map(|call| body(call)["type"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(heard("first"), ["conversion.received", "commission.held", "payout.processed"]);
    assert_eq!(heard("second"), ["commission.paid"]);
    assert_eq!(heard("test"), ["commission.approved"]);
    assert_eq!(heard("asha"), ["commission.held", "payout.processed"]);
    assert_eq!(heard("bina"), ["commission.paid", "payout.failed"]);
}

#[tokio::test]
async fn while_a_secret_is_replaced_both_sign() {
    let mut world = World::new().await;
    let scope = world.scopes[0];
    let made = world.endpoint(scope, "both", &Kind::ALL).await;
    let earlier = settlement::secrets::draw::webhook_secret();
    let sealed = world.vault.seal(&made.key.endpoint.to_string(), &earlier);
    sqlx::query(
        "update webhook_endpoint set previous_secret_sealed = $1, previous_secret_until = $2",
    )
    .bind(sealed)
    .bind(instant::to_row(world.now.checked_add(jiff::SignedDuration::from_secs(60)).unwrap()))
    .execute(&world.pool)
    .await
    .unwrap();
    world.tell_many(scope, Kind::Ping, 1).await;
    world.pass(60).await;
    world.tell_many(scope, Kind::Ping, 1).await;
    world.pass(0).await;
    let calls = world.sink.at("both");
    for (call, secrets) in
        calls.iter().zip([vec![made.secret.clone(), earlier], vec![made.secret.clone()]])
    {
        let expected = signature::header(&secrets, &call.message_id, call.timestamp, &call.body);
        assert_eq!(call.signature, expected);
    }
    assert_eq!(calls.len(), 2);
}

#[tokio::test]
async fn a_deleted_endpoint_is_sent_nothing_more() {
    let mut world = World::new().await;
    let scope = world.scopes[0];
    let made = world.endpoint(scope, "gone", &Kind::ALL).await;
    world.sink.set("gone", Mode::Status(500));
    world.tell_many(scope, Kind::CommissionHeld, 2).await;
    world.round().await;
    world.tell_many(scope, Kind::CommissionHeld, 2).await;
    let calls = world.sink.at("gone").len();
    sqlx::query("delete from webhook_endpoint where endpoint_id = $1")
        .bind(made.key.endpoint)
        .execute(&world.pool)
        .await
        .unwrap();
    assert_eq!(world.text("select count(*)::text from webhook_due").await, "0");
    world.tell_many(scope, Kind::CommissionHeld, 2).await;
    assert_eq!(fan_out::run_once(&world.pool, world.now).await.unwrap(), Numbered::Nothing);
    world.wait(3_600);
    world.pass(86_400).await;
    assert_eq!(world.sink.at("gone").len(), calls);
}

#[tokio::test]
async fn a_dead_endpoint_delays_no_other() {
    let mut world = World::new().await;
    let scope = world.scopes[0];
    let dead = world.endpoint(scope, "dead", &Kind::ALL).await;
    let well = world.endpoint(scope, "well", &Kind::ALL).await;
    world.sink.set("dead", Mode::Stall);
    world.tell_many(scope, Kind::CommissionHeld, 30).await;
    world.pass(0).await;
    world.assert_complete(&well, 30);
    let dead_calls = world.sink.at("dead").len();
    // One round of what may be under way at once; then it rests.
    assert!((5..=12).contains(&dead_calls), "{dead_calls}");
    let states = world.deliveries(&dead).await;
    assert_eq!(states.iter().filter(|state| *state == "pending 0").count(), 30 - dead_calls);
}
