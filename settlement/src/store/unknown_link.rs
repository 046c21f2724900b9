//! Links that click ids name and settlement does not have: made after the backup it came from.

use sqlx::PgConnection;

/// A link number that conversions wait for.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct UnknownLinkRow {
    /// Sealed into the click ids.
    pub link_number: i64,
    /// How many conversions wait.
    pub conversions: i64,
}

/// Unknown links that conversions wait for.
pub async fn awaited(connection: &mut PgConnection) -> Result<Vec<UnknownLinkRow>, sqlx::Error> {
    sqlx::query_as(
        "-- awaited_links
         select parked.link_number, count(*) as conversions
         from parked_event parked
         where parked.link_number is not null
           and not exists (select from link where link.link_number = parked.link_number)
         group by parked.link_number order by parked.link_number",
    )
    .fetch_all(connection)
    .await
}
