//! Each write by its name, and the answer it gives.

use super::super::actor::Actor;
use super::super::{change_campaign, create_campaign, create_link, set_state};
use super::{catalogue, endpoints};
use crate::domain::order::Scope;
use crate::error::Fault;
use crate::flows::create_campaign::NewCampaign;
use crate::flows::set_state::{CampaignChange as CampaignMove, LinkChange};
use crate::secrets::Vault;
use crate::store::campaign::CampaignRow;
use crate::store::merchant;
use crate::store::read_campaign::{self, CampaignFilter, ShownCampaignRow};
use crate::store::read_link::{self, LinkFilter};
use crate::store::rule::{self, ShownRuleRow};
use crate::wire;
use jiff::Timestamp;
use serde::Serialize;
use shared::id::{AffiliateId, CampaignId};
use shared::validate::resource::{Day, EndpointChange, NewEndpoint, Product, Recovery, RowFault};
use shared::validate::{self, CampaignChange, LinkState};
use sqlx::PgConnection;
use uuid::Uuid;

/// What a merchant writes.
#[derive(Debug, Clone)]
pub enum Write {
    /// A campaign is created.
    CreateCampaign(validate::NewCampaign),
    /// What of a campaign changes.
    ChangeCampaign(Uuid, CampaignChange),
    /// A campaign's state changes.
    MoveCampaign(Uuid, CampaignMove),
    /// A link is created.
    CreateLink(validate::NewLink),
    /// A link's state changes.
    MoveLink(String, LinkState),
    /// A product is put in, or brought up to date.
    PutProduct(Product),
    /// Many are; what cannot be read stops no other.
    PutProducts(Vec<Result<Product, RowFault>>),
    /// A product goes.
    DeleteProduct(String),
    /// A webhook endpoint is made.
    CreateEndpoint(NewEndpoint),
    /// What of an endpoint changes.
    ChangeEndpoint(Uuid, EndpointChange),
    /// An endpoint goes.
    DeleteEndpoint(Uuid),
    /// An endpoint gets another secret; so many hours both sign.
    RotateEndpointSecret(Uuid, u32),
    /// An endpoint is tried.
    TestEndpoint(Uuid),
    /// A delivery, by its number, is sent again.
    Resend(Uuid, i64),
    /// What did not arrive at an endpoint is sent again.
    Recover(Uuid, Recovery),
    /// A day of orders is compared with ours; nothing but the call itself is written.
    Reconcile(Day),
}

impl Write {
    /// Noun and verb, as in the audit log.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CreateCampaign(_) => "campaign.create",
            Self::ChangeCampaign(..) => "campaign.change",
            Self::MoveCampaign(..) => "campaign.move",
            Self::CreateLink(_) => "link.create",
            Self::MoveLink(..) => "link.move",
            Self::PutProduct(_) | Self::PutProducts(_) => "product.put",
            Self::DeleteProduct(_) => "product.delete",
            Self::CreateEndpoint(_) => "webhook_endpoint.create",
            Self::ChangeEndpoint(..) => "webhook_endpoint.change",
            Self::DeleteEndpoint(_) => "webhook_endpoint.delete",
            Self::RotateEndpointSecret(..) => "webhook_endpoint.rotate_secret",
            Self::TestEndpoint(_) => "webhook_endpoint.test",
            Self::Resend(..) => "webhook_delivery.resend",
            Self::Recover(..) => "webhook_endpoint.recover",
            Self::Reconcile(_) => "orders.reconcile",
        }
    }
}

/// What a write answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status: 200, 201, 202 or 204.
    pub status: u16,
    /// JSON; empty with 204.
    pub body: String,
}

impl Reply {
    pub(super) fn of(status: u16, shown: &impl Serialize) -> Result<Self, Fault> {
        let body = serde_json::to_string(shown)
            .map_err(|cause| Fault::Corrupt(format!("an answer cannot be written: {cause}")))?;
        Ok(Self { status, body })
    }

    /// Nothing to tell.
    pub(super) fn empty() -> Self {
        Self { status: 204, body: String::new() }
    }
}

/// Where a write is done, and by whom.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) vault: &'a Vault,
    pub(super) scope: Scope,
    pub(super) actor: Actor,
    pub(super) now: Timestamp,
}

/// Does a write in the caller's transaction.
pub(super) async fn apply(
    connection: &mut PgConnection,
    at: At<'_>,
    write: Write,
) -> Result<Reply, Fault> {
    match write {
        Write::CreateCampaign(input) => create_campaign(connection, at, input).await,
        Write::ChangeCampaign(id, change) => {
            // What is changed must be read under the lock: two changes at once would else make
            // the same next version of its windows.
            merchant::lock(connection, at.scope.merchant.0).await?;
            let (row, rule) = own_campaign(connection, at.scope, id).await?;
            let before = change_campaign::Before { campaign: &row, rule: rule.as_ref() };
            change_campaign::within(connection, at.actor, at.scope, before, change, at.now).await?;
            show_campaign(connection, at.scope, id, 200).await
        }
        Write::MoveCampaign(id, change) => {
            own_campaign(connection, at.scope, id).await?;
            let id = CampaignId(id);
            set_state::campaign_within(connection, at.actor, id, change, at.now).await?;
            show_campaign(connection, at.scope, id.0, 200).await
        }
        Write::CreateLink(input) => {
            let input = create_link::NewLink {
                scope: at.scope,
                affiliate: AffiliateId(input.affiliate),
                campaign: CampaignId(input.campaign),
                destination: input.destination,
                code: input.code,
            };
            let created = create_link::within(connection, at.actor, input, at.now).await?;
            show_link(connection, at.scope, &created.code, 201).await
        }
        Write::PutProduct(product) => catalogue::put(connection, at, &product).await,
        Write::PutProducts(rows) => catalogue::put_many(connection, at, rows).await,
        Write::DeleteProduct(sku) => catalogue::delete(connection, at, &sku).await,
        Write::CreateEndpoint(new) => endpoints::create(connection, at, new).await,
        Write::ChangeEndpoint(id, change) => endpoints::change(connection, at, id, change).await,
        Write::DeleteEndpoint(id) => endpoints::delete(connection, at, id).await,
        Write::RotateEndpointSecret(id, hours) => {
            endpoints::rotate_secret(connection, at, id, hours).await
        }
        Write::TestEndpoint(id) => endpoints::test(connection, at, id).await,
        Write::Resend(id, sequence) => endpoints::resend(connection, at, id, sequence).await,
        Write::Recover(id, wish) => endpoints::recover(connection, at, id, wish).await,
        Write::Reconcile(day) => catalogue::reconcile(connection, at, &day).await,
        Write::MoveLink(code, state) => {
            // Answers 404 for another merchant's before anything is touched.
            show_link(connection, at.scope, &code, 200).await?;
            let change = match state {
                LinkState::Live => LinkChange::Resume,
                LinkState::Paused => LinkChange::Pause,
                LinkState::Archived => LinkChange::Archive,
            };
            set_state::link_within(connection, at.actor, &code, change, at.now).await?;
            show_link(connection, at.scope, &code, 200).await
        }
    }
}

async fn create_campaign(
    connection: &mut PgConnection,
    at: At<'_>,
    input: validate::NewCampaign,
) -> Result<Reply, Fault> {
    let (commission, products) = (input.commission, input.products);
    let new = NewCampaign {
        scope: at.scope,
        name: input.name,
        is_active: input.is_active,
        listing: input.listing,
        fallback_url: input.fallback_url,
        cookie_days: input.cookie_days,
        hold_days: input.hold_days,
        hold_start: input.hold_start.and_then(change_campaign::hold_start_of),
    };
    let id = create_campaign::within(connection, at.actor, new, at.now).await?;
    if let Some(terms) = commission {
        let world_now = change_campaign::world_now(connection, at.scope, at.now).await?;
        change_campaign::pay(connection, at.actor, at.scope, id, &terms, world_now).await?;
    }
    let (row, _) = own_campaign(connection, at.scope, id.0).await?;
    change_campaign::set_products(connection, &row_of(at.scope, &row), &products).await?;
    show_campaign(connection, at.scope, id.0, 201).await
}

fn row_of(scope: Scope, shown: &ShownCampaignRow) -> CampaignRow {
    CampaignRow {
        environment: scope.environment.as_str().to_owned(),
        merchant_id: scope.merchant.0,
        campaign_id: shown.campaign_id,
        name: shown.name.clone(),
        state: shown.state.clone(),
        listing: shown.listing.clone(),
        fallback_url: shown.fallback_url.clone(),
    }
}

/// A campaign of this merchant and world with its rule.
async fn own_campaign(
    connection: &mut PgConnection,
    scope: Scope,
    id: Uuid,
) -> Result<(ShownCampaignRow, Option<ShownRuleRow>), Fault> {
    let filter = CampaignFilter {
        environment: scope.environment.as_str(),
        merchant_id: scope.merchant.0,
        campaign_id: Some(id),
        state: None,
        listing: None,
        after: None,
        rows_max: 1,
    };
    let row = read_campaign::list(connection, &filter).await?.pop();
    let row = row.ok_or(Fault::NotFound("campaign"))?;
    let environment = scope.environment.as_str();
    let rules = rule::of_campaigns(connection, environment, scope.merchant.0, &[id]).await?;
    Ok((row, rules.into_iter().next()))
}

async fn show_campaign(
    connection: &mut PgConnection,
    scope: Scope,
    id: Uuid,
    status: u16,
) -> Result<Reply, Fault> {
    let (row, rule) = own_campaign(connection, scope, id).await?;
    Reply::of(status, &wire::campaign::shown(&row, rule.as_ref()))
}

async fn show_link(
    connection: &mut PgConnection,
    scope: Scope,
    code: &str,
    status: u16,
) -> Result<Reply, Fault> {
    let filter = LinkFilter {
        environment: scope.environment.as_str(),
        merchant_id: scope.merchant.0,
        code: Some(code.to_owned()),
        affiliate_id: None,
        campaign_id: None,
        state: None,
        after: None,
        rows_max: 1,
    };
    let row = read_link::list(connection, &filter).await?.pop().ok_or(Fault::NotFound("link"))?;
    Reply::of(status, &wire::link::shown(&row))
}
