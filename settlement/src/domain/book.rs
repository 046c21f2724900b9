//! The books a batch of events is settled on: what was loaded, and what changed.

use super::attribution::{self, CouponFacts, CustomerClick, SeenLink, Setting};
use super::clock::{Clock, Move};
use super::commission::Steps;
use super::order::{Order, Scope, Windows};
use super::outcome::Outcome;
use super::report::Reported;
use super::risk::desk::Desk;
use super::rule::RuleBook;
use jiff::Timestamp;
use shared::event::{Event, OrderStatusReport};
use shared::id::{AffiliateId, CampaignId, ConversionId, Environment, MerchantId};
use shared::keys::ClickKeys;
use std::collections::{HashMap, HashSet};

/// An accepted event, read.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its id.
    pub event_id: String,
    /// When the edge accepted it, on the edge's clock.
    pub received_at: Timestamp,
    /// Its place in its stream; breaks ties of time.
    pub seq: u64,
    /// What it says.
    pub event: Event,
}

/// One version of a campaign's windows; the first reaches back without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TermsVersion {
    /// From when.
    pub in_force_from: Timestamp,
    /// What it says, with the merchant's defaults put in.
    pub windows: Windows,
}

/// A link with every version of its campaign's windows, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkFacts {
    /// Whose shop it leads to.
    pub merchant: MerchantId,
    /// In which world.
    pub environment: Environment,
    /// Who shares it.
    pub affiliate: AffiliateId,
    /// Under which campaign.
    pub campaign: CampaignId,
    /// The windows; a link without any cannot be created.
    pub versions: Vec<TermsVersion>,
}

impl LinkFacts {
    /// The link as an order of this scope sees it, with the cookie window in force at a click.
    pub(super) fn seen_by(&self, scope: Scope, clicked_at: Timestamp) -> SeenLink {
        let (affiliate_id, campaign_id) = (self.affiliate, self.campaign);
        let cookie_days = windows_at(&self.versions, clicked_at).map_or(0, |w| w.cookie_days);
        if self.merchant != scope.merchant {
            SeenLink::OtherMerchant
        } else if self.environment != scope.environment {
            SeenLink::OtherEnvironment { affiliate_id, campaign_id, cookie_days }
        } else {
            SeenLink::Own { affiliate_id, campaign_id, cookie_days }
        }
    }
}

/// The windows in force at an instant; the first version reaches back without limit.
pub fn windows_at(versions: &[TermsVersion], at: Timestamp) -> Option<Windows> {
    let in_force = versions.iter().rev().find(|version| version.in_force_from <= at);
    in_force.or_else(|| versions.first()).map(|version| version.windows)
}

/// One assignment of a coupon code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CouponVersion {
    /// Whose it is.
    pub affiliate: AffiliateId,
    /// Under which campaign.
    pub campaign: CampaignId,
    /// From when.
    pub in_force_from: Timestamp,
    /// From when it is no more.
    pub ended_at: Option<Timestamp>,
}

/// What candidates beside the click are judged by, and the terms that candidates lead to.
#[derive(Debug, Clone, Default)]
pub struct Candidates {
    /// The merchant's attribution settings.
    pub settings: Vec<Setting>,
    /// Assignments of the coupons that events of the batch name, by folded code.
    pub coupons: HashMap<String, Vec<CouponVersion>>,
    /// Clicks behind customers' earlier conversions, by customer hash; those of the batch too.
    pub customers: HashMap<String, Vec<CustomerClick>>,
    /// The windows of campaigns that may earn, oldest first.
    pub campaigns: HashMap<CampaignId, Vec<TermsVersion>>,
    /// The merchant's own windows, for an assignment without campaign.
    pub own_windows: Option<Windows>,
}

impl Candidates {
    /// The setting in force at an instant.
    pub fn setting(&self, at: Timestamp) -> Setting {
        attribution::in_force(&self.settings, at).cloned().unwrap_or_default()
    }

    /// A coupon as it stood at an instant.
    pub fn coupon(&self, code: &str, at: Timestamp) -> CouponFacts {
        let Some(versions) = self.coupons.get(&folded(code)) else { return CouponFacts::Unknown };
        let in_force = |version: &&CouponVersion| {
            version.in_force_from <= at && version.ended_at.is_none_or(|ended| at < ended)
        };
        match versions.iter().find(in_force) {
            Some(version) => CouponFacts::Assigned {
                affiliate_id: version.affiliate,
                campaign_id: version.campaign,
            },
            None => CouponFacts::NotInForce,
        }
    }

    /// The click behind a customer's latest conversion by then that a click earned.
    pub fn customer(&self, hash: &str, at: Timestamp) -> Option<CustomerClick> {
        let clicks = self.customers.get(hash)?.iter().filter(|click| click.judged_at <= at);
        clicks.max_by_key(|click| (click.judged_at, click.clicked_at)).cloned()
    }
}

/// A coupon code as codes are compared: without regard to case or space around it.
pub fn folded(code: &str) -> String {
    code.trim().to_lowercase()
}

/// An event that waits.
#[derive(Debug, Clone)]
pub struct Parked {
    /// The event.
    pub record: Record,
    /// The conversion it belongs to, there or not.
    pub conversion: ConversionId,
    /// The link a conversion waits for; `None` for a status.
    pub link_number: Option<u64>,
    /// When it goes on without, in the merchant's time.
    pub expires_at: Timestamp,
}

/// What one event left to be written.
#[derive(Debug)]
pub struct Settled {
    /// Which event.
    pub event_id: String,
    /// When the edge accepted it: its inbox partition.
    pub received_at: Timestamp,
    /// What became of it.
    pub outcome: Outcome,
}

/// What facts that nobody reported, but a merchant's policy took for granted, are called, before
/// the conversion's id.
pub const POLICY_PREFIX: &str = "policy:";

/// A fact to be kept with its order.
#[derive(Debug, Clone)]
pub struct Fact {
    /// Which order.
    pub conversion: ConversionId,
    /// The event that said so.
    pub event_id: String,
    /// What makes two reports the same.
    pub content_key: String,
    /// When it happened, in the merchant's time.
    pub happened_at: Timestamp,
    /// When it was accepted, in the merchant's time.
    pub received_at: Timestamp,
    /// What was said.
    pub report: OrderStatusReport,
}

impl Fact {
    /// A report as it is kept.
    pub(super) fn of(
        conversion: ConversionId,
        reported: Reported<'_>,
        content_key: String,
    ) -> Self {
        Self {
            conversion,
            event_id: reported.event_id.to_owned(),
            content_key,
            happened_at: reported.happened_at(),
            received_at: reported.received_at,
            report: reported.report.clone(),
        }
    }
}

/// Everything loaded for a batch of one scope's events, and everything they change.
#[derive(Debug)]
pub struct Book {
    /// Whose books.
    pub scope: Scope,
    /// The merchant's clock.
    pub clock: Clock,
    /// Rules that may price its orders.
    pub rules: RuleBook,
    /// Links that events of the batch name, whoever's they are.
    pub links: HashMap<u64, LinkFacts>,
    /// Exact instants of the clicks whose records have arrived, by canonical click id.
    pub click_instants: HashMap<String, Timestamp>,
    /// What other candidates are judged by.
    pub candidates: Candidates,
    /// Orders the batch touches.
    pub orders: HashMap<ConversionId, Order>,
    /// Events that wait for one of those conversions, and new ones.
    pub parked: HashMap<ConversionId, Vec<Parked>>,
    /// Content keys of statuses already recorded.
    pub content_keys: HashSet<String>,
    /// What risk knows and counts.
    pub risk: Desk,
    /// Keys that open click ids.
    pub click_keys: ClickKeys,
    /// What the events did.
    pub changes: Changes,
}

impl Book {
    /// Every affiliate who may earn an order of the batch.
    pub(super) fn possible_earners(&self) -> HashSet<AffiliateId> {
        let own = self.links.values().filter(|link| link.merchant == self.scope.merchant);
        let coupons = self.candidates.coupons.values().flatten().map(|coupon| coupon.affiliate);
        let customers = self.candidates.customers.values().flatten();
        let customers = customers.map(|click| click.affiliate_id);
        own.map(|link| link.affiliate).chain(coupons).chain(customers).collect()
    }
}

/// What is to be written, in order.
#[derive(Debug, Default)]
pub struct Changes {
    /// Outcomes, one per event settled, parked ones that went on included.
    pub settled: Vec<Settled>,
    /// Orders made.
    pub opened: Vec<ConversionId>,
    /// Orders changed, made ones included.
    pub touched: HashSet<ConversionId>,
    /// Orders that were there and whose attribution changed.
    pub reattributed: Vec<ConversionId>,
    /// Orders that went on without a link they need, with its number.
    pub missing_links: Vec<(ConversionId, u64)>,
    /// Facts to keep.
    pub facts: Vec<Fact>,
    /// Clock moves to keep.
    pub clock_moves: Vec<(String, Move)>,
    /// Events newly parked, by event id.
    pub newly_parked: Vec<Parked>,
    /// Parked events that went on.
    pub unparked: Vec<String>,
    /// Postings and notices.
    pub steps: Steps,
}
