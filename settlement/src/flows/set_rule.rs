//! A commission rule is set: the first version of a subject's rule, or the next.

use super::actor::{Actor, note};
use super::change_campaign::world_now;
use crate::domain::order::Scope;
use crate::domain::rule::{Kind, Subject};
use crate::error::Fault;
use crate::secrets::draw;
use crate::store::rule::{self, ENDED, RuleSubject, RuleTerms};
use crate::store::{campaign, merchant};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::json;
use shared::id::{Environment, MerchantId};
use shared::money::Currency;
use shared::validate::{EXTERNAL_ID_CHARACTERS_MAX, RATE_BPS_MAX};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// A rule to set, in force from now.
#[derive(Debug, Clone)]
pub struct NewRule {
    /// In which world.
    pub environment: Environment,
    /// Whose; of no meaning for the platform's.
    pub merchant: Option<MerchantId>,
    /// What it is about.
    pub subject: Subject,
    /// How it pays.
    pub kind: Kind,
    /// Most the lines under it can earn together.
    pub cap: Option<Decimal>,
    /// Order total below which it gives zero.
    pub minimum_order: Option<Decimal>,
    /// Of flat, cap and minimum; `None` when there is none of them.
    pub currency: Option<Currency>,
}

impl NewRule {
    /// A percentage without cap or minimum.
    pub fn percent(
        environment: Environment,
        merchant: Option<MerchantId>,
        subject: Subject,
        rate_bps: u32,
    ) -> Self {
        Self {
            environment,
            merchant,
            subject,
            kind: Kind::Percent(rate_bps),
            cap: None,
            minimum_order: None,
            currency: None,
        }
    }
}

/// The rule and version that were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetRule {
    /// The rule, the same over its versions.
    pub rule_id: Uuid,
    /// From 1.
    pub version: i32,
}

/// Sets a rule in a transaction of its own.
pub async fn run(
    pool: &PgPool,
    actor: Actor,
    input: NewRule,
    now: Timestamp,
) -> Result<SetRule, Fault> {
    let mut transaction = pool.begin().await?;
    let set = within(&mut transaction, actor, input, now).await?;
    transaction.commit().await?;
    Ok(set)
}

/// Announces a rule's next version for a later instant, in the merchant's time. A version set
/// meanwhile replaces it: the latest word that has begun counts.
pub async fn announce(
    pool: &PgPool,
    actor: Actor,
    input: NewRule,
    in_force_from: Timestamp,
    now: Timestamp,
) -> Result<SetRule, Fault> {
    let mut transaction = pool.begin().await?;
    let world_now = match input.merchant.filter(|_| input.subject != Subject::Platform) {
        Some(merchant) => {
            let scope = Scope { environment: input.environment, merchant };
            world_now(&mut transaction, scope, now).await?
        }
        None => now,
    };
    if in_force_from < world_now {
        return Err(Fault::invalid("inForceFrom must not be in the past: sales keep their terms"));
    }
    let set = within(&mut transaction, actor, input, in_force_from).await?;
    if set.version == 1 && in_force_from > world_now {
        // The first version reaches back without limit, so it cannot wait.
        return Err(Fault::invalid("a rule's first version is in force at once"));
    }
    transaction.commit().await?;
    Ok(set)
}

/// Sets a rule in the caller's transaction, in force from `now`.
pub async fn within(
    connection: &mut PgConnection,
    actor: Actor,
    input: NewRule,
    now: Timestamp,
) -> Result<SetRule, Fault> {
    let subject = subject_of(actor, &input)?;
    check(&input)?;
    if let Subject::Campaign(id) = input.subject {
        let found = campaign::find(connection, id.0).await?;
        let own = found.is_some_and(|row| {
            row.merchant_id == subject.merchant_id && row.environment == subject.environment
        });
        if !own {
            return Err(Fault::NotFound("campaign"));
        }
    }
    lock(connection, &subject).await?;
    let (rule_id, version) = match rule::last_version(connection, &subject).await? {
        Some(last) => (last.rule_id, last.version + 1),
        None => (draw::id(now), 1),
    };
    let (kind, rate_bps, flat_amount) = match input.kind {
        // `check` bounds the rate to 10,000.
        Kind::Percent(bps) => ("percent", i32::try_from(bps).ok(), None),
        Kind::Flat(amount) => ("flat", None, Some(amount)),
    };
    let terms = RuleTerms {
        rule_id,
        version,
        kind,
        rate_bps,
        flat_amount,
        cap_amount: input.cap,
        minimum_order: input.minimum_order,
        currency: input.currency.map(Currency::code),
    };
    rule::insert(connection, &subject, &terms, now).await?;
    let detail = json!({
        "level": subject.level,
        "environment": subject.environment,
        "version": version,
        "rateBps": rate_bps,
        "flatAmount": flat_amount.map(|amount| amount.to_string()),
    });
    note(connection, actor, "rule.set", &rule_id.to_string(), detail, now).await?;
    Ok(SetRule { rule_id, version })
}

/// What ending a rule did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Orders from now on pass it over; this is its last version.
    Now(SetRule),
    /// There was none, or it had ended before.
    NothingToEnd,
}

/// Ends a merchant's rule in the caller's transaction: orders before now keep its terms, later ones
/// fall to the next level.
pub async fn end(
    connection: &mut PgConnection,
    actor: Actor,
    scope: Scope,
    subject: Subject,
    now: Timestamp,
) -> Result<Ended, Fault> {
    let merchant = Some(scope.merchant);
    let subject = subject_of(actor, &NewRule::percent(scope.environment, merchant, subject, 0))?;
    lock(connection, &subject).await?;
    let last = rule::last_version(connection, &subject).await?;
    let Some(last) = last.filter(|last| last.kind != ENDED) else {
        return Ok(Ended::NothingToEnd);
    };
    let set = SetRule { rule_id: last.rule_id, version: last.version + 1 };
    let ended_at = world_now(connection, scope, now).await?;
    rule::insert(connection, &subject, &ending(set), ended_at).await?;
    let detail = json!({
        "level": subject.level,
        "environment": subject.environment,
        "version": set.version,
    });
    note(connection, actor, "rule.end", &set.rule_id.to_string(), detail, now).await?;
    Ok(Ended::Now(set))
}

/// The terms of a version that ends its rule: none.
pub(super) fn ending(set: SetRule) -> RuleTerms {
    RuleTerms {
        rule_id: set.rule_id,
        version: set.version,
        kind: ENDED,
        rate_bps: None,
        flat_amount: None,
        cap_amount: None,
        minimum_order: None,
        currency: None,
    }
}

/// Makes writers of the subject's rule wait for each other. Products' rules are also written many
/// at a time, under their merchant's lock alone.
async fn lock(connection: &mut PgConnection, subject: &RuleSubject) -> Result<(), Fault> {
    if !subject.merchant_id.is_nil() {
        let found = merchant::lock(connection, subject.merchant_id).await?;
        found.ok_or(Fault::NotFound("merchant"))?;
    }
    rule::lock_subject(connection, subject).await?;
    Ok(())
}

fn subject_of(actor: Actor, input: &NewRule) -> Result<RuleSubject, Fault> {
    let merchant_id = if input.subject == Subject::Platform {
        actor.may_operate()?;
        Uuid::nil()
    } else {
        let merchant = input.merchant.ok_or(Fault::NotFound("merchant"))?;
        actor.may_change(merchant)?;
        merchant.0
    };
    Ok(RuleSubject {
        environment: input.environment.as_str(),
        merchant_id,
        level: input.subject.level().as_str(),
        campaign_id: match input.subject {
            Subject::Campaign(campaign) => Some(campaign.0),
            Subject::Product(_) | Subject::Merchant | Subject::Platform => None,
        },
        sku: match &input.subject {
            Subject::Product(sku) => Some(sku.clone()),
            Subject::Campaign(_) | Subject::Merchant | Subject::Platform => None,
        },
    })
}

/// Refuses terms that no rule can have.
pub(super) fn check(input: &NewRule) -> Result<(), Fault> {
    let mut faults = Vec::new();
    let flat = match input.kind {
        Kind::Percent(bps) if bps > RATE_BPS_MAX => {
            faults.push(format!("rateBps must be 0 to {RATE_BPS_MAX}"));
            None
        }
        Kind::Percent(_) => None,
        Kind::Flat(amount) => Some(amount),
    };
    let amounts = [("flatAmount", flat), ("cap", input.cap), ("minimumOrder", input.minimum_order)];
    for (field, amount) in amounts {
        let Some(amount) = amount else { continue };
        match input.currency {
            None => faults.push(format!("{field} needs a currency")),
            Some(currency) if amount < Decimal::ZERO || !currency.holds(amount) => {
                faults.push(format!("{field} must be an amount of {currency}, 0 or more"));
            }
            Some(_) => {}
        }
    }
    if input.currency.is_some() && amounts.iter().all(|(_, amount)| amount.is_none()) {
        faults.push("currency is of no use without an amount".to_owned());
    }
    if let Subject::Product(sku) = &input.subject
        && !(1..=EXTERNAL_ID_CHARACTERS_MAX).contains(&sku.chars().count())
    {
        faults.push(format!("sku must be 1 to {EXTERNAL_ID_CHARACTERS_MAX} characters"));
    }
    if faults.is_empty() { Ok(()) } else { Err(Fault::Invalid(faults)) }
}
