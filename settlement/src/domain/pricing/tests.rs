//! Orders priced line by line, and any basket at all.

use super::super::rule::Subject;
use super::super::rule::tests::{at, npr, rule};
use super::*;
use proptest::prelude::*;

fn decimal(text: &str) -> Decimal {
    shared::money::parse_amount(text).expect("an amount of the test")
}

fn item(sku: &str, quantity: u32, unit_price: &str) -> Item {
    Item { sku: sku.to_owned(), quantity, unit_price: decimal(unit_price) }
}

fn basket<'a>(amount: &str, items: &'a [Item]) -> Basket<'a> {
    Basket {
        order_amount: decimal(amount),
        currency: npr(),
        items,
        product: None,
        campaign: None,
        at: at(100),
    }
}

fn merchant(kind: Kind) -> RuleBook {
    RuleBook(vec![rule(3, Subject::Merchant, kind)])
}

#[test]
fn percent_flat_cap_and_minimum_price_a_plain_order() {
    let capped = |cap: &str| {
        let mut book = merchant(Kind::Percent(1000));
        book.0[0].cap = Some(decimal(cap));
        book.0[0].currency = Some(npr());
        book
    };
    let minimum = |minimum: &str| {
        let mut book = merchant(Kind::Percent(1000));
        book.0[0].minimum_order = Some(decimal(minimum));
        book.0[0].currency = Some(npr());
        book
    };
    let cases = [
        (merchant(Kind::Percent(1000)), "2999.00", "299.90"),
        (merchant(Kind::Percent(1)), "0.50", "0.00"),
        (merchant(Kind::Percent(10_000)), "999999999999999.99", "999999999999999.99"),
        (merchant(Kind::Percent(50)), "1.00", "0.00"),
        (merchant(Kind::Percent(150)), "1.00", "0.02"),
        (merchant(Kind::Flat(decimal("25"))), "2999.00", "25.00"),
        (capped("100"), "2999.00", "100.00"),
        (minimum("2999.00"), "2999.00", "299.90"),
        (minimum("2999.01"), "2999.00", "0.00"),
        (RuleBook::default(), "2999.00", "0.00"),
    ];
    for (book, amount, expected) in cases {
        let priced = price(basket(amount, &[]), &book);
        assert_eq!(npr().format(priced.amount), expected, "{amount} {book:?}");
    }
}

#[test]
fn each_line_follows_its_own_rule_and_the_sum_is_rounded_once() {
    let book = RuleBook(vec![
        rule(1, Subject::Product("A".into()), Kind::Percent(1500)),
        rule(2, Subject::Product("B".into()), Kind::Flat(decimal("2.50"))),
        rule(3, Subject::Merchant, Kind::Percent(600)),
    ]);
    let items = [item("A", 1, "10.03"), item("B", 4, "5.00"), item("C", 1, "0.99")];
    let priced = price(basket("100.00", &items), &book);
    // 1.5045 + 10 + 0.0594 = 11.5639
    assert_eq!(npr().format(priced.amount), "11.56");
    assert_eq!(priced.base, decimal("31.02"));
    let shown: Decimal = priced.lines.iter().map(|line| line.amount).sum();
    assert_eq!(shown, priced.amount);
    assert_eq!(priced.leading_rule().map(|rule| rule.level), Some(Level::Product));
}

#[test]
fn lines_above_the_order_total_are_scaled_down_to_it() {
    let items = [item("A", 3, "10.00"), item("B", 1, "30.00")];
    let priced = price(basket("30.00", &items), &merchant(Kind::Percent(1000)));
    assert_eq!(npr().format(priced.amount), "3.00");
    assert_eq!(priced.base, decimal("30.00"));
}

#[test]
fn a_cap_bounds_the_lines_under_its_rule_together() {
    let mut book = merchant(Kind::Percent(1000));
    book.0[0].cap = Some(decimal("5"));
    book.0[0].currency = Some(npr());
    let items = [item("A", 1, "33.33"), item("B", 1, "33.33"), item("C", 1, "33.33")];
    let priced = price(basket("99.99", &items), &book);
    assert_eq!(npr().format(priced.amount), "5.00");
}

#[test]
fn a_flat_rule_pays_once_per_order_and_a_product_s_for_each_unit() {
    let items = [item("A", 2, "10.00"), item("B", 3, "10.00")];
    let shown = |book: &RuleBook| -> Vec<String> {
        let priced = price(basket("50.00", &items), book);
        priced.lines.iter().map(|line| npr().format(line.amount)).collect()
    };
    assert_eq!(shown(&merchant(Kind::Flat(decimal("5")))), ["5.00", "0.00"]);
    let product =
        |id, sku: &str| rule(id, Subject::Product(sku.to_owned()), Kind::Flat(decimal("5")));
    assert_eq!(shown(&RuleBook(vec![product(1, "A"), product(2, "B")])), ["10.00", "15.00"]);
}

#[test]
fn the_largest_remainder_gets_the_last_minor_unit() {
    // 10.001 and 0.009 make 10.01.
    let items = [item("A", 1, "100.01"), item("B", 1, "0.09")];
    let priced = price(basket("100.10", &items), &merchant(Kind::Percent(1000)));
    let shown: Vec<_> = priced.lines.iter().map(|line| npr().format(line.amount)).collect();
    assert_eq!(shown, ["10.00", "0.01"]);
}

#[test]
fn what_is_free_under_a_cap_of_zero_earns_zero() {
    let mut book = merchant(Kind::Percent(1000));
    book.0[0].cap = Some(Decimal::ZERO);
    book.0[0].currency = Some(npr());
    let items = [item("A", 1, "0.00"), item("B", 1, "0.00")];
    let priced = price(basket("0.00", &items), &book);
    assert_eq!((priced.base, priced.amount), (Decimal::ZERO, Decimal::ZERO));
}

proptest! {
    #[test]
    fn no_basket_panics_and_shown_lines_sum_to_the_amount(
        lines in proptest::collection::vec(
            (1u32..=1_000_000, 0u64..=99_999_999_999_999_999),
            1..20,
        ),
        total in 0u64..=99_999_999_999_999_999,
        bps in 0u32..=10_000,
        cap in proptest::option::of(0u64..1_000_000),
    ) {
        let items: Vec<Item> = lines
            .iter()
            .enumerate()
            .map(|(n, (quantity, cents))| Item {
                sku: format!("S{n}"),
                quantity: *quantity,
                unit_price: Decimal::new(i64::try_from(*cents).expect("17 digits"), 2),
            })
            .collect();
        let mut book = merchant(Kind::Percent(bps));
        book.0[0].cap = cap.map(|cap| Decimal::new(i64::try_from(cap).expect("small"), 2));
        book.0[0].currency = Some(npr());
        let order_amount = Decimal::new(i64::try_from(total).expect("17 digits"), 2);
        let priced = price(Basket { order_amount, ..basket("0", &items) }, &book);
        let shown: Decimal = priced.lines.iter().map(|line| line.amount).sum();
        prop_assert_eq!(shown, priced.amount);
        prop_assert!(priced.base <= order_amount);
        let most = order_amount * Decimal::new(i64::from(bps), 4) + Decimal::new(1, 2);
        prop_assert!(priced.amount <= most);
    }
}
