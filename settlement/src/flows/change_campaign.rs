//! A merchant changes its campaign: its own columns at once, its windows and rule by new versions.

use super::actor::{Actor, note};
use super::approved_domain;
use super::create_campaign::listing_word;
use super::directory_rows;
use super::open_merchant::days_of_row;
use super::set_rule::{self, NewRule};
use crate::domain::hold::HoldStart;
use crate::domain::order::Scope;
use crate::domain::rule::{Kind, Subject};
use crate::error::Fault;
use crate::store::campaign::{self, CampaignRow, TermsRow};
use crate::store::directory_source::Which;
use crate::store::read_campaign::ShownCampaignRow;
use crate::store::rule::ShownRuleRow;
use crate::store::{merchant, terms};
use jiff::Timestamp;
use serde_json::json;
use shared::id::{CampaignId, Environment};
use shared::order_status::OrderStatus;
use shared::validate::{CampaignChange, Change, CommissionTerms, Pays};
use sqlx::PgConnection;

/// The campaign as it is before the change.
#[derive(Debug, Clone, Copy)]
pub struct Before<'a> {
    /// The campaign with its latest windows.
    pub campaign: &'a ShownCampaignRow,
    /// Its rule, if it has one.
    pub rule: Option<&'a ShownRuleRow>,
}

/// Changes a campaign in the caller's transaction, which holds the merchant's lock.
pub async fn within(
    connection: &mut PgConnection,
    actor: Actor,
    scope: Scope,
    before: Before<'_>,
    change: CampaignChange,
    now: Timestamp,
) -> Result<(), Fault> {
    actor.may_change(scope.merchant)?;
    let shown = before.campaign;
    if shown.state == "archived" {
        return Err(Fault::Conflict("an archived campaign never changes".to_owned()));
    }
    let found = merchant::lock(connection, scope.merchant.0).await?;
    let domain = found.ok_or(Fault::NotFound("merchant"))?.approved_domain;
    let row = CampaignRow {
        environment: scope.environment.as_str().to_owned(),
        merchant_id: scope.merchant.0,
        campaign_id: shown.campaign_id,
        name: change.name.unwrap_or_else(|| shown.name.clone()),
        state: shown.state.clone(),
        listing: change.listing.map_or_else(|| shown.listing.clone(), |l| listing_word(l).into()),
        fallback_url: match change.fallback_url {
            Change::Set(url) => Some(approved_domain::url_within("fallbackUrl", &url, &domain)?),
            other => other.apply(shown.fallback_url.clone()),
        },
    };
    let id = CampaignId(shown.campaign_id);
    campaign::update(connection, &row, now).await?;
    let windows = TermsRow {
        version: shown.terms_version + 1,
        cookie_days: change.cookie_days.map_or(shown.cookie_days, days_of_row),
        hold_days: match change.hold_days {
            Change::Set(days) => Some(days_of_row(days)),
            Change::Clear => None,
            Change::Keep => shown.hold_days,
        },
        hold_start: match change.hold_start {
            Change::Set(status) => hold_start_of(status).map(HoldStart::as_str),
            Change::Clear => None,
            Change::Keep => {
                shown.hold_start.as_deref().and_then(HoldStart::parse).map(HoldStart::as_str)
            }
        },
    };
    let world_now = world_now(connection, scope, now).await?;
    let same_windows = windows.cookie_days == shown.cookie_days
        && windows.hold_days == shown.hold_days
        && windows.hold_start == shown.hold_start.as_deref();
    if !same_windows {
        campaign::insert_terms(connection, &row, &windows, world_now).await?;
    }
    match change.commission {
        Change::Set(terms) if !is_same(&terms, before.rule) => {
            pay(connection, actor, scope, id, &terms, world_now).await?;
        }
        Change::Clear if before.rule.is_some() => {
            set_rule::end(connection, actor, scope, Subject::Campaign(id), now).await?;
        }
        Change::Set(_) | Change::Clear | Change::Keep => {}
    }
    if let Some(products) = change.products {
        set_products(connection, &row, &products).await?;
    }
    directory_rows::refresh_links(connection, scope.merchant, Which::Campaign(id.0), now).await?;
    let detail = json!({"name": row.name, "cookieDays": windows.cookie_days});
    note(connection, actor, "campaign.change", &id.to_string(), detail, now).await
}

/// Sets what a campaign pays.
pub(super) async fn pay(
    connection: &mut PgConnection,
    actor: Actor,
    scope: Scope,
    campaign: CampaignId,
    terms: &CommissionTerms,
    world_now: Timestamp,
) -> Result<(), Fault> {
    let rule = NewRule {
        environment: scope.environment,
        merchant: Some(scope.merchant),
        subject: Subject::Campaign(campaign),
        kind: kind_of(terms.pays),
        cap: terms.cap,
        minimum_order: terms.minimum_order,
        currency: terms.currency,
    };
    set_rule::within(connection, actor, rule, world_now).await?;
    Ok(())
}

/// Replaces a campaign's products; all of them must be the merchant's.
pub(super) async fn set_products(
    connection: &mut PgConnection,
    row: &CampaignRow,
    skus: &[String],
) -> Result<(), Fault> {
    let unknown = campaign::replace_products(connection, row, skus).await?;
    if unknown.is_empty() { Ok(()) } else { Err(Fault::NotFound("product")) }
}

/// The merchant's time in its world: in the test world the test clock's.
pub async fn world_now(
    connection: &mut PgConnection,
    scope: Scope,
    now: Timestamp,
) -> Result<Timestamp, Fault> {
    if scope.environment == Environment::Live {
        return Ok(now);
    }
    let merchant = scope.merchant.0;
    let clocks = terms::clocks(connection, &[merchant]).await?;
    Ok(clocks.get(&merchant).map_or(now, |clock| clock.at(now)))
}

/// How a rule of these terms pays.
pub(super) fn kind_of(pays: Pays) -> Kind {
    match pays {
        Pays::Percent(bps) => Kind::Percent(bps),
        Pays::Flat(amount) => Kind::Flat(amount),
    }
}

/// Whether a rule's last version says just this.
pub(super) fn is_same(terms: &CommissionTerms, rule: Option<&ShownRuleRow>) -> bool {
    let Some(rule) = rule else { return false };
    let same_kind = match terms.pays {
        Pays::Percent(bps) => {
            rule.rate_bps.and_then(|known| u32::try_from(known).ok()) == Some(bps)
        }
        Pays::Flat(amount) => rule.flat_amount == Some(amount),
    };
    same_kind
        && rule.cap_amount == terms.cap
        && rule.minimum_order == terms.minimum_order
        && rule.currency.as_deref() == terms.currency.map(shared::money::Currency::code)
}

/// The policy that begins with a status; `None` for one that begins none.
pub(super) fn hold_start_of(status: OrderStatus) -> Option<HoldStart> {
    match status {
        OrderStatus::Confirmed => Some(HoldStart::Confirmed),
        OrderStatus::Paid => Some(HoldStart::Paid),
        OrderStatus::Delivered => Some(HoldStart::Delivered),
        OrderStatus::Pending
        | OrderStatus::Cancelled
        | OrderStatus::Returned
        | OrderStatus::Refunded
        | OrderStatus::CommissionApproved
        | OrderStatus::CommissionRejected => None,
    }
}
