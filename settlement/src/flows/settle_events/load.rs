//! Loads, in a handful of queries, the books that a batch of events needs.

mod candidates;

use super::read::{self, Read};
use crate::domain::book::{Book, Candidates, Changes, Parked, Record};
use crate::domain::clock::Clock;
use crate::domain::order::Scope;
use crate::domain::risk::desk::Desk;
use crate::domain::risk::signals::ClickRecord;
use crate::domain::rule::RuleBook;
use crate::domain::shop::{self, Reading};
use crate::flows::risk_facts;
use crate::store::{instant, order, settling, terms};
use jiff::{SignedDuration, Timestamp};
use shared::click_id::Click;
use shared::event::{Conversion, Event};
use shared::id::{ConversionId, Environment};
use shared::keys::ClickKeys;
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What a batch names, gathered before anything is asked of the database.
#[derive(Default)]
struct Named {
    scopes: BTreeSet<Scope>,
    conversions: BTreeSet<(Scope, ConversionId)>,
    content_keys: Vec<(Scope, String)>,
    skus: BTreeSet<String>,
    clicks: Vec<NamedClick>,
    orders: Vec<candidates::NamedOrder>,
}

/// A proven click that an event of this scope names.
struct NamedClick {
    scope: Scope,
    canonical_id: String,
    click: Click,
}

impl Named {
    fn add(&mut self, scope: Scope, record: &Record, click_keys: &ClickKeys) {
        let derive = |order: &str| ConversionId::derive(scope.merchant, scope.environment, order);
        match &record.event {
            Event::Conversion(event) => {
                self.conversions.insert((scope, derive(&event.external_order_id)));
                self.add_order(scope, event, record.received_at, click_keys);
            }
            Event::Shop(event) => {
                let Reading::News(news) = shop::read(event, scope.environment) else { return };
                self.conversions.insert((scope, derive(&news.external_order_id)));
                let keys = news.reports.iter().map(|report| (scope, shop::content_key(report)));
                self.content_keys.extend(keys);
                if let Some(event) = &news.conversion {
                    self.add_order(scope, event, record.received_at, click_keys);
                    for code in news.other_coupons {
                        let event = Conversion { coupon_code: Some(code), ..event.clone() };
                        let named = candidates::NamedOrder::of(scope, &event, record.received_at);
                        self.orders.extend(named);
                    }
                }
            }
            Event::OrderStatus(report) => {
                self.conversions.insert((scope, derive(&report.external_order_id)));
                self.content_keys.push((scope, report.content_key()));
            }
            Event::ClockAdvance(_) => {}
        }
    }

    /// What an order names that may be opened.
    fn add_order(
        &mut self,
        scope: Scope,
        event: &Conversion,
        received_at: Timestamp,
        click_keys: &ClickKeys,
    ) {
        self.orders.extend(candidates::NamedOrder::of(scope, event, received_at));
        self.skus.extend(event.external_product_id.clone());
        self.skus.extend(event.items.iter().map(|item| item.sku.clone()));
        let sent = event.click_id.as_deref();
        let opened = sent.and_then(|text| Click::open(text, click_keys).ok());
        let proven = sent.and_then(shared::click_id::canonical).zip(opened);
        let named = |(canonical_id, click)| NamedClick { scope, canonical_id, click };
        self.clicks.extend(proven.map(named));
    }

    fn keys(&self) -> order::Keys {
        let mut keys = order::Keys::default();
        for (scope, id) in &self.conversions {
            keys.push(*scope, *id);
        }
        keys
    }
}

/// Loads a book for every scope of the batch. Events that wait for one of the batch's conversions
/// come with it, and what they name too.
pub(in crate::flows) async fn books_for(
    connection: &mut PgConnection,
    click_keys: &ClickKeys,
    events: &[(Scope, Read)],
) -> Result<BTreeMap<Scope, Book>, sqlx::Error> {
    let mut named = Named::default();
    for (scope, read) in events {
        named.scopes.insert(*scope);
        if let Read::Record(record) = read {
            named.add(*scope, record, click_keys);
        }
    }
    let parked = parked_with(connection, &mut named, click_keys).await?;
    let merchants: Vec<_> = named.scopes.iter().map(|scope| scope.merchant.0).collect();
    let clocks = terms::clocks(connection, &merchants).await?;
    let scopes: Vec<Scope> = named.scopes.iter().copied().collect();
    let skus: Vec<String> = named.skus.iter().cloned().collect();
    let mut rules = terms::rules(connection, &scopes, &skus).await?;
    let orders = order::lock(connection, &named.keys()).await?;
    let known = order::known_content_keys(connection, &named.content_keys).await?;
    let mut books: BTreeMap<Scope, Book> = scopes
        .into_iter()
        .map(|scope| {
            let clock = match scope.environment {
                Environment::Test => clocks.get(&scope.merchant.0).cloned().unwrap_or_default(),
                Environment::Live => Clock::default(),
            };
            let book = Book {
                scope,
                clock,
                rules: RuleBook(rules.remove(&scope).unwrap_or_default()),
                links: HashMap::new(),
                click_instants: HashMap::new(),
                candidates: Candidates::default(),
                orders: HashMap::new(),
                parked: HashMap::new(),
                content_keys: HashSet::new(),
                risk: Desk::default(),
                click_keys: click_keys.clone(),
                changes: Changes::default(),
            };
            (scope, book)
        })
        .collect();
    put_clicks(connection, &mut books, named.clicks).await?;
    candidates::put(connection, &mut books, &named.orders).await?;
    for order in orders {
        if let Some(book) = books.get_mut(&order.scope) {
            book.orders.insert(order.id, order);
        }
    }
    for (scope, parked) in parked {
        if let Some(book) = books.get_mut(&scope) {
            book.parked.entry(parked.conversion).or_default().push(parked);
        }
    }
    for (scope, key) in known {
        if let Some(book) = books.get_mut(&scope) {
            book.content_keys.insert(key);
        }
    }
    risk_facts::load(connection, &mut books, events).await?;
    Ok(books)
}

async fn parked_with(
    connection: &mut PgConnection,
    named: &mut Named,
    click_keys: &ClickKeys,
) -> Result<Vec<(Scope, Parked)>, sqlx::Error> {
    let rows = settling::parked_of(connection, &named.keys()).await?;
    let parked: Vec<_> = rows.iter().filter_map(read::parked_record).collect();
    for (scope, parked) in &parked {
        named.add(*scope, &parked.record, click_keys);
    }
    Ok(parked)
}

/// Gives each book the links its own events name, and the instants of their clicks.
async fn put_clicks(
    connection: &mut PgConnection,
    books: &mut BTreeMap<Scope, Book>,
    clicks: Vec<NamedClick>,
) -> Result<(), sqlx::Error> {
    let numbers: BTreeSet<i64> =
        clicks.iter().filter_map(|named| i64::try_from(named.click.link_number).ok()).collect();
    let numbers: Vec<i64> = numbers.into_iter().collect();
    let links = terms::links(connection, &numbers).await?;
    let instants = click_instants(connection, &clicks).await?;
    for named in clicks {
        let Some(book) = books.get_mut(&named.scope) else { continue };
        let number = named.click.link_number;
        if let Some(facts) = links.get(&number)
            && !book.links.contains_key(&number)
        {
            book.links.insert(number, facts.clone());
        }
        if let Some((at, record)) = instants.get(&named.canonical_id) {
            book.risk.clicks.insert(named.canonical_id.clone(), record.clone());
            book.click_instants.insert(named.canonical_id, *at);
        }
    }
    Ok(())
}

async fn click_instants(
    connection: &mut PgConnection,
    clicks: &[NamedClick],
) -> Result<HashMap<String, (Timestamp, ClickRecord)>, sqlx::Error> {
    let seconds = || clicks.iter().map(|named| i64::from(named.click.clicked_at_seconds));
    let (Some(first), Some(last)) = (seconds().min(), seconds().max()) else {
        return Ok(HashMap::new());
    };
    let at = |second: i64| Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH);
    // The record carries milliseconds, the id whole seconds.
    let end = at(last).saturating_add(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX);
    let between = (instant::to_row(at(first)), instant::to_row(end));
    let ids: Vec<String> = clicks.iter().map(|named| named.canonical_id.clone()).collect();
    terms::click_instants(connection, &ids, between).await
}
