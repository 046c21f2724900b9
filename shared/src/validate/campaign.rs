//! `POST` and `PATCH /api/v1/campaigns`: body to terms. Rules: PRODUCT §8.

use super::commission_terms::{self, CommissionTerms};
use super::fields::{Change, Fields, Need, id_fault};
use super::{EXTERNAL_ID_CHARACTERS_MAX, NAME_CHARACTERS_MAX, WINDOW_DAYS_MAX};
use crate::fault::Faults;
use crate::json::Node;
use crate::money::Currency;
use crate::order_status::OrderStatus;

/// Bytes of a URL at most.
pub const URL_BYTES_MAX: usize = 2_048;
/// Products of a campaign at most.
pub const CAMPAIGN_PRODUCTS_MAX: usize = 500;
/// Days after a click in which an order can earn, unless a campaign says otherwise.
pub const COOKIE_DAYS_DEFAULT: u32 = 30;

/// Who sees a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// Everybody, on the campaigns page.
    Public,
    /// Those who were invited.
    Invite,
}

/// A campaign to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCampaign {
    /// Shown to affiliates.
    pub name: String,
    /// Who sees it.
    pub listing: Listing,
    /// Whether its links work from the start; otherwise it begins as a draft.
    pub is_active: bool,
    /// Where its paused links lead; `None`: the merchant's home page.
    pub fallback_url: Option<String>,
    /// Days after a click in which an order can earn.
    pub cookie_days: u32,
    /// Days of the return window; `None`: the merchant's.
    pub hold_days: Option<u32>,
    /// The first status that starts it; `None`: the merchant's.
    pub hold_start: Option<OrderStatus>,
    /// What it pays; `None`: what the merchant's default rule pays.
    pub commission: Option<CommissionTerms>,
    /// SKUs of the products it is about.
    pub products: Vec<String>,
}

/// What of a campaign changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignChange {
    /// Shown to affiliates.
    pub name: Option<String>,
    /// Who sees it.
    pub listing: Option<Listing>,
    /// Where its paused links lead.
    pub fallback_url: Change<String>,
    /// Days after a click in which an order can earn.
    pub cookie_days: Option<u32>,
    /// Days of the return window.
    pub hold_days: Change<u32>,
    /// The first status that starts it.
    pub hold_start: Change<OrderStatus>,
    /// What it pays.
    pub commission: Change<CommissionTerms>,
    /// SKUs of the products it is about, all of them.
    pub products: Option<Vec<String>>,
}

const LISTINGS: [(&str, Listing); 2] = [("public", Listing::Public), ("invite", Listing::Invite)];
const HOLD_STARTS: [(&str, OrderStatus); 3] = [
    ("confirmed", OrderStatus::Confirmed),
    ("paid", OrderStatus::Paid),
    ("delivered", OrderStatus::Delivered),
];
const FIRST_STATES: [(&str, bool); 2] = [("draft", false), ("active", true)];

/// Reads a campaign to create, or every fault of the body.
pub fn new_campaign(body: &[u8], currency: Currency) -> Result<NewCampaign, Faults> {
    let mut fields = Fields::read(body);
    if fields.unreadable() {
        return Err(fields.faults);
    }
    let name = fields.display_name("name", NAME_CHARACTERS_MAX, Need::Required);
    let listing = listing(&mut fields);
    let is_active = fields.one_of("state", &FIRST_STATES, Need::Optional);
    let fallback_url = fallback_url(&mut fields);
    let cookie_days = cookie_days(&mut fields);
    let hold_days = hold_days(&mut fields);
    let hold_start = hold_start(&mut fields);
    let commission = commission_terms::read(&mut fields, "commission", currency);
    let products = products(&mut fields);
    fields.refuse_unknown(&KINDLY);
    match (name, fields.faults.is_empty()) {
        (Some(name), true) => Ok(NewCampaign {
            name,
            listing: listing.unwrap_or(Listing::Invite),
            is_active: is_active.unwrap_or(false),
            fallback_url,
            cookie_days: cookie_days.unwrap_or(COOKIE_DAYS_DEFAULT),
            hold_days,
            hold_start,
            commission,
            products: products.unwrap_or_default(),
        }),
        _ => Err(fields.faults),
    }
}

/// Reads what of a campaign is to change, or every fault of the body.
pub fn campaign_change(body: &[u8], currency: Currency) -> Result<CampaignChange, Faults> {
    let mut fields = Fields::read(body);
    if fields.unreadable() {
        return Err(fields.faults);
    }
    let change = CampaignChange {
        name: fields.display_name("name", NAME_CHARACTERS_MAX, Need::Optional),
        listing: listing(&mut fields),
        fallback_url: fields.change("fallbackUrl", fallback_url),
        cookie_days: cookie_days(&mut fields),
        hold_days: fields.change("holdDays", hold_days),
        hold_start: fields.change("holdStart", hold_start),
        commission: fields
            .change("commission", |fields| commission_terms::read(fields, "commission", currency)),
        products: products(&mut fields),
    };
    fields.refuse_unknown(&KINDLY);
    if fields.faults.is_empty() { Ok(change) } else { Err(fields.faults) }
}

/// Names that are likely meant for another field or place.
const KINDLY: [(&str, &str); 3] = [
    ("rateBps", "commission.rateBps"),
    ("cookieWindow", "cookieDays"),
    ("state", "POST …/activate, …/pause or …/archive"),
];

fn listing(fields: &mut Fields) -> Option<Listing> {
    fields.one_of("listing", &LISTINGS, Need::Optional)
}

fn fallback_url(fields: &mut Fields) -> Option<String> {
    fields.text("fallbackUrl", URL_BYTES_MAX, Need::Optional)
}

fn cookie_days(fields: &mut Fields) -> Option<u32> {
    fields.whole("cookieDays", 1, WINDOW_DAYS_MAX, Need::Optional)
}

fn hold_days(fields: &mut Fields) -> Option<u32> {
    fields.whole("holdDays", 0, WINDOW_DAYS_MAX, Need::Optional)
}

fn hold_start(fields: &mut Fields) -> Option<OrderStatus> {
    fields.one_of("holdStart", &HOLD_STARTS, Need::Optional)
}

/// A list of SKUs, each once; it may be empty.
fn products(fields: &mut Fields) -> Option<Vec<String>> {
    let node = fields.word("products", Need::Optional)?;
    let Node::List(nodes) = node else {
        fields.faults.push("products must be an array of SKUs");
        return None;
    };
    if nodes.len() > CAMPAIGN_PRODUCTS_MAX {
        fields.faults.push(format!("products must have at most {CAMPAIGN_PRODUCTS_MAX} entries"));
        return None;
    }
    let mut skus: Vec<String> = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.into_iter().enumerate() {
        let reason = match &node {
            Node::Text(sku) if sku.chars().count() > EXTERNAL_ID_CHARACTERS_MAX => {
                Some("must be at most 160 characters")
            }
            Node::Text(sku) if skus.contains(sku) => Some("must not be repeated"),
            Node::Text(sku) => id_fault(sku),
            _ => Some("must be a string"),
        };
        match (reason, node) {
            (Some(reason), _) => fields.faults.push(format!("products[{at}] {reason}")),
            (None, Node::Text(sku)) => skus.push(sku),
            (None, _) => {}
        }
    }
    Some(skus)
}
