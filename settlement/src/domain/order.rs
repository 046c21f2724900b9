//! A conversion with its commission, and how one comes to be from an accepted event.

use super::attribution::{self, ClickFacts, Receipt, Verdict};
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
    /// The merchant's own object, JSON text.
    pub metadata: Option<String>,
    /// The attribution receipt with what each rule level said, as stored.
    pub attribution: serde_json::Value,
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

/// Judges the click of a reported order.
pub fn judge(reported: Reported<'_>, click: &ClickFacts) -> (Verdict, Receipt) {
    let order = attribution::Order {
        merchant: reported.scope.merchant,
        environment: reported.scope.environment,
        at: reported.judged_at(),
        click_id: reported.event.click_id.as_deref(),
    };
    attribution::attribute(order, click)
}

/// Opens the books on a reported order: conversion, and commission when somebody earns one.
pub fn open(
    reported: Reported<'_>,
    verdict: Verdict,
    receipt: &Receipt,
    windows: Option<Windows>,
    rules: &RuleBook,
    steps: &mut Steps,
) -> Order {
    let event = reported.event;
    let earner = match verdict {
        Verdict::Click(link) => Some((link.affiliate, link.campaign)),
        Verdict::Nobody | Verdict::AwaitingLink => None,
    };
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
        affiliate: earner.map(|(affiliate, _)| affiliate),
        campaign: earner.map(|(_, campaign)| campaign),
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
        metadata: event.metadata.as_ref().map(|raw| raw.get().to_owned()),
        attribution: serde_json::to_value(receipt).expect("a receipt is plain data"),
        signals: Signals::default(),
        commission: None,
        created_at: reported.received_at,
        updated_at: reported.received_at,
    };
    order.tell(Kind::ConversionReceived, steps);
    match (earner, windows) {
        (Some((affiliate, campaign)), Some(windows)) => {
            order.tell(Kind::ConversionAttributed, steps);
            order.price(affiliate, campaign, windows, receipt, rules, steps);
        }
        _ => order.tell(Kind::ConversionUnattributed, steps),
    }
    order
}

impl Order {
    fn price(
        &mut self,
        affiliate: AffiliateId,
        campaign: CampaignId,
        windows: Windows,
        receipt: &Receipt,
        rules: &RuleBook,
        steps: &mut Steps,
    ) {
        let priced = pricing::price(
            Basket {
                order_amount: self.amount,
                currency: self.currency,
                items: &self.items,
                product: self.product.as_deref(),
                campaign: Some(campaign),
                at: receipt.judged_at,
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
        let Some(terms) = freeze(&priced, self.currency, windows, receipt) else {
            return;
        };
        if priced.amount.is_zero() {
            return;
        }
        let commission = Commission {
            conversion: self.id,
            affiliate,
            campaign: Some(campaign),
            state: State::Pending,
            amount: priced.amount,
            net: priced.amount,
            currency: self.currency,
            hold_until: None,
            terms,
            reason: None,
            decided_at: None,
            risk: Standing::default(),
            created_at: self.received_at,
            updated_at: self.received_at,
        };
        commission.announce(steps);
        self.commission = Some(commission);
    }

    fn tell(&self, kind: Kind, steps: &mut Steps) {
        let attributed = kind == Kind::ConversionAttributed;
        steps.notices.push(Notice {
            kind,
            affiliate: self.affiliate.filter(|_| attributed),
            conversion: Some(self.id),
            about_commission: false,
            event_id: None,
            occurred_at: self.received_at,
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
    receipt: &Receipt,
) -> Option<Terms> {
    Some(Terms {
        rule: priced.leading_rule()?.clone(),
        base: priced.base,
        currency,
        rounding: "half_even".to_owned(),
        hold_days: windows.hold_days,
        hold_start: windows.hold_start,
        cookie_days: windows.cookie_days,
        attribution_order: receipt.order.clone(),
        lines: priced.lines.clone(),
    })
}
