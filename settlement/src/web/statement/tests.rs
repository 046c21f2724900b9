//! Tests of the statement's page.

use super::*;
use crate::domain::statement::words::money;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn npr(amount: &str) -> Money {
    Money { currency: Currency::parse("NPR").unwrap(), amount: amount.parse().unwrap() }
}

fn order(conversion_id: &str, commission: &str, net: &str) -> OrderLine {
    OrderLine {
        ordered_at: at("2026-06-14T20:00:00Z"),
        conversion_id: conversion_id.to_owned(),
        order_amount: npr("2999").amount,
        terms: "10 % of NPR 2,999.00".to_owned(),
        commission: npr(commission).amount,
        net: npr(net).amount,
    }
}

fn statement() -> Statement {
    let balance = |code: &str, payable: &str| Balance {
        currency: Currency::parse(code).unwrap(),
        pending: Decimal::ZERO,
        hold: npr("120").amount,
        approved: Decimal::ZERO,
        payable: npr(payable).amount,
        in_flight: Decimal::ZERO,
        paid: npr("10499.63").amount,
    };
    Statement {
        affiliate: "Asha <Gurung> & Co".to_owned(),
        payout: Head {
            payout_id: Uuid::nil(),
            is_test: false,
            state: "settled".to_owned(),
            currency: npr("0").currency,
            from: None,
            until: at("2026-07-05T18:15:00Z"),
            sent_at: Some(at("2026-07-06T04:10:00Z")),
            answered_at: Some(at("2026-07-07T06:00:00Z")),
            method: Some("bank ••••8901".to_owned()),
            reason: None,
        },
        sections: vec![
            Section {
                merchant: "Himal Tea".to_owned(),
                orders: vec![
                    order("cnv_one", "299.90", "299.90"),
                    order("cnv_two", "299.90", "199.93"),
                ],
                others: Vec::new(),
            },
            Section {
                merchant: "Yak Wool".to_owned(),
                orders: Vec::new(),
                others: vec![OtherLine {
                    what: "Correction of cnv_three: counted twice".to_owned(),
                    at: at("2026-07-01T00:00:00Z"),
                    amount: npr("-50").amount,
                }],
            },
        ],
        waiting: vec![Waiting {
            at: at("2026-06-30T00:00:00Z"),
            what: "cnv_four".to_owned(),
            merchant: "Himal Tea".to_owned(),
            net: npr("120"),
            why: "The order can be returned until 14 July 2026, 05:45.".to_owned(),
        }],
        more_waiting: true,
        rejected: vec![Rejected {
            ordered_at: at("2026-06-20T00:00:00Z"),
            conversion_id: "cnv_five".to_owned(),
            merchant: "Himal Tea".to_owned(),
            commission: npr("80"),
            why: "The order was returned.".to_owned(),
        }],
        more_rejected: false,
        balances: vec![balance("EUR", "1"), balance("NPR", "-50")],
        zone: TimeZone::get("Asia/Kathmandu").unwrap(),
        printed_at: at("2026-07-08T00:00:00Z"),
    }
}

#[test]
fn a_statement_tells_what_is_paid_what_waits_and_what_never_will_be() {
    let page = html(&statement());
    for wanted in [
        "Asha &lt;Gurung&gt; &amp; Co",
        "NPR 449.83",
        "Paid on 7 July 2026.",
        "From the beginning until 6 July 2026, 00:00",
        "bank ••••8901",
        "15 June 2026",
        "10 % of NPR 2,999.00",
        "NPR −99.97",
        "NPR 199.93",
        "NPR 499.83",
        "Correction of cnv_three: counted twice",
        "NPR −50.00",
        "The order can be returned until 14 July 2026, 05:45.",
        "More waits than is listed here.",
        "The order was returned.",
        "EUR 10,499.63",
        "Asia/Kathmandu",
    ] {
        assert!(page.contains(wanted), "{wanted}");
    }
    assert!(!page.contains("<script") && !page.contains("http"), "a page is whole by itself");
}

#[test]
fn the_total_is_the_sum_of_the_sections_in_one_currency() {
    let statement = statement();
    assert_eq!(money(statement.total()), "NPR 449.83");
    let sums: Vec<_> = statement.sections.iter().map(|it| it.sum().to_string()).collect();
    assert_eq!(sums, ["499.83", "-50"]);
}

#[test]
fn a_test_payout_says_that_no_money_moves_and_an_empty_one_has_no_empty_tables() {
    let mut statement = statement();
    statement.payout.is_test = true;
    statement.waiting.clear();
    statement.rejected.clear();
    statement.balances.clear();
    statement.sections.truncate(1);
    let page = html(&statement);
    assert!(page.contains("Test: no money moves."));
    assert!(page.contains("Nothing else waits.") && page.contains("Nothing was earned yet."));
    assert!(!page.contains("Will not be paid"));
    assert_eq!(page.matches("<table").count(), 1);
}

#[test]
fn a_refused_payout_has_the_bank_s_words_and_no_table_of_orders_paid() {
    let mut statement = statement();
    assert!(html(&statement).contains("Orders paid"));
    statement.payout.state = "failed".to_owned();
    statement.payout.reason = Some("account closed".to_owned());
    let page = html(&statement);
    assert!(page.contains("Failed on 7 July 2026 (account closed): nothing was paid"));
    assert!(page.contains("Orders it was for") && !page.contains("Orders paid"));
}

#[test]
fn every_cell_names_its_heading_for_narrow_screens() {
    let page = html(&statement());
    let cells = page.matches("<td").count();
    assert!(cells > 20);
    assert_eq!(page.matches("data-heading=").count(), cells);
}
