//! Stored and rebuilt, side by side; every difference has its subject and both values.

use super::super::book::Fact;
use super::super::commission::Commission;
use super::super::ledger::Transfer;
use super::super::lifecycle::State;
use super::super::order::Order;
use super::super::risk::{Score, Scored};
use super::play::Rebuilt;
use super::{Heard, Recorded, RecordedScore, Stored, StoredTransfer};
use jiff::Timestamp;
use serde_json::Value;
use shared::id::ConversionId;
use std::collections::BTreeMap;
use std::fmt::Debug;

/// Codes of events that must have met or made a conversion.
const NEEDS_CONVERSION: [&str; 6] = [
    "APPLIED",
    "NO_CHANGE",
    "RECORDED",
    "IN_REVIEW",
    "ORDER_STATUS_TRANSITION_DENIED",
    "DUPLICATE_STATUS",
];
/// Characters of a value shown at most.
const SHOWN_CHARACTERS_MAX: usize = 600;

/// One place where the stored books are not what the recorded inputs make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// About which conversion, transfer or table.
    pub subject: String,
    /// Which part of it.
    pub what: String,
    /// What is stored.
    pub stored: String,
    /// What the recorded inputs make.
    pub rebuilt: String,
}

impl Difference {
    /// A difference of a conversion, of its commission, or of something else of its.
    pub fn new(id: ConversionId, what: &str, stored: &str, rebuilt: &str) -> Self {
        Self::of(&id.to_string(), what, stored, rebuilt)
    }

    /// A difference of anything.
    pub fn of(subject: &str, what: &str, stored: &str, rebuilt: &str) -> Self {
        let shown = |text: &str| text.chars().take(SHOWN_CHARACTERS_MAX).collect();
        Self {
            subject: subject.to_owned(),
            what: what.to_owned(),
            stored: shown(stored),
            rebuilt: shown(rebuilt),
        }
    }
}

/// Gathers differences of one conversion.
struct Findings {
    id: ConversionId,
    found: Vec<Difference>,
}

impl Findings {
    fn check<T: PartialEq + Debug>(&mut self, what: &str, stored: &T, rebuilt: &T) {
        if stored != rebuilt {
            let (stored, rebuilt) = (format!("{stored:?}"), format!("{rebuilt:?}"));
            self.found.push(Difference::new(self.id, what, &stored, &rebuilt));
        }
    }
}

/// What there is without a conversion to belong to.
pub(super) fn without_order(recorded: &Recorded, stored: &Stored) -> Vec<Difference> {
    let id = recorded.id;
    let told = |heard: &&Heard| NEEDS_CONVERSION.contains(&heard.code.as_str());
    let events = recorded.heard.iter().filter(told).map(|heard| {
        Difference::new(id, "conversion", "none", &format!("event {}", heard.record.event_id))
    });
    let facts = stored.facts.iter().map(|fact| {
        Difference::new(id, &format!("fact {}", fact.event_id), "there", "no conversion")
    });
    let transfers = stored
        .transfers
        .keys()
        .map(|key| Difference::new(id, &format!("transfer {key}"), "there", "no conversion"));
    let risk = (!recorded.scores.is_empty() || !recorded.risk_decisions.is_empty())
        .then(|| Difference::new(id, "risk score", "there", "no conversion"));
    events.chain(facts).chain(transfers).chain(risk).collect()
}

/// Every difference between the stored books of an order and the rebuilt ones.
pub(super) fn all(
    recorded: &Recorded,
    stored: &Stored,
    order: &Order,
    rebuilt: &Rebuilt,
) -> Vec<Difference> {
    let mut findings = Findings { id: recorded.id, found: Vec::new() };
    orders(&mut findings, order, &rebuilt.order);
    commissions(&mut findings, order.commission.as_ref(), rebuilt.order.commission.as_ref());
    standings(&mut findings, order.commission.as_ref(), rebuilt.order.commission.as_ref());
    scores(&mut findings, &recorded.scores, &rebuilt.steps.scores);
    facts(&mut findings, &stored.facts, &rebuilt.facts);
    transfers(&mut findings, &stored.transfers, rebuilt);
    for (event, stored, rebuilt) in &rebuilt.outcomes {
        findings.check(&format!("outcome of {event}"), stored, rebuilt);
    }
    findings.found
}

fn orders(findings: &mut Findings, stored: &Order, rebuilt: &Order) {
    let json = |text: &Option<String>| -> Option<Value> {
        text.as_deref().and_then(|text| serde_json::from_str(text).ok())
    };
    findings.check("external_order_id", &stored.external_order_id, &rebuilt.external_order_id);
    findings.check("confidence", &stored.confidence, &rebuilt.confidence);
    findings.check("affiliate_id", &stored.affiliate, &rebuilt.affiliate);
    findings.check("campaign_id", &stored.campaign, &rebuilt.campaign);
    findings.check("click_id", &stored.click_id, &rebuilt.click_id);
    findings.check("order_amount", &stored.amount, &rebuilt.amount);
    findings.check("currency", &stored.currency, &rebuilt.currency);
    findings.check("order_status", &stored.status, &rebuilt.status);
    findings.check("order_status_at", &stored.status_at, &rebuilt.status_at);
    findings.check("refunded_amount", &stored.refunded, &rebuilt.refunded);
    findings.check("reversed_by", &stored.reversed_by, &rebuilt.reversed_by);
    findings.check("ordered_at", &stored.ordered_at, &rebuilt.ordered_at);
    findings.check("received_at", &stored.received_at, &rebuilt.received_at);
    findings.check("external_product_id", &stored.product, &rebuilt.product);
    findings.check("coupon_code", &stored.coupon_code, &rebuilt.coupon_code);
    findings.check("customer_hash", &stored.customer_hash, &rebuilt.customer_hash);
    findings.check("items", &stored.items, &rebuilt.items);
    findings.check("returned_items", &stored.returned, &rebuilt.returned);
    findings.check("refund_parts", &stored.refund_parts, &rebuilt.refund_parts);
    findings.check("metadata", &json(&stored.metadata), &json(&rebuilt.metadata));
    findings.check("review", &stored.review, &rebuilt.review);
    receipts(findings, &stored.attribution, &rebuilt.attribution);
}

/// Receipts part by part, so that a difference names its part.
fn receipts(findings: &mut Findings, stored: &Value, rebuilt: &Value) {
    let parts = |value: &Value| -> BTreeMap<String, Value> {
        let object = value.as_object().into_iter().flatten();
        object.map(|(name, part)| (name.clone(), part.clone())).collect()
    };
    let (stored, rebuilt) = (parts(stored), parts(rebuilt));
    let names: std::collections::BTreeSet<_> = stored.keys().chain(rebuilt.keys()).collect();
    for name in names {
        findings.check(&format!("attribution {name}"), &stored.get(name), &rebuilt.get(name));
    }
}

fn commissions(findings: &mut Findings, stored: Option<&Commission>, rebuilt: Option<&Commission>) {
    let (Some(stored), Some(rebuilt)) = (stored, rebuilt) else {
        let there = |side: Option<&Commission>| side.map(|c| (c.state, c.amount));
        return findings.check("commission", &there(stored), &there(rebuilt));
    };
    findings.check("commission affiliate_id", &stored.affiliate, &rebuilt.affiliate);
    findings.check("commission campaign_id", &stored.campaign, &rebuilt.campaign);
    findings.check("commission state", &stored.state, &rebuilt.state);
    findings.check("commission amount", &stored.amount, &rebuilt.amount);
    findings.check("commission net_amount", &stored.net, &rebuilt.net);
    findings.check("commission currency", &stored.currency, &rebuilt.currency);
    findings.check("commission hold_until", &stored.hold_until, &rebuilt.hold_until);
    findings.check("commission terms", &stored.terms, &rebuilt.terms);
    findings.check("commission reason", &stored.reason, &rebuilt.reason);
    findings.check("commission decided_at", &stored.decided_at, &rebuilt.decided_at);
    findings.check("commission created_at", &stored.created_at, &rebuilt.created_at);
    findings.check("commission updated_at", &stored.updated_at, &rebuilt.updated_at);
}

/// What people cleared, and whether it is still to be scored. Where a click's record came after the
/// score, an approved one is to be scored again; that leaves no row until it is.
fn standings(findings: &mut Findings, stored: Option<&Commission>, rebuilt: Option<&Commission>) {
    let (Some(stored), Some(rebuilt)) = (stored, rebuilt) else { return };
    findings.check("commission cleared_reasons", &stored.risk.cleared, &rebuilt.risk.cleared);
    let may_wait = stored.risk.due && stored.state == State::Approved;
    let due = rebuilt.risk.due || may_wait;
    findings.check("commission risk_due", &stored.risk.due, &due);
}

/// Scores made again from what each was made of.
fn scores(findings: &mut Findings, recorded: &[RecordedScore], rebuilt: &[Scored]) {
    for place in 0..recorded.len().max(rebuilt.len()) {
        let tell = |scored: &Scored| {
            let Score { weights_version, points, reasons } = &scored.score;
            (
                scored.at,
                *weights_version,
                scored.threshold,
                *points,
                scored.outcome,
                reasons.clone(),
            )
        };
        let stored = recorded.get(place).map(|score| tell(&score.scored));
        let what = format!("risk score {}", place + 1);
        findings.check(&what, &stored, &rebuilt.get(place).map(tell));
    }
}

type Told = (String, &'static str, Timestamp, Timestamp, Option<rust_decimal::Decimal>, String);

fn facts(findings: &mut Findings, stored: &[Fact], rebuilt: &[Fact]) {
    // A shop's webhook leaves a fact for each thing that it says.
    let told = |facts: &[Fact]| -> BTreeMap<(String, &'static str), Told> {
        let tell = |fact: &Fact| {
            let said = format!("{:?} {:?}", fact.report.items, fact.report.reason);
            let refunded = fact.report.refunded_amount;
            let status = fact.report.status.as_str();
            (fact.content_key.clone(), status, fact.happened_at, fact.received_at, refunded, said)
        };
        facts
            .iter()
            .map(|it| ((it.event_id.clone(), it.report.status.as_str()), tell(it)))
            .collect()
    };
    let (stored, rebuilt) = (told(stored), told(rebuilt));
    let events: std::collections::BTreeSet<_> = stored.keys().chain(rebuilt.keys()).collect();
    for said in events {
        let (event, _) = said;
        findings.check(&format!("fact {event}"), &stored.get(said), &rebuilt.get(said));
    }
}

fn transfers(
    findings: &mut Findings,
    stored: &BTreeMap<String, StoredTransfer>,
    rebuilt: &Rebuilt,
) {
    let made = as_stored(&rebuilt.steps.transfers, stored);
    let keys: std::collections::BTreeSet<_> = stored.keys().chain(made.keys()).collect();
    for key in keys {
        findings.check(&format!("transfer {key}"), &stored.get(key), &made.get(key));
    }
}

/// Transfers as they would be stored. When one was written is no part of the books: it is taken
/// from what is stored.
pub(super) fn as_stored(
    transfers: &[Transfer],
    stored: &BTreeMap<String, StoredTransfer>,
) -> BTreeMap<String, StoredTransfer> {
    let one = |transfer: &Transfer| {
        let whose = |is_affiliate: bool| is_affiliate.then_some(transfer.affiliate.0);
        let entries = transfer.entries.iter().map(|entry| {
            let account = entry.account;
            (account.as_str().to_owned(), (whose(account.is_affiliate()), entry.amount))
        });
        let made = StoredTransfer {
            currency: transfer.currency.code().to_owned(),
            effective_at: transfer.effective_at,
            created_at: stored.get(&transfer.key).map_or(Timestamp::MIN, |t| t.created_at),
            entries: entries.collect(),
        };
        (transfer.key.clone(), made)
    };
    transfers.iter().map(one).collect()
}
