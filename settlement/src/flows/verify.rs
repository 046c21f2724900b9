//! Rebuilds the books from the recorded inputs and compares them with what is stored (MONEY §12).
//!
//! One read-only transaction sees everything as it is at one moment, so it can run while settling
//! goes on: an event that is not settled yet is left out, with all that will follow from it.

mod entered;
mod page;

use crate::domain::clock::Move;
use crate::domain::order::Scope;
use crate::domain::rebuild::{Difference, Moved};
use crate::error::Fault;
use crate::store::verify::OffRow;
use crate::store::{instant, verify};
use rust_decimal::Decimal;
use shared::event::Event;
use shared::id::{Environment, EventKind, MerchantId};
use shared::keys::ClickKeys;
use sqlx::{PgConnection, PgPool};

/// Differences kept to be shown at most; the rest are counted.
pub const DIFFERENCES_MAX: usize = 100;
/// Rows of one whole-scope check listed at most.
const ROWS_MAX: i64 = 20;

/// How far a verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Orders rebuilt so far.
    pub orders: u64,
    /// Orders there are.
    pub orders_total: u64,
}

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Orders rebuilt.
    pub orders: u64,
    /// Transfers compared.
    pub transfers: u64,
    /// Events that wait to be settled, and are left out.
    pub waiting: u64,
    /// The first differences.
    pub differences: Vec<Difference>,
    /// Differences beyond those.
    pub more_differences: u64,
}

impl Verified {
    /// Whether the stored books are what the recorded inputs make.
    pub fn holds(&self) -> bool {
        self.differences.is_empty()
    }

    fn add(&mut self, found: impl IntoIterator<Item = Difference>) {
        for difference in found {
            if self.differences.len() < DIFFERENCES_MAX {
                self.differences.push(difference);
            } else {
                self.more_differences += 1;
            }
        }
    }
}

/// Verifies every merchant's books in both environments.
pub async fn run(
    pool: &PgPool,
    click_keys: &ClickKeys,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Verified, Fault> {
    let mut transaction = verify::begin(pool).await?;
    let connection = &mut *transaction;
    let (orders_total, waiting) = verify::counts(connection).await?;
    let mut verified = Verified { waiting: waiting.unsigned_abs(), ..Verified::default() };
    for merchant in verify::merchants(connection).await? {
        for environment in [Environment::Live, Environment::Test] {
            let scope = Scope { environment, merchant: MerchantId(merchant) };
            let moves = moves(connection, scope, &mut verified).await?;
            verify::open_orders(connection, scope).await?;
            loop {
                let named = verify::next_orders(connection).await?;
                if named.is_empty() {
                    break;
                }
                verified.orders += named.len() as u64;
                verified.transfers += named.iter().map(|n| n.transfers.len() as u64).sum::<u64>();
                let found = page::verify(connection, click_keys, scope, &moves, &named).await?;
                verified.add(found);
                let orders_total = orders_total.unsigned_abs().max(verified.orders);
                progress(Progress { orders: verified.orders, orders_total });
            }
            verify::close_orders(connection).await?;
            whole_scope(connection, scope, &mut verified).await?;
        }
    }
    let amounts = verify::wrong_amounts(connection, ROWS_MAX).await?;
    verified.add(amounts.iter().map(|row| off("amount of a payout", row)));
    let answers = verify::wrong_answers(connection, ROWS_MAX).await?;
    verified.add(answers.iter().map(|row| off("answer to a payout", row)));
    transaction.rollback().await?;
    Ok(verified)
}

/// The clock's moves; each must be what its event says.
async fn moves(
    connection: &mut PgConnection,
    scope: Scope,
    verified: &mut Verified,
) -> Result<Vec<Moved>, Fault> {
    let mut moves = Vec::new();
    for row in verify::moves(connection, scope).await? {
        let stored = row.real_at.zip(row.seconds).map(|(at, seconds)| Move {
            real_at: instant::from_row(at),
            seconds: i64::from(seconds),
        });
        let text = row.body.as_deref().and_then(|body| std::str::from_utf8(body).ok());
        let event = text.and_then(|text| Event::from_json(EventKind::ClockAdvance, text).ok());
        let told = match (event, row.received_at) {
            (Some(Event::ClockAdvance(by)), Some(at)) => {
                Some(Move { real_at: instant::from_row(at), seconds: i64::from(by.seconds) })
            }
            _ => None,
        };
        if stored != told {
            let (stored, told) = (format!("{stored:?}"), format!("{told:?}"));
            verified.add([Difference::of(&row.event_id, "clock_move", &stored, &told)]);
        }
        if let (Some(by), Some(seq), Some(settled_at)) = (told, row.seq, row.settled_at) {
            let seq = seq.unsigned_abs();
            moves.push(Moved { settled_at: instant::from_row(settled_at), seq, by });
        }
    }
    Ok(moves)
}

/// What is no single order's.
async fn whole_scope(
    connection: &mut PgConnection,
    scope: Scope,
    verified: &mut Verified,
) -> Result<(), Fault> {
    let stray = verify::stray_events(connection, scope, ROWS_MAX).await?;
    let stray = stray.iter().map(|(id, code)| Difference::of(id, "outcome", code, "a conversion"));
    verified.add(stray);
    let payouts = verify::wrong_payouts(connection, scope, ROWS_MAX).await?;
    let payouts = payouts.iter().map(|(key, posted, wanted)| {
        let shown =
            |amount: &Option<_>| amount.map_or("none".to_owned(), |a: Decimal| a.to_string());
        Difference::of(key, "payout transfer", &shown(posted), &shown(wanted))
    });
    verified.add(payouts);
    entered::verify(connection, scope, verified).await?;
    let items = verify::wrong_items(connection, scope, ROWS_MAX).await?;
    verified.add(items.iter().map(|row| off("payable item", row)));
    let lines = verify::wrong_item_lines(connection, scope, ROWS_MAX).await?;
    verified.add(lines.iter().map(|row| off("payout line", row)));
    let unbalanced = verify::unbalanced(connection, scope, ROWS_MAX).await?;
    let unbalanced = unbalanced.iter().map(|(key, sum)| {
        Difference::of(key, "sum of a transfer", &sum.to_string(), "0, in one currency")
    });
    verified.add(unbalanced);
    Ok(())
}

fn off(what: &str, row: &OffRow) -> Difference {
    let shown = |side: &Option<String>| side.clone().unwrap_or_else(|| "none".to_owned());
    Difference::of(&row.subject, what, &shown(&row.stored), &shown(&row.wanted))
}
