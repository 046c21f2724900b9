//! Reads: payouts as a merchant sees them, its own lines alone.

use rust_decimal::Decimal;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// A payout with the sum of one merchant's lines.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ShownPayoutRow {
    /// Its id.
    pub payout_id: Uuid,
    /// Where it stands.
    pub state: String,
    /// Who is paid.
    pub affiliate_id: Uuid,
    /// ISO 4217.
    pub currency: String,
    /// Sum of the merchant's lines, in `currency`; may be negative.
    pub amount: Decimal,
    /// How many lines are the merchant's.
    pub lines: i64,
    /// Up to when lines count.
    pub cut_off_at: OffsetDateTime,
    /// When it was drafted.
    pub created_at: OffsetDateTime,
    /// When it was sent.
    pub processing_at: Option<OffsetDateTime>,
    /// When the bank last answered.
    pub answered_at: Option<OffsetDateTime>,
}

/// Which payouts of one merchant, newest first.
#[derive(Debug, Clone)]
pub struct PayoutFilter {
    /// live or test.
    pub environment: &'static str,
    /// Whose lines.
    pub merchant_id: Uuid,
    /// One by its id.
    pub payout_id: Option<Uuid>,
    /// In one state.
    pub state: Option<String>,
    /// To one affiliate.
    pub affiliate_id: Option<Uuid>,
    /// In one currency.
    pub currency: Option<String>,
    /// Those after this one: ids are in order of time.
    pub after: Option<Uuid>,
    /// How many at most.
    pub rows_max: i64,
}

/// Lists payouts with lines of the merchant, newest first.
pub async fn list(
    connection: &mut PgConnection,
    filter: &PayoutFilter,
) -> Result<Vec<ShownPayoutRow>, sqlx::Error> {
    // The lines are summed in the order of their index, so that a page reads its own payouts alone.
    sqlx::query_as(
        "-- list_payouts_of_merchant
         with own as (
             select payout_id, sum(amount) as amount, count(*) as lines
             from payout_line
             where environment = $1 and merchant_id = $2
               and ($3::uuid is null or payout_id = $3)
               and ($4::uuid is null or payout_id < $4)
             group by payout_id
         )
         select payout_id, payout.state, payout.affiliate_id, payout.currency, own.amount,
                own.lines, payout.cut_off_at, payout.created_at, payout.processing_at,
                payout.answered_at
         from own join payout using (payout_id)
         where payout.environment = $1
           and ($5::text is null or payout.state = $5)
           and ($6::uuid is null or payout.affiliate_id = $6)
           and ($7::text is null or payout.currency = $7)
         order by payout_id desc
         limit $8",
    )
    .bind(filter.environment)
    .bind(filter.merchant_id)
    .bind(filter.payout_id)
    .bind(filter.after)
    .bind(&filter.state)
    .bind(filter.affiliate_id)
    .bind(&filter.currency)
    .bind(filter.rows_max)
    .fetch_all(connection)
    .await
}

/// One line of a payout.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ShownLineRow {
    /// commission, correction, `bank_return`, fx, `write_off`.
    pub kind: String,
    /// com_… of a commission, else the payable item's id.
    pub subject: String,
    /// Of a correction: the commission it corrects.
    pub commission_id: Option<String>,
    /// In the payout's currency.
    pub amount: Decimal,
}

/// A merchant's lines of one payout, at most so many.
pub async fn lines(
    connection: &mut PgConnection,
    environment: &str,
    merchant_id: Uuid,
    payout_id: Uuid,
    rows_max: i64,
) -> Result<Vec<ShownLineRow>, sqlx::Error> {
    sqlx::query_as(
        "-- list_payout_lines_of_merchant
         select line.kind, line.subject, item.commission_id, line.amount
         from payout_line line
         left join payable_item item
           on item.item_id = case when line.kind <> 'commission' then line.subject::uuid end
          and item.merchant_id = line.merchant_id and item.environment = line.environment
         where line.environment = $1 and line.merchant_id = $2 and line.payout_id = $3
         order by line.kind, line.subject
         limit $4",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(payout_id)
    .bind(rows_max)
    .fetch_all(connection)
    .await
}
