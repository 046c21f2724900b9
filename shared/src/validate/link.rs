//! `POST` and `PATCH /api/v1/links`: body to link. Rules: ARCHITECTURE, PRODUCT §1.

use super::campaign::URL_BYTES_MAX;
use super::fields::{Fields, Need};
use crate::fault::Faults;
use crate::json::Node;
use uuid::Uuid;

/// Characters of a code at most.
pub const CODE_CHARACTERS_MAX: usize = 64;

/// A link to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLink {
    /// Who shares it.
    pub affiliate: Uuid,
    /// Under which terms.
    pub campaign: Uuid,
    /// Where it leads; to be checked against the approved domain.
    pub destination: String,
    /// Its short name; `None` draws one.
    pub code: Option<String>,
}

/// What a link becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// It works.
    Live,
    /// It leads to the fallback for now.
    Paused,
    /// It leads to the fallback for good.
    Archived,
}

const STATES: [(&str, LinkState); 3] =
    [("live", LinkState::Live), ("paused", LinkState::Paused), ("archived", LinkState::Archived)];

/// Reads a link to create, or every fault of the body.
pub fn new_link(body: &[u8]) -> Result<NewLink, Faults> {
    let mut fields = Fields::read(body);
    if fields.unreadable() {
        return Err(fields.faults);
    }
    let affiliate = id(&mut fields, "affiliateId");
    let campaign = id(&mut fields, "campaignId");
    let destination = fields.text("destination", URL_BYTES_MAX, Need::Required);
    let code = code(&mut fields);
    fields.refuse_unknown(&[("url", "destination")]);
    match (affiliate, campaign, destination, fields.faults.is_empty()) {
        (Some(affiliate), Some(campaign), Some(destination), true) => {
            Ok(NewLink { affiliate, campaign, destination, code })
        }
        _ => Err(fields.faults),
    }
}

/// Reads what a link becomes, or every fault of the body.
pub fn link_change(body: &[u8]) -> Result<LinkState, Faults> {
    let mut fields = Fields::read(body);
    if fields.unreadable() {
        return Err(fields.faults);
    }
    let state = fields.one_of("state", &STATES, Need::Required);
    for fixed in ["affiliateId", "campaignId", "destination", "code"] {
        if fields.word(fixed, Need::Optional).is_some() {
            fields.faults.push(format!("{fixed} never changes; make another link"));
        }
    }
    fields.refuse_unknown(&[]);
    match (state, fields.faults.is_empty()) {
        (Some(state), true) => Ok(state),
        _ => Err(fields.faults),
    }
}

fn id(fields: &mut Fields, name: &str) -> Option<Uuid> {
    let node = fields.word(name, Need::Required)?;
    let id = match &node {
        Node::Text(text) => Uuid::try_parse(text).ok(),
        _ => None,
    };
    if id.is_none() {
        fields.faults.push(format!("{name} must be a UUID"));
    }
    id
}

fn code(fields: &mut Fields) -> Option<String> {
    let code = fields.text("code", CODE_CHARACTERS_MAX, Need::Optional)?;
    let sane = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if code.is_empty() || !code.bytes().all(sane) {
        fields
            .faults
            .push(format!("code must be 1 to {CODE_CHARACTERS_MAX} letters, digits, - or _"));
        return None;
    }
    Some(code)
}
