//! Test payouts, on the merchant's own clock, and live ones by the schedule.

use crate::world::{BY, FIRST, MERCHANTS, World};
use jiff::SignedDuration;
use settlement::domain::payout::schedule::Schedule;
use settlement::flows::payout::due;
use settlement::flows::payout::process::Processed;
use settlement::flows::payout::run::{self, NewRun, Ran};
use settlement::flows::payout::sandbox::{self, Played};
use shared::id::{Environment, EventKind, MerchantId};

fn mondays() -> Schedule {
    Schedule::parse("0 9 * * MON UTC").unwrap()
}

impl World {
    async fn play(&self) -> Played {
        let merchant = MerchantId(MERCHANTS[0]);
        sandbox::run_due(&self.pool, &mondays(), merchant, self.now).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_payout_is_settled_when_the_test_clock_passes_its_instant() {
    let mut world = World::new(Environment::Test).await;
    world.payable(FIRST, "A-1", "10.00", "NPR").await;
    // Monday, 15 June 2026, 08:00: earlier Mondays were before the commission was payable.
    assert_eq!(world.play().await, Played::Settled(0));
    assert_eq!(world.play().await, Played::NotDue);
    world.accept(0, EventKind::ClockAdvance, r#"{"seconds":604800}"#).await;
    world.settle().await;
    assert_eq!(world.play().await, Played::Settled(1));
    assert_eq!(world.play().await, Played::NotDue);
    world.assert_books_hold().await;
    assert_eq!(world.balances().await, "M.due NPR -1.00, N.bank NPR 1.00");
    let shown = "select state || ' ' || (merchant_id is not null) from payout";
    assert_eq!(world.text(shown).await, "settled true");
    assert_eq!(world.text("select count(*)::text from payout_file").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_payout_does_not_wait_for_the_edge_s_next_call_after_a_move() {
    let mut world = World::new(Environment::Test).await;
    world.payable(FIRST, "A-1", "10.00", "NPR").await;
    // The batch with the move is older than the full second from which the move counts.
    world.now = world.now.checked_add(SignedDuration::from_secs(1)).unwrap();
    world.accept(0, EventKind::ClockAdvance, r#"{"seconds":604800}"#).await;
    world.settle().await;
    assert_eq!(world.play().await, Played::Settled(1));
    world.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_run_made_by_hand_is_by_the_merchant_s_clock_and_settles_when_it_is_sent() {
    let mut world = World::new(Environment::Test).await;
    world.payable(FIRST, "A-1", "10.00", "NPR").await;
    world.accept(0, EventKind::ClockAdvance, r#"{"seconds":604800}"#).await;
    world.settle().await;
    let NewRun { environment, merchant, .. } = world.new_run();
    world.now = world.now.checked_add(SignedDuration::from_mins(1)).unwrap();
    let cut_off = run::usual_cut_off(&world.pool, environment, merchant, world.now).await.unwrap();
    // A week on, and a minute ago: when the edge was heard.
    assert_eq!(cut_off.to_string(), "2026-06-22T08:00:00Z");
    let new = NewRun { cut_off, ..world.new_run() };
    let ran = run::run(&world.pool, BY, new, world.now).await.unwrap();
    let Ran::Drafted(drafted) = ran else { panic!("no run: {ran:?}") };
    assert_eq!((drafted.payouts, drafted.left_out.len()), (1, 0));
    world.approve(drafted.run).await;
    assert!(matches!(world.try_process(drafted.run).await, Processed::Sent(_)));
    assert_eq!(world.payouts(drafted.run).await[0].state, "settled");
    assert_eq!(world.text("select state from commission").await, "paid");
    assert_eq!(world.text("select count(*)::text from payout_file").await, "0");
    world.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_cut_off_is_so_long_ago_that_the_edge_was_heard_since() {
    let world = World::live().await;
    let cut_off = run::usual_cut_off(&world.pool, Environment::Live, None, world.now).await;
    assert_eq!(cut_off.unwrap().to_string(), "2026-06-15T07:45:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_a_test_merchant_that_is_none_says_so() {
    let world = World::new(Environment::Test).await;
    let merchant = Some(MerchantId(uuid::Uuid::nil()));
    let new = NewRun { merchant, ..world.new_run() };
    let refused = run::run(&world.pool, BY, new, world.now).await.unwrap_err();
    assert_eq!(refused.to_string(), "there is no such merchant");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_waits_for_events_that_are_still_out() {
    let mut world = World::new(Environment::Test).await;
    world.payable(FIRST, "A-1", "10.00", "NPR").await;
    world.accept(0, EventKind::ClockAdvance, r#"{"seconds":604800}"#).await;
    world.settle().await;
    world.sql("update edge_stream set highest_seq = highest_seq + 1 where $1 <> ''", "all").await;
    assert_eq!(world.play().await, Played::NotYet);
    world.sql("update edge_stream set highest_seq = stored_seq where $1 <> ''", "all").await;
    assert_eq!(world.play().await, Played::Settled(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn live_drafts_are_made_once_per_instant_of_the_schedule() {
    let mut world = World::live().await;
    world.payable(FIRST, "A-1", "10.00", "NPR").await;
    let draft = || due::run_once(&world.pool, &SCHEDULE, world.now);
    assert!(matches!(draft().await.unwrap(), Some(Ran::Drafted(drafted)) if drafted.lines == 0));
    assert_eq!(draft().await.unwrap(), None);
    world.wait_days(1);
    world.hear().await;
    let draft = || due::run_once(&world.pool, &SCHEDULE, world.now);
    let (one, two) = tokio::join!(draft(), draft());
    let drafted = [one.unwrap(), two.unwrap()]
        .into_iter()
        .filter(|ran| matches!(ran, Some(Ran::Drafted(drafted)) if drafted.lines == 1));
    assert_eq!(drafted.count(), 1);
    assert_eq!(draft().await.unwrap(), None);
}

static SCHEDULE: std::sync::LazyLock<Schedule> = std::sync::LazyLock::new(mondays);
