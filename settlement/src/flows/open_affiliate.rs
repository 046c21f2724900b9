//! An affiliate joins.

use super::actor::{Actor, note};
use super::open_merchant::check_name;
use crate::error::Fault;
use crate::secrets::draw;
use crate::store::affiliate::{self, AffiliateRow};
use jiff::Timestamp;
use serde_json::json;
use shared::id::AffiliateId;
use sqlx::{PgConnection, PgPool};

/// Opens an affiliate in a transaction of its own; it begins `active`.
pub async fn run(
    pool: &PgPool,
    actor: Actor,
    name: &str,
    now: Timestamp,
) -> Result<AffiliateId, Fault> {
    let mut transaction = pool.begin().await?;
    let affiliate = within(&mut transaction, actor, name, now).await?;
    transaction.commit().await?;
    Ok(affiliate)
}

/// Opens an affiliate in the caller's transaction.
pub async fn within(
    connection: &mut PgConnection,
    actor: Actor,
    name: &str,
    now: Timestamp,
) -> Result<AffiliateId, Fault> {
    actor.may_operate()?;
    let mut faults = Vec::new();
    check_name("name", name, &mut faults);
    if !faults.is_empty() {
        return Err(Fault::Invalid(faults));
    }
    let row = AffiliateRow {
        affiliate_id: draw::id(now),
        name: name.trim().to_owned(),
        state: "active".to_owned(),
    };
    affiliate::insert(connection, &row, now).await?;
    let subject = row.affiliate_id.to_string();
    note(connection, actor, "affiliate.open", &subject, json!({"name": row.name}), now).await?;
    Ok(AffiliateId(row.affiliate_id))
}
