//! Corrections of paid or rejected commissions: one super-admin asks, another decides.

use super::actor::{Actor, note};
use super::enter_money::within_digits;
use super::payout::clock;
use crate::domain::correction::{self, ChargedTo, Corrected, Refusal};
use crate::domain::ledger::operator::{self, Subject};
use crate::domain::lifecycle::State;
use crate::domain::notice::{Kind, Notice, Step};
use crate::domain::order::Scope;
use crate::error::Fault;
use crate::secrets::draw;
use crate::store::correction::{self as store, CorrectedRow, CorrectionRow};
use crate::store::payable_item::{self, NewItem};
use crate::store::{account, instant, ledger, webhook_event};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::json;
use shared::id::{AffiliateId, ConversionId, Environment, MerchantId};
use shared::money::Currency;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// A correction to be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCorrection {
    /// The requester's own id of the request.
    pub id: String,
    /// What it corrects.
    pub conversion: ConversionId,
    /// Plus favours the affiliate; in the commission's currency.
    pub amount: Decimal,
    /// Why, for merchant and affiliate to read.
    pub reason: String,
    /// Who bears it.
    pub charged_to: ChargedTo,
}

/// What a request came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requested {
    /// It waits for another super-admin.
    Noted,
    /// The same request was made before; where it stands.
    NotedBefore(String),
    /// This id was used for another request.
    AnotherRequest,
    /// It cannot be posted.
    Refused(Refusal),
}

/// Asks for a correction.
pub async fn request(
    pool: &PgPool,
    by: Actor,
    new: NewCorrection,
    now: Timestamp,
) -> Result<Requested, Fault> {
    if new.id.trim().is_empty() || new.reason.trim().is_empty() {
        return Err(Fault::invalid("a correction has an id and a reason"));
    }
    within_digits("the amount", new.amount)?;
    let mut transaction = pool.begin().await?;
    let requested_by = super_admin(&mut transaction, by).await?;
    let commission = store::lock_commission(&mut transaction, &new.conversion.to_string()).await?;
    let commission = commission.ok_or(Fault::NotFound("commission"))?;
    let row = CorrectionRow {
        correction_id: new.id,
        environment: commission.environment.clone(),
        merchant_id: commission.merchant_id,
        commission_id: new.conversion.commission_id(),
        amount: new.amount,
        currency: commission.currency.clone(),
        reason: new.reason,
        charged_to: new.charged_to.as_str().to_owned(),
        state: "requested".to_owned(),
        requested_by,
    };
    if let Some(known) = store::find(&mut transaction, &row.correction_id).await? {
        let state = known.state.clone();
        let same = CorrectionRow { state: row.state.clone(), ..known } == row;
        return Ok(if same { Requested::NotedBefore(state) } else { Requested::AnotherRequest });
    }
    if let Err(refusal) = correction::check(read(&commission)?, row.amount) {
        return Ok(Requested::Refused(refusal));
    }
    if store::insert(&mut transaction, &row, now).await? != 1 {
        return Ok(Requested::AnotherRequest);
    }
    let detail = json!({
        "commissionId": row.commission_id,
        "amount": row.amount,
        "currency": row.currency,
        "chargedTo": row.charged_to,
    });
    note(&mut transaction, by, "correction.request", &row.correction_id, detail, now).await?;
    transaction.commit().await?;
    Ok(Requested::Noted)
}

/// What another super-admin makes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is posted.
    Approve,
    /// It is not.
    Refuse,
}

impl Decision {
    /// Where it puts a request.
    fn state(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Refuse => "refused",
        }
    }

    /// What it comes to on a request that was decided before.
    fn after(self, stands: String) -> Decided {
        if stands == self.state() {
            Decided::TakenBefore(stands)
        } else {
            Decided::TakenOtherwise(stands)
        }
    }
}

/// What a decision came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// It was posted, or refused, as decided.
    Done,
    /// Somebody decided the same before; where it stands.
    TakenBefore(String),
    /// Somebody decided the other way before; where it stands.
    TakenOtherwise(String),
    /// It can no longer be posted.
    Refused(Refusal),
}

/// Decides on a correction.
pub async fn decide(
    pool: &PgPool,
    by: Actor,
    correction_id: &str,
    decision: Decision,
    now: Timestamp,
) -> Result<Decided, Fault> {
    let mut transaction = pool.begin().await?;
    let decided_by = super_admin(&mut transaction, by).await?;
    let found = store::find(&mut transaction, correction_id).await?;
    let found = found.ok_or(Fault::NotFound("correction"))?;
    if found.requested_by == decided_by {
        return Err(Fault::PermissionDenied("another super-admin decides".to_owned()));
    }
    let conversion = conversion_of(&found.commission_id)?;
    // Everyone who decides on it locks the commission first; the state is read again after that.
    let commission = store::lock_commission(&mut transaction, &conversion.to_string()).await?;
    let commission = commission.ok_or(Fault::NotFound("commission"))?;
    let effective = match decision {
        Decision::Refuse => None,
        Decision::Approve => {
            if let Err(refusal) = correction::check(read(&commission)?, found.amount) {
                return still(&mut transaction, correction_id, decision, refusal).await;
            }
            let environment = environment(&commission)?;
            let merchant = Some(MerchantId(commission.merchant_id));
            let at = clock::at(&mut transaction, environment, merchant, now).await?;
            Some(at)
        }
    };
    let state = decision.state();
    let connection = &mut transaction;
    let done = store::decide(connection, correction_id, state, decided_by, effective, now).await?;
    if done != 1 {
        let stands = store::find(&mut transaction, correction_id).await?;
        return Ok(decision.after(stands.map_or_else(String::new, |row| row.state)));
    }
    if let Some(at) = effective {
        post(&mut transaction, &found, &commission, (at, now)).await?;
    }
    let action = format!("correction.{state}");
    note(&mut transaction, by, &action, correction_id, json!({}), now).await?;
    transaction.commit().await?;
    Ok(Decided::Done)
}

/// A request that was decided meanwhile may not fit any more because of itself.
async fn still(
    connection: &mut PgConnection,
    correction_id: &str,
    decision: Decision,
    refusal: Refusal,
) -> Result<Decided, Fault> {
    let stands = store::find(connection, correction_id).await?.map(|row| row.state);
    Ok(match stands {
        Some(state) if state != "requested" => decision.after(state),
        _ => Decided::Refused(refusal),
    })
}

async fn post(
    connection: &mut PgConnection,
    row: &CorrectionRow,
    commission: &CorrectedRow,
    (at, now): (Timestamp, Timestamp),
) -> Result<(), Fault> {
    let corrected = read(commission)?;
    let environment = environment(commission)?;
    let scope = Scope { environment, merchant: MerchantId(commission.merchant_id) };
    let affiliate = AffiliateId(commission.affiliate_id);
    let charged_to = ChargedTo::parse(&row.charged_to)
        .ok_or_else(|| Fault::Corrupt("a correction is charged to nobody".to_owned()))?;
    let subject = Subject { id: &row.correction_id, affiliate, at };
    let transfer = operator::correction(subject, charged_to, row.amount, corrected.currency);
    ledger::post(connection, &[(scope, &transfer)], instant::to_row(now)).await?;
    let item = NewItem {
        environment: environment.as_str(),
        merchant_id: commission.merchant_id,
        item_id: draw::id(now),
        kind: "correction",
        source: row.correction_id.clone(),
        affiliate_id: commission.affiliate_id,
        currency: row.currency.clone(),
        amount: row.amount,
        commission_id: Some(row.commission_id.clone()),
        effective_at: at,
    };
    payable_item::insert(connection, &[item], now).await?;
    let conversion = conversion_of(&row.commission_id)?;
    let step = Step {
        commission_id: &row.commission_id,
        from: Some(corrected.state),
        to: corrected.state,
        amount: corrected.amount,
        net: corrected.net,
        delta: row.amount,
        currency: corrected.currency,
        reason: Some(&row.reason),
        hold_until: commission.hold_until.map(instant::from_row),
    };
    let mut data = step.data(conversion);
    data["correctionId"] = json!(row.correction_id);
    data["chargedTo"] = json!(row.charged_to);
    let notice = Notice {
        kind: Kind::CommissionAdjusted,
        affiliate: Some(affiliate),
        conversion: Some(conversion),
        about_commission: true,
        event_id: None,
        occurred_at: at,
        data,
    };
    webhook_event::insert(connection, &[(scope, &notice)], instant::to_row(now)).await?;
    Ok(())
}

async fn super_admin(connection: &mut PgConnection, by: Actor) -> Result<Uuid, Fault> {
    if let Actor::Operator(account) = by
        && account::is_super_admin(connection, account).await?
    {
        return Ok(account);
    }
    Err(Fault::PermissionDenied(
        "only an operator with the super-admin role may do this".to_owned(),
    ))
}

fn environment(row: &CorrectedRow) -> Result<Environment, Fault> {
    Environment::parse(&row.environment)
        .ok_or_else(|| Fault::Corrupt("a commission has no environment".to_owned()))
}

fn conversion_of(commission_id: &str) -> Result<ConversionId, Fault> {
    commission_id
        .strip_prefix("com_")
        .and_then(|rest| ConversionId::parse(&format!("cnv_{rest}")))
        .ok_or(Fault::NotFound("commission"))
}

/// Only paid and rejected are told apart: every other state is as little to be corrected.
fn read(row: &CorrectedRow) -> Result<Corrected, Fault> {
    let state = match row.state.as_str() {
        "paid" => State::Paid,
        "rejected" => State::Rejected,
        _ => State::Pending,
    };
    let currency = Currency::parse(&row.currency)
        .ok_or_else(|| Fault::Corrupt("a commission has no currency".to_owned()))?;
    let (amount, net, corrections) = (row.amount, row.net_amount, row.corrections);
    Ok(Corrected { state, amount, net, corrections, currency })
}

/// Reads a commission's or a conversion's id as its conversion.
pub fn read_id(text: &str) -> Option<ConversionId> {
    ConversionId::parse(text).or_else(|| conversion_of(text).ok())
}
