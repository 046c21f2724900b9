//! A link, as its merchant reads it.

use super::at;
use crate::store::read_link::ShownLinkRow;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Affiliate × campaign × destination.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Link)]
pub struct Shown {
    /// Its short name, unique over the network and never reused.
    #[schema(example = "himal-asha", min_length = 1, max_length = 64)]
    code: String,
    /// Where shoppers follow it, on the redirect host.
    #[schema(example = "/c/himal-asha")]
    path: String,
    /// Who shares it.
    affiliate_id: Uuid,
    /// Under which terms.
    campaign_id: Uuid,
    /// Where it leads, in its one spelling.
    #[schema(example = "https://himalmart.example/tea")]
    destination: String,
    /// `live`, `paused` or `archived`, which it stays.
    #[schema(example = "live")]
    state: String,
    /// When it was made.
    created_at: String,
}

/// A link's row as the merchant reads it.
pub fn shown(row: &ShownLinkRow) -> Shown {
    Shown {
        path: format!("/c/{}", row.code),
        code: row.code.clone(),
        affiliate_id: row.affiliate_id,
        campaign_id: row.campaign_id,
        destination: row.destination.clone(),
        state: row.state.clone(),
        created_at: at(row.created_at),
    }
}
