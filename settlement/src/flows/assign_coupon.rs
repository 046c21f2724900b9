//! A coupon code becomes one affiliate's, or ends being so.

use super::actor::{Actor, note};
use super::change_campaign::world_now;
use super::decide_review::check_campaign;
use crate::domain::book::folded;
use crate::domain::order::Scope;
use crate::error::Fault;
use crate::store::coupon::{self, CouponRow};
use crate::store::{affiliate, instant, merchant};
use jiff::Timestamp;
use serde_json::json;
use shared::id::{AffiliateId, CampaignId};
use shared::validate::COUPON_CHARACTERS_MAX;
use sqlx::PgPool;

/// What ending a coupon did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Orders from now on find nobody by it.
    Now,
    /// It was nobody's.
    NothingToEnd,
}

/// Assigns a code from now on; it must be nobody's.
pub async fn run(
    pool: &PgPool,
    by: Actor,
    scope: Scope,
    code: &str,
    earner: (AffiliateId, CampaignId),
    now: Timestamp,
) -> Result<(), Fault> {
    by.may_change(scope.merchant)?;
    let code = read(code)?;
    let (affiliate, campaign) = earner;
    let mut transaction = pool.begin().await?;
    let connection = &mut *transaction;
    merchant::lock(connection, scope.merchant.0).await?.ok_or(Fault::NotFound("merchant"))?;
    affiliate::lock(connection, affiliate.0).await?.ok_or(Fault::NotFound("affiliate"))?;
    check_campaign(connection, scope, campaign).await?;
    let known = coupon::of_codes(connection, &[(scope, code.clone())]).await?;
    if known.iter().any(|row| row.ended_at.is_none()) {
        return Err(Fault::Conflict(format!("the coupon {code} is assigned; end that first")));
    }
    let row = CouponRow {
        environment: scope.environment.as_str().to_owned(),
        merchant_id: scope.merchant.0,
        code: code.clone(),
        affiliate_id: affiliate.0,
        campaign_id: campaign.0,
        in_force_from: instant::to_row(world_now(connection, scope, now).await?),
        ended_at: None,
    };
    coupon::insert(connection, &row, now).await?;
    let detail = json!({
        "environment": scope.environment.as_str(),
        "merchantId": scope.merchant,
        "affiliateId": affiliate,
        "campaignId": campaign,
    });
    note(connection, by, "coupon.assign", &code, detail, now).await?;
    transaction.commit().await?;
    Ok(())
}

/// Ends a code's assignment: orders placed before now keep it.
pub async fn end(
    pool: &PgPool,
    by: Actor,
    scope: Scope,
    code: &str,
    now: Timestamp,
) -> Result<Ended, Fault> {
    by.may_change(scope.merchant)?;
    let code = read(code)?;
    let mut transaction = pool.begin().await?;
    let connection = &mut *transaction;
    merchant::lock(connection, scope.merchant.0).await?.ok_or(Fault::NotFound("merchant"))?;
    let ended_at = world_now(connection, scope, now).await?;
    if coupon::end(connection, scope, &code, ended_at).await? == 0 {
        return Ok(Ended::NothingToEnd);
    }
    let detail = json!({"environment": scope.environment.as_str(), "merchantId": scope.merchant});
    note(connection, by, "coupon.end", &code, detail, now).await?;
    transaction.commit().await?;
    Ok(Ended::Now)
}

fn read(code: &str) -> Result<String, Fault> {
    let most = COUPON_CHARACTERS_MAX;
    let code = folded(code);
    if (1..=most).contains(&code.chars().count()) {
        Ok(code)
    } else {
        Err(Fault::invalid(format!("code must be 1 to {most} characters")))
    }
}
