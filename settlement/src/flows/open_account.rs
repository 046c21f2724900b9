//! Somebody gets an account: one person, one role.

use super::actor::{Actor, note};
use crate::error::Fault;
use crate::secrets::{draw, password};
use crate::store::account::{self, AccountRow};
use jiff::Timestamp;
use serde_json::json;
use shared::id::{AffiliateId, MerchantId};
use sqlx::{PgConnection, PgPool};
use std::fmt;
use uuid::Uuid;

/// Unicode scalars of a password at least.
pub const PASSWORD_CHARACTERS_MIN: usize = 12;
/// Bytes of a password at most, so that hashing is bounded.
pub const PASSWORD_BYTES_MAX: usize = 1_024;
/// Bytes of an e-mail address at most.
pub const EMAIL_BYTES_MAX: usize = 254;

/// For whom an account speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// The network.
    Operator,
    /// A merchant.
    Merchant(MerchantId),
    /// An affiliate.
    Affiliate(AffiliateId),
}

/// A new account.
#[derive(Clone)]
pub struct NewAccount {
    /// Unique; kept in lowercase.
    pub email: String,
    /// At least 12 characters.
    pub password: String,
    /// For whom it speaks.
    pub party: Party,
}

impl fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAccount").field("party", &self.party).finish_non_exhaustive()
    }
}

/// Opens an account in a transaction of its own.
pub async fn run(
    pool: &PgPool,
    actor: Actor,
    input: NewAccount,
    now: Timestamp,
) -> Result<Uuid, Fault> {
    let mut transaction = pool.begin().await?;
    let account = within(&mut transaction, actor, input, now).await?;
    transaction.commit().await?;
    Ok(account)
}

/// Opens an account in the caller's transaction.
pub async fn within(
    connection: &mut PgConnection,
    actor: Actor,
    input: NewAccount,
    now: Timestamp,
) -> Result<Uuid, Fault> {
    actor.may_operate()?;
    let email = input.email.trim().to_lowercase();
    let mut faults = Vec::new();
    if !is_email(&email) {
        faults.push("email must be an e-mail address".to_owned());
    }
    if let Some(fault) = password_fault(&input.password) {
        faults.push(fault);
    }
    if !faults.is_empty() {
        return Err(Fault::Invalid(faults));
    }
    let (role, merchant_id, affiliate_id) = match input.party {
        Party::Operator => ("operator", None, None),
        Party::Merchant(merchant) => ("merchant", Some(merchant.0), None),
        Party::Affiliate(affiliate) => ("affiliate", None, Some(affiliate.0)),
    };
    let account_id = draw::id(now);
    let row = AccountRow { account_id, email, role: role.to_owned(), merchant_id, affiliate_id };
    let hash = hash(input.password).await?;
    if account::insert(connection, &row, &hash, now).await? == 0 {
        return Err(Fault::Conflict("email already has an account".to_owned()));
    }
    let detail = json!({"email": row.email, "role": role});
    note(connection, actor, "account.open", &account_id.to_string(), detail, now).await?;
    Ok(account_id)
}

/// Sets a person's password in the caller's transaction.
pub async fn renew_password(
    connection: &mut PgConnection,
    actor: Actor,
    email: &str,
    password: String,
    now: Timestamp,
) -> Result<(), Fault> {
    actor.may_operate()?;
    if let Some(fault) = password_fault(&password) {
        return Err(Fault::invalid(fault));
    }
    let found = account::find_by_email(connection, &email.to_lowercase()).await?;
    let row = found.ok_or(Fault::NotFound("account"))?;
    let hash = hash(password).await?;
    if account::set_password(connection, row.account_id, &hash).await? != 1 {
        return Err(Fault::NotFound("account"));
    }
    let subject = row.account_id.to_string();
    note(connection, actor, "account.renew_password", &subject, json!({}), now).await
}

/// Hashing keeps a processor busy for tens of milliseconds, so it leaves the async threads.
async fn hash(password: String) -> Result<String, Fault> {
    tokio::task::spawn_blocking(move || password::hash(&password))
        .await
        .map_err(|_| Fault::Corrupt("hashing a password was cut off".to_owned()))
}

fn is_email(text: &str) -> bool {
    let shape = text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !host.contains('@') && !host.starts_with('.')
    });
    shape
        && text.len() <= EMAIL_BYTES_MAX
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

fn password_fault(password: &str) -> Option<String> {
    let long_enough = password.chars().count() >= PASSWORD_CHARACTERS_MIN;
    let fits = long_enough && password.len() <= PASSWORD_BYTES_MAX;
    (!fits).then(|| format!("password must have at least {PASSWORD_CHARACTERS_MIN} characters"))
}
