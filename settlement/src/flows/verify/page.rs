//! Some orders of one scope: what was recorded of them and what is stored of them, loaded in a
//! handful of queries and compared.

use super::super::settle_events::record;
use crate::domain::book::{Book, Candidates, Changes};
use crate::domain::clock::Clock;
use crate::domain::lifecycle;
use crate::domain::order::{Order, Scope};
use crate::domain::rebuild::{
    self, Decision, Difference, Heard, Moved, PayoutStep, Recorded, Stored,
};
use crate::domain::review::Ruling;
use crate::domain::risk::desk::Desk;
use crate::domain::rule::RuleBook;
use crate::error::Fault;
use crate::store::order::Keys;
use crate::store::verify::{self, DecisionRow, EventRow, NamedRow};
use crate::store::{attribution_setting, instant, merchant, order, terms};
use jiff::{SignedDuration, Timestamp};
use shared::click_id::Click;
use shared::id::{AffiliateId, CampaignId, ConversionId};
use shared::keys::ClickKeys;
use sqlx::PgConnection;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Compares a page of orders.
pub(super) async fn verify(
    connection: &mut PgConnection,
    click_keys: &ClickKeys,
    scope: Scope,
    moves: &[Moved],
    named: &[NamedRow],
) -> Result<Vec<Difference>, Fault> {
    let mut found = Vec::new();
    let mut keys = Keys::default();
    let mut ids = Vec::with_capacity(named.len());
    for row in named {
        match ConversionId::parse(&row.conversion_id) {
            Some(id) => {
                keys.push(scope, id);
                ids.push((id, row));
            }
            None => found.push(Difference::of(&row.conversion_id, "id", "there", "no id of ours")),
        }
    }
    let mut heard = heard(connection, scope, named).await?;
    let mut stored = stored(connection, scope, &keys, &ids).await?;
    let mut decisions: HashMap<String, Decision> = HashMap::new();
    for row in verify::decisions(connection, &keys).await? {
        decisions.extend(decision(&row).map(|decision| (row.conversion_id, decision)));
    }
    let mut payouts = payouts(connection, scope, &ids).await?;
    let named: Vec<ConversionId> = ids.iter().map(|(id, _)| *id).collect();
    let mut scores = verify::scores(connection, scope, &named).await?;
    let mut risk_decisions = verify::risk_decisions(connection, scope, &named).await?;
    let orders: Vec<&Order> = stored.values().filter_map(|stored| stored.order.as_ref()).collect();
    let mut book = book(connection, click_keys, scope, &orders, decisions.values()).await?;
    for (id, row) in ids {
        let events = row.events.iter().filter_map(|event| heard.remove(event)).collect();
        let decision = decisions.get(&row.conversion_id).copied();
        let payouts = payouts.remove(&id.commission_id()).unwrap_or_default();
        let recorded = Recorded {
            id,
            heard: events,
            decision,
            scores: scores.remove(&id).unwrap_or_default(),
            risk_decisions: risk_decisions.remove(&id).unwrap_or_default(),
            payouts,
        };
        let stored = stored.remove(&id).unwrap_or_default();
        found.extend(rebuild::differences(&mut book, moves, &recorded, &stored));
    }
    Ok(found)
}

async fn heard(
    connection: &mut PgConnection,
    scope: Scope,
    named: &[NamedRow],
) -> Result<HashMap<String, Heard>, Fault> {
    let ids: Vec<String> = named.iter().flat_map(|row| row.events.iter().cloned()).collect();
    let rows = verify::events(connection, scope, &ids).await?;
    Ok(rows.iter().filter_map(|row| Some((row.event_id.clone(), read(row)?))).collect())
}

fn read(row: &EventRow) -> Option<Heard> {
    let received_at = instant::from_row(row.received_at);
    Some(Heard {
        record: record(&row.event_id, received_at, row.seq, &row.kind, &row.body)?,
        settled_at: instant::from_row(row.settled_at),
        code: row.code.clone(),
    })
}

fn decision(row: &DecisionRow) -> Option<Decision> {
    let ruling = match (row.decision.as_str(), row.affiliate_id) {
        ("confirm", _) => Ruling::Confirm,
        ("assign", Some(affiliate)) => Ruling::Assign {
            affiliate: AffiliateId(affiliate),
            campaign: row.campaign_id.map(CampaignId),
        },
        ("reject", _) => Ruling::Reject,
        _ => return None,
    };
    let (at, made_at) = (instant::from_row(row.decided_at), instant::from_row(row.created_at));
    Some(Decision { ruling, at, made_at })
}

/// Steps of the payouts that carry these orders' commissions.
async fn payouts(
    connection: &mut PgConnection,
    scope: Scope,
    ids: &[(ConversionId, &NamedRow)],
) -> Result<HashMap<String, Vec<PayoutStep>>, Fault> {
    let payouts: BTreeSet<_> =
        ids.iter().flat_map(|(_, row)| row.payouts.iter().copied()).collect();
    if payouts.is_empty() {
        return Ok(HashMap::new());
    }
    let payouts: Vec<_> = payouts.into_iter().collect();
    let commissions: Vec<String> = ids.iter().map(|(id, _)| id.commission_id()).collect();
    let mut steps: HashMap<String, Vec<PayoutStep>> = HashMap::new();
    for row in verify::payout_steps(connection, scope, &payouts, &commissions).await? {
        let event = match row.transfer_key.rsplit_once(':') {
            Some((_, "sent")) => lifecycle::Event::PayoutProcessing,
            Some((_, "settled")) => lifecycle::Event::PayoutSettled,
            _ => lifecycle::Event::PayoutFailed,
        };
        let (at, made_at) =
            (instant::from_row(row.effective_at), instant::from_row(row.created_at));
        let step = PayoutStep { event, amount: row.amount, at, made_at };
        steps.entry(row.commission_id).or_default().push(step);
    }
    Ok(steps)
}

async fn stored(
    connection: &mut PgConnection,
    scope: Scope,
    keys: &Keys,
    ids: &[(ConversionId, &NamedRow)],
) -> Result<HashMap<ConversionId, Stored>, Fault> {
    let mut stored: HashMap<ConversionId, Stored> = HashMap::new();
    for order in order::read(connection, keys).await? {
        let id = order.id;
        stored.entry(id).or_default().order = Some(order);
    }
    for fact in order::facts_of_all(connection, keys).await? {
        stored.entry(fact.conversion).or_default().facts.push(fact);
    }
    let names: Vec<String> = ids.iter().flat_map(|(_, row)| row.transfers.clone()).collect();
    let mut transfers = verify::transfers(connection, scope, &names).await?;
    for (id, row) in ids {
        let own = row.transfers.iter().filter_map(|key| transfers.remove_entry(key));
        stored.entry(*id).or_default().transfers.extend(own);
    }
    Ok(stored)
}

/// A book with everything that these orders may be judged and priced by.
async fn book(
    connection: &mut PgConnection,
    click_keys: &ClickKeys,
    scope: Scope,
    orders: &[&Order],
    decisions: impl Iterator<Item = &Decision>,
) -> Result<Book, Fault> {
    let mut skus: BTreeSet<String> = BTreeSet::new();
    let mut campaigns: BTreeSet<CampaignId> = BTreeSet::new();
    for order in orders {
        skus.extend(order.product.clone());
        skus.extend(order.items.iter().map(|item| item.sku.clone()));
        campaigns.extend(order.campaign);
    }
    for decision in decisions {
        if let Ruling::Assign { campaign, .. } = decision.ruling {
            campaigns.extend(campaign);
        }
    }
    let opened = |order: &&Order| {
        let sent = order.click_id.as_deref()?;
        let click = Click::open(sent, click_keys).ok()?;
        Some((shared::click_id::canonical(sent)?, click))
    };
    let clicks: Vec<(String, Click)> = orders.iter().filter_map(opened).collect();
    let numbers: BTreeSet<i64> =
        clicks.iter().filter_map(|(_, click)| i64::try_from(click.link_number).ok()).collect();
    let numbers: Vec<i64> = numbers.into_iter().collect();
    let links = terms::links(connection, &numbers).await?;
    campaigns.extend(links.values().map(|link| link.campaign));
    let wanted: Vec<_> = campaigns.into_iter().map(|campaign| (scope, campaign)).collect();
    let skus: Vec<String> = skus.into_iter().collect();
    let own = merchant::find(connection, scope.merchant.0).await?;
    let own_windows = own.map(|own| terms::own_windows(own.hold_days, &own.hold_start));
    let candidates = Candidates {
        settings: attribution_setting::of_scopes(connection, &[scope])
            .await?
            .remove(&scope)
            .unwrap_or_default(),
        campaigns: terms::campaign_windows(connection, &wanted).await?,
        own_windows: own_windows.transpose()?,
        ..Candidates::default()
    };
    let rules = terms::rules(connection, &[scope], &skus).await?.remove(&scope);
    Ok(Book {
        scope,
        clock: Clock::default(),
        rules: RuleBook(rules.unwrap_or_default()),
        links,
        click_instants: instants(connection, &clicks).await?,
        candidates,
        orders: HashMap::new(),
        parked: HashMap::new(),
        content_keys: HashSet::new(),
        click_keys: click_keys.clone(),
        risk: Desk::default(),
        changes: Changes::default(),
    })
}

async fn instants(
    connection: &mut PgConnection,
    clicks: &[(String, Click)],
) -> Result<HashMap<String, Timestamp>, Fault> {
    let seconds = || clicks.iter().map(|(_, click)| i64::from(click.clicked_at_seconds));
    let (Some(first), Some(last)) = (seconds().min(), seconds().max()) else {
        return Ok(HashMap::new());
    };
    let at = |second: i64| Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH);
    let end = at(last).saturating_add(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX);
    let ids: Vec<String> = clicks.iter().map(|(id, _)| id.clone()).collect();
    let between = (instant::to_row(at(first)), instant::to_row(end));
    let known = terms::click_instants(connection, &ids, between).await?;
    Ok(known.into_iter().map(|(id, (at, _))| (id, at)).collect())
}
