//! Request bodies to events: every fault of a body at once, each naming its field.

mod batch;
mod campaign;
mod commission_terms;
mod conversion;
mod fields;
mod link;
mod report;
pub mod resource;
mod signature_question;
mod simulation;
#[cfg(test)]
mod tests;
pub mod web_address;
mod webhook;

pub use batch::batch;
pub use campaign::{
    CAMPAIGN_PRODUCTS_MAX, COOKIE_DAYS_DEFAULT, CampaignChange, Listing, NewCampaign,
    URL_BYTES_MAX, campaign_change, new_campaign,
};
pub use commission_terms::{CommissionTerms, Pays, RATE_BPS_MAX};
pub use conversion::conversion;
pub use fields::Change;
pub use link::{CODE_CHARACTERS_MAX, LinkState, NewLink, link_change, new_link};
pub use report::{clock_advance, order_status};
pub use signature_question::{
    SIGNATURE_PART_CHARACTERS_MAX, SIGNED_PATH_CHARACTERS_MAX, SignatureQuestion,
    signature_question,
};
pub use simulation::{SIMULATION_DAYS_MAX, Scenario, Simulation, simulation};
pub use webhook::{Wrapped, external_event_id, webhook};

use crate::id::{Environment, MerchantId};
use crate::keys::HashKey;
use crate::money::Currency;
use jiff::Timestamp;

/// Unicode scalars of a name that people read at most.
pub const NAME_CHARACTERS_MAX: usize = 160;
/// Days of a return or cookie window at most.
pub const WINDOW_DAYS_MAX: u32 = 366;
/// Unicode scalars of an order id, SKU or customer id at most.
pub const EXTERNAL_ID_CHARACTERS_MAX: usize = 160;
/// Unicode scalars of a click id as sent at most.
pub const CLICK_ID_CHARACTERS_MAX: usize = 200;
/// Unicode scalars of a coupon code at most.
pub const COUPON_CHARACTERS_MAX: usize = 80;
/// Unicode scalars of a status reason at most.
pub const REASON_CHARACTERS_MAX: usize = 500;
/// Bytes of a metadata object's text at most.
pub const METADATA_BYTES_MAX: usize = 16 * 1024;
/// Lines of an order at most.
pub const ITEMS_MAX: usize = 500;
/// Units of one line at most.
pub const QUANTITY_MAX: u32 = 1_000_000;
/// Events in one batch at most.
pub const BATCH_EVENTS_MAX: usize = 100;
/// Seconds one call may move a test clock by at most: 366 days.
pub const CLOCK_ADVANCE_SECONDS_MAX: u64 = 366 * 86_400;

/// What validation needs to know beside the body.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The merchant that signed; salts the customer hash.
    pub merchant: MerchantId,
    /// Live keys have their instants checked against `now`; test time is settlement's to know.
    pub environment: Environment,
    /// The merchant's currency.
    pub currency: Currency,
    /// The edge's clock.
    pub now: Timestamp,
    /// The key of customer hashes.
    pub hash_key: &'a HashKey,
}
