//! A story of the sandbox is prepared: its link found or opened, its click recorded, its events
//! written down for the intake object, which takes them in like any others.

use super::accept_events::Intake;
use super::actor::{Actor, note};
use super::create_campaign::{self, NewCampaign};
use super::create_link::{self, NewLink};
use super::open_affiliate;
use super::set_rule::{self, NewRule};
use crate::domain::order::Scope;
use crate::domain::rule::Subject;
use crate::domain::simulation;
use crate::error::Fault;
use crate::store::click::{self, NewClick};
use crate::store::{merchant, read_conversion, read_link};
use jiff::Timestamp;
use serde_json::json;
use serde_json::value::RawValue;
use shared::click_id::{Click, ClickClass};
use shared::event::Event;
use shared::id::ConversionId;
use shared::keys::ClickKeys;
use shared::money::Currency;
use shared::relay::{Story, StoryAbout, StoryEvent};
use shared::validate::{COOKIE_DAYS_DEFAULT, Listing, Simulation};
use sqlx::{PgConnection, PgPool};

/// What the sandbox's own campaign pays, in basis points.
const SANDBOX_BPS: u32 = 1_000;
/// What the sandbox calls what it opens.
const NAME: &str = "Sandbox";

/// Prepares a story; its click happens at `clicked_at_seconds` of the edge's clock.
pub async fn prepare(
    pool: &PgPool,
    intake: &Intake,
    keys: &ClickKeys,
    scope: Scope,
    story: Simulation,
    clicked_at_seconds: u32,
    now: Timestamp,
) -> Result<Story, Fault> {
    let clicked_at = Timestamp::from_second(i64::from(clicked_at_seconds))
        .map_err(|_| Fault::invalid("the edge's clock is outside the calendar"))?;
    // A story's may be the month's first click.
    intake.ensure_months(pool, "click", [clicked_at].into_iter()).await?;
    let mut transaction = pool.begin().await?;
    let found = merchant::lock(&mut transaction, scope.merchant.0).await?;
    let found = found.ok_or(Fault::NotFound("merchant"))?;
    let currency = Currency::parse(&found.currency)
        .ok_or_else(|| Fault::Corrupt("a merchant has no currency".to_owned()))?;
    let order = simulation::order_id(story);
    let conversion = ConversionId::derive(scope.merchant, scope.environment, &order).to_string();
    let (environment, owner) = (scope.environment.as_str(), scope.merchant.0);
    let told = read_conversion::click_of(&mut transaction, owner, environment, &conversion).await?;
    let click_id = match told {
        Some(click_id) => click_id,
        None if simulation::has_click(story) => {
            let mint = Mint { keys, story, clicked_at, home_url: &found.home_url };
            Some(click(&mut transaction, scope, mint, now).await?)
        }
        None => None,
    };
    transaction.commit().await?;
    let events = simulation::events(story, currency, click_id.as_deref());
    Ok(Story {
        events: events.iter().map(|event| stored(event, &conversion)).collect::<Result<_, _>>()?,
        about: StoryAbout {
            scenario: story.scenario.as_str().to_owned(),
            seed: story.seed,
            days: story.days,
            external_order_id: order,
            conversion_id: conversion,
            click_id,
        },
    })
}

/// What a story's click is made of.
#[derive(Clone, Copy)]
struct Mint<'a> {
    keys: &'a ClickKeys,
    story: Simulation,
    /// A whole second.
    clicked_at: Timestamp,
    home_url: &'a str,
}

/// A story's click on the merchant's first live link, recorded.
async fn click(
    connection: &mut PgConnection,
    scope: Scope,
    mint: Mint<'_>,
    now: Timestamp,
) -> Result<String, Fault> {
    let environment = scope.environment.as_str();
    let known = read_link::first_live(connection, environment, scope.merchant.0).await?;
    let link_number = match known {
        Some(number) => number,
        None => open_sandbox(connection, scope, mint.home_url, now).await?,
    };
    let sealed = Click {
        link_number,
        clicked_at_seconds: u32::try_from(mint.clicked_at.as_second()).unwrap_or(u32::MAX),
        class: ClickClass::Human,
        random: simulation::click_random(mint.story),
    };
    let click_id = sealed.seal(mint.keys);
    let record = NewClick {
        click_id: click_id.clone(),
        link_number: i64::try_from(link_number).unwrap_or(i64::MAX),
        clicked_at: mint.clicked_at,
        class: ClickClass::Human.as_str(),
        reason: "simulated".to_owned(),
        shopper_hash: None,
        country: None,
        private: false,
        sub_ids: json!([]),
    };
    click::insert(connection, &[record], now).await?;
    Ok(click_id)
}

fn stored(event: &Event, conversion: &str) -> Result<StoryEvent, Fault> {
    let body = RawValue::from_string(event.to_json())
        .map_err(|cause| Fault::Corrupt(format!("an event cannot be written: {cause}")))?;
    Ok(StoryEvent {
        kind: event.kind(),
        body,
        content: event.content_key(),
        conversion_id: matches!(event, Event::Conversion(_)).then(|| conversion.to_owned()),
    })
}

/// A merchant without a live test link gets a campaign, an affiliate and a link to play with.
async fn open_sandbox(
    connection: &mut PgConnection,
    scope: Scope,
    home_url: &str,
    now: Timestamp,
) -> Result<u64, Fault> {
    let by = Actor::Installation;
    let affiliate = open_affiliate::within(connection, by, NAME, now).await?;
    let campaign = NewCampaign {
        scope,
        name: NAME.to_owned(),
        is_active: true,
        listing: Listing::Invite,
        fallback_url: None,
        cookie_days: COOKIE_DAYS_DEFAULT,
        hold_days: None,
        hold_start: None,
    };
    let campaign = create_campaign::within(connection, by, campaign, now).await?;
    let subject = Subject::Campaign(campaign);
    let rule = NewRule::percent(scope.environment, Some(scope.merchant), subject, SANDBOX_BPS);
    set_rule::within(connection, by, rule, now).await?;
    let destination = home_url.to_owned();
    let link = NewLink { scope, affiliate, campaign, destination, code: None };
    let link = create_link::within(connection, by, link, now).await?;
    note(connection, by, "sandbox.open", &link.code, json!({}), now).await?;
    Ok(link.link_number)
}
