//! The statement as a page: no script, any width, light and dark, and on paper.

use crate::domain::statement::words::{day, instant, money, orders_headed, progress};
use crate::domain::statement::{Balance, Money, OrderLine, OtherLine, Section, Statement};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use rust_decimal::Decimal;

const STYLE: &str = include_str!("style.css");

/// The whole page.
pub fn html(statement: &Statement) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { "Statement – " (statement.affiliate) " – " (money(statement.total())) }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (top(statement))
                    @for section in &statement.sections { (of_merchant(statement, section)) }
                    (total(statement))
                    (waiting(statement))
                    (rejected(statement))
                    (balances(&statement.balances))
                }
                (footer(statement))
            }
        }
    };
    page.into_string()
}

fn top(statement: &Statement) -> Markup {
    let (payout, zone) = (&statement.payout, &statement.zone);
    html! {
        header {
            p.brand { strong { "Khata" } " " span { "statement" } }
            @if payout.is_test { p.test { "Test: no money moves." } }
            h1 { (statement.affiliate) }
            p.sum { (money(statement.total())) }
            p.progress { (progress(payout, zone)) }
            dl {
                div {
                    dt { "Period" }
                    dd {
                        @match payout.from {
                            Some(from) => { "After " (instant(from, zone)) },
                            None => { "From the beginning" },
                        }
                        " until " (instant(payout.until, zone))
                    }
                }
                div {
                    dt { "Paid by" }
                    dd { (payout.method.as_deref().unwrap_or("not chosen yet")) }
                }
                div { dt { "Payout" } dd { code { (payout.payout_id) } } }
            }
        }
    }
}

fn of_merchant(statement: &Statement, section: &Section) -> Markup {
    let of = |amount| whole(Money { amount, currency: statement.payout.currency });
    html! {
        section {
            h2 { (section.merchant) }
            @if !section.orders.is_empty() { (orders(statement, &section.orders)) }
            @if !section.others.is_empty() { (others(statement, &section.others)) }
            p.subtotal { span { (section.merchant) " together" } " " strong { (of(section.sum())) } }
        }
    }
}

fn orders(statement: &Statement, lines: &[OrderLine]) -> Markup {
    let of = |amount| whole(Money { amount, currency: statement.payout.currency });
    let headings =
        ["Order date", "Conversion", "Order", "Terms", "Commission", "Taken back", "Net"];
    table(
        orders_headed(&statement.payout),
        &headings,
        &html! {
            @for line in lines {
                (row(&headings, &[
                    html! { (day(line.ordered_at, &statement.zone)) },
                    html! { code { (line.conversion_id) } },
                    of(line.order_amount),
                    html! { (line.terms) },
                    of(line.commission),
                    taken_back(line, &of),
                    html! { strong { (of(line.net)) } },
                ]))
            }
        },
    )
}

fn taken_back(line: &OrderLine, of: &dyn Fn(Decimal) -> Markup) -> Markup {
    let taken = line.commission - line.net;
    html! { @if taken.is_zero() { "–" } @else { (of(-taken)) } }
}

fn others(statement: &Statement, lines: &[OtherLine]) -> Markup {
    let headings = ["Date", "What", "Amount"];
    let of = |amount| whole(Money { amount, currency: statement.payout.currency });
    table(
        "Other lines",
        &headings,
        &html! {
            @for line in lines {
                (row(&headings, &[
                    html! { (day(line.at, &statement.zone)) },
                    html! { (line.what) },
                    html! { strong { (of(line.amount)) } },
                ]))
            }
        },
    )
}

fn total(statement: &Statement) -> Markup {
    html! { p.total { span { "This payout" } " " strong { (money(statement.total())) } } }
}

fn waiting(statement: &Statement) -> Markup {
    let headings = ["Order date", "Conversion", "Shop", "Net", "Why not yet"];
    html! {
        section {
            h2 { "Not in this payout" }
            @if statement.waiting.is_empty() { p.quiet { "Nothing else waits." } }
            @else {
                (table("What waits, and why", &headings, &html! {
                    @for one in &statement.waiting {
                        (row(&headings, &[
                            html! { (day(one.at, &statement.zone)) },
                            what(&one.what),
                            html! { (one.merchant) },
                            whole(one.net),
                            html! { (one.why) },
                        ]))
                    }
                }))
            }
            @if statement.more_waiting { p.quiet { "More waits than is listed here." } }
        }
    }
}

fn what(text: &str) -> Markup {
    html! { @if text.starts_with("cnv_") { code { (text) } } @else { (text) } }
}

fn rejected(statement: &Statement) -> Markup {
    let headings = ["Order date", "Conversion", "Shop", "Commission", "Why not"];
    html! {
        @if !statement.rejected.is_empty() {
            section {
                h2 { "Will not be paid" }
                (table("Rejected in this period", &headings, &html! {
                    @for one in &statement.rejected {
                        (row(&headings, &[
                            html! { (day(one.ordered_at, &statement.zone)) },
                            html! { code { (one.conversion_id) } },
                            html! { (one.merchant) },
                            html! { s { (whole(one.commission)) } },
                            html! { (one.why) },
                        ]))
                    }
                }))
                @if statement.more_rejected { p.quiet { "More was rejected than is listed here." } }
            }
        }
    }
}

/// An affiliate's balances, a row per currency; never a sum over currencies.
pub fn balances(balances: &[Balance]) -> Markup {
    let headings =
        ["Currency", "Pending", "On hold", "In review", "Payable", "On its way", "Paid out"];
    html! {
        section {
            h2 { "Balances" }
            @if balances.is_empty() { p.quiet { "Nothing was earned yet." } }
            @else {
                (table("Where everything stands today", &headings, &html! {
                    @for balance in balances {
                        @let of = |amount| whole(Money { amount, currency: balance.currency });
                        (row(&headings, &[
                            html! { strong { (balance.currency) } },
                            of(balance.pending),
                            of(balance.hold),
                            of(balance.approved),
                            of(balance.payable),
                            of(balance.in_flight),
                            of(balance.paid),
                        ]))
                    }
                }))
            }
        }
    }
}

/// An amount that no line breaks.
fn whole(amount: Money) -> Markup {
    html! { span.money { (money(amount)) } }
}

/// A table whose rows stand as blocks on a narrow screen, each cell under its heading. The roles
/// say again what it is, which the blocks would take away.
fn table(caption: &str, headings: &[&str], rows: &Markup) -> Markup {
    // A last column that is summed below stands above its sum.
    let is_summed = headings.last().is_some_and(|last| ["Net", "Amount"].contains(last));
    html! {
        table.summed[is_summed] role="table" {
            caption { (caption) }
            thead role="rowgroup" {
                tr role="row" {
                    @for heading in headings { th role="columnheader" scope="col" { (heading) } }
                }
            }
            tbody role="rowgroup" { (rows) }
        }
    }
}

fn row(headings: &[&str], cells: &[Markup]) -> Markup {
    html! {
        tr role="row" {
            @for (heading, cell) in headings.iter().zip(cells) {
                td role="cell" data-heading=(heading) { (cell) }
            }
        }
    }
}

fn footer(statement: &Statement) -> Markup {
    let name = statement.zone.iana_name().unwrap_or("UTC");
    html! {
        footer {
            p {
                "Printed " (instant(statement.printed_at, &statement.zone)) ". Times are those of "
                (name) ". Amounts in different currencies are never added."
            }
        }
    }
}
