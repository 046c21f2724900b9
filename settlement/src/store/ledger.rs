//! Transfers and entries: written once, never changed; balances are sums.

use super::instant;
use crate::domain::ledger::Transfer;
use crate::domain::order::Scope;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// Posts transfers of several scopes. A key that was posted before is an error: whoever posts
/// holds the lock of what the posting is about.
pub async fn post(
    connection: &mut PgConnection,
    transfers: &[(Scope, &Transfer)],
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    if transfers.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "-- post_transfers
         insert into ledger_transfer
             (environment, merchant_id, transfer_key, currency, effective_at, created_at)
         select t.environment, t.merchant_id, t.transfer_key, t.currency, t.effective_at, $6
         from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[])
             as t (environment, merchant_id, transfer_key, currency, effective_at)",
    )
    .bind(transfers.iter().map(|(scope, _)| scope.environment.as_str()).collect::<Vec<_>>())
    .bind(transfers.iter().map(|(scope, _)| scope.merchant.0).collect::<Vec<_>>())
    .bind(transfers.iter().map(|(_, t)| t.key.as_str()).collect::<Vec<_>>())
    .bind(transfers.iter().map(|(_, t)| t.currency.code()).collect::<Vec<_>>())
    .bind(transfers.iter().map(|(_, t)| instant::to_row(t.effective_at)).collect::<Vec<_>>())
    .bind(now)
    .execute(&mut *connection)
    .await?;
    post_entries(connection, transfers).await
}

async fn post_entries(
    connection: &mut PgConnection,
    transfers: &[(Scope, &Transfer)],
) -> Result<(), sqlx::Error> {
    let entries: Vec<_> = transfers
        .iter()
        .flat_map(|(scope, transfer)| {
            transfer.entries.iter().map(move |entry| (scope, transfer, entry))
        })
        .collect();
    let affiliate = |transfer: &Transfer, affiliate_account: bool| {
        affiliate_account.then_some(transfer.affiliate.0)
    };
    sqlx::query(
        "-- post_entries
         insert into ledger_entry
             (environment, merchant_id, transfer_key, account, affiliate_id, currency, amount)
         select * from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::uuid[],
                              $6::text[], $7::numeric[])",
    )
    .bind(entries.iter().map(|(scope, _, _)| scope.environment.as_str()).collect::<Vec<_>>())
    .bind(entries.iter().map(|(scope, _, _)| scope.merchant.0).collect::<Vec<_>>())
    .bind(entries.iter().map(|(_, t, _)| t.key.as_str()).collect::<Vec<_>>())
    .bind(entries.iter().map(|(_, _, e)| e.account.as_str()).collect::<Vec<_>>())
    .bind(
        entries
            .iter()
            .map(|(_, t, e)| affiliate(t, e.account.is_affiliate()))
            .collect::<Vec<Option<Uuid>>>(),
    )
    .bind(entries.iter().map(|(_, t, _)| t.currency.code()).collect::<Vec<_>>())
    .bind(entries.iter().map(|(_, _, e)| e.amount).collect::<Vec<Decimal>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// One account's balance in a merchant's books.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct BalanceRow {
    /// live or test.
    pub environment: String,
    /// Whose books.
    pub merchant_id: Uuid,
    /// ISO 4217.
    pub currency: String,
    /// The account.
    pub account: String,
    /// Sum of its entries.
    pub balance: Decimal,
}

/// The trial balance: every account's balance. The sum over the accounts of one merchant,
/// environment and currency must be zero.
pub async fn trial_balance(connection: &mut PgConnection) -> Result<Vec<BalanceRow>, sqlx::Error> {
    sqlx::query_as(
        "-- trial_balance
         select environment, merchant_id, currency, account, sum(amount) as balance
         from ledger_entry
         group by environment, merchant_id, currency, account
         order by environment, merchant_id, currency, account",
    )
    .fetch_all(connection)
    .await
}
