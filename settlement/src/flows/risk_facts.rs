//! Brings what risk needs to the books of a batch, and keeps what the batch counted.

use crate::domain::book::{Book, Record};
use crate::domain::clock::Clock;
use crate::domain::commission::Commission;
use crate::domain::order::Scope;
use crate::domain::risk::Signals;
use crate::domain::risk::desk::{Desk, Loaded};
use crate::domain::risk::needs::Needs;
use crate::flows::settle_events::Read;
use crate::store::order::Keys;
use crate::store::risk_facts::{self, WantedSale};
use shared::id::{AffiliateId, ConversionId};
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Loads beside each book what its events may ask of risk.
pub(super) async fn load(
    connection: &mut PgConnection,
    books: &mut BTreeMap<Scope, Book>,
    events: &[(Scope, Read)],
) -> Result<(), sqlx::Error> {
    let mut records: HashMap<Scope, Vec<&Record>> = HashMap::new();
    for (scope, read) in events {
        if let Read::Record(record) = read {
            records.entry(*scope).or_default().push(record);
        }
    }
    let needs: Vec<(Scope, Needs)> = books
        .iter()
        .map(|(scope, book)| {
            let own = records.remove(scope).unwrap_or_default();
            (*scope, Needs::of(book, own))
        })
        .collect();
    load_sales(connection, books, &needs).await?;
    let mut desks: HashMap<Scope, &mut Desk> =
        books.iter_mut().map(|(scope, book)| (*scope, &mut book.risk)).collect();
    load_counts(connection, &mut desks, &needs).await?;
    for (scope, needs) in needs {
        if let Some(desk) = desks.get_mut(&scope) {
            desk.loaded = Loaded::Only { orders: needs.orders, keys: needs.keys };
        }
    }
    Ok(())
}

/// What freezing new orders asks for.
async fn load_sales(
    connection: &mut PgConnection,
    books: &mut BTreeMap<Scope, Book>,
    needs: &[(Scope, Needs)],
) -> Result<(), sqlx::Error> {
    let each = |scope: &Scope, needs: &Needs| {
        needs.currencies.iter().map(|currency| (*scope, *currency)).collect::<Vec<_>>()
    };
    let currencies: Vec<_> = needs.iter().flat_map(|(scope, needs)| each(scope, needs)).collect();
    if currencies.is_empty() {
        return Ok(());
    }
    for (scope, currency, latest) in risk_facts::lock_amounts(connection, &currencies).await? {
        if let Some(book) = books.get_mut(&scope) {
            book.risk.amounts.insert(currency, latest);
        }
    }
    let affiliates: HashSet<_> =
        needs.iter().flat_map(|(_, needs)| needs.affiliates.iter().map(|id| id.0)).collect();
    let affiliates: Vec<_> = affiliates.into_iter().collect();
    for (affiliate, change) in risk_facts::affiliate_states(connection, &affiliates).await? {
        for book in books.values_mut() {
            book.risk.states.entry(affiliate).or_default().push(change);
        }
    }
    let customers: Vec<_> = needs
        .iter()
        .flat_map(|(scope, needs)| needs.customers.iter().map(|hash| (*scope, hash.clone())))
        .collect();
    if !customers.is_empty() {
        for (scope, affiliate, hash) in risk_facts::own_customers(connection, &customers).await? {
            if let Some(book) = books.get_mut(&scope) {
                book.risk.own_customers.insert((affiliate, hash));
            }
        }
    }
    Ok(())
}

/// What scoring asks for.
async fn load_counts(
    connection: &mut PgConnection,
    desks: &mut HashMap<Scope, &mut Desk>,
    needs: &[(Scope, Needs)],
) -> Result<(), sqlx::Error> {
    let keys: Vec<_> = needs
        .iter()
        .flat_map(|(scope, needs)| needs.keys.iter().map(|key| (*scope, key.clone())))
        .collect();
    if keys.is_empty() {
        return Ok(());
    }
    for (scope, key, tally) in risk_facts::tallies(connection, keys).await? {
        if let Some(desk) = desks.get_mut(&scope) {
            desk.tallies.insert(key, tally);
        }
    }
    let wanted: Vec<WantedSale> = needs
        .iter()
        .flat_map(|(scope, needs)| needs.sales.iter().map(|need| (*scope, need)))
        .map(|(scope, need)| WantedSale {
            scope,
            sale_key: need.key,
            conversion: need.conversion,
            from: need.from,
            until: need.until,
        })
        .collect();
    if !wanted.is_empty() {
        for (scope, key, sale) in risk_facts::same_sales(connection, &wanted).await? {
            if let Some(desk) = desks.get_mut(&scope) {
                desk.sales.entry(key).or_default().push(sale);
            }
        }
    }
    let scopes: Vec<Scope> = needs.iter().map(|(scope, _)| *scope).collect();
    for (scope, from, threshold) in risk_facts::thresholds(connection, &scopes).await? {
        if let Some(desk) = desks.get_mut(&scope) {
            desk.thresholds.push((from, threshold));
        }
    }
    Ok(())
}

/// Loads what freezing and scoring a decided order asks for: its earner's states, whether its
/// customer is the earner itself, and the counts its score is made of.
pub(super) async fn load_earner(
    connection: &mut PgConnection,
    book: &mut Book,
    conversion: ConversionId,
    affiliate: AffiliateId,
) -> Result<(), sqlx::Error> {
    let Some(order) = book.orders.get(&conversion) else { return Ok(()) };
    let mut needs = Needs::default();
    needs.add_scored(order.id, affiliate, &order.signals);
    let changes = risk_facts::affiliate_states(connection, &[affiliate.0]).await?;
    let changes = changes.into_iter().map(|(_, change)| change).collect();
    book.risk.states.insert(affiliate, changes);
    if let Some(hash) = &order.customer_hash {
        let own = risk_facts::own_customers(connection, &[(book.scope, hash.clone())]).await?;
        book.risk.own_customers.extend(own.into_iter().map(|(_, id, hash)| (id, hash)));
    }
    let asked = [(book.scope, needs)];
    load_counts(connection, &mut HashMap::from([(book.scope, &mut book.risk)]), &asked).await?;
    let [(_, Needs { orders, keys, .. })] = asked;
    book.risk.loaded = Loaded::Only { orders, keys };
    Ok(())
}

/// Keeps what a batch counted.
pub(super) async fn write(
    connection: &mut PgConnection,
    books: &BTreeMap<Scope, Book>,
) -> Result<(), sqlx::Error> {
    let counted: Vec<_> = books
        .iter()
        .flat_map(|(scope, book)| book.risk.counted.iter().map(|(key, n)| (*scope, key, *n)))
        .collect();
    risk_facts::count(connection, &counted).await?;
    let latest: Vec<_> = books
        .iter()
        .flat_map(|(scope, book)| {
            let added = book.risk.amounts_added.iter();
            added.filter_map(|of| Some((*scope, *of, book.risk.amounts.get(of)?)))
        })
        .collect();
    risk_facts::write_amounts(connection, &latest).await?;
    Ok(())
}

/// Puts what a score would be made of now beside each locked commission.
pub(super) async fn show(
    connection: &mut PgConnection,
    commissions: &mut [(Scope, Commission)],
    clock: impl Fn(Scope) -> Clock,
) -> Result<(), sqlx::Error> {
    let mut keys = Keys::default();
    for (scope, commission) in commissions.iter() {
        keys.push(*scope, commission.conversion);
    }
    let signals = risk_facts::signals(connection, &keys).await?;
    let signals: HashMap<ConversionId, Signals> = signals.into_iter().collect();
    let mut needs: BTreeMap<Scope, Needs> = BTreeMap::new();
    for (scope, commission) in commissions.iter() {
        if let Some(signals) = signals.get(&commission.conversion) {
            let needs = needs.entry(*scope).or_default();
            needs.add_scored(commission.conversion, commission.affiliate, signals);
        }
    }
    let needs: Vec<_> = needs.into_iter().collect();
    let mut own: HashMap<Scope, Desk> =
        needs.iter().map(|(scope, _)| (*scope, Desk::default())).collect();
    let mut desks: HashMap<Scope, &mut Desk> =
        own.iter_mut().map(|(scope, desk)| (*scope, desk)).collect();
    load_counts(connection, &mut desks, &needs).await?;
    for (scope, commission) in commissions {
        let Some((desk, signals)) = own.get(scope).zip(signals.get(&commission.conversion)) else {
            continue;
        };
        let (id, affiliate) = (commission.conversion, commission.affiliate);
        commission.risk.view = desk.view(id, affiliate, signals, &clock(*scope));
    }
    Ok(())
}
