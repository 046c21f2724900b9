//! People's decisions in a history: on risk, on the review queue, on affiliates, corrections.

use crate::history::History;
use crate::model::people::{Ruled, Said};
use crate::model::{Order, State};
use crate::network::{ASSUMED_AFTER_DAYS, BY, instant};
use crate::ops::ASSUMING_SCOPE;
use crate::told::CURRENCIES;
use rust_decimal::Decimal;
use settlement::domain::correction::ChargedTo;
use settlement::domain::review::{self, Ruling};
use settlement::flows::actor::Actor;
use settlement::flows::assume_delivered;
use settlement::flows::decide_review;
use settlement::flows::decide_risk::{self, Ask, Decided};
use settlement::flows::post_correction::{self, NewCorrection, Requested};
use settlement::flows::set_state::{self, AffiliateChange};
use settlement::flows::settle_events::Progress;
use shared::id::ConversionId;

impl History {
    /// One of a book's orders that are as wanted; now and then, and where there is none, another.
    fn pick(&mut self, scope: usize, wanted: impl Fn(&Order) -> bool) -> Option<String> {
        let orders = self.books[scope].orders.values();
        let (fit, other): (Vec<&Order>, Vec<&Order>) = orders.partition(|order| wanted(order));
        let [fit, other] = [fit, other].map(|orders| -> Vec<String> {
            orders.iter().map(|order| order.told.order.clone()).collect()
        });
        let names = if fit.is_empty() || self.random().percent(15) { other } else { fit };
        (!names.is_empty()).then(|| names[self.random().below(names.len())].clone())
    }

    fn conversion(&self, scope: usize, order: &str) -> ConversionId {
        let whose = self.network.books[scope].scope;
        ConversionId::derive(whose.merchant, whose.environment, order)
    }

    /// Somebody clears or refuses a commission, mostly one that waits for it.
    pub(crate) async fn decide_risk(&mut self, scope: usize) {
        let waits =
            |order: &Order| order.commission.as_ref().is_some_and(|c| c.state == State::Approved);
        let Some(name) = self.pick(scope, waits) else { return };
        if self.books[scope].orders[&name].commission.is_none() {
            return;
        }
        let clears = self.random().percent(80);
        let ask = Ask {
            scope: self.network.books[scope].scope,
            conversion: self.conversion(scope, &name),
            decision: if clears {
                decide_risk::Decision::Clear
            } else {
                decide_risk::Decision::Refuse
            },
            shown: None,
            note: None,
        };
        let said = decide_risk::run(&self.pool, BY, &ask, instant(self.now)).await.unwrap();
        let said = match said {
            Decided::Done(..) | Decided::ClearedBefore(..) => Said::Done,
            Decided::Already(_) => Said::Already,
            Decided::Denied(_) => Said::Denied,
            Decided::OtherReasons(_) => panic!("no reasons were shown"),
        };
        let wanted = self.books[scope].decide_risk(&name, clears, self.now);
        assert_eq!(said, wanted, "book {scope}: {name}, clears: {clears}");
    }

    /// Somebody says who earns an order of the review queue, or that nobody does.
    pub(crate) async fn decide_review(&mut self, scope: usize) {
        let Some(name) = self.pick(scope, |order| order.commission.is_none()) else { return };
        let random = self.random();
        let (affiliate, campaign, which) = (random.below(3), random.below(3), random.below(10));
        let ruling = match which {
            0 => Ruling::Confirm,
            1 | 2 => Ruling::Reject,
            _ => Ruling::Assign {
                affiliate: self.network.affiliates[affiliate],
                campaign: Some(self.network.books[scope].campaigns[campaign]),
            },
        };
        let on = (self.network.books[scope].scope, self.conversion(scope, &name));
        let now = instant(self.now);
        let decided = decide_review::run(&self.pool, &self.keys, BY, on, ruling, now).await;
        let decided = match decided.unwrap() {
            decide_review::Decided::Before(_) => Ruled::Before,
            decide_review::Decided::Refused(review::Ruled::FullyReversed) => Ruled::FullyReversed,
            decide_review::Decided::Refused(review::Ruled::NoCandidate) => Ruled::NoCandidate,
            decide_review::Decided::Refused(_) => Ruled::NotWaiting,
            decide_review::Decided::Now(_) => Ruled::Stands,
        };
        let (books, world) = (&mut self.books[scope], &self.world);
        let wanted = match ruling {
            Ruling::Confirm => books.confirm(&name),
            Ruling::Reject => books.reject(&name),
            Ruling::Assign { .. } => {
                books.assign(world, &name, (scope, affiliate, campaign), self.now)
            }
        };
        assert_eq!(decided, wanted, "book {scope}: {name}, {ruling:?}");
    }

    /// An affiliate is suspended, or no longer.
    pub(crate) async fn suspend(&mut self) {
        let affiliates = self.network.affiliates.len();
        let affiliate = self.random().below(affiliates);
        let suspends = self.random().percent(40);
        let change = if suspends { AffiliateChange::Suspend } else { AffiliateChange::Activate };
        let id = self.network.affiliates[affiliate];
        set_state::affiliate(&self.pool, BY, id, change, instant(self.now)).await.unwrap();
        self.world.suspensions.push((affiliate, self.now, suspends));
    }

    /// Orders that nobody speaks of any more count as delivered, where the merchant chose so.
    pub(crate) async fn assume_delivered(&mut self) {
        let now = instant(self.now);
        while assume_delivered::run_once(&self.pool, now).await.unwrap() != Progress::Idle {}
        self.books[ASSUMING_SCOPE].assume_delivered(ASSUMED_AFTER_DAYS.into(), self.now);
    }

    /// One super-admin asks for a correction and another decides; both try more than they may.
    pub(crate) async fn correct(&mut self, scope: usize) {
        let is_over = |order: &Order| {
            let commission = order.commission.as_ref();
            commission.is_some_and(|c| matches!(c.state, State::Paid | State::Rejected))
        };
        let Some(name) = self.pick(scope, is_over) else { return };
        let order = &self.books[scope].orders[&name];
        let Some(commission) = &order.commission else { return };
        let (currency, most) = (order.told.currency, commission.price.amount);
        let minor = self.random().between(-most, most);
        let charged_to = self.random().of(&[ChargedTo::Merchant, ChargedTo::Network]);
        let id = format!("correction-{}", self.random().next());
        let new = NewCorrection {
            id: id.clone(),
            conversion: self.conversion(scope, &name),
            amount: Decimal::new(minor, u32::try_from(CURRENCIES[currency].1).unwrap()),
            reason: "agreed".to_owned(),
            charged_to,
        };
        let (one, two) = self.network.super_admins;
        let (one, two) = (Actor::Operator(one), Actor::Operator(two));
        let now = instant(self.now);
        let asked = post_correction::request(&self.pool, one, new, now).await.unwrap();
        let may_be = self.books[scope].may_correct(&name, minor);
        assert_eq!(asked == Requested::Noted, may_be, "book {scope}: {name} by {minor} {asked:?}");
        if !may_be {
            return;
        }
        let approve = post_correction::Decision::Approve;
        let own = post_correction::decide(&self.pool, one, &id, approve, now).await;
        assert!(own.is_err(), "nobody decides on what they asked for");
        let approves = self.random().percent(80);
        let decision = if approves { approve } else { post_correction::Decision::Refuse };
        for nth in 0..2 {
            let told = post_correction::decide(&self.pool, two, &id, decision, now).await.unwrap();
            assert_eq!(told == post_correction::Decided::Done, nth == 0, "{told:?}");
        }
        if approves {
            let is_merchants = charged_to == ChargedTo::Merchant;
            self.books[scope].correct(&name, minor, is_merchants);
        }
    }
}
