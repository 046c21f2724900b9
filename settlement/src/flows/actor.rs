//! Who does something, what they may do, and the log of it.

use crate::error::Fault;
use crate::store::account::{self, AccountRow};
use jiff::Timestamp;
use shared::id::MerchantId;
use sqlx::PgConnection;
use uuid::Uuid;

/// Who does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// The installation itself: set-up and the demo network.
    Installation,
    /// One who runs the network.
    Operator(Uuid),
    /// One of a merchant's people.
    Merchant {
        /// Which account.
        account: Uuid,
        /// Whose.
        merchant: MerchantId,
    },
    /// A merchant's server, by one of its keys.
    Key {
        /// Whose.
        merchant: MerchantId,
    },
    /// An affiliate's person.
    Affiliate(Uuid),
}

impl Actor {
    /// May change what belongs to a merchant: the merchant itself, operators, the installation.
    pub fn may_change(self, owner: MerchantId) -> Result<(), Fault> {
        match self {
            Self::Installation | Self::Operator(_) => Ok(()),
            Self::Merchant { merchant, .. } | Self::Key { merchant } if merchant == owner => Ok(()),
            Self::Merchant { .. } | Self::Key { .. } | Self::Affiliate(_) => {
                Err(denied("only its merchant or an operator may do this"))
            }
        }
    }

    /// May decide over parties and the network's own terms.
    pub fn may_operate(self) -> Result<(), Fault> {
        match self {
            Self::Installation | Self::Operator(_) => Ok(()),
            Self::Merchant { .. } | Self::Key { .. } | Self::Affiliate(_) => {
                Err(denied("only an operator may do this"))
            }
        }
    }

    /// The account behind it; `None`: the installation itself or a key.
    pub(super) fn account(self) -> Option<Uuid> {
        match self {
            Self::Installation | Self::Key { .. } => None,
            Self::Operator(account) | Self::Merchant { account, .. } | Self::Affiliate(account) => {
                Some(account)
            }
        }
    }
}

/// Finds the actor behind an e-mail address.
pub async fn by_email(connection: &mut PgConnection, email: &str) -> Result<Actor, Fault> {
    let found = account::find_by_email(connection, &email.trim().to_lowercase()).await?;
    let row = found.ok_or_else(|| denied("there is no account with this e-mail address"))?;
    of_account(&row).ok_or_else(|| Fault::Corrupt("an account has no known role".to_owned()))
}

fn of_account(row: &AccountRow) -> Option<Actor> {
    let account = row.account_id;
    match row.role.as_str() {
        "operator" => Some(Actor::Operator(account)),
        "merchant" => Some(Actor::Merchant { account, merchant: MerchantId(row.merchant_id?) }),
        "affiliate" => Some(Actor::Affiliate(account)),
        _ => None,
    }
}

fn denied(sentence: &str) -> Fault {
    Fault::PermissionDenied(sentence.to_owned())
}

/// Notes in the audit log what the actor did, in the transaction that did it.
pub(super) async fn note(
    connection: &mut PgConnection,
    actor: Actor,
    action: &str,
    subject: &str,
    detail: serde_json::Value,
    now: Timestamp,
) -> Result<(), Fault> {
    account::insert_audit(connection, actor.account(), action, subject, &detail, now).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merchant_changes_its_own_and_nobody_else_s() {
        let (own, other) = (MerchantId(Uuid::from_u128(1)), MerchantId(Uuid::from_u128(2)));
        let merchant = Actor::Merchant { account: Uuid::nil(), merchant: own };
        assert!(merchant.may_change(own).is_ok());
        assert!(merchant.may_change(other).is_err());
        assert!(merchant.may_operate().is_err());
        assert!(Actor::Affiliate(Uuid::nil()).may_change(own).is_err());
        assert!(Actor::Operator(Uuid::nil()).may_change(other).is_ok());
        let key = Actor::Key { merchant: own };
        assert!(key.may_change(own).is_ok());
        assert!(key.may_change(other).is_err());
        assert!(key.may_operate().is_err());
    }
}
