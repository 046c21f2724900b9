//! The review queue: one decision per order, and orders judged again when a missing fact arrives.
//!
//! Whoever earns an order later earns it on the terms of its sale, as if it had been known then:
//! same instant, same rules, same windows, everything reported since replayed. Only the postings
//! and notices of it take effect when it is decided, never before.

use super::attribution::{self, Earner, Facts, Kind, Receipt, Verdict};
use super::book::{Book, Fact, Record};
use super::commission::Steps;
use super::notice;
use super::order::{Order, Reported, Review};
use super::report;
use super::shop;
use jiff::Timestamp;
use rust_decimal::Decimal;
use shared::event::Conversion;
use shared::id::{AffiliateId, CampaignId, ConversionId};
use shared::order_status::OrderStatus;

/// What a person says of an order that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// The candidate shown earns it.
    Confirm,
    /// This affiliate earns it.
    Assign {
        /// Who.
        affiliate: AffiliateId,
        /// On this campaign's terms; `None`: the merchant's own.
        campaign: Option<CampaignId>,
    },
    /// Nobody earns it.
    Reject,
}

impl Ruling {
    /// The word in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Assign { .. } => "assign",
            Self::Reject => "reject",
        }
    }
}

/// What a ruling came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruled {
    /// There is a commission now.
    Earned,
    /// The order is attributed, and its rules earn nothing on it.
    EarnsNothing,
    /// Nobody earns it.
    Rejected,
    /// Refused: the whole order was taken back.
    FullyReversed,
    /// Refused: there is no candidate to confirm.
    NoCandidate,
    /// Refused: nothing is to be decided on it.
    NotWaiting,
}

impl Ruled {
    /// Whether the decision stands; a refused one changed nothing.
    pub fn stands(self) -> bool {
        matches!(self, Self::Earned | Self::EarnsNothing | Self::Rejected)
    }
}

/// What judging an order again came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejudged {
    /// It has a new attribution receipt, and what follows from it.
    Anew,
    /// It has a commission or a decision, was taken back, or is not there: it stays as it is.
    Kept,
}

impl Book {
    /// Carries out a person's decision on an order of this book, with everything reported of the
    /// order since, in the order in which it happened.
    pub fn rule_on(
        &mut self,
        id: ConversionId,
        ruling: Ruling,
        facts: &[Fact],
        at: Timestamp,
    ) -> Ruled {
        let waiting = |order: &&Order| order.review == Some(Review::Waiting);
        let Some(order) = self.orders.get(&id).filter(waiting).cloned() else {
            return Ruled::NotWaiting;
        };
        let earner = match ruling {
            Ruling::Reject => return self.reject(id, at),
            Ruling::Confirm => proposed(&order),
            Ruling::Assign { affiliate, campaign } => {
                let windows_at = order.judged_at();
                Some(Earner { by: None, affiliate, campaign, windows_at })
            }
        };
        let Some(earner) = earner else { return Ruled::NoCandidate };
        let Some((mut granted, steps)) = self.grant(&order, earner, facts, at) else {
            return Ruled::FullyReversed;
        };
        granted.review = Some(Review::Assigned);
        let ruled = if granted.commission.is_some() { Ruled::Earned } else { Ruled::EarnsNothing };
        self.put_back(granted, steps);
        ruled
    }

    fn reject(&mut self, id: ConversionId, at: Timestamp) -> Ruled {
        let Some(mut order) = self.orders.get(&id).cloned() else { return Ruled::NotWaiting };
        order.review = Some(Review::Rejected);
        let was_proposed = order.affiliate.take().is_some();
        order.campaign = None;
        let mut steps = Steps::default();
        if was_proposed {
            order.tell(notice::Kind::ConversionUnattributed, at, &mut steps);
        }
        self.put_back(order, steps);
        Ruled::Rejected
    }

    /// Judges an order again because a fact that its receipt names missing has arrived.
    pub fn judge_again(&mut self, record: &Record, facts: &[Fact], at: Timestamp) -> Rejudged {
        let Some(event) = shop::conversion(&record.event, self.scope.environment) else {
            return Rejudged::Kept;
        };
        let Some(order) = self.undecided(&event).cloned() else { return Rejudged::Kept };
        // Of several coupons that a shop told, the order keeps the one that was taken.
        let coupon_code = order.coupon_code.clone();
        let event = &Conversion { coupon_code, ..event.into_owned() };
        let received_at = order.received_at;
        let reported =
            Reported { scope: self.scope, event_id: &record.event_id, event, received_at };
        let (verdict, receipt) = self.judge(reported, record.received_at, true);
        let mut anew = order.clone();
        anew.confidence.clone_from(&receipt.confidence);
        anew.attribution = serde_json::to_value(&receipt).expect("a receipt is plain data");
        self.risk.judge_again(&mut anew, &receipt);
        let (rejudged, steps) = match verdict {
            Verdict::Earned(earner) => {
                let Some((mut granted, steps)) = self.grant(&anew, earner, facts, at) else {
                    return Rejudged::Kept;
                };
                granted.review = None;
                (granted, steps)
            }
            Verdict::Proposed(_) | Verdict::Nobody | Verdict::AwaitingLink(_) => {
                let mut steps = Steps::default();
                let earner = verdict.earner();
                anew.affiliate = earner.map(|earner| earner.affiliate);
                anew.campaign = earner.and_then(|earner| earner.campaign);
                if anew.affiliate.is_some() && anew.affiliate != order.affiliate {
                    anew.tell(notice::Kind::ConversionAttributed, at, &mut steps);
                }
                (anew, steps)
            }
        };
        self.remember(&rejudged, &receipt);
        self.put_back(rejudged, steps);
        Rejudged::Anew
    }

    /// Grants an order of this book to the one its new receipt names, as judging it again did.
    pub(super) fn grant_again(
        &mut self,
        id: ConversionId,
        receipt: &Receipt,
        known: &Facts,
        facts: &[Fact],
        at: Timestamp,
    ) {
        let Some(order) = self.orders.get(&id).cloned() else { return };
        let setting = receipt.setting();
        let judged = attribution::Order {
            at: receipt.judged_at,
            click_id: order.click_id.as_deref(),
            coupon_code: order.coupon_code.as_deref().filter(|code| !code.is_empty()),
            has_customer: order.customer_hash.is_some(),
        };
        let (Verdict::Earned(earner), _) = attribution::attribute(judged, &setting, known) else {
            return;
        };
        if let Some((mut granted, steps)) = self.grant(&order, earner, facts, at) {
            granted.review = None;
            self.put_back(granted, steps);
        }
    }

    fn undecided(&self, event: &Conversion) -> Option<&Order> {
        let (merchant, environment) = (self.scope.merchant, self.scope.environment);
        let id = ConversionId::derive(merchant, environment, &event.external_order_id);
        let order = self.orders.get(&id)?;
        let open = order.review == Some(Review::Waiting) && order.commission.is_none();
        (open && order.reversed_by.is_none()).then_some(order)
    }

    /// The order as its earner has it; `None` when the whole order was taken back.
    fn grant(
        &mut self,
        order: &Order,
        earner: Earner,
        facts: &[Fact],
        at: Timestamp,
    ) -> Option<(Order, Steps)> {
        let mut steps = Steps::default();
        let mut granted = order.clone();
        granted.affiliate = Some(earner.affiliate);
        granted.campaign = earner.campaign;
        if order.affiliate != granted.affiliate {
            granted.tell(notice::Kind::ConversionAttributed, at, &mut steps);
        }
        forget_reports(&mut granted);
        granted.earn(earner, self.windows_of(Some(earner)), &self.rules, at, &mut steps);
        let counted = self.risk.counted.clone();
        self.risk.commission(&mut granted, &self.clock);
        self.risk.show(&mut granted, &self.clock);
        // A decision on a commission that was not there was skipped for good (MONEY §4).
        for fact in facts.iter().filter(|fact| !fact.report.status.is_decision()) {
            let reported = report::Reported {
                event_id: &fact.event_id,
                report: &fact.report,
                received_at: fact.received_at,
            };
            report::apply(&mut granted, reported, &mut steps);
        }
        if granted.reversed_by.is_some() {
            self.risk.counted = counted;
            return None;
        }
        if let Some(commission) = &mut granted.commission {
            commission.release_if_due(at, &mut steps);
            commission.updated_at = commission.updated_at.max(at);
        }
        for transfer in &mut steps.transfers {
            transfer.effective_at = transfer.effective_at.max(at);
        }
        for notice in &mut steps.notices {
            notice.occurred_at = notice.occurred_at.max(at);
        }
        for scored in &mut steps.scores {
            scored.at = scored.at.max(at);
        }
        Some((granted, steps))
    }

    fn put_back(&mut self, order: Order, mut steps: Steps) {
        self.changes.reattributed.push(order.id);
        self.changes.steps.transfers.append(&mut steps.transfers);
        self.changes.steps.notices.append(&mut steps.notices);
        self.changes.steps.scores.append(&mut steps.scores);
        self.orders.insert(order.id, order);
    }
}

/// An order before anything was reported of it; its facts are told again.
fn forget_reports(order: &mut Order) {
    order.status = OrderStatus::Pending;
    order.status_at = order.judged_at();
    order.refunded = Decimal::ZERO;
    order.reversed_by = None;
    order.returned.clear();
}

/// The candidate that waits for a person, read from the order's own receipt.
fn proposed(order: &Order) -> Option<Earner> {
    let affiliate = order.affiliate?;
    let receipt: Receipt = serde_json::from_value(order.attribution.clone()).ok()?;
    let by = receipt.winner()?.kind;
    let windows_at = clicked_at(by, receipt.facts.as_ref()).unwrap_or(receipt.judged_at);
    Some(Earner { by: Some(by), affiliate, campaign: order.campaign, windows_at })
}

fn clicked_at(by: Kind, facts: Option<&Facts>) -> Option<Timestamp> {
    match by {
        // A click earns at once, so that its candidate never waits for a person.
        Kind::Click | Kind::Coupon => None,
        Kind::Customer => Some(facts?.customer.as_ref()?.clicked_at),
    }
}
