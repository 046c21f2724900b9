//! Who earns an order: the merchant's candidates one after the other, and every reason kept
//! (MONEY §1).

mod facts;
mod reason;
mod receipt;
mod setting;

pub use facts::{ClickFacts, CouponFacts, CustomerClick, Facts, SeenLink};
pub use reason::Reason;
pub use receipt::{Candidate, Outcome, Receipt};
pub use setting::{Kind, Setting, in_force};

use jiff::Timestamp;
use shared::click_id::ClickClass;
use shared::id::{AffiliateId, CampaignId};

/// How long before its click an order may be dated and still count as after it.
pub const CLICK_LEAD_SECONDS_MAX: i64 = 300;
const DAY_SECONDS: i64 = 86_400;

/// What is to be attributed.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// min(ordered, received), in the merchant's time.
    pub at: Timestamp,
    /// The click id as sent.
    pub click_id: Option<&'a str>,
    /// The coupon as sent.
    pub coupon_code: Option<&'a str>,
    /// Whether a customer was sent.
    pub has_customer: bool,
}

/// Who earns an order, and on whose terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earner {
    /// What says so; `None`: a person.
    pub by: Option<Kind>,
    /// Who earns it.
    pub affiliate: AffiliateId,
    /// Under which campaign; `None`: the merchant's own terms.
    pub campaign: Option<CampaignId>,
    /// The instant whose windows of that campaign count.
    pub windows_at: Timestamp,
}

/// What attribution says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// HIGH, or MEDIUM where the merchant chose automatic: a commission at once.
    Earned(Earner),
    /// MEDIUM: attributed, but no commission before a person confirms it.
    Proposed(Earner),
    /// Nobody: LOW, for the review queue.
    Nobody,
    /// The click proved itself, but the link of this number is not known yet.
    AwaitingLink(u64),
}

impl Verdict {
    /// Who earns it, waiting or not.
    pub fn earner(self) -> Option<Earner> {
        match self {
            Self::Earned(earner) | Self::Proposed(earner) => Some(earner),
            Self::Nobody | Self::AwaitingLink(_) => None,
        }
    }
}

/// Decides who earns an order. From a receipt's own setting and facts it makes that receipt again.
pub fn attribute(order: Order<'_>, setting: &Setting, facts: &Facts) -> (Verdict, Receipt) {
    let mut verdict = Verdict::Nobody;
    let mut receipt = Receipt::begin(order.at, setting);
    let mut used = Facts::default();
    let mut lost = Vec::new();
    for kind in setting.order.iter().copied() {
        if verdict != Verdict::Nobody {
            receipt.candidates.push(Candidate::not_reached(kind));
            continue;
        }
        let mut candidate = match kind {
            Kind::Click => describe_click(order, facts),
            Kind::Coupon => describe_coupon(order, facts),
            Kind::Customer => describe_customer(facts),
        };
        used.take(kind, facts);
        match judge(kind, order, facts) {
            Ok(earner) => {
                candidate.result = Outcome::Won;
                if kind == Kind::Click {
                    note_click(facts, &mut candidate, &mut receipt.risk_reasons);
                }
                let automatic = setting.is_automatic(kind);
                receipt.confidence = kind.confidence().to_owned();
                won_sentence(kind, automatic).clone_into(&mut receipt.why);
                verdict =
                    if automatic { Verdict::Earned(earner) } else { Verdict::Proposed(earner) };
            }
            Err(reason) => {
                candidate.reason = Some(reason);
                receipt.risk_reasons.extend(reason.risk().map(str::to_owned));
                lost.push((kind, reason));
                if let Some(number) = awaited(reason, facts) {
                    verdict = Verdict::AwaitingLink(number);
                }
            }
        }
        receipt.candidates.push(candidate);
    }
    if verdict.earner().is_none() {
        receipt.why = reason::why_nobody(&lost);
    }
    receipt.facts = Some(used);
    (verdict, receipt)
}

/// The link that a click waits for; it goes on without once its time is over.
fn awaited(reason: Reason, facts: &Facts) -> Option<u64> {
    let waits = reason == Reason::LinkUnknown && !facts.link_wait_over;
    facts.missing_link().filter(|_| waits)
}

fn judge(kind: Kind, order: Order<'_>, facts: &Facts) -> Result<Earner, Reason> {
    match kind {
        Kind::Click => judge_click(order.at, facts.click.as_ref()),
        Kind::Coupon => judge_coupon(order, facts.coupon.as_ref()),
        Kind::Customer => judge_customer(order, facts.customer.as_ref()),
    }
}

fn judge_click(at: Timestamp, click: Option<&ClickFacts>) -> Result<Earner, Reason> {
    let (clicked_at, link) = match click {
        None | Some(ClickFacts::Absent) => return Err(Reason::Absent),
        Some(ClickFacts::Mangled) => return Err(Reason::Mangled),
        Some(ClickFacts::Forged) => return Err(Reason::Forged),
        Some(ClickFacts::Proven { clicked_at, link, .. }) => (*clicked_at, *link),
    };
    let (affiliate, campaign, cookie_days) = match link {
        SeenLink::Unknown { .. } => return Err(Reason::LinkUnknown),
        SeenLink::OtherMerchant => return Err(Reason::OtherMerchant),
        SeenLink::OtherEnvironment { .. } => return Err(Reason::OtherEnvironment),
        SeenLink::Own { affiliate_id, campaign_id, cookie_days } => {
            (affiliate_id, campaign_id, cookie_days)
        }
    };
    if super::clock::later(at, CLICK_LEAD_SECONDS_MAX) < clicked_at {
        return Err(Reason::ClickAfterOrder);
    }
    if at > window_until(clicked_at, cookie_days) {
        return Err(Reason::WindowPassed);
    }
    let by = Some(Kind::Click);
    Ok(Earner { by, affiliate, campaign: Some(campaign), windows_at: clicked_at })
}

fn judge_coupon(order: Order<'_>, coupon: Option<&CouponFacts>) -> Result<Earner, Reason> {
    match coupon {
        _ if order.coupon_code.is_none() => Err(Reason::Absent),
        None | Some(CouponFacts::Unknown) => Err(Reason::CouponUnknown),
        Some(CouponFacts::NotInForce) => Err(Reason::CouponNotInForce),
        Some(CouponFacts::Assigned { affiliate_id, campaign_id }) => Ok(Earner {
            by: Some(Kind::Coupon),
            affiliate: *affiliate_id,
            campaign: Some(*campaign_id),
            windows_at: order.at,
        }),
    }
}

fn judge_customer(order: Order<'_>, click: Option<&CustomerClick>) -> Result<Earner, Reason> {
    match click {
        _ if !order.has_customer => Err(Reason::Absent),
        None => Err(Reason::CustomerNew),
        Some(click) if order.at > click.window_until => Err(Reason::WindowPassed),
        Some(click) => Ok(Earner {
            by: Some(Kind::Customer),
            affiliate: click.affiliate_id,
            campaign: Some(click.campaign_id),
            windows_at: click.clicked_at,
        }),
    }
}

/// When the cookie window of a click ends; that second is still inside.
pub fn window_until(clicked_at: Timestamp, cookie_days: u32) -> Timestamp {
    super::clock::later(clicked_at, i64::from(cookie_days) * DAY_SECONDS)
}

fn note_click(facts: &Facts, candidate: &mut Candidate, risk_reasons: &mut Vec<String>) {
    if let Some(ClickFacts::Proven { class, recorded, .. }) = &facts.click {
        if !recorded {
            candidate.notes.push("click_record_missing".to_owned());
        }
        if *class != ClickClass::Human {
            risk_reasons.push(format!("click_class_{}", class.as_str()));
        }
    }
}

fn describe_click(order: Order<'_>, facts: &Facts) -> Candidate {
    let mut shown = Candidate::lost(Kind::Click);
    shown.click_id = order.click_id.map(str::to_owned);
    if let Some(ClickFacts::Proven { class, clicked_at, link, .. }) = &facts.click {
        shown.class = Some(*class);
        shown.clicked_at = Some(*clicked_at);
        if let SeenLink::Own { affiliate_id, cookie_days, .. }
        | SeenLink::OtherEnvironment { affiliate_id, cookie_days, .. } = link
        {
            shown.window_until = Some(window_until(*clicked_at, *cookie_days));
            shown.affiliate_id = Some(*affiliate_id);
        }
    }
    shown
}

fn describe_coupon(order: Order<'_>, facts: &Facts) -> Candidate {
    let mut shown = Candidate::lost(Kind::Coupon);
    shown.coupon_code = order.coupon_code.map(str::to_owned);
    if let Some(CouponFacts::Assigned { affiliate_id, .. }) = &facts.coupon {
        shown.affiliate_id = Some(*affiliate_id);
    }
    shown
}

fn describe_customer(facts: &Facts) -> Candidate {
    let mut shown = Candidate::lost(Kind::Customer);
    if let Some(click) = &facts.customer {
        shown.click_id = click.click_id.clone();
        shown.clicked_at = Some(click.clicked_at);
        shown.window_until = Some(click.window_until);
        shown.affiliate_id = Some(click.affiliate_id);
        shown.conversion_id = Some(click.conversion_id.clone());
    }
    shown
}

fn won_sentence(kind: Kind, automatic: bool) -> &'static str {
    match (kind, automatic) {
        (Kind::Click, _) => "A click of this merchant, inside its cookie window, earns the order.",
        (Kind::Coupon, true) => "The order's coupon belongs to one affiliate, who earns the order.",
        (Kind::Coupon, false) => {
            "The order's coupon belongs to one affiliate; a person confirms it first."
        }
        (Kind::Customer, true) => {
            "The customer came by an affiliate's click before, and its cookie window still runs."
        }
        (Kind::Customer, false) => {
            "The customer came by an affiliate's click before, and its cookie window still runs; \
             a person confirms it first."
        }
    }
}

#[cfg(test)]
mod tests;
