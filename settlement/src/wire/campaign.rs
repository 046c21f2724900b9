//! A campaign, as its merchant reads it.

use super::{at, commission_terms};
use crate::store::read_campaign::ShownCampaignRow;
use crate::store::rule::ShownRuleRow;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A merchant's terms for a set of products.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Campaign)]
pub struct Shown {
    /// Its id.
    id: Uuid,
    /// Shown to affiliates.
    #[schema(example = "Autumn tea", min_length = 1, max_length = 160)]
    name: String,
    /// `draft`, `active`, `paused` or `archived`: only an active campaign's links work.
    #[schema(example = "active")]
    state: String,
    /// `public`: on the campaigns page; `invite`: not.
    #[schema(example = "invite")]
    listing: String,
    /// Where its paused links lead; null: the merchant's home page.
    fallback_url: Option<String>,
    /// Days after a click in which an order can earn.
    #[schema(example = 30, minimum = 1, maximum = 366)]
    cookie_days: i32,
    /// Days of the return window; null: the merchant's.
    #[schema(minimum = 0, maximum = 366)]
    hold_days: Option<i32>,
    /// The first order status that starts the return window: `confirmed`, `paid` or `delivered`;
    /// null: the merchant's.
    hold_start: Option<String>,
    /// What it pays; null: what the merchant's default rule, else the platform's, pays.
    commission: Option<commission_terms::Shown>,
    /// SKUs of the products it is about.
    products: Vec<String>,
    /// When it was made.
    created_at: String,
    /// When it, its terms or its commission last changed.
    updated_at: String,
}

/// A campaign's row and its rule in force, as the merchant reads them.
pub fn shown(row: &ShownCampaignRow, rule: Option<&ShownRuleRow>) -> Shown {
    Shown {
        id: row.campaign_id,
        name: row.name.clone(),
        state: row.state.clone(),
        listing: row.listing.clone(),
        fallback_url: row.fallback_url.clone(),
        cookie_days: row.cookie_days,
        hold_days: row.hold_days,
        hold_start: row.hold_start.clone(),
        commission: rule.map(commission_terms::shown),
        products: row.products.clone(),
        created_at: at(row.created_at),
        updated_at: at(row.updated_at),
    }
}
