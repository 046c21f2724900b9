//! How much a key may be used, and from where.

use super::actor::{Actor, note};
use super::hold_key::{self, HeldKey};
use super::{create_key, directory_rows};
use crate::error::Fault;
use crate::secrets::Vault;
use crate::store::api_key;
use crate::store::directory_row::Written;
use jiff::Timestamp;
use serde_json::json;
use sqlx::PgPool;

/// What is to be changed of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyTerms {
    /// Its limits; what is not given stays as it is.
    Limits {
        /// Calls in any 60 seconds.
        per_minute_max: Option<u32>,
        /// Calls in any 3,600 seconds.
        per_hour_max: Option<u32>,
    },
    /// The addresses or networks that may use it, in place of those before; empty: any.
    AllowList(Vec<String>),
}

/// Changes a key's terms; answers the directory rows the edge must acknowledge.
pub async fn run(
    pool: &PgPool,
    vault: &Vault,
    actor: Actor,
    key_id: &str,
    terms: KeyTerms,
    now: Timestamp,
) -> Result<Vec<Written>, Fault> {
    let mut transaction = pool.begin().await?;
    let HeldKey { row, scope } = hold_key::find(&mut transaction, actor, key_id).await?;
    hold_key::refuse_ended(&row, now)?;
    let (action, detail) = match terms {
        KeyTerms::Limits { per_minute_max, per_hour_max } => {
            let known = |value: i32| u32::try_from(value).unwrap_or(0);
            let (per_minute, per_hour) = create_key::check_limits(
                per_minute_max.unwrap_or(known(row.per_minute_max)),
                per_hour_max.unwrap_or(known(row.per_hour_max)),
            )?;
            api_key::set_limits(&mut transaction, key_id, per_minute, per_hour).await?;
            if per_minute > row.per_minute_max {
                // The new limit is written: the sum adds nothing more.
                create_key::check_sum(&mut transaction, scope, 0, now).await?;
            }
            let before =
                json!({"perMinuteMax": row.per_minute_max, "perHourMax": row.per_hour_max});
            let after = json!({"perMinuteMax": per_minute, "perHourMax": per_hour});
            ("key.limit", json!({"from": before, "to": after}))
        }
        KeyTerms::AllowList(allow_list) => {
            create_key::check_allow_list(&allow_list)?;
            api_key::set_allow_list(&mut transaction, key_id, &allow_list).await?;
            ("key.allow", json!({"from": row.allow_list, "to": allow_list}))
        }
    };
    let changed: Option<&[&str]> = Some(&[key_id]);
    let merchant = scope.merchant;
    let written =
        directory_rows::refresh_keys(&mut transaction, vault, merchant, changed, now).await?;
    note(&mut transaction, actor, action, key_id, detail, now).await?;
    transaction.commit().await?;
    Ok(written)
}
