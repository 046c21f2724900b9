//! What operators enter wrongly: refused at once, or taken back by another entry.

use crate::world::{AFFILIATES, BY, FIRST, World, cents};
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use settlement::error::Fault;
use settlement::flows::enter_money::{self, Entered, NewRate, Request};
use settlement::flows::payout::minimum;
use shared::id::{AffiliateId, Environment, MerchantId};
use shared::money::Currency;
use uuid::Uuid;

const TOO_LONG: Decimal = Decimal::MAX;

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

impl World {
    async fn pay(
        &self,
        id: &str,
        sum: (Decimal, &str),
        paid_at: Timestamp,
    ) -> Result<Entered, Fault> {
        let sum = (sum.0, currency(sum.1));
        enter_money::pay_merchant(&self.pool, self.request(id), sum, paid_at).await
    }
}

/// What a refusal says.
fn said<T: std::fmt::Debug>(refused: Result<T, Fault>) -> String {
    refused.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_entered_wrongly_is_taken_back_and_no_more_than_was_paid() {
    let mut world = World::live().await;
    world.payable(FIRST, "A-1", "10.00", "NPR").await;
    let pay = |id, amount| world.pay(id, (cents(amount), "NPR"), world.now);
    assert_eq!(pay("m-1", 100_000).await.unwrap(), Entered::Done);
    assert_eq!(pay("m-2", -100_001).await.unwrap(), Entered::MoreThanPaid(cents(100_000)));
    assert_eq!(pay("m-2", -90_000).await.unwrap(), Entered::Done);
    assert_eq!(pay("m-2", -90_000).await.unwrap(), Entered::DoneBefore);
    assert_eq!(pay("m-3", -10_001).await.unwrap(), Entered::MoreThanPaid(cents(10_000)));
    world.assert_books_hold().await;
    let balances = "A.payable NPR 1.00, M.due NPR 99.00, N.bank NPR -100.00";
    assert_eq!(world.balances().await, balances);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_at_once_is_never_more_than_was_paid() {
    let world = World::live().await;
    world.pay("m-1", (cents(100), "NPR"), world.now).await.unwrap();
    let take = |id| world.pay(id, (cents(-100), "NPR"), world.now);
    let (one, two) = tokio::join!(take("m-2"), take("m-3"));
    let mut entered = [one.unwrap(), two.unwrap()];
    entered.sort_by_key(|entered| *entered != Entered::Done);
    assert_eq!(entered, [Entered::Done, Entered::MoreThanPaid(cents(0))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_cannot_be_is_refused_with_a_sentence() {
    let world = World::live().await;
    let later = world.now.checked_add(SignedDuration::from_secs(1)).unwrap();
    let cases = [
        ((TOO_LONG, "NPR"), world.now, "the amount has at most 15 integer digits"),
        ((-TOO_LONG, "NPR"), world.now, "the amount has at most 15 integer digits"),
        ((cents(100), "EUR"), world.now, "the merchant has no books in EUR"),
        ((cents(100), "NPR"), later, "the payment is in the future"),
    ];
    for (sum, paid_at, expected) in cases {
        assert_eq!(said(world.pay("m-1", sum, paid_at).await), expected);
    }
    let scope = settlement::domain::order::Scope {
        merchant: MerchantId(Uuid::nil()),
        ..world.request("m-1").scope
    };
    let nobody = Request { scope, ..world.request("m-1") };
    let sum = (cents(1), currency("NPR"));
    let paid = enter_money::pay_merchant(&world.pool, nobody, sum, world.now).await;
    assert_eq!(said(paid), "there is no such merchant");
    let whose = AffiliateId(AFFILIATES[0]);
    let given_up = enter_money::write_off(&world.pool, nobody, whose, sum, "gone").await;
    assert_eq!(said(given_up), "there is no such merchant");
    assert_eq!(world.balances().await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_or_a_minimum_out_of_bounds_is_refused() {
    let world = World::live().await;
    let rate = |rate, dated: &str| {
        let new = NewRate {
            environment: Environment::Live,
            from: currency("NPR"),
            to: currency("USD"),
            rate,
            dated: dated.parse().unwrap(),
            source: "central bank".to_owned(),
        };
        enter_money::enter_rate(&world.pool, BY, new, world.now)
    };
    let digits = "a rate has at most 15 integer digits";
    assert_eq!(said(rate(TOO_LONG, "2026-06-15").await), digits);
    // It is 08:00 UTC on 15 June: nowhere on earth is it the 16th.
    let begun = "a rate is of a day that has begun";
    assert_eq!(said(rate(cents(75), "2026-06-16").await), begun);
    assert!(rate(cents(75), "2026-06-15").await.is_ok());
    let sum = (TOO_LONG, currency("JPY"));
    let set = minimum::set(&world.pool, BY, Environment::Live, sum, world.now).await;
    assert_eq!(said(set), "the minimum has at most 15 integer digits");
}
