//! A merchant's day of orders beside ours: which we do not know, and what differs.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use shared::money::Currency;
use shared::validate::resource::{Day, DayOrder};
use std::collections::HashMap;

/// A day in a time zone, from its first instant to the next day's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first instant of the day.
    pub from: Timestamp,
    /// The first instant of the next day.
    pub to: Timestamp,
}

/// The span of a day; `None` at the end of the calendar. A day that begins with a clock change
/// begins after it.
pub fn span(date: Date, zone: &TimeZone) -> Option<Span> {
    let begins = |date: Date| Some(date.to_zoned(zone.clone()).ok()?.timestamp());
    Some(Span { from: begins(date)?, to: begins(date.tomorrow().ok()?)? })
}

/// An order as we have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownOrder {
    /// The merchant's order id.
    pub external_order_id: String,
    /// Its latest status.
    pub status: String,
    /// Its total as reported.
    pub amount: Decimal,
    /// Of the total.
    pub currency: Currency,
    /// When it was placed.
    pub ordered_at: Timestamp,
}

/// A field in which the two differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldDifference {
    /// `status` or `amount`.
    pub field: &'static str,
    /// As the merchant has it.
    pub yours: String,
    /// As we have it.
    pub ours: String,
}

/// An order that both have, not alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The merchant's order id.
    pub external_order_id: String,
    /// What differs; nothing when only the day does.
    pub fields: Vec<FieldDifference>,
    /// The day we have it on, when it is another.
    pub other_day: Option<Date>,
}

/// What comparing a day says of the orders the merchant sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// How many both have alike.
    pub matching: usize,
    /// Ids we do not know, in the order sent.
    pub missing: Vec<String>,
    /// What both have, not alike, in the order sent.
    pub different: Vec<Difference>,
}

/// Compares the orders sent with those of ours that have their ids, from whatever day.
pub fn compare(day: &Day, known: &[KnownOrder], zone: &TimeZone) -> Comparison {
    let known: HashMap<&str, &KnownOrder> =
        known.iter().map(|order| (order.external_order_id.as_str(), order)).collect();
    let mut comparison = Comparison::default();
    for sent in &day.orders {
        let Some(ours) = known.get(sent.external_order_id.as_str()) else {
            comparison.missing.push(sent.external_order_id.clone());
            continue;
        };
        let placed_on = zone.to_datetime(ours.ordered_at).date();
        let other_day = (placed_on != day.date).then_some(placed_on);
        let fields = differing_fields(sent, ours);
        if fields.is_empty() && other_day.is_none() {
            comparison.matching += 1;
        } else {
            let external_order_id = sent.external_order_id.clone();
            comparison.different.push(Difference { external_order_id, fields, other_day });
        }
    }
    comparison
}

fn differing_fields(sent: &DayOrder, ours: &KnownOrder) -> Vec<FieldDifference> {
    let mut fields = Vec::new();
    if sent.status.as_str() != ours.status {
        fields.push(FieldDifference {
            field: "status",
            yours: sent.status.as_str().to_owned(),
            ours: ours.status.clone(),
        });
    }
    if sent.amount != ours.amount {
        fields.push(FieldDifference {
            field: "amount",
            yours: sent.amount.to_string(),
            ours: ours.currency.format(ours.amount),
        });
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use shared::order_status::OrderStatus;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant of the test")
    }

    fn sent(id: &str, status: OrderStatus, amount: &str) -> DayOrder {
        let amount = amount.parse().expect("a decimal of the test");
        DayOrder { external_order_id: id.to_owned(), status, amount }
    }

    fn ours(id: &str, status: &str, amount: &str, ordered_at: &str) -> KnownOrder {
        KnownOrder {
            external_order_id: id.to_owned(),
            status: status.to_owned(),
            amount: amount.parse().expect("a decimal of the test"),
            currency: Currency::parse("NPR").expect("a currency of the test"),
            ordered_at: at(ordered_at),
        }
    }

    #[test]
    fn a_day_begins_at_midnight_of_its_zone_whatever_its_length() {
        let cases = [
            ("UTC", date(2026, 6, 14), "2026-06-14T00:00:00Z", "2026-06-15T00:00:00Z"),
            ("Asia/Kathmandu", date(2026, 6, 14), "2026-06-13T18:15:00Z", "2026-06-14T18:15:00Z"),
            // 23 and 25 hours.
            ("Europe/Berlin", date(2026, 3, 29), "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
            ("Europe/Berlin", date(2026, 10, 25), "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
            // Midnight itself was skipped: the day begins at one o'clock.
            (
                "America/Sao_Paulo",
                date(2018, 11, 4),
                "2018-11-04T03:00:00Z",
                "2018-11-05T02:00:00Z",
            ),
        ];
        for (zone, day, from, to) in cases {
            let zone = TimeZone::get(zone).expect("a zone of the test");
            assert_eq!(
                span(day, &zone),
                Some(Span { from: at(from), to: at(to) }),
                "{zone:?} {day}"
            );
        }
        assert_eq!(span(Date::MAX, &TimeZone::UTC), None);
    }

    #[test]
    fn alike_missing_different_and_on_another_day_are_told_apart() {
        let day = Day {
            date: date(2026, 6, 14),
            orders: vec![
                sent("same", OrderStatus::Paid, "10.0"),
                sent("unknown", OrderStatus::Paid, "10"),
                sent("moved on", OrderStatus::Paid, "10"),
                sent("other total", OrderStatus::Paid, "10.01"),
                sent("night before", OrderStatus::Paid, "10"),
                sent("all wrong", OrderStatus::Pending, "1"),
            ],
        };
        let noon = "2026-06-14T06:15:00Z";
        let known = [
            ours("same", "paid", "10.00", "2026-06-13T18:15:00Z"),
            ours("moved on", "delivered", "10", noon),
            ours("other total", "paid", "10", noon),
            ours("night before", "paid", "10", "2026-06-13T18:14:59Z"),
            ours("all wrong", "paid", "2", "2026-06-14T18:15:00Z"),
            ours("not sent", "paid", "2", noon),
        ];
        let zone = TimeZone::get("Asia/Kathmandu").expect("a zone of the test");
        let comparison = compare(&day, &known, &zone);
        assert_eq!((comparison.matching, comparison.missing), (1, vec!["unknown".to_owned()]));
        let shown: Vec<_> = comparison
            .different
            .iter()
            .map(|one| {
                let fields: Vec<_> = one
                    .fields
                    .iter()
                    .map(|field| format!("{} {} {}", field.field, field.yours, field.ours))
                    .collect();
                let day = one.other_day.map(|day| day.to_string()).unwrap_or_default();
                format!("{}: {} {day}", one.external_order_id, fields.join(", "))
            })
            .collect();
        assert_eq!(
            shown,
            [
                "moved on: status paid delivered ",
                "other total: amount 10.01 10.00 ",
                "night before:  2026-06-13",
                "all wrong: status pending paid, amount 1 2.00 2026-06-15",
            ]
        );
    }
}
