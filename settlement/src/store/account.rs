//! Accounts: who signs in, with which role; and the log of what they did.

use super::instant;
use jiff::Timestamp;
use sqlx::PgConnection;
use uuid::Uuid;

/// One person, as the row has it, without the password.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct AccountRow {
    /// Its id.
    pub account_id: Uuid,
    /// In lowercase.
    pub email: String,
    /// operator, merchant or affiliate.
    pub role: String,
    /// Of the merchant role.
    pub merchant_id: Option<Uuid>,
    /// Of the affiliate role.
    pub affiliate_id: Option<Uuid>,
}

/// Inserts an account; 0 when the e-mail address is taken.
pub async fn insert(
    connection: &mut PgConnection,
    row: &AccountRow,
    password_hash: &str,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- insert_account
         insert into account (account_id, email, password_hash, role, merchant_id, affiliate_id,
                              created_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict on constraint account_email do nothing",
    )
    .bind(row.account_id)
    .bind(&row.email)
    .bind(password_hash)
    .bind(&row.role)
    .bind(row.merchant_id)
    .bind(row.affiliate_id)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Finds an account by its address, given in lowercase.
pub async fn find_by_email(
    connection: &mut PgConnection,
    email: &str,
) -> Result<Option<AccountRow>, sqlx::Error> {
    sqlx::query_as(
        "-- find_account_by_email
         select account_id, email, role, merchant_id, affiliate_id
         from account where email = $1",
    )
    .bind(email)
    .fetch_optional(connection)
    .await
}

/// Whether an account may ask for corrections and decide on them.
pub async fn is_super_admin(
    connection: &mut PgConnection,
    account_id: Uuid,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "-- is_super_admin
         select exists (select from account where account_id = $1 and super_admin)",
    )
    .bind(account_id)
    .fetch_one(connection)
    .await
}

/// Makes an operator a super-admin, or no longer one; answers the rows touched.
pub async fn set_super_admin(
    connection: &mut PgConnection,
    account_id: Uuid,
    super_admin: bool,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- set_super_admin
         update account set super_admin = $2 where account_id = $1 and role = 'operator'",
    )
    .bind(account_id)
    .bind(super_admin)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Sets a password; answers the rows touched.
pub async fn set_password(
    connection: &mut PgConnection,
    account_id: Uuid,
    password_hash: &str,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- set_password
         update account set password_hash = $2 where account_id = $1",
    )
    .bind(account_id)
    .bind(password_hash)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Writes what somebody did; `account_id` is `None` for the installation itself.
pub async fn insert_audit(
    connection: &mut PgConnection,
    account_id: Option<Uuid>,
    action: &str,
    subject: &str,
    detail: &serde_json::Value,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- insert_audit
         insert into audit_log (at, account_id, action, subject, detail)
         values ($1, $2, $3, $4, $5)",
    )
    .bind(instant::to_row(now))
    .bind(account_id)
    .bind(action)
    .bind(subject)
    .bind(detail)
    .execute(connection)
    .await?;
    Ok(())
}
