//! A merchant opens a campaign, with the first version of its windows.

use super::actor::{Actor, note};
use super::approved_domain;
use super::open_merchant::{check_days, check_name, days_of_row};
use crate::domain::hold::HoldStart;
use crate::domain::order::Scope;
use crate::error::Fault;
use crate::secrets::draw;
use crate::store::campaign::{self, CampaignRow, TermsRow};
use crate::store::merchant;
use jiff::Timestamp;
use serde_json::json;
use shared::id::CampaignId;
pub use shared::validate::Listing;
use sqlx::{PgConnection, PgPool};

/// A new campaign.
#[derive(Debug, Clone)]
pub struct NewCampaign {
    /// Whose, and in which world.
    pub scope: Scope,
    /// Shown to affiliates.
    pub name: String,
    /// Whether its links work from the start; otherwise it begins as a draft.
    pub is_active: bool,
    /// Who sees it.
    pub listing: Listing,
    /// Where its paused links lead; `None`: the merchant's home page.
    pub fallback_url: Option<String>,
    /// Days after a click in which an order can earn.
    pub cookie_days: u32,
    /// Days of the return window; `None`: the merchant's.
    pub hold_days: Option<u32>,
    /// What starts it; `None`: the merchant's.
    pub hold_start: Option<HoldStart>,
}

/// Creates a campaign in a transaction of its own.
pub async fn run(
    pool: &PgPool,
    actor: Actor,
    input: NewCampaign,
    now: Timestamp,
) -> Result<CampaignId, Fault> {
    let mut transaction = pool.begin().await?;
    let campaign = within(&mut transaction, actor, input, now).await?;
    transaction.commit().await?;
    Ok(campaign)
}

/// Creates a campaign in the caller's transaction.
pub async fn within(
    connection: &mut PgConnection,
    actor: Actor,
    input: NewCampaign,
    now: Timestamp,
) -> Result<CampaignId, Fault> {
    let scope = input.scope;
    actor.may_change(scope.merchant)?;
    let mut faults = Vec::new();
    check_name("name", &input.name, &mut faults);
    check_days("cookieDays", Some(input.cookie_days), 1, &mut faults);
    check_days("holdDays", input.hold_days, 0, &mut faults);
    if !faults.is_empty() {
        return Err(Fault::Invalid(faults));
    }
    let found = merchant::lock(connection, scope.merchant.0).await?;
    let domain = found.ok_or(Fault::NotFound("merchant"))?.approved_domain;
    let fallback_url = input
        .fallback_url
        .map(|url| approved_domain::url_within("fallbackUrl", &url, &domain))
        .transpose()?;
    let row = CampaignRow {
        environment: scope.environment.as_str().to_owned(),
        merchant_id: scope.merchant.0,
        campaign_id: draw::id(now),
        name: input.name.trim().to_owned(),
        state: if input.is_active { "active" } else { "draft" }.to_owned(),
        listing: listing_word(input.listing).to_owned(),
        fallback_url,
    };
    let terms = TermsRow {
        version: 1,
        cookie_days: days_of_row(input.cookie_days),
        hold_days: input.hold_days.map(days_of_row),
        hold_start: input.hold_start.map(HoldStart::as_str),
    };
    campaign::insert(connection, &row, now).await?;
    campaign::insert_terms(connection, &row, &terms, now).await?;
    let detail = json!({
        "name": row.name,
        "environment": row.environment,
        "cookieDays": terms.cookie_days,
        "holdDays": terms.hold_days,
    });
    note(connection, actor, "campaign.create", &row.campaign_id.to_string(), detail, now).await?;
    Ok(CampaignId(row.campaign_id))
}

/// A listing's word in rows.
pub(super) fn listing_word(listing: Listing) -> &'static str {
    match listing {
        Listing::Public => "public",
        Listing::Invite => "invite",
    }
}
