//! The facts that an order's candidates are judged by, looked up in the book.

use super::super::attribution::{
    ClickFacts, CustomerClick, Earner, Facts, Kind, Receipt, SeenLink, Setting, Verdict,
    window_until,
};
use super::super::book::{Book, windows_at};
use super::super::hold::{HOLD_DAYS_DEFAULT, HoldStart};
use super::super::order::{self, Order, Reported, Windows};
use jiff::Timestamp;
use shared::click_id::{Click, ClickIdFault};

/// The windows where nothing else is known; no cookie window applies.
const PLAIN_WINDOWS: Windows =
    Windows { hold_days: HOLD_DAYS_DEFAULT, hold_start: HoldStart::Delivered, cookie_days: 0 };

impl Book {
    /// Judges an order's candidates under the setting in force; `accepted_at`: when the edge took
    /// it, on the edge's clock; `expired`: it has waited for its click's link long enough.
    pub(in crate::domain) fn judge(
        &self,
        reported: Reported<'_>,
        accepted_at: Timestamp,
        expired: bool,
    ) -> (Verdict, Receipt) {
        let setting = self.candidates.setting(reported.judged_at());
        let facts = self.facts(reported, accepted_at, &setting, expired);
        order::judge(reported, &setting, &facts)
    }

    fn facts(
        &self,
        reported: Reported<'_>,
        accepted_at: Timestamp,
        setting: &Setting,
        expired: bool,
    ) -> Facts {
        let (event, at) = (reported.event, reported.judged_at());
        let considers = |kind: Kind| setting.order.contains(&kind);
        let code = event.coupon_code.as_deref().filter(|code| !code.is_empty());
        let hash = event.customer_hash.as_deref();
        Facts {
            click: considers(Kind::Click)
                .then(|| self.click_facts(event.click_id.as_deref(), accepted_at)),
            coupon: code
                .filter(|_| considers(Kind::Coupon))
                .map(|code| self.candidates.coupon(code, at)),
            customer: hash
                .filter(|_| considers(Kind::Customer))
                .and_then(|hash| self.candidates.customer(hash, at)),
            link_wait_over: expired,
        }
    }

    /// A click id as sent, opened and looked up, for an event accepted at this real instant.
    pub(in crate::domain) fn click_facts(
        &self,
        sent: Option<&str>,
        accepted_at: Timestamp,
    ) -> ClickFacts {
        let Some(text) = sent.filter(|text| !text.is_empty()) else { return ClickFacts::Absent };
        let click = match Click::open(text, &self.click_keys) {
            Ok(click) => click,
            Err(ClickIdFault::Mangled) => return ClickFacts::Mangled,
            Err(ClickIdFault::Forged) => return ClickFacts::Forged,
        };
        let recorded =
            shared::click_id::canonical(text).and_then(|id| self.click_instants.get(&id).copied());
        let sealed = Timestamp::from_second(i64::from(click.clicked_at_seconds))
            .expect("32 bits of seconds end in 2106, inside the calendar");
        let clicked_at = self.clock.named(recorded.unwrap_or(sealed), accepted_at);
        let link = self.links.get(&click.link_number);
        ClickFacts::Proven {
            class: click.class,
            clicked_at,
            recorded: recorded.is_some(),
            link: link.map_or(SeenLink::Unknown { number: click.link_number }, |link| {
                link.seen_by(self.scope, clicked_at)
            }),
        }
    }

    /// The windows on whose terms an order is earned.
    pub(in crate::domain) fn windows_of(&self, earner: Option<Earner>) -> Windows {
        let campaign = earner.and_then(|earner| Some((earner.campaign?, earner.windows_at)));
        let of_campaign = campaign.and_then(|(campaign, at)| {
            let loaded = self.candidates.campaigns.get(&campaign);
            let linked = || self.links.values().find(|link| link.campaign == campaign);
            windows_at(loaded.or_else(|| linked().map(|link| &link.versions))?, at)
        });
        of_campaign.or(self.candidates.own_windows).unwrap_or(PLAIN_WINDOWS)
    }

    /// Keeps what later events need of an order just judged: its customer's click, and the link
    /// it went on without.
    pub(in crate::domain) fn remember(&mut self, order: &Order, receipt: &Receipt) {
        let Some(facts) = &receipt.facts else { return };
        if let Some(number) = facts.missing_link().filter(|_| order.commission.is_none()) {
            self.changes.missing_links.push((order.id, number));
        }
        let by_click = receipt.winner().is_some_and(|winner| winner.kind == Kind::Click);
        let (Some(hash), true) = (&order.customer_hash, by_click) else { return };
        if let Some(ClickFacts::Proven { clicked_at, link, .. }) = &facts.click
            && let SeenLink::Own { affiliate_id, campaign_id, cookie_days } = link
        {
            self.candidates.customers.entry(hash.clone()).or_default().push(CustomerClick {
                conversion_id: order.id.to_string(),
                judged_at: receipt.judged_at,
                click_id: order.click_id.clone(),
                clicked_at: *clicked_at,
                window_until: window_until(*clicked_at, *cookie_days),
                affiliate_id: *affiliate_id,
                campaign_id: *campaign_id,
            });
        }
    }
}
