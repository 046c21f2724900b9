//! Rules and windows change between a sale and its refund.

use crate::history::History;
use crate::model::{About, Pays, Rule};
use crate::network::{BY, instant, windows};
use crate::ops::SCOPES;
use rust_decimal::Decimal;
use settlement::domain::hold::HoldStart;
use settlement::domain::rule::{Kind, Subject};
use settlement::flows::set_rule::{self, NewRule};
use settlement::store::campaign::{self, TermsRow};
use shared::money::Currency;

const STARTS: [Option<HoldStart>; 4] =
    [None, Some(HoldStart::Confirmed), Some(HoldStart::Paid), Some(HoldStart::Delivered)];

impl History {
    pub(crate) async fn change_rule(&mut self, scope: usize) {
        self.pause();
        let random = self.random();
        let about = match random.below(10) {
            0..4 => About::Product(random.of(&["A", "B", "C"])),
            4..7 => About::Campaign(random.below(3)),
            7 | 8 => About::Merchant,
            _ => About::Platform,
        };
        let pays = match random.below(10) {
            0..6 => Pays::Bps(random.of(&[0, 1, 50, 333, 1_000, 1_250, 10_000])),
            6..8 => Pays::Flat(random.between(0, 5_000)),
            _ if about == About::Platform => Pays::Bps(300),
            _ => Pays::Nothing,
        };
        let cap = random.percent(30).then(|| random.between(1, 20_000));
        let minimum = random.percent(20).then(|| random.between(0, 30_000));
        // The platform's rules are in real time.
        let is_platforms = about == About::Platform;
        let from = if is_platforms { self.now } else { self.books[scope].clock(self.now) };
        let rule = Rule { about, pays, cap, minimum, from };
        if pays == Pays::Nothing {
            self.end_rule(scope, rule).await;
        } else {
            self.set_rule(scope, rule).await;
        }
        self.pause();
    }

    /// Every merchant pays something from the start, in amounts that meet ties.
    pub(crate) async fn set_first_rules(&mut self) {
        for scope in 0..SCOPES {
            let (about, pays, from) = (About::Merchant, Pays::Bps(1_250), self.now);
            let rule = Rule { about, pays, cap: None, minimum: None, from };
            self.set_rule(scope, rule).await;
        }
    }

    fn subject(&self, scope: usize, about: About) -> Subject {
        match about {
            About::Product(sku) => Subject::Product(sku.to_owned()),
            About::Campaign(which) => Subject::Campaign(self.network.books[scope].campaigns[which]),
            About::Merchant => Subject::Merchant,
            About::Platform => Subject::Platform,
        }
    }

    async fn set_rule(&mut self, scope: usize, rule: Rule) {
        let npr = |minor: i64| Decimal::new(minor, 2);
        let (kind, is_flat) = match rule.pays {
            Pays::Bps(bps) => (Kind::Percent(u32::try_from(bps).unwrap()), false),
            Pays::Flat(flat) => (Kind::Flat(npr(flat)), true),
            Pays::Nothing => return,
        };
        let has_money = is_flat || rule.cap.is_some() || rule.minimum.is_some();
        let whose = self.network.books[scope].scope;
        let input = NewRule {
            environment: whose.environment,
            merchant: Some(whose.merchant),
            subject: self.subject(scope, rule.about),
            kind,
            cap: rule.cap.map(npr),
            minimum_order: rule.minimum.map(npr),
            currency: has_money.then(|| Currency::parse("NPR").unwrap()),
        };
        set_rule::run(&self.pool, BY, input, instant(self.now)).await.unwrap();
        for other in 0..SCOPES {
            let same_world = self.network.books[other].scope.environment == whose.environment;
            if other == scope || (rule.about == About::Platform && same_world) {
                self.books[other].rules.push(rule);
            }
        }
    }

    async fn end_rule(&mut self, scope: usize, rule: Rule) {
        let last = self.books[scope].rules.iter().rfind(|known| known.about == rule.about);
        let is_there = last.is_some_and(|last| last.pays != Pays::Nothing);
        let (subject, whose) = (self.subject(scope, rule.about), self.network.books[scope].scope);
        let mut transaction = self.pool.begin().await.unwrap();
        let ended = set_rule::end(&mut transaction, BY, whose, subject, instant(self.now)).await;
        transaction.commit().await.unwrap();
        assert_eq!(is_there, matches!(ended, Ok(set_rule::Ended::Now(_))), "{rule:?} {ended:?}");
        if is_there {
            let bare = Rule { cap: None, minimum: None, ..rule };
            self.books[scope].rules.push(bare);
        }
    }

    /// No two things that people do share an instant with anything else.
    fn pause(&mut self) {
        self.now += 1_000;
    }

    pub(crate) async fn change_windows(&mut self, scope: usize) {
        self.pause();
        let random = self.random();
        let which = random.below(3);
        let cookie_days = random.of(&[1, 2, 7, 30]);
        let hold_days = random.of(&[None, Some(0), Some(1), Some(5), Some(45)]);
        let hold_start = random.of(&STARTS);
        let from = self.books[scope].clock(self.now);
        let id = self.network.books[scope].campaigns[which].0;
        let versions = &mut self.books[scope].campaigns[which];
        let days = |days: u32| i32::try_from(days).unwrap();
        let terms = TermsRow {
            version: i32::try_from(versions.len()).unwrap() + 1,
            cookie_days: days(cookie_days),
            hold_days: hold_days.map(days),
            hold_start: hold_start.map(HoldStart::as_str),
        };
        let defaults = self.network.books[scope].defaults;
        versions.push(windows(from, (cookie_days, hold_days, hold_start), defaults));
        let mut connection = self.pool.acquire().await.unwrap();
        let row = campaign::find(&mut connection, id).await.unwrap().unwrap();
        campaign::insert_terms(&mut connection, &row, &terms, instant(from)).await.unwrap();
        drop(connection);
        self.pause();
    }
}
