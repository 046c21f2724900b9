//! The benchmark's own SQL: a database per run, how far it is settled, whether the books are right.

use anyhow::{Context, Result};
use sqlx::{AssertSqlSafe, Executor, FromRow, PgConnection};

/// Makes a database, a copy of another when one is named.
pub async fn create(
    connection: &mut PgConnection,
    name: &str,
    template: Option<&str>,
) -> Result<()> {
    let from = template.map(|template| format!(" template {template}")).unwrap_or_default();
    connection.execute(AssertSqlSafe(format!("create database {name}{from}"))).await?;
    Ok(())
}

/// Removes a database and whoever is still connected to it.
pub async fn remove(connection: &mut PgConnection, name: &str) -> Result<()> {
    connection.execute(AssertSqlSafe(format!("drop database {name} with (force)"))).await?;
    Ok(())
}

/// Events with an outcome or parked: a cursor moves in the transaction that writes outcomes.
pub async fn settled(connection: &mut PgConnection) -> Result<usize> {
    let settled: i64 = sqlx::query_scalar(
        "-- bench_settled
         select coalesce(sum(settled_seq), 0)::bigint from settle_cursor",
    )
    .fetch_one(connection)
    .await?;
    usize::try_from(settled).context("a negative sum of places")
}

/// Tidies up and gathers statistics, as autovacuum does.
pub async fn analyze(connection: &mut PgConnection) -> Result<()> {
    connection.execute("vacuum (analyze)").await?;
    Ok(())
}

/// What the books must hold, and do.
#[derive(Debug, Default, PartialEq, Eq, FromRow)]
pub struct Books {
    /// Inbox rows.
    pub inbox: i64,
    /// Inbox rows with the outcome APPLIED.
    pub applied: i64,
    /// Conversions by a proven click.
    pub conversions: i64,
    /// Commissions.
    pub commissions: i64,
    /// Commissions on hold.
    pub held: i64,
    /// Facts of orders.
    pub facts: i64,
    /// Transfers of the ledger.
    pub transfers: i64,
    /// Entries of the ledger.
    pub entries: i64,
    /// Notices in the webhook outbox.
    pub notices: i64,
    /// Books of a merchant that do not sum to zero.
    pub unbalanced: i64,
    /// Accounts of affiliates that differ from the commissions they stand for.
    pub wrong_accounts: i64,
}

impl Books {
    /// These books after so many more attributed orders, and first confirmations of orders.
    pub fn after(&self, orders: usize, statuses: usize) -> Result<Self> {
        let (orders, statuses) = (i64::try_from(orders)?, i64::try_from(statuses)?);
        Ok(Self {
            inbox: self.inbox + orders + statuses,
            applied: self.applied + orders + statuses,
            conversions: self.conversions + orders,
            commissions: self.commissions + orders,
            held: self.held + statuses,
            facts: self.facts + statuses,
            transfers: self.transfers + orders + statuses,
            entries: self.entries + 2 * (orders + statuses),
            // received, attributed, created, processed; held, processed.
            notices: self.notices + 4 * orders + 2 * statuses,
            unbalanced: 0,
            wrong_accounts: 0,
        })
    }

    /// Counts what is there.
    pub async fn read(connection: &mut PgConnection) -> Result<Self> {
        let books = sqlx::query_as(
            "-- bench_books
             select
                 (select count(*) from inbox) as inbox,
                 (select count(*) from inbox where state = 'applied' and code = 'APPLIED') as applied,
                 (select count(*) from conversion
                  where confidence = 'HIGH' and state = 'attributed') as conversions,
                 (select count(*) from commission) as commissions,
                 (select count(*) from commission where state = 'hold') as held,
                 (select count(*) from order_fact) as facts,
                 (select count(*) from ledger_transfer) as transfers,
                 (select count(*) from ledger_entry) as entries,
                 (select count(*) from webhook_event) as notices,
                 (select count(*) from (
                     select from ledger_entry group by environment, merchant_id, currency
                     having sum(amount) <> 0) as books) as unbalanced,
                 (select count(*) from (
                     select affiliate_id, substr(account, 3) as state, sum(amount) as sum
                     from ledger_entry where affiliate_id is not null
                     group by affiliate_id, account having sum(amount) <> 0) as account
                  full join (
                     select affiliate_id, state, sum(net_amount) as sum
                     from commission group by affiliate_id, state) as earned
                     using (affiliate_id, state, sum)
                  where account.affiliate_id is null or earned.affiliate_id is null
                 ) as wrong_accounts",
        )
        .fetch_one(connection)
        .await?;
        Ok(books)
    }
}
