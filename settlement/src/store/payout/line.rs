//! Lines of payouts.

use crate::domain::payout::plan::{Draft, Line};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// Inserts the lines of drafts. A line that another payout holds breaks `payout_line_held`.
pub async fn insert(
    connection: &mut PgConnection,
    environment: &str,
    drafts: &[(Uuid, &Draft)],
) -> Result<u64, sqlx::Error> {
    let lines: Vec<(Uuid, &Line)> = drafts
        .iter()
        .flat_map(|(payout, draft)| draft.lines.iter().map(move |line| (*payout, line)))
        .collect();
    let done = sqlx::query(
        "-- insert_payout_lines
         insert into payout_line (environment, payout_id, merchant_id, kind, subject, affiliate_id,
                                  currency, amount)
         select $1, l.*
         from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::text[],
                     $8::numeric[]) as l",
    )
    .bind(environment)
    .bind(lines.iter().map(|(payout, _)| *payout).collect::<Vec<_>>())
    .bind(lines.iter().map(|(_, l)| l.merchant.0).collect::<Vec<_>>())
    .bind(lines.iter().map(|(_, l)| l.kind.as_str()).collect::<Vec<_>>())
    .bind(lines.iter().map(|(_, l)| l.subject.as_str()).collect::<Vec<_>>())
    .bind(lines.iter().map(|(_, l)| l.affiliate.0).collect::<Vec<_>>())
    .bind(lines.iter().map(|(_, l)| l.currency.code()).collect::<Vec<_>>())
    .bind(lines.iter().map(|(_, l)| l.amount).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Opens the lines of payouts again.
pub async fn release(connection: &mut PgConnection, payouts: &[Uuid]) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- release_payout_lines
         update payout_line set held = false where payout_id = any($1) and held",
    )
    .bind(payouts)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// What a payout comes to in one merchant's books.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SumRow {
    /// Which payout.
    pub payout_id: Uuid,
    /// In whose books.
    pub merchant_id: Uuid,
    /// Sum of its lines there; zero and less are possible.
    pub amount: Decimal,
    /// How many lines.
    pub lines: i64,
    /// How many of them are commissions.
    pub commissions: i64,
}

/// What payouts come to, per merchant.
pub async fn sums(
    connection: &mut PgConnection,
    payouts: &[Uuid],
) -> Result<Vec<SumRow>, sqlx::Error> {
    sqlx::query_as(
        "-- payout_sums
         select payout_id, merchant_id, sum(amount) as amount, count(*) as lines,
                count(*) filter (where kind = 'commission') as commissions
         from payout_line where payout_id = any($1)
         group by payout_id, merchant_id
         order by payout_id, merchant_id",
    )
    .bind(payouts)
    .fetch_all(connection)
    .await
}

/// One line, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ShownLineRow {
    /// In whose books.
    pub merchant_id: Uuid,
    /// commission, correction, `bank_return`, fx, `write_off`.
    pub kind: String,
    /// A commission's id, or a payable item's.
    pub subject: String,
    /// In the payout's currency.
    pub amount: Decimal,
}

/// The lines of one payout.
pub async fn of_payout(
    connection: &mut PgConnection,
    payout_id: Uuid,
) -> Result<Vec<ShownLineRow>, sqlx::Error> {
    sqlx::query_as(
        "-- lines_of_payout
         select merchant_id, kind, subject, amount from payout_line where payout_id = $1
         order by merchant_id, kind, subject",
    )
    .bind(payout_id)
    .fetch_all(connection)
    .await
}

/// A line that is no commission.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ItemLineRow {
    /// Of which payout.
    pub payout_id: Uuid,
    /// In whose books.
    pub merchant_id: Uuid,
    /// correction, `bank_return`, fx, `write_off`.
    pub kind: String,
    /// The payable item's id.
    pub subject: String,
    /// In the payout's currency.
    pub amount: Decimal,
}

/// The lines of payouts that are no commissions.
pub async fn items_of(
    connection: &mut PgConnection,
    payouts: &[Uuid],
) -> Result<Vec<ItemLineRow>, sqlx::Error> {
    sqlx::query_as(
        "-- item_lines_of_payouts
         select payout_id, merchant_id, kind, subject, amount from payout_line
         where payout_id = any($1) and kind <> 'commission'
         order by payout_id, subject",
    )
    .bind(payouts)
    .fetch_all(connection)
    .await
}

/// The payout that holds a commission.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct HolderRow {
    /// Which.
    pub payout_id: Uuid,
    /// Where it stands.
    pub state: String,
    /// When it was answered, or else sent; null: it is not sent.
    pub moved_at: Option<OffsetDateTime>,
    /// Whether it is live and its affiliate has no payout method for its currency.
    pub lacks_method: bool,
    /// The payout that holds what the bank sent back of it; null: none does.
    pub again_payout_id: Option<Uuid>,
    /// Where that one stands.
    pub again_state: Option<String>,
    /// When that one was answered, or else sent; null: it is not sent.
    pub again_at: Option<OffsetDateTime>,
}

/// The payout that holds a commission of a merchant in an environment; `None`: none does.
pub async fn holder(
    connection: &mut PgConnection,
    (environment, merchant_id): (&str, Uuid),
    commission_id: &str,
) -> Result<Option<HolderRow>, sqlx::Error> {
    sqlx::query_as(
        "-- payout_holding_commission
         select payout.payout_id, payout.state,
                coalesce(payout.answered_at, payout.processing_at) as moved_at,
                payout.environment = 'live' and not exists (
                    select from payout_method method
                    where method.affiliate_id = payout.affiliate_id
                      and (method.currency = payout.currency or method.currency is null)
                ) as lacks_method,
                again.payout_id as again_payout_id, again.state as again_state,
                coalesce(again.answered_at, again.processing_at) as again_at
         from payout_line line join payout using (payout_id)
         left join payable_item item
           on item.source = payout.payout_id::text and item.kind = 'bank_return'
          and item.currency = payout.currency and item.merchant_id = line.merchant_id
          and item.environment = line.environment
         left join payout_line again_line
           on again_line.subject = item.item_id::text and again_line.kind = item.kind
          and again_line.merchant_id = item.merchant_id
          and again_line.environment = item.environment and again_line.held
         left join payout again on again.payout_id = again_line.payout_id
         where line.subject = $3 and line.kind = 'commission' and line.merchant_id = $2
           and line.environment = $1 and line.held",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(commission_id)
    .fetch_optional(connection)
    .await
}
