//! Reads: what a statement is made of. `merchant_id` narrows each to one merchant's own.

pub mod standing;

use rust_decimal::Decimal;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// Which statement, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct StatementKey {
    /// Of which payout.
    pub payout_id: Uuid,
    /// For one merchant's own lines; `None`: whole.
    pub merchant_id: Option<Uuid>,
    /// Rows of a list at most.
    pub rows_max: i64,
}

/// The payout's own facts.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct HeadRow {
    /// Who is paid.
    pub affiliate_id: Uuid,
    /// Their name.
    pub affiliate: String,
    /// live or test.
    pub environment: String,
    /// In test: the one merchant.
    pub merchant_id: Option<Uuid>,
    /// Where it stands.
    pub state: String,
    /// ISO 4217.
    pub currency: String,
    /// Cut-off of the one before.
    pub from_at: Option<OffsetDateTime>,
    /// Its own cut-off.
    pub cut_off_at: OffsetDateTime,
    /// When it was sent.
    pub processing_at: Option<OffsetDateTime>,
    /// When the bank answered last.
    pub answered_at: Option<OffsetDateTime>,
    /// The frozen method.
    pub masked: Option<String>,
    /// Why it was cancelled, failed or returned.
    pub reason: Option<String>,
}

/// Finds a payout's own facts.
pub async fn head(
    connection: &mut PgConnection,
    payout_id: Uuid,
) -> Result<Option<HeadRow>, sqlx::Error> {
    sqlx::query_as(
        "-- statement_head
         select payout.affiliate_id, affiliate.name as affiliate, payout.environment,
                payout.merchant_id, payout.state, payout.currency, payout.cut_off_at,
                payout.processing_at, payout.answered_at, payout.reason, payout_method.masked,
                (select max(earlier.cut_off_at) from payout earlier
                 where earlier.affiliate_id = payout.affiliate_id
                   and earlier.environment = payout.environment
                   and earlier.currency = payout.currency
                   and earlier.merchant_id is not distinct from payout.merchant_id
                   and earlier.cut_off_at < payout.cut_off_at
                   and earlier.state in ('processing', 'settled', 'returned')) as from_at
         from payout
         join affiliate using (affiliate_id)
         left join payout_method using (method_version_id)
         where payout.payout_id = $1",
    )
    .bind(payout_id)
    .fetch_optional(connection)
    .await
}

/// A commission in the payout.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct OrderLineRow {
    /// Whose order.
    pub merchant: String,
    /// Its clock.
    pub time_zone: String,
    /// When it was placed.
    pub ordered_at: OffsetDateTime,
    /// cnv_….
    pub conversion_id: String,
    /// Order total.
    pub order_amount: Decimal,
    /// Frozen at the sale.
    pub terms: serde_json::Value,
    /// The frozen amount.
    pub amount: Decimal,
    /// What the line pays.
    pub net: Decimal,
}

/// The payout's commissions, by merchant and order date.
pub async fn order_lines(
    connection: &mut PgConnection,
    key: StatementKey,
) -> Result<Vec<OrderLineRow>, sqlx::Error> {
    sqlx::query_as(
        "-- statement_order_lines
         select merchant.name as merchant, merchant.time_zone, conversion.ordered_at,
                conversion.conversion_id, conversion.order_amount, commission.terms,
                commission.amount, line.amount as net
         from payout_line line
         join commission on commission.environment = line.environment
          and commission.merchant_id = line.merchant_id and commission.commission_id = line.subject
         join conversion on conversion.environment = line.environment
          and conversion.merchant_id = line.merchant_id
          and conversion.conversion_id = commission.conversion_id
         join merchant on merchant.merchant_id = line.merchant_id
         where line.payout_id = $1 and line.kind = 'commission'
           and ($2::uuid is null or line.merchant_id = $2)
         order by merchant.name, merchant.merchant_id, conversion.ordered_at,
                  conversion.conversion_id",
    )
    .bind(key.payout_id)
    .bind(key.merchant_id)
    .fetch_all(connection)
    .await
}

/// A correction, bank return, conversion of currency or write-off.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ItemRow {
    /// Whose books.
    pub merchant: String,
    /// The merchant's clock.
    pub time_zone: String,
    /// correction, `bank_return`, fx, `write_off`.
    pub kind: String,
    /// Of a bank return: the payout returned.
    pub source: String,
    /// Of a correction: the commission.
    pub commission_id: Option<String>,
    /// Of a correction or write-off: why.
    pub reason: Option<String>,
    /// Of a conversion of currency: what left.
    pub from_amount: Option<Decimal>,
    /// Its currency.
    pub from_currency: Option<String>,
    /// What came.
    pub to_amount: Option<Decimal>,
    /// Its currency.
    pub to_currency: Option<String>,
    /// At which rate.
    pub rate: Option<Decimal>,
    /// The day the rate is of: `2026-06-14`.
    pub dated: Option<String>,
    /// ISO 4217.
    pub currency: String,
    /// Plus favours the affiliate.
    pub amount: Decimal,
    /// From when.
    pub effective_at: OffsetDateTime,
    /// Of an open item: where the other payout stands that holds it; null: none does.
    pub held_by: Option<String>,
}

/// The payout's lines that are no commissions, by merchant and time.
pub async fn item_lines(
    connection: &mut PgConnection,
    key: StatementKey,
) -> Result<Vec<ItemRow>, sqlx::Error> {
    sqlx::query_as(
        "-- statement_item_lines
         select merchant.name as merchant, merchant.time_zone, item.kind, item.source,
                item.commission_id,
                coalesce(correction.reason, write_off.reason) as reason, fx.from_amount,
                fx.from_currency, fx.to_amount, fx.to_currency, fx.rate,
                to_char(fx_rate.dated, 'YYYY-MM-DD') as dated, line.currency, line.amount,
                item.effective_at, null::text as held_by
         from payout_line line
         join payable_item item
           on item.item_id = case when line.kind <> 'commission' then line.subject::uuid end
          and item.merchant_id = line.merchant_id and item.environment = line.environment
         join merchant on merchant.merchant_id = line.merchant_id
         left join correction on item.kind = 'correction' and correction_id = item.source
          and correction.merchant_id = item.merchant_id
          and correction.environment = item.environment
         left join write_off on item.kind = 'write_off' and write_off_id = item.source
          and write_off.merchant_id = item.merchant_id
          and write_off.environment = item.environment
         left join fx_conversion fx on item.kind = 'fx' and fx_conversion_id = item.source
          and fx.merchant_id = item.merchant_id and fx.environment = item.environment
         left join fx_rate using (rate_id)
         where line.payout_id = $1 and line.kind <> 'commission'
           and ($2::uuid is null or line.merchant_id = $2)
         order by merchant.name, merchant.merchant_id, item.effective_at, item.item_id",
    )
    .bind(key.payout_id)
    .bind(key.merchant_id)
    .fetch_all(connection)
    .await
}

/// What is no commission, not in the payout and not paid: what no payout holds, and what another
/// holds that is not answered.
pub async fn open_items(
    connection: &mut PgConnection,
    key: StatementKey,
    affiliate_id: Uuid,
    environment: &str,
) -> Result<Vec<ItemRow>, sqlx::Error> {
    sqlx::query_as(
        "-- statement_open_items
         select merchant.name as merchant, merchant.time_zone, item.kind, item.source,
                item.commission_id,
                coalesce(correction.reason, write_off.reason) as reason, fx.from_amount,
                fx.from_currency, fx.to_amount, fx.to_currency, fx.rate,
                to_char(fx_rate.dated, 'YYYY-MM-DD') as dated, item.currency, item.amount,
                item.effective_at, other.state as held_by
         from payable_item item
         join merchant on merchant.merchant_id = item.merchant_id
         left join correction on item.kind = 'correction' and correction_id = item.source
          and correction.merchant_id = item.merchant_id
          and correction.environment = item.environment
         left join write_off on item.kind = 'write_off' and write_off_id = item.source
          and write_off.merchant_id = item.merchant_id
          and write_off.environment = item.environment
         left join fx_conversion fx on item.kind = 'fx' and fx_conversion_id = item.source
          and fx.merchant_id = item.merchant_id and fx.environment = item.environment
         left join fx_rate using (rate_id)
         left join payout_line held
           on held.subject = item.item_id::text and held.kind = item.kind
          and held.merchant_id = item.merchant_id and held.environment = item.environment
          and held.held
         left join payout other on other.payout_id = held.payout_id
         where item.affiliate_id = $1 and item.environment = $2
           and ($3::uuid is null or item.merchant_id = $3)
           and (held.payout_id is null or other.state in ('draft', 'approved', 'processing'))
           and not exists (
               select from payout_line line
               where line.payout_id = $4 and line.subject = item.item_id::text
                 and line.kind = item.kind and line.merchant_id = item.merchant_id
                 and line.environment = item.environment)
         order by item.effective_at desc, item.item_id
         limit $5",
    )
    .bind(affiliate_id)
    .bind(environment)
    .bind(key.merchant_id)
    .bind(key.payout_id)
    .bind(key.rows_max)
    .fetch_all(connection)
    .await
}
