//! What `verify` reads: recorded inputs and stored books of one scope, order by order, without a
//! lock.

mod entered;
mod paid;
mod payout;
mod risk;

pub use entered::{EnteredRow, entered, transfers_of_entries};
pub use paid::{OffRow, wrong_amounts, wrong_answers, wrong_item_lines, wrong_items};
pub use payout::{PayoutStepRow, payout_steps, wrong_payouts};
pub use risk::{risk_decisions, scores};

use super::instant;
use super::order::Keys;
use crate::domain::order::Scope;
use crate::domain::rebuild::StoredTransfer;
use rust_decimal::Decimal;
use sqlx::types::time::OffsetDateTime;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Begins a reading of everything as it is at one moment; settling goes on meanwhile.
pub async fn begin(pool: &PgPool) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    pool.begin_with("begin transaction isolation level repeatable read, read only").await
}

/// Merchants with books, oldest first.
pub async fn merchants(connection: &mut PgConnection) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "-- verify_merchants
         select merchant_id from merchant
         union select merchant_id from ledger_transfer
         order by merchant_id",
    )
    .fetch_all(connection)
    .await
}

/// An order with what names it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct NamedRow {
    /// The conversion's id, there or not.
    pub conversion_id: String,
    /// Its events.
    pub events: Vec<String>,
    /// Keys of its commission's transfers.
    pub transfers: Vec<String>,
    /// Payouts that carried its commission.
    pub payouts: Vec<Uuid>,
}

/// Opens a cursor over everything that names an order of a scope, sorted by Postgres, so that
/// neither side holds a merchant's books in memory.
pub async fn open_orders(connection: &mut PgConnection, scope: Scope) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- verify_orders
         declare verify_orders no scroll cursor for
         select conversion_id,
                coalesce(array_agg(event_id) filter (where event_id is not null), '{}') as events,
                coalesce(array_agg(transfer_key) filter (where transfer_key is not null), '{}')
                    as transfers,
                coalesce(array_agg(payout_id) filter (where payout_id is not null), '{}')
                    as payouts
         from (
             select conversion_id, null::text as event_id, null::text as transfer_key,
                 null::uuid as payout_id
             from conversion where environment = $1 and merchant_id = $2
             union all
             select conversion_id, event_id, null, null from inbox
             where environment = $1 and merchant_id = $2 and conversion_id is not null
             union all
             select conversion_id, null, null, null from order_fact
             where environment = $1 and merchant_id = $2
             union all
             select 'cnv_' || substr(split_part(transfer_key, ':', 1), 5), null, transfer_key,
                 null
             from ledger_transfer
             where environment = $1 and merchant_id = $2 and transfer_key like 'com\\_%'
             union all
             select 'cnv_' || substr(subject, 5), null, null, payout_id from payout_line
             where environment = $1 and merchant_id = $2 and kind = 'commission'
             union all
             select 'cnv_' || substr(commission_id, 5), null, null, null from risk_score
             where environment = $1 and merchant_id = $2
         ) named
         group by conversion_id
         order by conversion_id",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// The next orders of the cursor; none: it is at its end.
pub async fn next_orders(connection: &mut PgConnection) -> Result<Vec<NamedRow>, sqlx::Error> {
    sqlx::query_as("fetch forward 500 from verify_orders")
        .persistent(false)
        .fetch_all(connection)
        .await
}

/// Closes the cursor.
pub async fn close_orders(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("close verify_orders").execute(connection).await?;
    Ok(())
}

/// A settled event.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct EventRow {
    /// Its id.
    pub event_id: String,
    /// When the edge accepted it.
    pub received_at: OffsetDateTime,
    /// Its place in its stream.
    pub seq: i64,
    /// Its kind.
    pub kind: String,
    /// Its text.
    pub body: Vec<u8>,
    /// Its outcome's code.
    pub code: String,
    /// When it got it.
    pub settled_at: OffsetDateTime,
}

/// Settled events by id; those that wait or failed are left out.
pub async fn events(
    connection: &mut PgConnection,
    scope: Scope,
    event_ids: &[String],
) -> Result<Vec<EventRow>, sqlx::Error> {
    sqlx::query_as(
        "-- verify_events
         select event_id, received_at, seq, kind, body, code, settled_at
         from inbox
         where event_id = any($3) and environment = $1 and merchant_id = $2
           and state in ('applied', 'skipped')",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .bind(event_ids)
    .fetch_all(connection)
    .await
}

#[derive(sqlx::FromRow)]
struct TransferRow {
    transfer_key: String,
    currency: String,
    effective_at: OffsetDateTime,
    created_at: OffsetDateTime,
    account: Option<String>,
    affiliate_id: Option<Uuid>,
    amount: Option<Decimal>,
}

/// Transfers by key, with their entries.
pub async fn transfers(
    connection: &mut PgConnection,
    scope: Scope,
    keys: &[String],
) -> Result<BTreeMap<String, StoredTransfer>, sqlx::Error> {
    let rows: Vec<TransferRow> = sqlx::query_as(
        "-- verify_transfers
         select transfer_key, transfer.currency, effective_at, created_at, account, affiliate_id,
                amount
         from ledger_transfer transfer
         left join ledger_entry using (environment, merchant_id, transfer_key)
         where environment = $1 and merchant_id = $2 and transfer_key = any($3)",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .bind(keys)
    .fetch_all(connection)
    .await?;
    Ok(gathered(rows))
}

/// Transfers, each with its entries.
fn gathered(rows: Vec<TransferRow>) -> BTreeMap<String, StoredTransfer> {
    let mut transfers: BTreeMap<String, StoredTransfer> = BTreeMap::new();
    for row in rows {
        let transfer = transfers.entry(row.transfer_key).or_insert_with(|| StoredTransfer {
            currency: row.currency,
            effective_at: instant::from_row(row.effective_at),
            created_at: instant::from_row(row.created_at),
            entries: BTreeMap::new(),
        });
        if let (Some(account), Some(amount)) = (row.account, row.amount) {
            transfer.entries.insert(account, (row.affiliate_id, amount));
        }
    }
    transfers
}

/// A person's decision.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct DecisionRow {
    /// On which conversion.
    pub conversion_id: String,
    /// confirm, assign or reject.
    pub decision: String,
    /// Who earns it.
    pub affiliate_id: Option<Uuid>,
    /// On which campaign's terms.
    pub campaign_id: Option<Uuid>,
    /// When it took effect.
    pub decided_at: OffsetDateTime,
    /// When it was written.
    pub created_at: OffsetDateTime,
}

/// Decisions on conversions.
pub async fn decisions(
    connection: &mut PgConnection,
    keys: &Keys,
) -> Result<Vec<DecisionRow>, sqlx::Error> {
    sqlx::query_as(
        "-- verify_decisions
         select conversion_id, decision, affiliate_id, campaign_id, decided_at, created_at
         from unnest($1::text[], $2::uuid[], $3::text[]) as want (environment, merchant_id, conversion_id)
         join review_decision using (environment, merchant_id, conversion_id)",
    )
    .bind(&keys.environments)
    .bind(&keys.merchants)
    .bind(&keys.ids)
    .fetch_all(connection)
    .await
}

/// A move of a test clock, with the event that made it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct MoveRow {
    /// Which event.
    pub event_id: String,
    /// From which instant it counts; `None`: no move is stored.
    pub real_at: Option<OffsetDateTime>,
    /// How far.
    pub seconds: Option<i32>,
    /// When the event was accepted; `None`: there is no such settled event.
    pub received_at: Option<OffsetDateTime>,
    /// Its text.
    pub body: Option<Vec<u8>>,
    /// Its place.
    pub seq: Option<i64>,
    /// When it was settled.
    pub settled_at: Option<OffsetDateTime>,
}

/// Moves of a scope's clock and the events that made them, each with or without the other.
pub async fn moves(
    connection: &mut PgConnection,
    scope: Scope,
) -> Result<Vec<MoveRow>, sqlx::Error> {
    sqlx::query_as(
        "-- verify_clock_moves
         select coalesce(moved.event_id, told.event_id) as event_id, moved.real_at, moved.seconds,
                told.received_at, told.body, told.seq, told.settled_at
         from (select * from clock_move where environment = $1 and merchant_id = $2) moved
         full join (
             select event_id, received_at, body, seq, settled_at from inbox
             where environment = $1 and merchant_id = $2 and kind = 'clock_advance'
               and state = 'applied'
         ) told using (event_id)",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .fetch_all(connection)
    .await
}

/// Final events that must have met a conversion and name none, and how they ended.
pub async fn stray_events(
    connection: &mut PgConnection,
    scope: Scope,
    rows_max: i64,
) -> Result<Vec<(String, String)>, sqlx::Error> {
    sqlx::query_as(
        "-- verify_stray_events
         select event_id, coalesce(code, 'none') from inbox
         where environment = $1 and merchant_id = $2 and conversion_id is null
           and kind <> 'clock_advance' and state in ('applied', 'skipped')
           and coalesce(code, '') not in
               ('EVENT_INVALID', 'TIME_AHEAD', 'CONVERSION_NOT_FOUND', 'TOPIC_IGNORED')
         limit $3",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .bind(rows_max)
    .fetch_all(connection)
    .await
}

/// Transfers that do not sum to zero, and entries without one.
pub async fn unbalanced(
    connection: &mut PgConnection,
    scope: Scope,
    rows_max: i64,
) -> Result<Vec<(String, Decimal)>, sqlx::Error> {
    sqlx::query_as(
        "-- verify_balance
         select entry.transfer_key, sum(entry.amount)
         from ledger_entry entry
         left join ledger_transfer transfer using (environment, merchant_id, transfer_key)
         where environment = $1 and merchant_id = $2
         group by entry.transfer_key
         having sum(entry.amount) <> 0
             or bool_or(transfer.currency is distinct from entry.currency)
         limit $3",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .bind(rows_max)
    .fetch_all(connection)
    .await
}

/// How many conversions there are, and how many events wait to be settled, for progress.
pub async fn counts(connection: &mut PgConnection) -> Result<(i64, i64), sqlx::Error> {
    sqlx::query_as(
        "-- verify_counts
         select (select count(*) from conversion),
                (select coalesce(sum(stored_seq - settled_seq), 0)::bigint
                 from settle_cursor join edge_stream using (object, epoch))",
    )
    .fetch_one(connection)
    .await
}
