//! The life of payouts, from open lines to the bank's last word.

use crate::world::{AFFILIATES, BY, FIRST, MERCHANTS, Place, World, cents, row};
use settlement::domain::payout::bank::Outcome;
use settlement::domain::payout_export::answers::Answer;
use settlement::flows::payout::process::Processed;
use settlement::flows::payout::run::Ran;
use settlement::flows::payout::{Taken, Which, approve, cancel, fail};
use settlement::store::payout::run as store;
use shared::id::MerchantId;

#[tokio::test(flavor = "multi_thread")]
async fn a_commission_is_paid_and_leaves_only_debt_and_cash() {
    let mut world = World::live().await;
    world.payable(FIRST, "A-1", "2999.00", "NPR").await;
    let drafted = world.run().await;
    assert_eq!((drafted.payouts, drafted.lines), (1, 1));
    world.assert_books_hold().await;
    assert_eq!(world.approve(drafted.run).await, Taken { moved: 1, ..Taken::default() });
    assert!(matches!(world.try_process(drafted.run).await, Processed::Sent(_)));
    world.assert_books_hold().await;
    assert_eq!(world.balances().await, "A.in_flight NPR 299.90, M.due NPR -299.90");
    let payouts = world.payouts(drafted.run).await;
    assert_eq!(world.say("file-1", &payouts[0], Answer::Settled).await, Outcome::Settled);
    world.assert_books_hold().await;
    assert_eq!(world.balances().await, "M.due NPR -299.90, N.bank NPR 299.90");
    assert_eq!(world.text("select state || in_flight from commission").await, "paidfalse");
    let told =
        "select string_agg(type || ' ' || coalesce(data->>'amount', ''), ', ' order by position)
                from webhook_event where type like 'payout.%' or type = 'commission.paid'";
    let expected = "commission.paid 299.90, payout.processed 299.90, payout.processed 299.90";
    assert_eq!(world.text(told).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn currencies_and_affiliates_are_paid_apart_and_merchants_together() {
    let mut world = World::live().await;
    let places = [(0, 0, "NPR"), (1, 0, "NPR"), (0, 0, "USD"), (1, 1, "NPR")];
    for (at, (merchant, affiliate, currency)) in places.into_iter().enumerate() {
        world.payable(Place { merchant, affiliate }, &format!("A-{at}"), "10.00", currency).await;
    }
    let payouts = world.send().await;
    let mut shown: Vec<_> =
        payouts.iter().map(|row| (row.affiliate_id, row.currency.as_str(), row.amount)).collect();
    shown.sort();
    let [first, second] = AFFILIATES;
    let expected =
        [(first, "NPR", cents(200)), (first, "USD", cents(100)), (second, "NPR", cents(100))];
    assert_eq!(shown, expected);
    world.assert_books_hold().await;
    let rows: Vec<_> = (2..).zip(&payouts).map(|(line, p)| row(line, p, Answer::Settled)).collect();
    world.answer("file-1", &rows).await;
    world.assert_books_hold().await;
    // Each merchant is told of its own lines alone; the affiliate, in nobody's books, of all.
    let told =
        "select string_agg(data->>'amount' || '/' || (data->>'lineCount'), ' ' order by position)
                from webhook_event
                where type = 'payout.processed' and data->>'currency' = 'NPR'
                  and data->>'affiliateId' = '00000000-0000-0000-0000-000000000021'";
    assert_eq!(world.text(told).await, "1.00/1 1.00/1 2.00/2");
}

#[tokio::test(flavor = "multi_thread")]
async fn below_the_minimum_lines_stay_open_until_they_suffice() {
    let mut world = World::live().await;
    world.sql("insert into payout_minimum values ('live', $1, 1.50)", "NPR").await;
    world.payable(FIRST, "A-1", "10.00", "NPR").await;
    let drafted = world.run().await;
    assert_eq!((drafted.payouts, drafted.carried.len()), (0, 1));
    assert_eq!(drafted.carried[0].2, cents(100));
    world.payable(FIRST, "A-2", "5.00", "NPR").await;
    let payouts = world.send().await;
    assert_eq!(payouts[0].amount, cents(150));
    world.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_payable_after_the_cut_off_waits_for_the_next_run() {
    let mut world = World::live().await;
    world.payable(FIRST, "A-1", "10.00", "NPR").await;
    let mut early = world.new_run();
    world.wait_days(1);
    world.payable(FIRST, "A-2", "20.00", "NPR").await;
    early.cut_off = early.cut_off.min(world.now);
    let ran = settlement::flows::payout::run::run(&world.pool, BY, early, world.now).await;
    assert!(matches!(ran.unwrap(), Ran::Drafted(drafted) if drafted.lines == 1));
    assert_eq!(world.run().await.lines, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchant_that_is_not_drained_is_left_out_and_shown() {
    let mut world = World::live().await;
    world.payable(FIRST, "A-1", "10.00", "NPR").await;
    world.payable(Place { merchant: 1, affiliate: 0 }, "A-2", "20.00", "NPR").await;
    let object = format!("{}:live", MERCHANTS[1]);
    world
        .sql("update edge_stream set highest_seq = highest_seq + 1 where object = $1", &object)
        .await;
    let drafted = world.run().await;
    let left = vec![(MerchantId(MERCHANTS[1]), "events are still at the edge")];
    assert_eq!((drafted.lines, &drafted.left_out), (1, &left));
    world.approve(drafted.run).await;
    // The first one falls behind before it is sent: its payout stays approved.
    world
        .sql("update edge_stream set highest_seq = highest_seq + 1 where object <> $1", &object)
        .await;
    assert!(
        matches!(world.try_process(drafted.run).await, Processed::Nothing(out) if out.len() == 1)
    );
    world.sql("update edge_stream set highest_seq = stored_seq where object <> $1", &object).await;
    assert!(matches!(world.try_process(drafted.run).await, Processed::Sent(_)));
    assert_eq!(world.try_process(drafted.run).await, Processed::SentBefore);
    world.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payouts_that_nobody_approved_go_on_in_a_run_of_their_own() {
    let mut world = World::live().await;
    world.payable(FIRST, "A-1", "10.00", "NPR").await;
    world.payable(Place { merchant: 0, affiliate: 1 }, "A-2", "20.00", "NPR").await;
    let drafted = world.run().await;
    let payouts = world.payouts(drafted.run).await;
    let which = Which::Payout(payouts[0].payout_id);
    assert_eq!(approve::run(&world.pool, BY, which, world.now).await.unwrap().moved, 1);
    let Processed::Sent(sent) = world.try_process(drafted.run).await else { panic!("not sent") };
    let own = sent.left_over.unwrap();
    assert_eq!(world.payouts(own).await[0].payout_id, payouts[1].payout_id);
    world.approve(own).await;
    assert!(matches!(world.try_process(own).await, Processed::Sent(_)));
    world.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_payout_frees_its_lines_for_another_id_and_is_never_settled() {
    let mut world = World::live().await;
    world.payable(FIRST, "A-1", "10.00", "NPR").await;
    let first = world.send().await;
    assert_eq!(world.say("file-1", &first[0], Answer::Failed).await, Outcome::Failed);
    world.assert_books_hold().await;
    assert_eq!(world.text("select state || in_flight from commission").await, "payablefalse");
    assert_eq!(world.say("file-2", &first[0], Answer::Settled).await, Outcome::SettledAfterFailed);
    let second = world.send().await;
    assert_ne!(second[0].payout_id, first[0].payout_id);
    assert_eq!(world.say("file-3", &second[0], Answer::Settled).await, Outcome::Settled);
    world.assert_books_hold().await;
    assert_eq!(world.balances().await, "M.due NPR -1.00, N.bank NPR 1.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_came_back_is_payable_again_and_the_commission_stays_paid() {
    let mut world = World::live().await;
    world.payable(FIRST, "A-1", "10.00", "NPR").await;
    world.payable(Place { merchant: 1, affiliate: 0 }, "A-2", "20.00", "NPR").await;
    let payouts = world.send().await;
    world.say("file-1", &payouts[0], Answer::Settled).await;
    assert_eq!(world.say("file-2", &payouts[0], Answer::Returned).await, Outcome::Returned);
    assert_eq!(world.say("file-3", &payouts[0], Answer::Returned).await, Outcome::Repeat);
    assert_eq!(world.text("select string_agg(state, ' ') from commission").await, "paid paid");
    world.assert_books_hold().await;
    let again = world.send().await;
    assert_eq!(again[0].amount, cents(300));
    assert_eq!(world.say("file-4", &again[0], Answer::Settled).await, Outcome::Settled);
    world.assert_books_hold().await;
    assert_eq!(world.balances().await, "M.due NPR -3.00, N.bank NPR 3.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_file_has_no_second_effect_and_a_wrong_row_changes_nothing() {
    let mut world = World::live().await;
    world.payable(FIRST, "A-1", "10.00", "NPR").await;
    world.payable(Place { merchant: 0, affiliate: 1 }, "A-2", "20.00", "NPR").await;
    let payouts = world.send().await;
    let mut wrong = row(3, &payouts[1], Answer::Settled);
    wrong.amount += cents(1);
    let file = [row(2, &payouts[0], Answer::Settled), wrong];
    let first = world.answer("file-1", &file).await;
    let outcomes: Vec<_> = first.rows.values().copied().collect();
    assert_eq!(outcomes, [Outcome::Settled, Outcome::AmountDiffers]);
    let before = world.balances().await;
    let second = world.answer("file-1", &file).await;
    assert_eq!((second.rows[&3], second.known), (Outcome::AmountDiffers, 1));
    assert_eq!(world.balances().await, before);
    assert_eq!(world.text("select count(*)::text from bank_row").await, "2");
    world.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_came_too_early_settles_when_it_comes_again() {
    let mut world = World::live().await;
    world.payable(FIRST, "A-1", "10.00", "NPR").await;
    let drafted = world.run().await;
    world.approve(drafted.run).await;
    let file = [row(2, &world.payouts(drafted.run).await[0], Answer::Settled)];
    let outcome = world.answer("file-1", &file).await.rows[&2];
    assert_eq!((outcome, outcome.needs_a_look()), (Outcome::NotSent, true));
    world.try_process(drafted.run).await;
    assert_eq!(world.answer("file-1", &file).await.rows[&2], Outcome::Settled);
    assert_eq!(world.answer("file-1", &file).await.known, 1);
    let kept = "select string_agg(outcome, ' ' order by created_at, outcome) from bank_row";
    assert_eq!(world.text(kept).await, "not_sent settled");
    assert_eq!(world.balances().await, "M.due NPR -1.00, N.bank NPR 1.00");
    world.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_operators_can_take_a_payout_for_failed_and_one_cannot() {
    use fail::Said;
    use settlement::flows::actor::Actor;
    let mut world = World::live().await;
    world.payable(FIRST, "A-1", "10.00", "NPR").await;
    let payouts = world.send().await;
    let id = payouts[0].payout_id;
    let other = Actor::Operator(uuid::Uuid::from_u128(0xa2));
    let say = |by| fail::run(&world.pool, by, id, "the bank called", world.now);
    assert_eq!(say(BY).await.unwrap(), Said::Asked);
    assert_eq!(say(BY).await.unwrap(), Said::AskedBefore);
    assert_eq!(say(other).await.unwrap(), Said::Failed);
    assert_eq!(say(other).await.unwrap(), Said::FailedBefore);
    assert!(say(Actor::Installation).await.is_err());
    world.assert_books_hold().await;
    assert_eq!(world.run().await.lines, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_draft_opens_its_lines_for_the_next_run() {
    let mut world = World::live().await;
    world.payable(FIRST, "A-1", "10.00", "NPR").await;
    let drafted = world.run().await;
    let mut connection = world.pool.acquire().await.unwrap();
    for (run, expected) in [(drafted.run, true), (uuid::Uuid::nil(), false)] {
        assert_eq!(store::exists(&mut connection, run).await.unwrap(), expected);
    }
    assert_eq!(world.run().await.lines, 0);
    let which = Which::Run(drafted.run);
    let taken = cancel::run(&world.pool, BY, which, "not now", world.now).await.unwrap();
    assert_eq!(taken.moved, 1);
    assert_eq!(world.approve(drafted.run).await, Taken { denied: 1, ..Taken::default() });
    assert_eq!(world.run().await.lines, 1);
}
