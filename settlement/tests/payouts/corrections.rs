//! Corrections, write-offs, merchants' payments, conversions between currencies.

use crate::world::{AFFILIATES, BY, FIRST, MERCHANTS, Place, World, cents, keys};
use rust_decimal::Decimal;
use settlement::domain::correction::{ChargedTo, Refusal};
use settlement::domain::order::Scope;
use settlement::domain::payout_export::answers::Answer;
use settlement::flows::actor::Actor;
use settlement::flows::enter_money::{self, Entered, NewRate, Request};
use settlement::flows::post_correction::{self, Decided, Decision, NewCorrection, Requested};
use settlement::flows::verify;
use shared::id::{AffiliateId, ConversionId, Environment, MerchantId};
use shared::money::Currency;
use uuid::Uuid;

const FIRST_ADMIN: Actor = Actor::Operator(Uuid::from_u128(0xb1));
const SECOND_ADMIN: Actor = Actor::Operator(Uuid::from_u128(0xb2));

async fn admins(world: &World) {
    for (n, id) in [(1, 0xb1), (2, 0xb2)] {
        sqlx::query(
            "insert into account (account_id, email, password_hash, role, super_admin, created_at)
             values ($1, $2, '', 'operator', true, now())",
        )
        .bind(Uuid::from_u128(id))
        .bind(format!("admin-{n}@khata.example"))
        .execute(&world.pool)
        .await
        .unwrap();
    }
}

fn correction(id: &str, amount: i64, charged_to: ChargedTo) -> NewCorrection {
    NewCorrection {
        id: id.to_owned(),
        conversion: ConversionId::derive(MerchantId(MERCHANTS[0]), Environment::Live, "A-1"),
        amount: cents(amount),
        reason: "the refund came late".to_owned(),
        charged_to,
    }
}

impl World {
    async fn ask(&self, by: Actor, new: NewCorrection) -> Requested {
        post_correction::request(&self.pool, by, new, self.now).await.unwrap()
    }

    async fn decide(&self, by: Actor, id: &str) -> Decided {
        let approve = Decision::Approve;
        post_correction::decide(&self.pool, by, id, approve, self.now).await.unwrap()
    }

    async fn paid(&mut self, amount: &str) {
        admins(self).await;
        self.payable(FIRST, "A-1", amount, "NPR").await;
        let payouts = self.send().await;
        self.say("file-1", &payouts[0], Answer::Settled).await;
    }

    /// Changes what is stored behind the product's back.
    async fn forge(&self, sql: &'static str) {
        let mut transaction = self.pool.begin().await.unwrap();
        sqlx::query("set local session_replication_role = replica")
            .execute(&mut *transaction)
            .await
            .unwrap();
        sqlx::query(sql).execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
    }

    pub fn request<'a>(&self, id: &'a str) -> Request<'a> {
        let (environment, merchant) = (Environment::Live, MerchantId(MERCHANTS[0]));
        Request { by: BY, scope: Scope { environment, merchant }, id, now: self.now }
    }
}

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clawback_charged_to_the_merchant_is_carried_until_new_earnings_cover_it() {
    let mut world = World::live().await;
    world.paid("2999.00").await;
    let asked = world.ask(FIRST_ADMIN, correction("c-1", -29_990, ChargedTo::Merchant)).await;
    assert_eq!(asked, Requested::Noted);
    assert_eq!(world.balances().await, "M.due NPR -299.90, N.bank NPR 299.90");
    assert_eq!(world.decide(SECOND_ADMIN, "c-1").await, Decided::Done);
    // MONEY §7's check: the merchant owes nothing any more, the affiliate does.
    assert_eq!(world.balances().await, "A.payable NPR -299.90, N.bank NPR 299.90");
    world.assert_books_hold().await;
    assert_eq!(world.text("select state || net_amount from commission").await, "paid299.90");
    let told = "select data->>'delta' || ' ' || (data->>'correctionId') from webhook_event
                where type = 'commission.adjusted'";
    assert_eq!(world.text(told).await, "-299.90 c-1");
    world.payable(FIRST, "A-2", "1000.00", "NPR").await;
    let drafted = world.run().await;
    assert_eq!((drafted.payouts, drafted.carried[0].2), (0, cents(-19_990)));
    world.payable(FIRST, "A-3", "3000.00", "NPR").await;
    let payouts = world.send().await;
    assert_eq!(payouts[0].amount, cents(10_010));
    world.say("file-2", &payouts[0], Answer::Settled).await;
    world.assert_books_hold().await;
    assert_eq!(world.balances().await, "M.due NPR -400.00, N.bank NPR 400.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_needs_two_super_admins_and_is_asked_for_once() {
    let mut world = World::live().await;
    world.paid("100.00").await;
    let minus_five = || correction("c-1", -500, ChargedTo::Network);
    assert!(post_correction::request(&world.pool, BY, minus_five(), world.now).await.is_err());
    assert_eq!(world.ask(FIRST_ADMIN, minus_five()).await, Requested::Noted);
    let before = Requested::NotedBefore("requested".to_owned());
    assert_eq!(world.ask(FIRST_ADMIN, minus_five()).await, before);
    let other = correction("c-1", -600, ChargedTo::Network);
    assert_eq!(world.ask(FIRST_ADMIN, other).await, Requested::AnotherRequest);
    let approve = Decision::Approve;
    let own = post_correction::decide(&world.pool, FIRST_ADMIN, "c-1", approve, world.now).await;
    assert!(own.is_err());
    assert_eq!(world.decide(SECOND_ADMIN, "c-1").await, Decided::Done);
    let again = Decided::TakenBefore("approved".to_owned());
    assert_eq!(world.decide(SECOND_ADMIN, "c-1").await, again);
    let refuse = Decision::Refuse;
    let other = post_correction::decide(&world.pool, SECOND_ADMIN, "c-1", refuse, world.now).await;
    assert_eq!(other.unwrap(), Decided::TakenOtherwise("approved".to_owned()));
    world.assert_books_hold().await;
    assert_eq!(
        world.balances().await,
        "A.payable NPR -5.00, M.due NPR -10.00, N.bank NPR 10.00, N.cost NPR 5.00"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_correction_cannot_be_approved_and_says_so() {
    let mut world = World::live().await;
    world.paid("100.00").await;
    world.ask(FIRST_ADMIN, correction("c-1", -500, ChargedTo::Network)).await;
    let before = world.balances().await;
    let refuse =
        || post_correction::decide(&world.pool, SECOND_ADMIN, "c-1", Decision::Refuse, world.now);
    assert_eq!(refuse().await.unwrap(), Decided::Done);
    let again = Decided::TakenBefore("refused".to_owned());
    assert_eq!(refuse().await.unwrap(), again);
    let other = Decided::TakenOtherwise("refused".to_owned());
    assert_eq!(world.decide(SECOND_ADMIN, "c-1").await, other);
    assert_eq!(world.balances().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_corrections_decided_at_once_stay_within_what_was_earned() {
    let mut world = World::live().await;
    world.paid("100.00").await;
    for id in ["c-1", "c-2"] {
        let asked = world.ask(FIRST_ADMIN, correction(id, -600, ChargedTo::Merchant)).await;
        assert_eq!(asked, Requested::Noted);
    }
    let (one, two) =
        tokio::join!(world.decide(SECOND_ADMIN, "c-1"), world.decide(SECOND_ADMIN, "c-2"));
    let mut outcomes = [one, two];
    outcomes.sort_by_key(|outcome| *outcome != Decided::Done);
    assert_eq!(outcomes, [Decided::Done, Decided::Refused(Refusal::OutOfRange)]);
    world.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_commission_can_be_made_good_and_a_payable_one_cannot_be_corrected() {
    let mut world = World::live().await;
    admins(&world).await;
    world.payable(FIRST, "A-1", "100.00", "NPR").await;
    let refused = Requested::Refused(Refusal::NotFinal);
    let plus_ten = || correction("c-1", 1_000, ChargedTo::Network);
    assert_eq!(world.ask(FIRST_ADMIN, plus_ten()).await, refused);
    world.refund(0, "A-1", None).await;
    assert_eq!(world.ask(FIRST_ADMIN, plus_ten()).await, Requested::Noted);
    assert_eq!(world.decide(SECOND_ADMIN, "c-1").await, Decided::Done);
    assert_eq!(world.send().await[0].amount, cents(1_000));
    world.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_negative_balance_is_written_off_and_no_more_than_that() {
    let mut world = World::live().await;
    world.paid("100.00").await;
    world.ask(FIRST_ADMIN, correction("c-1", -1_000, ChargedTo::Merchant)).await;
    world.decide(SECOND_ADMIN, "c-1").await;
    let affiliate = AffiliateId(AFFILIATES[0]);
    let write_off = |id, amount| {
        let sum = (cents(amount), currency("NPR"));
        enter_money::write_off(&world.pool, world.request(id), affiliate, sum, "gone")
    };
    assert_eq!(write_off("w-1", 1_001).await.unwrap(), Entered::TooMuch(cents(-1_000)));
    assert_eq!(write_off("w-1", 1_000).await.unwrap(), Entered::Done);
    assert_eq!(write_off("w-1", 1_000).await.unwrap(), Entered::DoneBefore);
    assert_eq!(write_off("w-1", 1_001).await.unwrap(), Entered::Another);
    assert_eq!(write_off("w-2", 1).await.unwrap(), Entered::NotNegative(cents(0)));
    world.assert_books_hold().await;
    assert_eq!(world.balances().await, "N.bank NPR 10.00, N.cost NPR -10.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchant_s_payment_lowers_its_debt_once() {
    let mut world = World::live().await;
    world.paid("100.00").await;
    let pay = |amount| {
        let sum = (cents(amount), currency("NPR"));
        enter_money::pay_merchant(&world.pool, world.request("m-1"), sum, world.now)
    };
    assert_eq!(pay(400).await.unwrap(), Entered::Done);
    assert_eq!(pay(400).await.unwrap(), Entered::DoneBefore);
    assert_eq!(pay(500).await.unwrap(), Entered::Another);
    assert!(pay(0).await.is_err());
    world.assert_books_hold().await;
    assert_eq!(world.balances().await, "M.due NPR -6.00, N.bank NPR 6.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balance_goes_into_another_currency_at_the_entered_rate_and_is_paid_there() {
    let mut world = World::live().await;
    world.payable(FIRST, "A-1", "1333.30", "NPR").await;
    let rate = NewRate {
        environment: Environment::Live,
        from: currency("NPR"),
        to: currency("USD"),
        rate: Decimal::new(75, 4),
        dated: "2026-06-15".parse().unwrap(),
        source: "central bank".to_owned(),
    };
    let rate = enter_money::enter_rate(&world.pool, BY, rate, world.now).await.unwrap();
    let affiliate = AffiliateId(AFFILIATES[0]);
    let convert = |id, amount| {
        enter_money::convert(&world.pool, world.request(id), affiliate, cents(amount), rate)
    };
    assert_eq!(convert("x-1", 13_334).await.unwrap(), Entered::TooMuch(cents(13_333)));
    assert_eq!(convert("x-1", 13_333).await.unwrap(), Entered::Done);
    assert_eq!(convert("x-1", 13_333).await.unwrap(), Entered::DoneBefore);
    // 133.33 × 0.0075 = 0.999975, half-even to 1.00.
    assert_eq!(
        world.balances().await,
        "A.payable USD 1.00, M.due NPR -133.33, N.fx NPR 133.33, N.fx USD -1.00"
    );
    world.assert_books_hold().await;
    let payouts = world.send().await;
    assert_eq!((payouts.len(), payouts[0].currency.as_str()), (1, "USD"));
    assert_eq!(payouts[0].amount, cents(100));
    world.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_changed_or_forged_behind_the_product_s_back_is_named_by_verify() {
    let mut world = World::live().await;
    world.paid("1000.00").await;
    world.ask(FIRST_ADMIN, correction("c-1", -2_000, ChargedTo::Merchant)).await;
    world.decide(SECOND_ADMIN, "c-1").await;
    let affiliate = AffiliateId(AFFILIATES[0]);
    let sum = |amount| (cents(amount), currency("NPR"));
    enter_money::write_off(&world.pool, world.request("w-1"), affiliate, sum(2_000), "gone")
        .await
        .unwrap();
    enter_money::pay_merchant(&world.pool, world.request("m-1"), sum(400), world.now)
        .await
        .unwrap();
    world.assert_books_hold().await;
    let cases = [
        ("update correction set amount = amount - 1", "correction:c-1"),
        ("update write_off set amount = amount + 1", "write_off:w-1"),
        (
            "update merchant_payment set paid_at = paid_at - interval '1 day'",
            "merchant_payment:m-1",
        ),
        ("delete from merchant_payment", "merchant_payment:m-1"),
        (
            "update payable_item set amount = amount - 5 where kind = 'correction'",
            "correction c-1, NPR",
        ),
        ("delete from payable_item where kind = 'write_off'", "write_off w-1, NPR"),
        (
            "insert into ledger_transfer select environment, merchant_id, 'gift:1', currency,
                 effective_at, created_at from ledger_transfer limit 1",
            "gift:1",
        ),
    ];
    for (tampering, named) in cases {
        world.forge(tampering).await;
        let verified = verify::run(&world.pool, &keys(), &|_| {}).await.unwrap();
        let found = verified.differences.iter().any(|found| found.subject == named);
        assert!(found, "{tampering}: {verified:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amount_or_an_answer_forged_on_a_payout_is_named_by_verify() {
    let mut world = World::live().await;
    world.paid("1000.00").await;
    world.assert_books_hold().await;
    for (tampering, what) in [
        ("update payout set amount = amount + 1", "amount of a payout"),
        ("delete from bank_row", "answer to a payout"),
    ] {
        world.forge(tampering).await;
        let verified = verify::run(&world.pool, &keys(), &|_| {}).await.unwrap();
        assert!(verified.differences.iter().any(|found| found.what == what), "{verified:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_whose_lines_come_to_nothing_in_a_payout_is_verified_too() {
    let mut world = World::live().await;
    world.paid("100.00").await;
    world.ask(FIRST_ADMIN, correction("c-1", -500, ChargedTo::Merchant)).await;
    world.decide(SECOND_ADMIN, "c-1").await;
    world.payable(FIRST, "A-2", "50.00", "NPR").await;
    world.payable(Place { merchant: 1, affiliate: 0 }, "B-1", "70.00", "NPR").await;
    let payouts = world.send().await;
    assert_eq!(payouts[0].amount, cents(700));
    world.assert_books_hold().await;
    world.say("file-2", &payouts[0], Answer::Settled).await;
    assert_eq!(world.text("select string_agg(distinct state, ' ') from commission").await, "paid");
    world.assert_books_hold().await;
}
