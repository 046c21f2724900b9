//! What is owed is noted with the notices, compactly, and with nothing lost between the two.

use crate::world::World;
use settlement::domain::notice::Kind;
use settlement::store::{instant, webhook_event};

const DUE: &str = "select count(*) || ' ' || coalesce(sum(cardinality(positions)), 0)
                   from webhook_due";

#[tokio::test]
async fn merchants_without_endpoints_are_owed_nothing() {
    let mut world = World::new().await;
    world.endpoint(world.scopes[1], "other", &Kind::ALL).await;
    world.tell_many(world.scopes[0], Kind::CommissionHeld, 50).await;
    assert_eq!(world.text(DUE).await, "0 0");
}

#[tokio::test]
async fn many_groups_are_few_rows_and_only_of_what_was_chosen() {
    let mut world = World::new().await;
    let scope = world.scopes[0];
    world.endpoint(scope, "hook", &[Kind::CommissionHeld]).await;
    world.tell_many(scope, Kind::CommissionHeld, 250).await;
    world.tell_many(scope, Kind::CommissionPaid, 250).await;
    assert_eq!(world.text(DUE).await, "3 250");
}

#[tokio::test]
async fn a_notice_that_is_rolled_back_is_owed_to_nobody() {
    let mut world = World::new().await;
    let scope = world.scopes[0];
    world.endpoint(scope, "hook", &Kind::ALL).await;
    let notice = world.notice(scope, Kind::CommissionHeld, None);
    let mut transaction = world.pool.begin().await.unwrap();
    let at = instant::to_row(world.now);
    webhook_event::insert(&mut transaction, &[(scope, &notice)], at).await.unwrap();
    transaction.rollback().await.unwrap();
    world.pass(0).await;
    assert!(world.sink.received().is_empty());
}

#[tokio::test]
async fn an_endpoint_that_goes_while_a_batch_is_written_does_not_stop_it() {
    let mut world = World::new().await;
    let scope = world.scopes[0];
    let made = world.endpoint(scope, "hook", &Kind::ALL).await;
    let notice = world.notice(scope, Kind::CommissionHeld, None);
    let mut writing = world.pool.begin().await.unwrap();
    let at = instant::to_row(world.now);
    webhook_event::insert(&mut writing, &[(scope, &notice)], at).await.unwrap();
    let pool = world.pool.clone();
    let deleting = tokio::spawn(async move {
        sqlx::query("delete from webhook_endpoint where endpoint_id = $1")
            .bind(made.key.endpoint)
            .execute(&pool)
            .await
    });
    webhook_event::insert(&mut writing, &[(scope, &notice)], at).await.unwrap();
    writing.commit().await.unwrap();
    assert_eq!(deleting.await.unwrap().unwrap().rows_affected(), 1);
    assert_eq!(world.text(DUE).await, "0 0");
    let groups = "select count(*)::text from webhook_event_group";
    assert_eq!(world.text(groups).await, "2");
}
