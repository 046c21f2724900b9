//! An affiliate gets a link of a campaign.

use super::actor::{Actor, note};
use super::approved_domain;
use super::directory_rows;
use crate::domain::order::Scope;
use crate::error::Fault;
use crate::secrets::draw;
use crate::store::directory_source::Which;
use crate::store::link::{self, LinkRow};
use crate::store::{affiliate, campaign, merchant};
use jiff::Timestamp;
use serde_json::json;
use shared::id::{AffiliateId, CampaignId};
use shared::validate::CODE_CHARACTERS_MAX;
use sqlx::{PgConnection, PgPool};

/// Draws of a number or code before giving up; with 40 random bits one is as good as certain.
const DRAWS_MAX: usize = 5;

/// A new link; it begins `live`.
#[derive(Debug, Clone)]
pub struct NewLink {
    /// Whose shop, and in which world.
    pub scope: Scope,
    /// Who shares it.
    pub affiliate: AffiliateId,
    /// Under which terms; of the same merchant and world.
    pub campaign: CampaignId,
    /// Where it leads; on the approved domain.
    pub destination: String,
    /// Its short name; `None` draws one.
    pub code: Option<String>,
}

/// A link that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// Its short name.
    pub code: String,
    /// The number in its click ids.
    pub link_number: u64,
    /// Where it leads, in its one spelling.
    pub destination: String,
}

/// Creates a link in a transaction of its own.
pub async fn run(
    pool: &PgPool,
    actor: Actor,
    input: NewLink,
    now: Timestamp,
) -> Result<Created, Fault> {
    let mut transaction = pool.begin().await?;
    let created = within(&mut transaction, actor, input, now).await?;
    transaction.commit().await?;
    Ok(created)
}

/// Creates a link in the caller's transaction.
pub async fn within(
    connection: &mut PgConnection,
    actor: Actor,
    input: NewLink,
    now: Timestamp,
) -> Result<Created, Fault> {
    let scope = input.scope;
    actor.may_change(scope.merchant)?;
    if let Some(code) = &input.code {
        check_code(code)?;
    }
    let found = merchant::lock(connection, scope.merchant.0).await?;
    let domain = found.ok_or(Fault::NotFound("merchant"))?.approved_domain;
    let destination = approved_domain::url_within("destination", &input.destination, &domain)?;
    let known = affiliate::lock(connection, input.affiliate.0).await?;
    known.ok_or_else(|| Fault::invalid("affiliateId names no affiliate"))?;
    check_campaign(connection, scope, input.campaign).await?;
    let row = insert(connection, &input, &destination, now).await?;
    directory_rows::refresh_links(connection, scope.merchant, Which::Code(&row.code), now).await?;
    let detail = json!({
        "merchantId": scope.merchant,
        "environment": scope.environment,
        "affiliateId": input.affiliate,
        "campaignId": input.campaign,
        "destination": destination,
    });
    note(connection, actor, "link.create", &row.code, detail, now).await?;
    Ok(Created { code: row.code, link_number: row.link_number.unsigned_abs(), destination })
}

/// A link without live terms cannot be made.
async fn check_campaign(
    connection: &mut PgConnection,
    scope: Scope,
    campaign: CampaignId,
) -> Result<(), Fault> {
    let found = campaign::find(connection, campaign.0).await?;
    let own = found.filter(|row| {
        row.merchant_id == scope.merchant.0 && row.environment == scope.environment.as_str()
    });
    let row = own.ok_or(Fault::NotFound("campaign"))?;
    if row.state == "archived" {
        return Err(Fault::Conflict("campaignId names an archived campaign".to_owned()));
    }
    if !campaign::has_terms(connection, &row).await? {
        return Err(Fault::Conflict("campaignId names a campaign without terms".to_owned()));
    }
    Ok(())
}

async fn insert(
    connection: &mut PgConnection,
    input: &NewLink,
    destination: &str,
    now: Timestamp,
) -> Result<LinkRow, Fault> {
    for _ in 0..DRAWS_MAX {
        let row = LinkRow {
            environment: input.scope.environment.as_str().to_owned(),
            merchant_id: input.scope.merchant.0,
            link_number: draw::link_number(),
            code: input.code.clone().unwrap_or_else(draw::code),
            affiliate_id: input.affiliate.0,
            campaign_id: input.campaign.0,
            destination: destination.to_owned(),
            state: "live".to_owned(),
        };
        if link::insert(connection, &row, now).await? == 1 {
            return Ok(row);
        }
        if input.code.is_some() && link::find(connection, &row.code).await?.is_some() {
            return Err(Fault::Conflict("code is taken".to_owned()));
        }
    }
    Err(Fault::Corrupt("no free link number was drawn".to_owned()))
}

fn check_code(code: &str) -> Result<(), Fault> {
    let sane = code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if sane && (1..=CODE_CHARACTERS_MAX).contains(&code.len()) {
        Ok(())
    } else {
        Err(Fault::invalid(format!(
            "code must be 1 to {CODE_CHARACTERS_MAX} letters, digits, - or _"
        )))
    }
}
