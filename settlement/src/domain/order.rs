//! A conversion with its commission, and how one comes to be from an accepted event.

use super::attribution::{self, Earner, Facts, Receipt, Setting, Verdict};
use super::commission::{Commission, Steps, Terms};
use super::hold::{HOLD_DAYS_DEFAULT, HoldStart};
use super::lifecycle::State;
use super::notice::{Kind, Notice};
use super::pricing::{self, Basket, Priced};
use super::risk::{Signals, Standing};
use super::rule::RuleBook;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::json;
use shared::event::{Conversion, Item};
use shared::id::{AffiliateId, CampaignId, ConversionId, Environment, MerchantId};
use shared::money::Currency;
use shared::order_status::OrderStatus;
use std::collections::BTreeMap;

/// One merchant's books in one environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    /// Which world.
    pub environment: Environment,
    /// Whose.
    pub merchant: MerchantId,
}

/// The windows in force for a campaign at a click, with the merchant's defaults put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// Days of the return window.
    pub hold_days: u32,
    /// What starts it.
    pub hold_start: HoldStart,
    /// Days of the cookie window.
    pub cookie_days: u32,
}

impl Windows {
    /// The campaign's word, else the merchant's, else the default.
    pub fn resolve(
        campaign: (Option<u32>, Option<HoldStart>, u32),
        merchant: (Option<u32>, HoldStart),
    ) -> Self {
        Self {
            hold_days: campaign.0.or(merchant.0).unwrap_or(HOLD_DAYS_DEFAULT),
            hold_start: campaign.1.unwrap_or(merchant.1),
            cookie_days: campaign.2,
        }
    }
}

/// Where an order stands with the review queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Review {
    /// A person is to decide who earns it.
    Waiting,
    /// A person said who earns it.
    Assigned,
    /// A person said that nobody earns it.
    Rejected,
}

impl Review {
    /// The word in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Assigned => "assigned",
            Self::Rejected => "rejected",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Waiting, Self::Assigned, Self::Rejected].into_iter().find(|r| r.as_str() == text)
    }
}

/// A conversion as the books hold it.
#[derive(Debug, Clone)]
pub struct Order {
    /// Whose and in which world.
    pub scope: Scope,
    /// Its derived id.
    pub id: ConversionId,
    /// The event that reported it.
    pub event_id: String,
    /// The merchant's order id.
    pub external_order_id: String,
    /// HIGH, MEDIUM or LOW.
    pub confidence: String,
    /// Who earns it.
    pub affiliate: Option<AffiliateId>,
    /// Under which campaign.
    pub campaign: Option<CampaignId>,
    /// The click id as sent.
    pub click_id: Option<String>,
    /// Order total.
    pub amount: Decimal,
    /// Currency of every amount here.
    pub currency: Currency,
    /// The status with the latest instant.
    pub status: OrderStatus,
    /// That instant.
    pub status_at: Timestamp,
    /// Largest total taken back.
    pub refunded: Decimal,
    /// The status that took the whole order back.
    pub reversed_by: Option<OrderStatus>,
    /// When it was placed.
    pub ordered_at: Timestamp,
    /// When the edge accepted it.
    pub received_at: Timestamp,
    /// The SKU sent beside the total.
    pub product: Option<String>,
    /// The coupon sent.
    pub coupon_code: Option<String>,
    /// Keyed hash of the customer id.
    pub customer_hash: Option<String>,
    /// Its lines.
    pub items: Vec<Item>,
    /// Units taken back per SKU, the largest reported.
    pub returned: BTreeMap<String, u32>,
    /// What a shop gave back, by its id of each part.
    pub refund_parts: BTreeMap<String, Decimal>,
    /// The merchant's own object, JSON text.
    pub metadata: Option<String>,
    /// The attribution receipt with what each rule level said, as stored.
    pub attribution: serde_json::Value,
    /// Where it stands with the review queue; `None`: nothing is to be decided.
    pub review: Option<Review>,
    /// What risk knows of the sale.
    pub signals: Signals,
    /// Its commission.
    pub commission: Option<Commission>,
    /// When it was settled.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// An accepted conversion event with its times in the merchant's clock.
#[derive(Debug, Clone, Copy)]
pub struct Reported<'a> {
    /// Whose and in which world.
    pub scope: Scope,
    /// The event.
    pub event_id: &'a str,
    /// What it says.
    pub event: &'a Conversion,
    /// When the edge accepted it, in the merchant's time.
    pub received_at: Timestamp,
}

impl Reported<'_> {
    /// min(ordered, received): the instant everything is judged at.
    pub fn judged_at(&self) -> Timestamp {
        self.ordered_at().min(self.received_at)
    }

    /// When the order was placed; absent means when it was accepted.
    pub fn ordered_at(&self) -> Timestamp {
        self.event.ordered_at.unwrap_or(self.received_at)
    }
}

/// Judges the candidates of a reported order.
pub fn judge(reported: Reported<'_>, setting: &Setting, facts: &Facts) -> (Verdict, Receipt) {
    let event = reported.event;
    let order = attribution::Order {
        at: reported.judged_at(),
        click_id: event.click_id.as_deref(),
        coupon_code: event.coupon_code.as_deref().filter(|code| !code.is_empty()),
        has_customer: event.customer_hash.is_some(),
    };
    attribution::attribute(order, setting, facts)
}

/// Opens the books on a reported order: conversion, and commission when somebody earns one.
pub fn open(
    reported: Reported<'_>,
    verdict: Verdict,
    receipt: &Receipt,
    windows: Windows,
    rules: &RuleBook,
    steps: &mut Steps,
) -> Order {
    let event = reported.event;
    let earner = verdict.earner();
    let mut order = Order {
        scope: reported.scope,
        id: ConversionId::derive(
            reported.scope.merchant,
            reported.scope.environment,
            &event.external_order_id,
        ),
        event_id: reported.event_id.to_owned(),
        external_order_id: event.external_order_id.clone(),
        confidence: receipt.confidence.clone(),
        affiliate: earner.map(|earner| earner.affiliate),
        campaign: earner.and_then(|earner| earner.campaign),
        click_id: event.click_id.clone(),
        amount: event.order_amount,
        currency: event.currency,
        status: OrderStatus::Pending,
        status_at: reported.judged_at(),
        refunded: Decimal::ZERO,
        reversed_by: None,
        ordered_at: reported.ordered_at(),
        received_at: reported.received_at,
        product: event.external_product_id.clone(),
        coupon_code: event.coupon_code.clone(),
        customer_hash: event.customer_hash.clone(),
        items: event.items.clone(),
        returned: BTreeMap::new(),
        refund_parts: BTreeMap::new(),
        metadata: event.metadata.as_ref().map(|raw| raw.get().to_owned()),
        attribution: serde_json::to_value(receipt).expect("a receipt is plain data"),
        review: None,
        signals: Signals::default(),
        commission: None,
        created_at: reported.received_at,
        updated_at: reported.received_at,
    };
    order.tell(Kind::ConversionReceived, order.received_at, steps);
    match verdict {
        Verdict::Earned(earner) => {
            order.tell(Kind::ConversionAttributed, order.received_at, steps);
            order.earn(earner, windows, rules, order.received_at, steps);
        }
        Verdict::Proposed(_) => {
            order.review = Some(Review::Waiting);
            order.tell(Kind::ConversionAttributed, order.received_at, steps);
        }
        Verdict::Nobody | Verdict::AwaitingLink(_) => {
            order.review = Some(Review::Waiting);
            order.tell(Kind::ConversionUnattributed, order.received_at, steps);
        }
    }
    order
}

impl Order {
    /// min(ordered, received): the instant everything is judged at.
    pub fn judged_at(&self) -> Timestamp {
        self.ordered_at.min(self.received_at)
    }

    /// The order as attribution was asked about it.
    pub fn asked(&self) -> attribution::Order<'_> {
        attribution::Order {
            at: self.judged_at(),
            click_id: self.click_id.as_deref(),
            coupon_code: self.coupon_code.as_deref().filter(|code| !code.is_empty()),
            has_customer: self.customer_hash.is_some(),
        }
    }

    /// Prices the order for who earns it, on the terms of the sale, and makes the commission.
    pub(super) fn earn(
        &mut self,
        earner: Earner,
        windows: Windows,
        rules: &RuleBook,
        at: Timestamp,
        steps: &mut Steps,
    ) {
        let priced = pricing::price(
            Basket {
                order_amount: self.amount,
                currency: self.currency,
                items: &self.items,
                product: self.product.as_deref(),
                campaign: earner.campaign,
                at: self.judged_at(),
            },
            rules,
        );
        self.attribution["pricing"] = json!({
            "base": self.currency.format(priced.base),
            "amount": self.currency.format(priced.amount),
            "currency": self.currency.code(),
            "rounding": "half_even",
            "lines": priced.lines,
        });
        let Some(terms) = freeze(&priced, self.currency, windows, &self.attribution) else {
            return;
        };
        if priced.amount.is_zero() {
            return;
        }
        let commission = Commission {
            conversion: self.id,
            affiliate: earner.affiliate,
            campaign: earner.campaign,
            state: State::Pending,
            amount: priced.amount,
            net: priced.amount,
            currency: self.currency,
            hold_until: None,
            terms,
            reason: None,
            decided_at: None,
            risk: Standing::default(),
            created_at: at,
            updated_at: at,
        };
        commission.announce(steps);
        self.commission = Some(commission);
    }

    pub(super) fn tell(&self, kind: Kind, at: Timestamp, steps: &mut Steps) {
        let attributed = kind == Kind::ConversionAttributed;
        steps.notices.push(Notice {
            kind,
            affiliate: self.affiliate.filter(|_| attributed),
            conversion: Some(self.id),
            about_commission: false,
            event_id: None,
            occurred_at: at,
            data: json!({
                "conversionId": self.id.to_string(),
                "externalOrderId": self.external_order_id,
                "confidence": self.confidence,
                "affiliateId": self.affiliate,
                "campaignId": self.campaign,
                "orderAmount": self.currency.format(self.amount),
                "currency": self.currency.code(),
            }),
        });
    }
}

fn freeze(
    priced: &Priced,
    currency: Currency,
    windows: Windows,
    attribution: &serde_json::Value,
) -> Option<Terms> {
    let words = attribution["order"].as_array().into_iter().flatten();
    Some(Terms {
        rule: priced.leading_rule()?.clone(),
        base: priced.base,
        currency,
        rounding: "half_even".to_owned(),
        hold_days: windows.hold_days,
        hold_start: windows.hold_start,
        cookie_days: windows.cookie_days,
        attribution_order: words.filter_map(|word| word.as_str().map(str::to_owned)).collect(),
        lines: priced.lines.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_review_s_word_reads_back() {
        let reviews = [Review::Waiting, Review::Assigned, Review::Rejected];
        assert_eq!(reviews.map(Review::as_str), ["waiting", "assigned", "rejected"]);
        assert_eq!(reviews.map(|review| Review::parse(review.as_str())), reviews.map(Some));
        assert_eq!(Review::parse("waits"), None);
    }

    #[test]
    fn a_campaign_s_word_on_its_windows_comes_before_the_merchant_s() {
        use HoldStart::{Confirmed, Delivered, Paid};
        for (campaign, merchant, (hold_days, hold_start)) in [
            ((Some(3), Some(Paid), 30), (Some(7), Confirmed), (3, Paid)),
            ((None, None, 30), (Some(7), Confirmed), (7, Confirmed)),
            ((Some(0), None, 30), (None, Delivered), (0, Delivered)),
            ((None, Some(Paid), 30), (None, Delivered), (HOLD_DAYS_DEFAULT, Paid)),
        ] {
            let expected = Windows { hold_days, hold_start, cookie_days: 30 };
            assert_eq!(Windows::resolve(campaign, merchant), expected);
        }
    }
}
