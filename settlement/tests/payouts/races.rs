//! Two at once, a crash between any two steps, and many at a time.

use crate::crash::dying;
use crate::world::{BY, FIRST, Place, World, keys, row, vault};
use settlement::domain::payout_export::answers::Answer;
use settlement::flows::payout::files::Press;
use settlement::flows::payout::process::Processed;
use settlement::flows::payout::run::Ran;
use settlement::flows::payout::{Which, answer, approve, process, run};
use settlement::flows::{release_holds, settle_events};

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_at_once_hold_each_line_once() {
    let mut world = World::live().await;
    for n in 0..20 {
        world.order(FIRST, &format!("A-{n}"), "10.00", "NPR").await;
        world.report(0, &format!("A-{n}"), r#""status":"delivered""#).await;
    }
    world.settle().await;
    world.hear().await;
    let runs = tokio::join!(world.try_run(), world.try_run(), world.try_run());
    let drafted = [&runs.0, &runs.1, &runs.2].into_iter().filter_map(|ran| match ran {
        Ran::Drafted(drafted) => Some(drafted.lines),
        Ran::AnotherRuns | Ran::InstantTaken => None,
    });
    assert_eq!(drafted.sum::<usize>(), 20);
    let held = "select count(*) || ' ' || count(distinct subject) from payout_line where held";
    assert_eq!(world.text(held).await, "20 20");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_s_instant_has_one_run() {
    let world = World::live().await;
    let new = run::NewRun { scheduled: Some(world.now), ..world.new_run() };
    let first = run::run(&world.pool, BY, new, world.now).await.unwrap();
    assert!(matches!(first, Ran::Drafted(_)));
    assert_eq!(run::run(&world.pool, BY, new, world.now).await.unwrap(), Ran::InstantTaken);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_taken_in_twice_at_once_settles_once() {
    let mut world = World::live().await;
    world.payable(FIRST, "A-1", "10.00", "NPR").await;
    let payouts = world.send().await;
    let rows = [row(2, &payouts[0], Answer::Settled)];
    tokio::join!(world.answer("file-1", &rows), world.answer("file-1", &rows));
    assert_eq!(world.balances().await, "M.due NPR -1.00, N.bank NPR 1.00");
    assert_eq!(world.text("select count(*)::text from bank_row").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_sent_twice_at_once_is_sent_once() {
    let mut world = World::live().await;
    world.payable(FIRST, "A-1", "10.00", "NPR").await;
    let drafted = world.run().await;
    world.approve(drafted.run).await;
    let (one, two) = tokio::join!(world.try_process(drafted.run), world.try_process(drafted.run));
    assert!([one, two].contains(&Processed::SentBefore));
    assert_eq!(world.balances().await, "A.in_flight NPR 1.00, M.due NPR -1.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_step_leaves_all_or_nothing_and_the_step_can_be_taken_again() {
    let mut world = World::live().await;
    let vault = vault();
    for polls in (0..60).step_by(3) {
        let order = format!("A-{polls}");
        world.payable(FIRST, &order, "10.00", "NPR").await;
        let new = world.new_run();
        dying(Some(polls), run::run(&world.pool, BY, new, world.now)).await;
        world.assert_books_hold().await;
        // Either the crashed one drafted it or this one does.
        let id = loop {
            match world.try_run().await {
                Ran::Drafted(drafted) if drafted.lines == 1 => break drafted.run,
                Ran::Drafted(_) => break world.drafted_run().await,
                Ran::AnotherRuns | Ran::InstantTaken => tokio::task::yield_now().await,
            }
        };
        dying(Some(polls), approve::run(&world.pool, BY, Which::Run(id), world.now)).await;
        world.approve(id).await;
        let press = Press { vault: &vault, payer: None };
        dying(Some(polls), process::run(&world.pool, BY, press, id, world.now)).await;
        world.assert_books_hold().await;
        assert!(!matches!(world.try_process(id).await, Processed::Nothing(_)), "{polls}");
        let payouts = world.payouts(id).await;
        assert_eq!(payouts[0].state, "processing", "{polls}");
        let rows = [row(2, &payouts[0], Answer::Settled)];
        let file = answer::File { sha256: &order, rows: &rows, unreadable: &[] };
        dying(Some(polls), answer::run(&world.pool, BY, file, world.now)).await;
        world.assert_books_hold().await;
        world.answer(&order, &rows).await;
        assert_eq!(world.payouts(id).await[0].state, "settled", "{polls}");
        world.assert_books_hold().await;
    }
    assert_eq!(world.balances().await, "M.due NPR -20.00, N.bank NPR 20.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_settled_beside_runs_and_sending_keep_lines_and_books_true() {
    let mut world = World::live().await;
    for n in 0..40 {
        let place = Place { merchant: n % 2, affiliate: n % 2 };
        world.order(place, &format!("A-{n}"), "10.00", "NPR").await;
        world.report(place.merchant, &format!("A-{n}"), r#""status":"delivered""#).await;
    }
    world.settle().await;
    world.hear().await;
    let drafted = world.run().await;
    assert_eq!(drafted.lines, 40);
    for n in 0..40 {
        let rest = format!(r#""status":"refunded","refundedAmount":"{}""#, 1 + n % 9);
        world.report(n % 2, &format!("A-{n}"), &rest).await;
    }
    world.hear().await;
    let settling = async {
        let keys = keys();
        for _ in 0..30 {
            settle_events::run_once(&world.pool, &keys, 2, world.now).await.unwrap();
        }
    };
    let paying = async {
        // Merchants that are not drained are left out; what is approved may change any moment.
        for _ in 0..15 {
            world.approve(drafted.run).await;
            world.try_process(drafted.run).await;
            world.hear().await;
        }
    };
    tokio::join!(settling, paying);
    world.settle().await;
    let followed = "select (count(*) > 0)::text from audit_log where action = 'payout.follow'";
    assert_eq!(world.text(followed).await, "true");
    let held = "select (count(*) > 20)::text from payout_line where held";
    assert_eq!(world.text(held).await, "true");
    let off = "select count(*)::text from payout join (
                   select payout_id, sum(amount) as lines from payout_line group by 1) line
                   using (payout_id) where amount <> lines and state <> 'cancelled'";
    assert_eq!(world.text(off).await, "0");
    let stale = "select count(*)::text from payout_line line
                 join commission on commission_id = subject
                 where held and line.amount <> net_amount";
    assert_eq!(world.text(stale).await, "0");
    world.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn holds_that_end_beside_late_refunds_lose_none_of_them() {
    let mut world = World::live().await;
    sqlx::query("update merchant set hold_days = 1").execute(&world.pool).await.unwrap();
    for n in 0..80 {
        world.order(FIRST, &format!("A-{n}"), "10.00", "NPR").await;
        world.report(0, &format!("A-{n}"), r#""status":"delivered""#).await;
    }
    world.settle().await;
    let held = "select count(*)::text from commission where state = 'hold'";
    assert_eq!(world.text(held).await, "80");
    // Half of each was taken back before its window ended, and is settled after it.
    for n in 0..80 {
        let rest = r#""status":"refunded","refundedAmount":"5.00""#;
        world.report(0, &format!("A-{n}"), rest).await;
    }
    world.wait_days(2);
    let keys = keys();
    let settling = async {
        for _ in 0..40 {
            settle_events::run_once(&world.pool, &keys, 2, world.now).await.unwrap();
        }
    };
    let releasing = async {
        for _ in 0..40 {
            release_holds::run_once(&world.pool, world.now).await.unwrap();
        }
    };
    tokio::join!(settling, releasing);
    world.settle().await;
    release_holds::run_once(&world.pool, world.now).await.unwrap();
    // So many orders in one hour wait for a person; what is left of each is what matters here.
    let left = "select string_agg(distinct state || net_amount, ', ') from commission";
    assert_eq!(world.text(left).await, "approved0.50");
    world.assert_books_hold().await;
}
