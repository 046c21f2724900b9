//! Loads what candidates beside the click are judged by: settings, coupons, customers' clicks.
//!
//! Settings cost one query a batch; coupons and customers one each, only where orders name them
//! and their merchant's order of candidates has them.

use crate::domain::attribution::Kind;
use crate::domain::book::{Book, folded};
use crate::domain::order::Scope;
use crate::store::coupon::{self, WantedCustomer};
use crate::store::{attribution_setting, terms};
use jiff::Timestamp;
use shared::event::Conversion;
use shared::id::CampaignId;
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};

/// What an order of the batch names beside its click.
pub(super) struct NamedOrder {
    scope: Scope,
    code: Option<String>,
    customer_hash: Option<String>,
    ordered_at: Option<Timestamp>,
    received_at: Timestamp,
}

impl NamedOrder {
    /// `None` when it names nothing beside its click.
    pub(super) fn of(scope: Scope, event: &Conversion, received_at: Timestamp) -> Option<Self> {
        let code = event.coupon_code.as_deref().filter(|code| !code.is_empty()).map(folded);
        let customer_hash = event.customer_hash.clone();
        let names_something = code.is_some() || customer_hash.is_some();
        let ordered_at = event.ordered_at;
        names_something.then_some(Self { scope, code, customer_hash, ordered_at, received_at })
    }
}

/// Puts into each book what its own orders' candidates are judged by.
pub(super) async fn put(
    connection: &mut PgConnection,
    books: &mut BTreeMap<Scope, Book>,
    orders: &[NamedOrder],
) -> Result<(), sqlx::Error> {
    let scopes: Vec<Scope> = books.keys().copied().collect();
    for (scope, settings) in attribution_setting::of_scopes(connection, &scopes).await? {
        if let Some(book) = books.get_mut(&scope) {
            book.candidates.settings = settings;
        }
    }
    for book in books.values_mut() {
        let scope = book.scope;
        for link in book.links.values() {
            if link.merchant == scope.merchant && link.environment == scope.environment {
                let campaigns = &mut book.candidates.campaigns;
                campaigns.entry(link.campaign).or_insert_with(|| link.versions.clone());
            }
        }
    }
    let mut campaigns = BTreeSet::new();
    put_coupons(connection, books, orders, &mut campaigns).await?;
    put_customers(connection, books, orders, &mut campaigns).await?;
    campaigns.retain(|(scope, campaign): &(Scope, CampaignId)| {
        books.get(scope).is_some_and(|book| !book.candidates.campaigns.contains_key(campaign))
    });
    if campaigns.is_empty() {
        return Ok(());
    }
    let campaigns: Vec<_> = campaigns.into_iter().collect();
    let windows = terms::campaign_windows(connection, &campaigns).await?;
    for (scope, campaign) in campaigns {
        if let (Some(book), Some(versions)) = (books.get_mut(&scope), windows.get(&campaign)) {
            book.candidates.campaigns.insert(campaign, versions.clone());
        }
    }
    Ok(())
}

/// The instant an order is judged at, when the setting then in force considers a candidate.
fn judged_at(book: &Book, order: &NamedOrder, kind: Kind) -> Option<Timestamp> {
    let received_at = book.clock.at(order.received_at);
    let at = order.ordered_at.map_or(received_at, |at| at.min(received_at));
    book.candidates.setting(at).order.contains(&kind).then_some(at)
}

async fn put_coupons(
    connection: &mut PgConnection,
    books: &mut BTreeMap<Scope, Book>,
    orders: &[NamedOrder],
    campaigns: &mut BTreeSet<(Scope, CampaignId)>,
) -> Result<(), sqlx::Error> {
    let named = orders.iter().filter_map(|order| {
        let book = books.get(&order.scope)?;
        judged_at(book, order, Kind::Coupon)?;
        Some((order.scope, order.code.clone()?))
    });
    let codes: Vec<_> = named.collect::<BTreeSet<_>>().into_iter().collect();
    if codes.is_empty() {
        return Ok(());
    }
    for row in coupon::of_codes(connection, &codes).await? {
        let (scope, version) = row.read()?;
        campaigns.insert((scope, version.campaign));
        if let Some(book) = books.get_mut(&scope) {
            book.candidates.coupons.entry(row.code).or_default().push(version);
        }
    }
    Ok(())
}

async fn put_customers(
    connection: &mut PgConnection,
    books: &mut BTreeMap<Scope, Book>,
    orders: &[NamedOrder],
    campaigns: &mut BTreeSet<(Scope, CampaignId)>,
) -> Result<(), sqlx::Error> {
    let named = orders.iter().filter_map(|order| {
        let book = books.get(&order.scope)?;
        let by = judged_at(book, order, Kind::Customer)?;
        Some(WantedCustomer { scope: order.scope, hash: order.customer_hash.clone()?, by })
    });
    let wanted: Vec<_> = named.collect();
    if wanted.is_empty() {
        return Ok(());
    }
    for (place, click) in coupon::customer_clicks(connection, &wanted).await? {
        let Some(want) = wanted.get(place) else { continue };
        campaigns.insert((want.scope, click.campaign_id));
        if let Some(book) = books.get_mut(&want.scope) {
            let known = book.candidates.customers.entry(want.hash.clone()).or_default();
            if !known.contains(&click) {
                known.push(click);
            }
        }
    }
    Ok(())
}
