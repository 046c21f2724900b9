//! A payout's statement: read, put into the model, and rendered as a page that prints well.

mod page;
#[cfg(test)]
mod tests;

use crate::domain::commission::Terms;
use crate::domain::payout::plan::Minimums;
use crate::domain::statement::words::{self, Standing};
use crate::domain::statement::{
    Balance, Head, Money, OrderLine, OtherLine, Rejected, Section, Statement, Waiting,
};
use crate::error::Fault;
use crate::store::instant::from_row;
use crate::store::payout::open::minimums;
use crate::store::statement::standing::{self, BalanceRow, StandingRow};
use crate::store::statement::{self as store, HeadRow, ItemRow, OrderLineRow, StatementKey};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use shared::money::Currency;
use sqlx::PgConnection;
use uuid::Uuid;

pub use page::{balances, html};

/// Rows of the lists of what is not paid, each, at most; newer ones come first.
pub const ROWS_SHOWN_MAX: usize = 200;

/// Reads a payout's statement. A merchant's (`merchant_id`) has that merchant's own lines and
/// balances alone. Without a zone instants are shown on the clock of the first merchant on it, by
/// name.
pub async fn of_payout(
    connection: &mut PgConnection,
    payout_id: Uuid,
    merchant_id: Option<Uuid>,
    zone: Option<TimeZone>,
    now: Timestamp,
) -> Result<Statement, Fault> {
    let head = store::head(connection, payout_id).await?.ok_or(Fault::NotFound("payout"))?;
    let (affiliate, environment) = (head.affiliate_id, head.environment.clone());
    let rows_max = i64::try_from(ROWS_SHOWN_MAX + 1).unwrap_or(i64::MAX);
    let is_own = merchant_id.is_some();
    // A test payout is one merchant's, and so is everything beside it.
    let merchant_id = merchant_id.or(head.merchant_id);
    let key = StatementKey { payout_id, merchant_id, rows_max };
    let orders = store::order_lines(connection, key).await?;
    let items = store::item_lines(connection, key).await?;
    if is_own && orders.is_empty() && items.is_empty() {
        return Err(Fault::NotFound("payout"));
    }
    let zone = zone.unwrap_or_else(|| zone_of(&orders, &items));
    let open = store::open_items(connection, key, affiliate, &environment).await?;
    let waiting = standing::waiting(connection, key, affiliate, &environment).await?;
    let period = (head.from_at, head.cut_off_at);
    let rejected = standing::rejected(connection, key, affiliate, &environment, period).await?;
    let rows = standing::balances(connection, affiliate, &environment, merchant_id).await?;
    let more_waiting = waiting.len() > ROWS_SHOWN_MAX || open.len() > ROWS_SHOWN_MAX;
    let more_rejected = rejected.len() > ROWS_SHOWN_MAX;
    let minimums = minimums(connection, &environment).await?;
    let carried = open.iter().take(ROWS_SHOWN_MAX).map(|row| carried_over(row, &minimums));
    let set_off =
        |code: &str| rows.iter().any(|r| r.currency == code && r.payable <= Decimal::ZERO);
    let not_yet = waiting.iter().take(ROWS_SHOWN_MAX);
    let not_yet = not_yet.map(|row| not_yet_of(row, &zone, &minimums, set_off(&row.currency)));
    Ok(Statement {
        affiliate: head.affiliate.clone(),
        sections: sections(&orders, &items)?,
        waiting: carried.chain(not_yet).collect::<Result<_, _>>()?,
        more_waiting,
        rejected: rejected.iter().take(ROWS_SHOWN_MAX).map(never).collect::<Result<_, _>>()?,
        more_rejected,
        balances: rows.iter().map(balance).collect::<Result<_, _>>()?,
        payout: head_of(payout_id, &head)?,
        zone,
        printed_at: now,
    })
}

fn head_of(payout_id: Uuid, row: &HeadRow) -> Result<Head, Fault> {
    Ok(Head {
        payout_id,
        is_test: row.environment == "test",
        state: row.state.clone(),
        currency: currency(&row.currency)?,
        from: row.from_at.map(from_row),
        until: from_row(row.cut_off_at),
        sent_at: row.processing_at.map(from_row),
        answered_at: row.answered_at.map(from_row),
        method: row.masked.clone(),
        reason: row.reason.clone(),
    })
}

/// Rows come by merchant; a merchant may have lines of one kind alone.
fn sections(orders: &[OrderLineRow], items: &[ItemRow]) -> Result<Vec<Section>, Fault> {
    let mut names: Vec<_> = orders.iter().map(|row| &row.merchant).collect();
    names.extend(items.iter().map(|row| &row.merchant));
    names.sort_unstable();
    names.dedup();
    let section = |name: &String| {
        let orders = orders.iter().filter(|row| row.merchant == *name).map(order_line);
        let others = items.iter().filter(|row| row.merchant == *name).map(|row| OtherLine {
            what: what(row),
            at: from_row(row.effective_at),
            amount: row.amount,
        });
        let (orders, others) = (orders.collect::<Result<_, _>>()?, others.collect());
        Ok(Section { merchant: name.clone(), orders, others })
    };
    names.into_iter().map(section).collect()
}

fn order_line(row: &OrderLineRow) -> Result<OrderLine, Fault> {
    let terms = terms(&row.terms)?;
    let base = Money { currency: terms.currency, amount: terms.base };
    let rules = terms.lines.iter().filter_map(|line| line.rule.as_ref());
    let own = terms.lines.iter().filter(|line| line.rule.as_ref() == Some(&terms.rule));
    let pieces = own.map(|line| u64::from(line.quantity)).sum();
    let has_other_rules = rules.into_iter().any(|rule| *rule != terms.rule);
    Ok(OrderLine {
        ordered_at: from_row(row.ordered_at),
        conversion_id: row.conversion_id.clone(),
        order_amount: row.order_amount,
        terms: words::terms(&terms.rule, base, pieces, has_other_rules),
        commission: row.amount,
        net: row.net,
    })
}

/// What a line that is no commission is.
fn what(row: &ItemRow) -> String {
    let of = |amount: Option<Decimal>, code: &Option<String>| {
        let currency = code.as_deref().and_then(Currency::parse)?;
        Some(words::money(Money { currency, amount: amount? }))
    };
    let reason = row.reason.as_deref().unwrap_or_default();
    match row.kind.as_str() {
        "correction" => {
            let commission = row.commission_id.as_deref().unwrap_or_default();
            format!("Correction of {}: {reason}", commission.replacen("com_", "cnv_", 1))
        }
        "bank_return" => format!("Returned by the bank: payout {}", row.source),
        "write_off" => format!("Given up by the network: {reason}"),
        _ => match (of(row.from_amount, &row.from_currency), of(row.to_amount, &row.to_currency)) {
            (Some(from), Some(to)) => {
                let rate = row.rate.unwrap_or_default().normalize();
                let dated = row.dated.as_deref().unwrap_or_default();
                format!("Converted from {from} to {to} at {rate}, the rate of {dated}")
            }
            _ => "Converted to another currency".to_owned(),
        },
    }
}

fn carried_over(row: &ItemRow, minimums: &Minimums) -> Result<Waiting, Fault> {
    let currency = currency(&row.currency)?;
    let minimum = minimum_of(currency, minimums);
    let net = Money { currency, amount: row.amount };
    Ok(Waiting {
        at: from_row(row.effective_at),
        what: what(row),
        merchant: row.merchant.clone(),
        net,
        why: words::why_carried(net, row.held_by.as_deref(), minimum),
    })
}

fn not_yet_of(
    row: &StandingRow,
    zone: &TimeZone,
    minimums: &Minimums,
    is_set_off: bool,
) -> Result<Waiting, Fault> {
    let terms = terms(&row.terms)?;
    let currency = currency(&row.currency)?;
    let standing = Standing {
        state: &row.state,
        in_flight: row.in_flight,
        hold_until: row.hold_until.map(from_row),
        hold_days: terms.hold_days,
        hold_start: terms.hold_start,
        minimum: minimum_of(currency, minimums),
        is_empty: row.net_amount.is_zero(),
        held_by: row.held_by.as_deref(),
        is_set_off,
    };
    Ok(Waiting {
        at: from_row(row.ordered_at),
        what: row.conversion_id.clone(),
        merchant: row.merchant.clone(),
        net: Money { currency, amount: row.net_amount },
        why: words::why_not_yet(standing, zone),
    })
}

fn never(row: &StandingRow) -> Result<Rejected, Fault> {
    Ok(Rejected {
        ordered_at: from_row(row.ordered_at),
        conversion_id: row.conversion_id.clone(),
        merchant: row.merchant.clone(),
        commission: Money { currency: currency(&row.currency)?, amount: row.amount },
        why: words::why_not(row.told.as_deref()),
    })
}

fn balance(row: &BalanceRow) -> Result<Balance, Fault> {
    Ok(Balance {
        currency: currency(&row.currency)?,
        pending: row.pending,
        hold: row.hold,
        approved: row.approved,
        payable: row.payable,
        in_flight: row.in_flight,
        paid: row.paid,
    })
}

/// The least that is paid in a currency, when there is one.
fn minimum_of(currency: Currency, minimums: &Minimums) -> Option<Money> {
    let amount = minimums.get(&currency).copied().filter(|amount| !amount.is_zero())?;
    Some(Money { currency, amount })
}

/// The clock of the first merchant on the statement, by name, whichever kind its lines are.
fn zone_of(orders: &[OrderLineRow], items: &[ItemRow]) -> TimeZone {
    let orders = orders.iter().map(|row| (&row.merchant, &row.time_zone));
    let first = orders.chain(items.iter().map(|row| (&row.merchant, &row.time_zone))).min();
    first.and_then(|(_, zone)| TimeZone::get(zone).ok()).unwrap_or(TimeZone::UTC)
}

fn currency(code: &str) -> Result<Currency, Fault> {
    Currency::parse(code).ok_or_else(|| Fault::Corrupt(format!("{code} is no currency")))
}

fn terms(frozen: &serde_json::Value) -> Result<Terms, Fault> {
    serde_json::from_value(frozen.clone())
        .map_err(|_| Fault::Corrupt("a commission's terms cannot be read".to_owned()))
}
