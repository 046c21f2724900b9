//! Test payouts, on the merchant's own clock, and live ones by the schedule.

use crate::world::{FIRST, MERCHANTS, World};
use jiff::SignedDuration;
use settlement::domain::payout::schedule::Schedule;
use settlement::flows::payout::due;
use settlement::flows::payout::run::Ran;
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
