//! A merchant's signed write of a resource: done once, with its signature and its first answer
//! stored in the transaction of the effect (EDGE §4).

mod catalogue;
mod change;
mod endpoints;

pub use change::{Reply, Write};

use super::actor::{Actor, note};
use crate::domain::order::Scope;
use crate::error::Fault;
use crate::secrets::Vault;
use crate::store::once::{self, RecordRow, Whose};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use shared::relay::Relayed;
use sqlx::{PgConnection, PgPool};

/// How long a signature is remembered (EDGE §1).
const SIGNATURE_SECONDS: i64 = 900;
/// How long a key repeats its first answer.
const ANSWER_SECONDS: i64 = 24 * 3_600;

/// How a write was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// It was done now.
    First(Reply),
    /// It was done before under the same key; this is the first answer.
    Repeated(Reply),
}

/// Does a write in a transaction of its own.
pub async fn run(
    pool: &PgPool,
    vault: &Vault,
    scope: Scope,
    call: &Relayed,
    write: Write,
    now: Timestamp,
) -> Result<Answered, Fault> {
    let whose = Whose { environment: scope.environment.as_str(), merchant_id: scope.merchant.0 };
    let mut transaction = pool.begin().await?;
    if let Some(first) = begin(&mut transaction, vault, whose, call, now).await? {
        // A repeat stores nothing, so this rolls back.
        return Ok(Answered::Repeated(first));
    }
    let actor = Actor::Key { merchant: scope.merchant };
    let at = change::At { vault, scope, actor, now };
    let detail = json!({"action": write.name()});
    let reply = change::apply(&mut transaction, at, write).await?;
    note(&mut transaction, actor, "key.write", &call.key_id, detail, now).await?;
    if let Some(key) = &call.idempotency {
        let record = RecordRow {
            body_sha256: call.body_sha256.clone(),
            status: i32::from(reply.status),
            answer_sealed: vault.seal(key, &reply.body),
        };
        once::insert_record(&mut transaction, whose, key, &record, now).await?;
    }
    transaction.commit().await?;
    Ok(Answered::First(reply))
}

/// Takes the signature and the key. `Some`: the answer that was given before.
async fn begin(
    connection: &mut PgConnection,
    vault: &Vault,
    whose: Whose,
    call: &Relayed,
    now: Timestamp,
) -> Result<Option<Reply>, Fault> {
    once::forget_signatures(connection, whose, earlier(now, SIGNATURE_SECONDS)).await?;
    if once::insert_signature(connection, whose, &call.signature, now).await? != 1 {
        return Err(Fault::Replayed);
    }
    let Some(key) = &call.idempotency else {
        return Ok(None);
    };
    if !once::try_lock_key(connection, whose, key).await? {
        return Err(Fault::KeyInUse("the first call with this idempotency key is in progress"));
    }
    once::forget_records(connection, whose, earlier(now, ANSWER_SECONDS)).await?;
    let Some(first) = once::find_record(connection, whose, key).await? else {
        return Ok(None);
    };
    if first.body_sha256 != call.body_sha256 {
        return Err(Fault::KeyInUse("this idempotency key was used with another body"));
    }
    let status = u16::try_from(first.status)
        .map_err(|_| Fault::Corrupt("a stored answer has no status".to_owned()))?;
    Ok(Some(Reply { status, body: vault.open(key, &first.answer_sealed)? }))
}

fn earlier(now: Timestamp, seconds: i64) -> Timestamp {
    now.saturating_sub(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MIN)
}
