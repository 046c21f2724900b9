//! An operator gets or loses the super-admin role.

use super::actor::{Actor, note};
use crate::error::Fault;
use crate::store::account;
use jiff::Timestamp;
use serde_json::json;
use sqlx::PgPool;

/// Makes an operator a super-admin, or no longer one. Super-admins do that; the first one is made by
/// any operator, or by the installation.
pub async fn run(
    pool: &PgPool,
    by: Actor,
    email: &str,
    super_admin: bool,
    now: Timestamp,
) -> Result<(), Fault> {
    by.may_operate()?;
    let mut transaction = pool.begin().await?;
    let is_first = !account::lock_super_admins(&mut transaction).await?;
    let is_one = match by.account() {
        Some(account) => account::is_super_admin(&mut transaction, account).await?,
        None => true,
    };
    if !is_one && !is_first {
        return Err(Fault::PermissionDenied("only a super-admin may do this".to_owned()));
    }
    let found = account::find_by_email(&mut transaction, &email.trim().to_lowercase()).await?;
    let found = found.filter(|row| row.role == "operator").ok_or(Fault::NotFound("operator"))?;
    account::set_super_admin(&mut transaction, found.account_id, super_admin).await?;
    let detail = json!({"superAdmin": super_admin});
    let subject = found.account_id.to_string();
    note(&mut transaction, by, "operator.super_admin", &subject, detail, now).await?;
    transaction.commit().await?;
    Ok(())
}
