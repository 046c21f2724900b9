//! Which click earns an order, and the recorded reasons (MONEY §1).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::click_id::{Click, ClickClass, ClickIdFault};
use shared::id::{AffiliateId, CampaignId, Environment, MerchantId};

/// How long before its click an order may be dated and still count as after it.
pub const CLICK_LEAD_SECONDS_MAX: i64 = 300;
const DAY_SECONDS: i64 = 86_400;

/// A click id as it was sent, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentClick {
    /// None was sent.
    Absent,
    /// It is not one of ours, or not intact.
    Faulty(ClickIdFault),
    /// It proved itself.
    Proven(Click),
}

/// A link as attribution knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownLink {
    /// Whose shop it leads to.
    pub merchant: MerchantId,
    /// In which world.
    pub environment: Environment,
    /// Who shares it.
    pub affiliate: AffiliateId,
    /// Under which campaign.
    pub campaign: CampaignId,
    /// Days of the cookie window in force at the click.
    pub cookie_days: u32,
}

/// What is to be attributed.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// Whose order.
    pub merchant: MerchantId,
    /// In which world.
    pub environment: Environment,
    /// min(ordered, received), in the merchant's time.
    pub at: Timestamp,
    /// The click id as sent.
    pub click_id: Option<&'a str>,
}

/// What is known about the click that was sent.
#[derive(Debug, Clone, Copy)]
pub struct ClickFacts {
    /// The id, read.
    pub sent: SentClick,
    /// Its link; `None` when no such link is known.
    pub link: Option<KnownLink>,
    /// When it was clicked, in the merchant's time.
    pub clicked_at: Option<Timestamp>,
    /// Whether its click record has arrived.
    pub recorded: bool,
}

/// Who earns the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The click's affiliate, with confidence HIGH.
    Click(KnownLink),
    /// Nobody: LOW, for the review queue.
    Nobody,
    /// The click proved itself, but its link is not known yet.
    AwaitingLink,
}

/// Why a candidate lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// None was sent.
    Absent,
    /// Not a click id, or damaged.
    Mangled,
    /// Its seal is false.
    Forged,
    /// Its link is not known.
    LinkUnknown,
    /// It leads to another merchant.
    OtherMerchant,
    /// It belongs to the other environment.
    OtherEnvironment,
    /// The order is older than the click.
    ClickAfterOrder,
    /// The cookie window was over.
    WindowPassed,
}

impl Reason {
    /// Every reason's word on the wire; a test reads them back.
    pub const WORDS: [&'static str; 8] = [
        "absent",
        "mangled",
        "forged",
        "link_unknown",
        "other_merchant",
        "other_environment",
        "click_after_order",
        "window_passed",
    ];

    /// The reason in a sentence for a shop owner.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Absent => "The order came without a click id.",
            Self::Mangled => {
                "The click id is not one of this network's, or was damaged on the way."
            }
            Self::Forged => "The click id has a false seal: it was not made here.",
            Self::LinkUnknown => "The click id is genuine, but its link is not known.",
            Self::OtherMerchant => "The click led to another merchant.",
            Self::OtherEnvironment => "The click was made in the other environment.",
            Self::ClickAfterOrder => "The order was placed before the click.",
            Self::WindowPassed => "The order came after the campaign's cookie window had passed.",
        }
    }
}

/// One candidate as the receipt shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// `click`.
    pub kind: String,
    /// `won` or `lost`.
    pub result: String,
    /// Why it lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The click id as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub click_id: Option<String>,
    /// The click's class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<ClickClass>,
    /// When it was clicked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clicked_at: Option<Timestamp>,
    /// Until when an order could earn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_until: Option<Timestamp>,
    /// Whose click it was. Only shown when it was this merchant's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affiliate_id: Option<AffiliateId>,
    /// Remarks that did not decide: `click_record_missing`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notes: Vec<String>,
}

/// Every candidate considered, and why each won or lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The merchant's order of candidates.
    pub order: Vec<String>,
    /// min(ordered, received), in the merchant's time: the instant everything was judged at.
    pub judged_at: Timestamp,
    /// `HIGH` or `LOW`.
    pub confidence: String,
    /// The candidates, in that order.
    pub candidates: Vec<Candidate>,
    /// Reasons that count for risk later.
    pub risk_reasons: Vec<String>,
    /// The result in a sentence.
    pub why: String,
}

/// Decides who earns an order.
pub fn attribute(order: Order<'_>, click: &ClickFacts) -> (Verdict, Receipt) {
    let judged = judge(order, click);
    let mut candidate = describe(order, click);
    let mut risk_reasons = Vec::new();
    let (verdict, confidence, why) = match judged {
        Ok(link) => {
            "won".clone_into(&mut candidate.result);
            if !click.recorded {
                candidate.notes.push("click_record_missing".to_owned());
            }
            if let Some(class) = candidate.class.filter(|class| *class != ClickClass::Human) {
                risk_reasons.push(format!("click_class_{}", class.as_str()));
            }
            let why = "A click of this merchant, inside its cookie window, earns the order.";
            (Verdict::Click(link), "HIGH", why)
        }
        Err(reason) => {
            candidate.reason = Some(reason);
            match reason {
                Reason::Forged => risk_reasons.push("click_forged".to_owned()),
                Reason::OtherMerchant => risk_reasons.push("click_other_merchant".to_owned()),
                Reason::OtherEnvironment => risk_reasons.push("click_other_environment".to_owned()),
                Reason::Absent
                | Reason::Mangled
                | Reason::LinkUnknown
                | Reason::ClickAfterOrder
                | Reason::WindowPassed => {}
            }
            let verdict = match reason {
                Reason::LinkUnknown => Verdict::AwaitingLink,
                _ => Verdict::Nobody,
            };
            (verdict, "LOW", reason.sentence())
        }
    };
    let receipt = Receipt {
        order: vec!["click".to_owned()],
        judged_at: order.at,
        confidence: confidence.to_owned(),
        candidates: vec![candidate],
        risk_reasons,
        why: why.to_owned(),
    };
    (verdict, receipt)
}

fn judge(order: Order<'_>, click: &ClickFacts) -> Result<KnownLink, Reason> {
    match click.sent {
        SentClick::Absent => return Err(Reason::Absent),
        SentClick::Faulty(ClickIdFault::Mangled) => return Err(Reason::Mangled),
        SentClick::Faulty(ClickIdFault::Forged) => return Err(Reason::Forged),
        SentClick::Proven(_) => {}
    }
    let link = click.link.ok_or(Reason::LinkUnknown)?;
    let clicked_at = click.clicked_at.ok_or(Reason::LinkUnknown)?;
    if link.merchant != order.merchant {
        return Err(Reason::OtherMerchant);
    }
    if link.environment != order.environment {
        return Err(Reason::OtherEnvironment);
    }
    if super::clock::later(order.at, CLICK_LEAD_SECONDS_MAX) < clicked_at {
        return Err(Reason::ClickAfterOrder);
    }
    if order.at > window_until(clicked_at, link.cookie_days) {
        return Err(Reason::WindowPassed);
    }
    Ok(link)
}

fn window_until(clicked_at: Timestamp, cookie_days: u32) -> Timestamp {
    super::clock::later(clicked_at, i64::from(cookie_days) * DAY_SECONDS)
}

fn describe(order: Order<'_>, click: &ClickFacts) -> Candidate {
    let own = click.link.filter(|link| link.merchant == order.merchant);
    let class = match click.sent {
        SentClick::Proven(read) => Some(read.class),
        SentClick::Absent | SentClick::Faulty(_) => None,
    };
    Candidate {
        kind: "click".to_owned(),
        result: "lost".to_owned(),
        reason: None,
        click_id: order.click_id.map(str::to_owned),
        class,
        clicked_at: click.clicked_at,
        window_until: own.and_then(|link| Some(window_until(click.clicked_at?, link.cookie_days))),
        affiliate_id: own.map(|link| link.affiliate),
        notes: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const MERCHANT: MerchantId = MerchantId(Uuid::from_u128(1));
    const DAY: i64 = 86_400;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a second of the test")
    }

    fn link() -> KnownLink {
        KnownLink {
            merchant: MERCHANT,
            environment: Environment::Live,
            affiliate: AffiliateId(Uuid::from_u128(2)),
            campaign: CampaignId(Uuid::from_u128(3)),
            cookie_days: 30,
        }
    }

    fn proven(class: ClickClass) -> SentClick {
        SentClick::Proven(Click { link_number: 9, clicked_at_seconds: 1000, class, random: 1 })
    }

    fn result(sent: SentClick, link: Option<KnownLink>, order_at: i64) -> (Verdict, Receipt) {
        let order = Order {
            merchant: MERCHANT,
            environment: Environment::Live,
            at: at(order_at),
            click_id: Some("clk_x"),
        };
        let clicked_at = matches!(sent, SentClick::Proven(_)).then(|| at(1000));
        attribute(order, &ClickFacts { sent, link, clicked_at, recorded: true })
    }

    #[test]
    fn every_reason_has_its_word() {
        for word in Reason::WORDS {
            let read: Reason = serde_json::from_value(word.into()).unwrap();
            assert_eq!(serde_json::to_value(read).unwrap(), word);
        }
    }

    #[test]
    fn the_first_rule_a_click_breaks_is_its_reason() {
        let human = proven(ClickClass::Human);
        let other_merchant = KnownLink { merchant: MerchantId(Uuid::from_u128(8)), ..link() };
        let other_world = KnownLink { environment: Environment::Test, ..link() };
        let end = 1000 + 30 * DAY;
        let cases = [
            (SentClick::Absent, None, 2000, Some(Reason::Absent)),
            (SentClick::Faulty(ClickIdFault::Mangled), None, 2000, Some(Reason::Mangled)),
            (SentClick::Faulty(ClickIdFault::Forged), None, 2000, Some(Reason::Forged)),
            (human, None, 2000, Some(Reason::LinkUnknown)),
            (human, Some(other_merchant), 2000, Some(Reason::OtherMerchant)),
            (human, Some(other_world), 2000, Some(Reason::OtherEnvironment)),
            (human, Some(link()), 699, Some(Reason::ClickAfterOrder)),
            (human, Some(link()), 700, None),
            (human, Some(link()), 1000, None),
            (human, Some(link()), end, None),
            (human, Some(link()), end + 1, Some(Reason::WindowPassed)),
        ];
        for (sent, link, order_at, reason) in cases {
            let (verdict, receipt) = result(sent, link, order_at);
            assert_eq!(receipt.candidates[0].reason, reason, "{sent:?} at {order_at}");
            let expected = match reason {
                None => Verdict::Click(link.expect("a winning click has its link")),
                Some(Reason::LinkUnknown) => Verdict::AwaitingLink,
                Some(_) => Verdict::Nobody,
            };
            assert_eq!(verdict, expected, "{sent:?} at {order_at}");
        }
    }

    #[test]
    fn a_click_that_is_not_human_still_earns_and_is_a_risk_reason() {
        for class in ClickClass::ALL {
            let (verdict, receipt) = result(proven(class), Some(link()), 2000);
            assert_eq!(verdict, Verdict::Click(link()));
            let expected =
                (class != ClickClass::Human).then(|| format!("click_class_{}", class.as_str()));
            assert_eq!(receipt.risk_reasons, Vec::from_iter(expected));
        }
    }

    #[test]
    fn another_merchant_s_affiliate_is_not_told() {
        let other = KnownLink { merchant: MerchantId(Uuid::from_u128(8)), ..link() };
        let (_, receipt) = result(proven(ClickClass::Human), Some(other), 2000);
        assert_eq!(receipt.candidates[0].affiliate_id, None);
        assert_eq!(receipt.risk_reasons, ["click_other_merchant"]);
    }

    #[test]
    fn a_lost_click_record_never_loses_an_attribution() {
        let order = Order {
            merchant: MERCHANT,
            environment: Environment::Live,
            at: at(2000),
            click_id: Some("clk_x"),
        };
        let facts = ClickFacts {
            sent: proven(ClickClass::Human),
            link: Some(link()),
            clicked_at: Some(at(1000)),
            recorded: false,
        };
        let (verdict, receipt) = attribute(order, &facts);
        assert_eq!(verdict, Verdict::Click(link()));
        assert_eq!(receipt.candidates[0].notes, ["click_record_missing"]);
    }
}
