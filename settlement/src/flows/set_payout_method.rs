//! An affiliate says how it is paid: a new version, sealed; what was approved keeps its own.

use super::actor::{Actor, note};
use crate::domain::payout_method::PayoutMethod;
use crate::error::Fault;
use crate::secrets::vault::Unopenable;
use crate::secrets::{Vault, draw};
use crate::store::payout_method::{self, PayoutMethodRow};
use crate::store::{account, affiliate};
use jiff::Timestamp;
use serde_json::json;
use shared::id::AffiliateId;
use shared::money::Currency;
use sqlx::{PgConnection, PgPool};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A version that was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// Its id.
    pub method_version_id: Uuid,
    /// As people may see it.
    pub masked: String,
}

/// Sets the method of payouts in a currency, or in any that has none of its own.
pub async fn run(
    pool: &PgPool,
    vault: &Vault,
    actor: Actor,
    affiliate: AffiliateId,
    currency: Option<Currency>,
    fields: &BTreeMap<String, String>,
    now: Timestamp,
) -> Result<Set, Fault> {
    let method = PayoutMethod::parse(fields).map_err(Fault::Invalid)?;
    let mut transaction = pool.begin().await?;
    may_set(&mut transaction, actor, affiliate).await?;
    affiliate::lock(&mut transaction, affiliate.0).await?.ok_or(Fault::NotFound("affiliate"))?;
    let method_version_id = draw::id(now);
    let row = PayoutMethodRow {
        method_version_id,
        affiliate_id: affiliate.0,
        currency: currency.map(|currency| currency.code().to_owned()),
        kind: method.kind().as_str().to_owned(),
        details_sealed: seal(vault, method_version_id, &method),
        masked: method.masked(),
    };
    payout_method::insert(&mut transaction, &row, actor.account(), now).await?;
    let detail = json!({"methodVersionId": method_version_id, "currency": row.currency,
                        "kind": row.kind});
    let subject = affiliate.to_string();
    note(&mut transaction, actor, "payout_method.set", &subject, detail, now).await?;
    transaction.commit().await?;
    Ok(Set { method_version_id, masked: row.masked })
}

/// Whether somebody may set or see how an affiliate is paid: the affiliate itself, operators, the
/// installation.
pub async fn may_set(
    connection: &mut PgConnection,
    actor: Actor,
    owner: AffiliateId,
) -> Result<(), Fault> {
    let allowed = match actor {
        Actor::Installation | Actor::Operator(_) => true,
        Actor::Merchant { .. } | Actor::Key { .. } => false,
        Actor::Affiliate(account) => {
            account::affiliate_of(connection, account).await? == Some(owner.0)
        }
    };
    let sentence = "only the affiliate itself or an operator may do this";
    if allowed { Ok(()) } else { Err(Fault::PermissionDenied(sentence.to_owned())) }
}

fn seal(vault: &Vault, method_version_id: Uuid, method: &PayoutMethod) -> Vec<u8> {
    let text = json!(method.fields()).to_string();
    vault.seal(&method_version_id.to_string(), &text)
}

/// Opens a version's details.
pub(super) fn open(
    vault: &Vault,
    method_version_id: Uuid,
    sealed: &[u8],
) -> Result<PayoutMethod, Unopenable> {
    let text = vault.open(&method_version_id.to_string(), sealed)?;
    let fields = serde_json::from_str(&text).map_err(|_| Unopenable)?;
    PayoutMethod::parse(&fields).map_err(|_| Unopenable)
}
