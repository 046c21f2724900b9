//! What risk knows beside one merchant's orders while a batch is settled, and what it counts.

use super::amounts::LatestAmounts;
use super::signals::{self, ClickRecord, Signals};
use super::tally::{Key, Tally};
use super::{Counts, Facts, View, WEIGHTS};
use crate::domain::attribution::Receipt;
use crate::domain::clock::Clock;
use crate::domain::commission::Steps;
use crate::domain::order::Order;
use crate::domain::outcome::Outcome;
use crate::domain::report::{self, Reported};
use jiff::{SignedDuration, Timestamp};
use shared::id::{AffiliateId, ConversionId};
use shared::money::Currency;
use std::collections::{BTreeMap, HashMap, HashSet};

/// How far apart two orders of one click and amount may lie to be a reason.
pub const SAME_SALE_SECONDS_MAX: i64 = 600;

/// For whom the desk was loaded; any other commission is scored later.
#[derive(Debug, Clone, Default)]
pub enum Loaded {
    /// There is nothing beside what is here.
    #[default]
    Everything,
    /// For these orders, with these counts.
    Only {
        /// Which orders.
        orders: HashSet<ConversionId>,
        /// Which counts.
        keys: HashSet<Key>,
    },
    /// Books are rebuilt: a score is made of what its row says; `None`: there was no score here.
    Recorded(Option<Box<View>>),
}

impl Loaded {
    fn has(&self, order: ConversionId, affiliate: AffiliateId, signals: &Signals) -> bool {
        match self {
            Self::Everything | Self::Recorded(_) => true,
            Self::Only { orders, keys: loaded } => {
                orders.contains(&order) && keys(affiliate, signals).all(|key| loaded.contains(&key))
            }
        }
    }
}

/// One order of a sale key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sale {
    /// Which order.
    pub conversion: ConversionId,
    /// When it was placed.
    pub ordered_at: Timestamp,
}

/// A change of an affiliate's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateChange {
    /// From which real instant.
    pub in_force_from: Timestamp,
    /// Whether it is suspended from then on.
    pub is_suspended: bool,
}

/// What is loaded and counted for one merchant and environment.
#[derive(Debug, Default)]
pub struct Desk {
    /// Latest order totals by currency.
    pub amounts: HashMap<Currency, LatestAmounts>,
    /// Currencies in which this batch added totals.
    pub amounts_added: HashSet<Currency>,
    /// Counts before this batch.
    pub tallies: HashMap<Key, Tally>,
    /// What this batch adds to them.
    pub counted: BTreeMap<Key, Tally>,
    /// For whom `tallies` and `sales` hold all there is.
    pub loaded: Loaded,
    /// Orders by sale key, of those keys that a score may ask for.
    pub sales: HashMap<i64, Vec<Sale>>,
    /// The merchant's thresholds with the real instants from which they hold, oldest first.
    pub thresholds: Vec<(Timestamp, u32)>,
    /// Affiliates' states, oldest first.
    pub states: HashMap<AffiliateId, Vec<StateChange>>,
    /// Customers entered as an affiliate itself.
    pub own_customers: HashSet<(AffiliateId, String)>,
    /// Records of the batch's clicks that have arrived, by canonical click id.
    pub clicks: HashMap<String, ClickRecord>,
}

impl Desk {
    /// Freezes what is known of a new order, before anything is reported of it.
    pub fn open(&mut self, order: &mut Order, receipt: &Receipt, clock: &Clock) {
        let mut signals = Signals { ordered_at: order.ordered_at, ..Signals::default() };
        signals.take_receipt(receipt, order.ordered_at.min(order.received_at));
        signals.order_country = signals::order_country(order.metadata.as_deref());
        signals.sale_key =
            signals::sale_key(order.click_id.as_deref(), order.amount, order.currency);
        self.take_click(order.click_id.as_deref(), &mut signals);
        let latest = self.amounts.entry(order.currency).or_default();
        signals.median_amount = latest.median();
        signals.order_amount = signals.median_amount.map(|_| order.amount);
        latest.push(order.amount);
        self.amounts_added.insert(order.currency);
        if let Some(key) = signals.sale_key {
            let sale = Sale { conversion: order.id, ordered_at: order.ordered_at };
            self.sales.entry(key).or_default().push(sale);
        }
        order.signals = signals;
        self.commission(order, clock);
    }

    /// Takes in what is known of the click of an order that is judged again, because that is its
    /// own click after all.
    pub fn judge_again(&self, order: &mut Order, receipt: &Receipt) {
        order.signals.take_receipt(receipt, order.judged_at());
        self.take_click(order.click_id.as_deref(), &mut order.signals);
    }

    fn take_click(&self, click_id: Option<&str>, signals: &mut Signals) {
        let canonical = click_id.and_then(shared::click_id::canonical);
        if let Some(record) = canonical.and_then(|id| self.clicks.get(&id)) {
            signals.take_click(record);
        }
    }

    /// Freezes what is known of who earns an order, and counts it, when a commission is made:
    /// with the order or by a later decision, once.
    pub fn commission(&mut self, order: &mut Order, clock: &Clock) {
        let Some(commission) = &order.commission else { return };
        let affiliate = commission.affiliate;
        order.signals.affiliate_suspended = self.suspended(affiliate, order.ordered_at, clock);
        order.signals.self_referral = order
            .customer_hash
            .as_ref()
            .is_some_and(|hash| self.own_customers.contains(&(affiliate, hash.clone())));
        let one = Tally { orders: 1, reversed: 0 };
        for key in keys(affiliate, &order.signals) {
            self.count(key, one);
        }
    }

    /// Applies a report to its order with the counts of this moment in view.
    pub fn report(
        &mut self,
        order: &mut Order,
        reported: Reported<'_>,
        clock: &Clock,
        steps: &mut Steps,
    ) -> Outcome {
        self.show(order, clock);
        let was_reversed = order.reversed_by.is_some();
        let outcome = report::apply(order, reported, steps);
        if let (false, Some(_), Some(commission)) =
            (was_reversed, order.reversed_by, &order.commission)
        {
            let one = Tally { orders: 0, reversed: 1 };
            self.count(Key::Affiliate(commission.affiliate), one);
        }
        outcome
    }

    /// Puts what a score would be made of now beside an order's commission.
    pub fn show(&self, order: &mut Order, clock: &Clock) {
        if let Some(commission) = &mut order.commission {
            let (id, affiliate) = (commission.conversion, commission.affiliate);
            commission.risk.view = self.view(id, affiliate, &order.signals, clock);
        }
    }

    /// What a score would be made of now; `None` when that was not loaded.
    pub fn view(
        &self,
        conversion: ConversionId,
        affiliate: AffiliateId,
        signals: &Signals,
        clock: &Clock,
    ) -> Option<View> {
        if let Loaded::Recorded(view) = &self.loaded {
            return view.as_deref().cloned();
        }
        if !self.loaded.has(conversion, affiliate, signals) {
            return None;
        }
        let tally = |key: &Key| {
            let before = self.tallies.get(key).copied().unwrap_or_default();
            before.plus(self.counted.get(key).copied().unwrap_or_default())
        };
        let all = tally(&Key::Affiliate(affiliate));
        let shopper = signals.shopper_hash.as_ref();
        let counts = Counts {
            affiliate_hour_orders: tally(&Key::hour(affiliate, signals.ordered_at)).orders,
            affiliate_orders: all.orders,
            affiliate_reversed: all.reversed,
            shopper_day_orders: shopper
                .map_or(0, |hash| tally(&Key::day(hash, signals.ordered_at)).orders),
            same_sale: self.has_same_sale(conversion, signals),
        };
        let thresholds = self.thresholds.iter().map(|(at, points)| (clock.at(*at), *points));
        Some(View {
            facts: Facts { signals: signals.clone(), counts },
            weights: WEIGHTS,
            thresholds: thresholds.collect(),
        })
    }

    fn has_same_sale(&self, conversion: ConversionId, signals: &Signals) -> bool {
        let sales = signals.sale_key.and_then(|key| self.sales.get(&key));
        sales.into_iter().flatten().any(|sale| {
            let apart = sale.ordered_at.duration_since(signals.ordered_at).abs();
            sale.conversion != conversion
                && apart <= SignedDuration::from_secs(SAME_SALE_SECONDS_MAX)
        })
    }

    fn suspended(&self, affiliate: AffiliateId, at: Timestamp, clock: &Clock) -> bool {
        let changes = self.states.get(&affiliate).map(Vec::as_slice).unwrap_or_default();
        let in_force = changes.iter().rev().find(|change| clock.at(change.in_force_from) <= at);
        in_force.is_some_and(|change| change.is_suspended)
    }

    fn count(&mut self, key: Key, tally: Tally) {
        let known = self.counted.entry(key).or_default();
        *known = known.plus(tally);
    }
}

/// Where an order with a commission is counted.
pub fn keys(affiliate: AffiliateId, signals: &Signals) -> impl Iterator<Item = Key> {
    let at = signals.ordered_at;
    let shopper = signals.shopper_hash.as_ref().map(|hash| Key::day(hash, at));
    [Key::Affiliate(affiliate), Key::hour(affiliate, at)].into_iter().chain(shopper)
}
