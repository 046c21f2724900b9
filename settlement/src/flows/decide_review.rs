//! A person decides who earns an order of the review queue: once.
//!
//! The order's row lock makes two deciders wait for each other; the second finds what the first
//! decided. A decision is written with all that follows from it, or not at all.

use super::actor::{Actor, note};
use super::risk_facts;
use super::settle_events::{Read, books_for, read_event, write_books};
use crate::domain::book::Book;
use crate::domain::order::Scope;
use crate::domain::review::{Ruled, Ruling};
use crate::error::Fault;
use crate::store::review::{self, DecisionRow};
use crate::store::{affiliate, campaign, instant, merchant, order, terms};
use jiff::Timestamp;
use serde_json::json;
use shared::id::{AffiliateId, CampaignId, ConversionId, Environment};
use shared::keys::ClickKeys;
use sqlx::{PgConnection, PgPool};

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// It stands.
    Now(Ruled),
    /// Somebody decided before; nothing changed.
    Before(DecisionRow),
    /// It cannot be; nothing changed.
    Refused(Ruled),
}

/// Decides on one conversion.
pub async fn run(
    pool: &PgPool,
    click_keys: &ClickKeys,
    by: Actor,
    on: (Scope, ConversionId),
    ruling: Ruling,
    now: Timestamp,
) -> Result<Decided, Fault> {
    let (scope, conversion) = on;
    by.may_change(scope.merchant)?;
    let mut transaction = pool.begin().await?;
    let connection = &mut *transaction;
    let event = review::event_of(connection, scope, conversion).await?;
    let read = read_event(&event.ok_or(Fault::NotFound("conversion"))?);
    if matches!(read.1, Read::Unreadable { .. }) {
        return Err(Fault::Corrupt(format!("the event of {conversion} cannot be read")));
    }
    let mut books = books_for(connection, click_keys, std::slice::from_ref(&read)).await?;
    if let Some(before) = review::find_decision(connection, scope, conversion).await? {
        return Ok(Decided::Before(before));
    }
    let book = books.get_mut(&scope).expect("a book was loaded for the event's scope");
    if let Ruling::Assign { affiliate, campaign } = ruling {
        check_assignment(connection, book, affiliate, campaign).await?;
    }
    load_earner(connection, book, conversion, ruling).await?;
    let facts = order::facts_of(connection, scope, conversion).await?;
    let at = book.clock.at(now);
    let ruled = book.rule_on(conversion, ruling, &facts, at);
    if !ruled.stands() {
        return Ok(Decided::Refused(ruled));
    }
    let row = decision(book, conversion, by, ruling, at);
    write_books(connection, &books, now).await?;
    review::insert_decision(connection, scope, conversion, &row, now).await?;
    let detail = json!({
        "environment": scope.environment.as_str(),
        "affiliateId": row.affiliate_id,
        "campaignId": row.campaign_id,
    });
    let action = format!("review.{}", ruling.as_str());
    note(connection, by, &action, &conversion.to_string(), detail, now).await?;
    transaction.commit().await?;
    Ok(Decided::Now(ruled))
}

async fn load_earner(
    connection: &mut PgConnection,
    book: &mut Book,
    conversion: ConversionId,
    ruling: Ruling,
) -> Result<(), sqlx::Error> {
    let Some(order) = book.orders.get(&conversion) else { return Ok(()) };
    let earner = match ruling {
        Ruling::Reject => None,
        Ruling::Confirm => order.affiliate,
        Ruling::Assign { affiliate, .. } => Some(affiliate),
    };
    let Some(earner) = earner else { return Ok(()) };
    risk_facts::load_earner(connection, book, conversion, earner).await
}

/// The decision as recorded: it names who earns the order even where the candidate shown does.
fn decision(
    book: &Book,
    conversion: ConversionId,
    by: Actor,
    ruling: Ruling,
    at: Timestamp,
) -> DecisionRow {
    let order = book.orders.get(&conversion);
    DecisionRow {
        decision: ruling.as_str().to_owned(),
        affiliate_id: order.and_then(|order| order.affiliate).map(|id| id.0),
        campaign_id: order.and_then(|order| order.campaign).map(|id| id.0),
        decided_by: by.account(),
        decided_at: instant::to_row(at),
    }
}

/// Refuses an affiliate or campaign that is not there, and loads the terms that will hold.
async fn check_assignment(
    connection: &mut PgConnection,
    book: &mut Book,
    affiliate: AffiliateId,
    campaign: Option<CampaignId>,
) -> Result<(), Fault> {
    let scope = book.scope;
    affiliate::lock(connection, affiliate.0).await?.ok_or(Fault::NotFound("affiliate"))?;
    let Some(campaign) = campaign else {
        let own = merchant::find(connection, scope.merchant.0).await?;
        let own = own.ok_or(Fault::NotFound("merchant"))?;
        book.candidates.own_windows = Some(terms::own_windows(own.hold_days, &own.hold_start)?);
        return Ok(());
    };
    check_campaign(connection, scope, campaign).await?;
    let windows = terms::campaign_windows(connection, &[(scope, campaign)]).await?;
    book.candidates.campaigns.extend(windows);
    Ok(())
}

/// Refuses a campaign that is another's, or has no terms to earn on.
pub(super) async fn check_campaign(
    connection: &mut PgConnection,
    scope: Scope,
    id: CampaignId,
) -> Result<(), Fault> {
    let found = campaign::find(connection, id.0).await?;
    let own = found.filter(|row| {
        row.merchant_id == scope.merchant.0
            && Environment::parse(&row.environment) == Some(scope.environment)
    });
    let own = own.ok_or(Fault::NotFound("campaign"))?;
    if campaign::has_terms(connection, &own).await? {
        Ok(())
    } else {
        Err(Fault::Conflict("the campaign has no terms yet".to_owned()))
    }
}
