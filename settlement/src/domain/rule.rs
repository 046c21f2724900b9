//! Which rule prices a line: product, campaign, merchant default, platform default (MONEY §2).

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use shared::id::CampaignId;
use shared::money::Currency;
use uuid::Uuid;

/// Where a rule stands; the first level that matches wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For one SKU.
    Product,
    /// For one campaign.
    Campaign,
    /// The merchant's default.
    Merchant,
    /// The network's default.
    Platform,
}

impl Level {
    /// Every level, most specific first.
    pub const ALL: [Self; 4] = [Self::Product, Self::Campaign, Self::Merchant, Self::Platform];

    /// The word in rows and receipts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Campaign => "campaign",
            Self::Merchant => "merchant",
            Self::Platform => "platform",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == text)
    }
}

/// What a rule is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// One SKU.
    Product(String),
    /// One campaign.
    Campaign(CampaignId),
    /// Everything of the merchant.
    Merchant,
    /// Everything.
    Platform,
}

impl Subject {
    /// The subject's level.
    pub fn level(&self) -> Level {
        match self {
            Self::Product(_) => Level::Product,
            Self::Campaign(_) => Level::Campaign,
            Self::Merchant => Level::Merchant,
            Self::Platform => Level::Platform,
        }
    }
}

/// How a rule pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Basis points of the base: 1000 is 10 %.
    Percent(u32),
    /// An amount per unit on a product rule, once per order on any other.
    Flat(Decimal),
}

/// One version of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleVersion {
    /// The rule, the same over its versions.
    pub id: Uuid,
    /// From 1, gapless.
    pub version: i32,
    /// What it is about.
    pub subject: Subject,
    /// How it pays.
    pub kind: Kind,
    /// Most the lines under it can earn together.
    pub cap: Option<Decimal>,
    /// Order total below which it gives zero.
    pub minimum_order: Option<Decimal>,
    /// Currency of flat, cap and minimum; `None` when it has none of them.
    pub currency: Option<Currency>,
    /// From when; the next version ends it, the first reaches back without limit.
    pub in_force_from: Timestamp,
    /// When the rule was ended without a next version; orders from then on pass it over.
    pub ended_at: Option<Timestamp>,
}

/// All rules that may price one merchant's orders in one environment.
#[derive(Debug, Clone, Default)]
pub struct RuleBook(pub Vec<RuleVersion>);

/// What one level said about a line; part of the attribution receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tried {
    /// The level.
    pub level: Level,
    /// `matched`, `none`, `ended`, `no_product`, `no_campaign` or `other_currency`.
    pub result: String,
    /// The rule found there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_id: Option<Uuid>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
}

/// What a line asks the book.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The line's SKU.
    pub sku: Option<&'a str>,
    /// The campaign of the click.
    pub campaign: Option<CampaignId>,
    /// The order's currency.
    pub currency: Currency,
    /// min(ordered, received).
    pub at: Timestamp,
}

impl RuleBook {
    /// The first level that matches, and what every level before it said.
    pub fn choose(&self, question: Question<'_>) -> (Option<&RuleVersion>, Vec<Tried>) {
        let mut tried = Vec::new();
        for level in Level::ALL {
            let found = match level {
                Level::Product => question.sku.map(|sku| Subject::Product(sku.to_owned())),
                Level::Campaign => question.campaign.map(Subject::Campaign),
                Level::Merchant => Some(Subject::Merchant),
                Level::Platform => Some(Subject::Platform),
            }
            .map(|subject| self.in_force(&subject, question.at));
            let (result, rule) = match found {
                None if level == Level::Product => ("no_product", None),
                None => ("no_campaign", None),
                Some(None) => ("none", None),
                Some(Some(rule)) if rule.ended_at.is_some_and(|ended| ended <= question.at) => {
                    ("ended", Some(rule))
                }
                Some(Some(rule)) if rule.currency.is_some_and(|c| c != question.currency) => {
                    ("other_currency", Some(rule))
                }
                Some(Some(rule)) => ("matched", Some(rule)),
            };
            tried.push(Tried {
                level,
                result: result.to_owned(),
                rule_id: rule.map(|rule| rule.id),
                version: rule.map(|rule| rule.version),
            });
            if result == "matched" {
                return (rule, tried);
            }
        }
        (None, tried)
    }

    /// The version of a subject's rule in force at an instant: the latest written among those that
    /// have begun, so that a new word also replaces what was announced for later. Before the
    /// first, the first.
    fn in_force(&self, subject: &Subject, at: Timestamp) -> Option<&RuleVersion> {
        let of_subject = || self.0.iter().filter(|rule| rule.subject == *subject);
        of_subject()
            .filter(|rule| rule.in_force_from <= at)
            .max_by_key(|rule| rule.version)
            .or_else(|| of_subject().min_by_key(|rule| rule.version))
    }

    /// The same book with one rule as if it had always said what is proposed.
    #[must_use]
    pub fn with_proposed(mut self, proposed: RuleVersion) -> Self {
        self.0.retain(|rule| rule.subject != proposed.subject);
        let (in_force_from, ended_at) = (Timestamp::MIN, None);
        self.0.push(RuleVersion { in_force_from, ended_at, ..proposed });
        self
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::domain) fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a second of the test")
    }

    pub(in crate::domain) fn npr() -> Currency {
        Currency::parse("NPR").expect("a currency")
    }

    pub(in crate::domain) fn rule(id: u128, subject: Subject, kind: Kind) -> RuleVersion {
        RuleVersion {
            id: Uuid::from_u128(id),
            version: 1,
            subject,
            kind,
            cap: None,
            minimum_order: None,
            currency: None,
            in_force_from: at(0),
            ended_at: None,
        }
    }

    fn campaign() -> CampaignId {
        CampaignId(Uuid::from_u128(77))
    }

    fn book() -> RuleBook {
        RuleBook(vec![
            rule(1, Subject::Product("S".into()), Kind::Percent(1500)),
            rule(2, Subject::Campaign(campaign()), Kind::Percent(1000)),
            rule(3, Subject::Merchant, Kind::Percent(600)),
            rule(4, Subject::Platform, Kind::Percent(300)),
        ])
    }

    fn chosen(book: &RuleBook, sku: Option<&str>, campaign: Option<CampaignId>) -> Option<u128> {
        let question = Question { sku, campaign, currency: npr(), at: at(100) };
        book.choose(question).0.map(|rule| rule.id.as_u128())
    }

    #[test]
    fn the_most_specific_level_that_exists_wins() {
        let other = CampaignId(Uuid::from_u128(78));
        assert_eq!(chosen(&book(), Some("S"), Some(campaign())), Some(1));
        assert_eq!(chosen(&book(), Some("unknown"), Some(campaign())), Some(2));
        assert_eq!(chosen(&book(), None, Some(campaign())), Some(2));
        assert_eq!(chosen(&book(), None, Some(other)), Some(3));
        let mut without_default = book();
        without_default.0.remove(2);
        assert_eq!(chosen(&without_default, None, None), Some(4));
        assert_eq!(chosen(&RuleBook::default(), Some("S"), None), None);
    }

    #[test]
    fn a_rule_in_another_currency_is_passed_over_and_noted() {
        let mut book = book();
        book.0[0].kind = Kind::Flat(Decimal::TEN);
        book.0[0].currency = Currency::parse("USD");
        let question =
            Question { sku: Some("S"), campaign: Some(campaign()), currency: npr(), at: at(100) };
        let (rule, tried) = book.choose(question);
        assert_eq!(rule.map(|rule| rule.id.as_u128()), Some(2));
        assert_eq!(tried[0].result, "other_currency");
        assert_eq!(tried[1].result, "matched");
    }

    #[test]
    fn an_ended_rule_keeps_what_came_before_and_later_orders_fall_to_the_next_level() {
        let mut book = book();
        book.0[0].in_force_from = at(50);
        book.0[0].ended_at = Some(at(100));
        let level = |book: &RuleBook, second| {
            let question = Question {
                sku: Some("S"),
                campaign: Some(campaign()),
                currency: npr(),
                at: at(second),
            };
            let (rule, tried) = book.choose(question);
            (rule.map(|rule| (rule.id.as_u128(), rule.version)), tried[0].result.clone())
        };
        for second in [10, 50, 99] {
            assert_eq!(level(&book, second), (Some((1, 1)), "matched".to_owned()), "{second}");
        }
        for second in [100, 101, 5_000] {
            assert_eq!(level(&book, second), (Some((2, 1)), "ended".to_owned()), "{second}");
        }
        // The rule comes back as its next version but one; the gap stays.
        book.0.push(RuleVersion {
            version: 3,
            in_force_from: at(200),
            ended_at: None,
            ..book.0[0].clone()
        });
        assert_eq!(level(&book, 99).0, Some((1, 1)));
        assert_eq!(level(&book, 199), (Some((2, 1)), "ended".to_owned()));
        assert_eq!(level(&book, 200).0, Some((1, 3)));
    }

    #[test]
    fn the_version_in_force_counts_and_the_first_reaches_back() {
        let mut book = RuleBook(vec![rule(3, Subject::Merchant, Kind::Percent(600))]);
        book.0[0].in_force_from = at(50);
        book.0.push(RuleVersion {
            version: 2,
            kind: Kind::Percent(900),
            in_force_from: at(100),
            ..book.0[0].clone()
        });
        let version = |second| {
            let question = Question { sku: None, campaign: None, currency: npr(), at: at(second) };
            book.choose(question).0.map(|rule| rule.version)
        };
        assert_eq!([version(10), version(50), version(99)], [Some(1); 3]);
        assert_eq!([version(100), version(500)], [Some(2); 2]);
    }

    #[test]
    fn a_version_announced_for_later_waits_for_its_instant_and_gives_way_to_a_later_word() {
        let mut book = RuleBook(vec![rule(3, Subject::Merchant, Kind::Percent(600))]);
        let versions = [(2, 300, None), (3, 100, Some(200)), (5, 400, None)];
        book.0.extend(versions.map(|(version, from, ended)| RuleVersion {
            version,
            in_force_from: at(from),
            ended_at: ended.map(at),
            ..book.0[0].clone()
        }));
        let version = |second| {
            let question = Question { sku: None, campaign: None, currency: npr(), at: at(second) };
            book.choose(question).0.map(|rule| rule.version)
        };
        assert_eq!([version(99), version(100), version(199)], [Some(1), Some(3), Some(3)]);
        assert_eq!([version(200), version(300), version(399)], [None; 3], "ended at 200");
        assert_eq!(version(400), Some(5));
    }

    #[test]
    fn a_level_s_word_reads_back_and_is_what_json_says() {
        for level in Level::ALL {
            assert_eq!(Level::parse(level.as_str()), Some(level));
            assert_eq!(serde_json::to_value(level).unwrap(), level.as_str());
        }
        assert_eq!(Level::parse("order"), None);
    }

    #[test]
    fn every_level_asked_says_what_it_found() {
        let book = RuleBook(vec![rule(4, Subject::Platform, Kind::Percent(300))]);
        let known = Some(campaign());
        let cases = [
            (Some("S"), known, ["none", "none", "none", "matched"]),
            (None, known, ["no_product", "none", "none", "matched"]),
            (Some("S"), None, ["none", "no_campaign", "none", "matched"]),
        ];
        for (sku, campaign, expected) in cases {
            let question = Question { sku, campaign, currency: npr(), at: at(100) };
            let (_, tried) = book.choose(question);
            let said: Vec<_> = tried.iter().map(|tried| tried.result.as_str()).collect();
            assert_eq!(said, expected, "{sku:?} {campaign:?}");
        }
    }

    #[test]
    fn a_proposed_rule_stands_for_its_subject_at_every_instant_and_the_others_stay() {
        let mut known = book();
        known.0.push(RuleVersion { version: 2, in_force_from: at(50), ..known.0[2].clone() });
        let proposed = RuleVersion {
            in_force_from: at(900),
            ended_at: Some(at(950)),
            ..rule(9, Subject::Merchant, Kind::Percent(700))
        };
        let always =
            RuleVersion { in_force_from: Timestamp::MIN, ended_at: None, ..proposed.clone() };
        let expected = [&known.0[..2], &known.0[3..4], &[always]].concat();
        assert_eq!(known.with_proposed(proposed).0, expected);
    }
}
