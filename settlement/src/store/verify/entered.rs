//! What `verify` reads of operators' entries, and of what is posted beside commissions and payouts.

use super::{TransferRow, gathered};
use crate::domain::order::Scope;
use crate::domain::rebuild::StoredTransfer;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use std::collections::BTreeMap;
use uuid::Uuid;

/// One entry of an operator.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct EnteredRow {
    /// correction, `write_off`, `merchant_payment` or fx.
    pub kind: String,
    /// The request's own id.
    pub id: String,
    /// Whose balance moves.
    pub affiliate_id: Option<Uuid>,
    /// ISO 4217.
    pub currency: String,
    /// In currency.
    pub amount: Decimal,
    /// When it takes effect.
    pub effective_at: OffsetDateTime,
    /// A correction's: merchant or network.
    pub charged_to: Option<String>,
    /// A conversion's rate, frozen.
    pub rate: Option<Decimal>,
    /// The rate it names.
    pub entered_rate: Option<Decimal>,
    /// A conversion's other currency.
    pub to_currency: Option<String>,
    /// What came in it.
    pub to_amount: Option<Decimal>,
}

/// Everything entered in a scope's books that must be posted.
pub async fn entered(
    connection: &mut PgConnection,
    scope: Scope,
) -> Result<Vec<EnteredRow>, sqlx::Error> {
    sqlx::query_as(
        "-- verify_entered
         select 'correction' as kind, correction_id as id, affiliate_id, correction.currency,
                correction.amount, effective_at, charged_to, null::numeric as rate,
                null::numeric as entered_rate, null as to_currency, null::numeric as to_amount
         from correction join commission using (environment, merchant_id, commission_id)
         where environment = $1 and merchant_id = $2 and correction.state = 'approved'
         union all
         select 'write_off', write_off_id, affiliate_id, currency, amount, effective_at, null,
                null, null, null, null
         from write_off where environment = $1 and merchant_id = $2
         union all
         select 'merchant_payment', merchant_payment_id, null, currency, amount, paid_at, null,
                null, null, null, null
         from merchant_payment where environment = $1 and merchant_id = $2
         union all
         select 'fx', fx_conversion_id, affiliate_id, conversion.from_currency, from_amount,
                effective_at, null, conversion.rate, entered.rate, conversion.to_currency, to_amount
         from fx_conversion conversion left join fx_rate entered using (rate_id)
         where conversion.environment = $1 and conversion.merchant_id = $2",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .fetch_all(connection)
    .await
}

/// Everything posted in a scope's books that is neither a commission's nor a payout's.
pub async fn transfers_of_entries(
    connection: &mut PgConnection,
    scope: Scope,
) -> Result<BTreeMap<String, StoredTransfer>, sqlx::Error> {
    let rows: Vec<TransferRow> = sqlx::query_as(
        "-- verify_transfers_of_entries
         select transfer_key, transfer.currency, effective_at, created_at, account, affiliate_id,
                amount
         from ledger_transfer transfer
         left join ledger_entry using (environment, merchant_id, transfer_key)
         where environment = $1 and merchant_id = $2
           and transfer_key !~ '^(com_|[0-9a-f-]{36}:(sent|settled|failed|returned)$)'",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .fetch_all(connection)
    .await?;
    Ok(gathered(rows))
}
