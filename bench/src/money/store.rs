//! The benchmark's own books: many commissions of one kind, written at once as settling would have.

use anyhow::{Result, ensure};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// Among how many affiliates commissions are divided.
#[derive(Clone, Copy, Debug)]
pub struct Affiliates(pub usize);

/// Where all commissions stand.
#[derive(Clone, Copy, Debug)]
pub enum Standing {
    /// In a return window that is over.
    HoldDue,
    /// Payable.
    Payable,
}

impl Standing {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::HoldDue => ("hold", "held"),
            Self::Payable => ("payable", "payable"),
        }
    }
}

/// Writes so many commissions with their conversions and books, and opens their affiliates.
pub async fn write(
    pool: &PgPool,
    commissions: usize,
    affiliates: Affiliates,
    standing: Standing,
) -> Result<()> {
    let mut connection = pool.acquire().await?;
    let (many, whose) = (i32::try_from(commissions)?, i32::try_from(affiliates.0)?);
    let (state, step) = standing.words();
    sqlx::query(
        "-- bench_affiliates
         insert into affiliate (affiliate_id, name, state, created_at)
         select ('00000000-0000-0000-0001-' || lpad(to_hex(n), 12, '0'))::uuid, 'Affiliate ' || n,
                'active', now()
         from generate_series(1, $1) n",
    )
    .bind(whose)
    .execute(&mut *connection)
    .await?;
    conversions(&mut connection, many).await?;
    commission_rows(&mut connection, whose, state).await?;
    books(&mut connection, step).await?;
    sqlx::query("vacuum (analyze)").execute(&mut *connection).await?;
    Ok(())
}

async fn conversions(connection: &mut PgConnection, many: i32) -> Result<()> {
    let done = sqlx::query(
        "-- bench_conversions
         insert into conversion (environment, merchant_id, conversion_id, event_id,
             external_order_id, state, confidence, order_amount, currency, order_status,
             order_status_at, ordered_at, received_at, attribution, signals, created_at, updated_at)
         select 'live', shop.merchant_id, 'cnv_' || lpad(to_hex(n * 7919), 26, '0'), 'e' || n,
             'order-' || n, 'attributed', 'HIGH', 1000, 'NPR', 'delivered', at, at, at,
             '{\"candidates\":[]}', '{}', at, at
         from generate_series(1, $1) n
         join (select merchant_id, row_number() over (order by merchant_id) - 1 as place,
                      count(*) over () as shops from merchant) shop
             on shop.place = n % shop.shops
         cross join lateral (select now() - interval '20 days' - n * interval '1 second' as at) t",
    )
    .bind(many)
    .execute(&mut *connection)
    .await?;
    ensure!(done.rows_affected() == u64::from(many.unsigned_abs()), "not every order was written");
    Ok(())
}

async fn commission_rows(connection: &mut PgConnection, whose: i32, state: &str) -> Result<()> {
    sqlx::query(
        "-- bench_commissions
         insert into commission (environment, merchant_id, commission_id, conversion_id,
             affiliate_id, state, amount, net_amount, currency, hold_until, terms, created_at,
             updated_at)
         select environment, merchant_id, 'com_' || substr(conversion_id, 5), conversion_id,
             ('00000000-0000-0000-0001-'
              || lpad(to_hex(1 + substr(event_id, 2)::int % $1), 12, '0'))::uuid,
             $2, 100, 100, 'NPR', received_at + interval '14 days',
             json_build_object('rule', rule.frozen, 'base', '1000', 'currency', 'NPR',
                 'rounding', 'half_even', 'holdDays', 14, 'holdStart', 'delivered',
                 'cookieDays', 30, 'attributionOrder', json_build_array('click'),
                 'lines', json_build_array(json_build_object('quantity', 1, 'base', '1000',
                     'exact', '100', 'amount', '100.00', 'rule', rule.frozen,
                     'tried', json_build_array(json_build_object('level', 'campaign',
                         'result', 'matched'))))),
             received_at, received_at
         from conversion
         cross join (select json_build_object('level', 'campaign', 'kind', 'percent',
                         'id', '01a1fe5d-5522-7b23-9b0c-96d6fdca64c0', 'version', 1,
                         'rateBps', 1000) as frozen) rule",
    )
    .bind(whose)
    .bind(state)
    .execute(connection)
    .await?;
    Ok(())
}

async fn books(connection: &mut PgConnection, step: &str) -> Result<()> {
    sqlx::query(
        "-- bench_transfers
         insert into ledger_transfer
             (environment, merchant_id, transfer_key, currency, effective_at, created_at)
         select environment, merchant_id, commission_id || ':' || $1, 'NPR', created_at, now()
         from commission",
    )
    .bind(step)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "-- bench_entries
         insert into ledger_entry
             (environment, merchant_id, transfer_key, account, affiliate_id, currency, amount)
         select environment, merchant_id, commission_id || ':' || $1, side.account,
             case when side.account like 'A.%' then affiliate_id end, 'NPR', side.amount
         from commission
         cross join lateral (values
             ('A.' || state, net_amount),
             (case state when 'hold' then 'M.accrued' else 'M.due' end, -net_amount)
         ) side (account, amount)",
    )
    .bind(step)
    .execute(connection)
    .await?;
    Ok(())
}

/// All affiliates.
pub async fn affiliates(connection: &mut PgConnection) -> Result<Vec<Uuid>> {
    let all = sqlx::query_scalar(
        "-- bench_all_affiliates
         select affiliate_id from affiliate",
    );
    Ok(all.fetch_all(connection).await?)
}

/// Every merchant's stream is empty, and the edge was heard just now.
pub async fn hear_of_all(connection: &mut PgConnection) -> Result<()> {
    for statement in [
        "-- bench_streams
         insert into edge_stream
             (object, epoch, stored_seq, highest_seq, edge_time_at, first_seen_at)
         select merchant_id || ':live', '0000000000000007', 0, 0, now(), now() from merchant",
        "-- bench_cursors
         insert into settle_cursor (object, epoch, settled_seq)
         select merchant_id || ':live', '0000000000000007', 0 from merchant",
    ] {
        sqlx::query(statement).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Fails unless all of so many commissions stand in a state and every book sums to zero.
pub async fn check(pool: &PgPool, state: &str, commissions: usize) -> Result<()> {
    let there: i64 = sqlx::query_scalar(
        "-- bench_commissions_in
         select count(*) from commission where state = $1",
    )
    .bind(state)
    .fetch_one(pool)
    .await?;
    ensure!(usize::try_from(there)? == commissions, "only {there} of {commissions} are {state}");
    let unbalanced: i64 = sqlx::query_scalar(
        "-- bench_unbalanced
         select count(*) from (
             select from ledger_entry group by environment, merchant_id, currency
             having sum(amount) <> 0) book",
    )
    .fetch_one(pool)
    .await?;
    ensure!(unbalanced == 0, "{unbalanced} books do not balance");
    let sums: String = sqlx::query_scalar(
        "-- bench_affiliates_accounts
         select coalesce(string_agg(account || ' ' || sum, ', ' order by account), '')
         from (select account, trim_scale(sum(amount))::text as sum from ledger_entry
               where affiliate_id is not null group by account having sum(amount) <> 0) held",
    )
    .fetch_one(pool)
    .await?;
    let expected = match state {
        "paid" => String::new(),
        _ => format!("A.{state} {}", commissions * 100),
    };
    ensure!(sums == expected, "affiliates' accounts are {sums:?} instead of {expected:?}");
    Ok(())
}
