//! A reconciled day as merchants read it.

use super::{amount, at};
use crate::domain::reconcile::{Comparison, Difference, FieldDifference, Span};
use crate::store::reconcile::OrderRow;
use jiff::civil::Date;
use serde::Serialize;
use shared::time::format_instant;
use utoipa::ToSchema;

/// A merchant's day of orders beside ours. Lists hold at most 1,000 entries; the counts tell the
/// whole.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Reconciliation)]
pub struct Shown {
    /// The day.
    #[schema(example = "2026-06-14")]
    date: String,
    /// The merchant's time zone, IANA name.
    #[schema(example = "Asia/Kathmandu")]
    time_zone: String,
    /// The first instant of the day. An order is of the day when its `orderedAt` is not before
    /// this and before `to`; with a test key that is test time.
    from: String,
    /// The first instant of the next day.
    to: String,
    /// How many of each.
    counts: Counts,
    /// Order ids that are not known here on any day, in the order sent. An order accepted in the
    /// last moments may still be on its way.
    missing: Vec<String>,
    /// Orders that both have, not alike, in the order sent.
    different: Vec<Different>,
    /// Orders of that day which were not sent, the earliest first.
    extra: Vec<Extra>,
}

/// How many orders there are of each kind.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReconciliationCounts)]
pub struct Counts {
    /// Sent.
    sent: usize,
    /// Both have alike, on that day.
    matching: usize,
    /// Not known here.
    missing: usize,
    /// Both have, not alike.
    different: usize,
    /// Not sent.
    extra: usize,
}

/// An order that both have, not alike.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReconciliationDifference)]
pub struct Different {
    /// The merchant's order id.
    external_order_id: String,
    /// What differs; empty when only the day does.
    fields: Vec<Unlike>,
    /// The day it was placed on here, when it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    other_day: Option<String>,
}

/// A field in which the two differ.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReconciliationField)]
pub struct Unlike {
    /// `status`: the latest recorded; or `amount`: the order's total as reported, refunds aside,
    /// compared as a number.
    field: &'static str,
    /// As sent.
    yours: String,
    /// As it is here.
    ours: String,
}

/// An order of ours that was not sent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReconciliationExtra)]
pub struct Extra {
    /// The merchant's order id.
    external_order_id: String,
    /// Its latest status.
    status: String,
    /// Its total as reported.
    amount: String,
    /// ISO 4217.
    currency: String,
    /// When it was placed.
    ordered_at: String,
}

/// A comparison as merchants read it.
pub fn shown(
    date: Date,
    time_zone: &str,
    span: Span,
    comparison: &Comparison,
    (extra, extra_total): (&[OrderRow], usize),
    listed_max: usize,
) -> Shown {
    let Comparison { matching, missing, different } = comparison;
    Shown {
        date: date.to_string(),
        time_zone: time_zone.to_owned(),
        from: format_instant(span.from),
        to: format_instant(span.to),
        counts: Counts {
            sent: matching + missing.len() + different.len(),
            matching: *matching,
            missing: missing.len(),
            different: different.len(),
            extra: extra_total,
        },
        missing: missing.iter().take(listed_max).cloned().collect(),
        different: different.iter().take(listed_max).map(different_order).collect(),
        extra: extra.iter().take(listed_max).map(extra_order).collect(),
    }
}

fn different_order(order: &Difference) -> Different {
    let field = |field: &FieldDifference| Unlike {
        field: field.field,
        yours: field.yours.clone(),
        ours: field.ours.clone(),
    };
    Different {
        external_order_id: order.external_order_id.clone(),
        fields: order.fields.iter().map(field).collect(),
        other_day: order.other_day.map(|day| day.to_string()),
    }
}

fn extra_order(row: &OrderRow) -> Extra {
    Extra {
        external_order_id: row.external_order_id.clone(),
        status: row.order_status.clone(),
        amount: amount(row.order_amount, &row.currency),
        currency: row.currency.clone(),
        ordered_at: at(row.ordered_at),
    }
}
