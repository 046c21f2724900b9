//! What a batch of events is judged by: merchants' clocks, links with their windows, rules.

use super::instant;
use crate::domain::book::{LinkFacts, TermsVersion};
use crate::domain::clock::{Clock, Move};
use crate::domain::hold::HoldStart;
use crate::domain::order::{Scope, Windows};
use crate::domain::rule::{Kind, Level, RuleVersion, Subject};
use jiff::Timestamp;
use rust_decimal::Decimal;
use shared::id::{AffiliateId, CampaignId, Environment, MerchantId};
use shared::money::Currency;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use std::collections::HashMap;
use uuid::Uuid;

/// A row that says something the code does not know; only a newer version can have written it.
#[derive(Debug, thiserror::Error)]
#[error("{table} holds {what}, which this version does not know")]
pub struct UnknownWord {
    /// Where.
    pub table: &'static str,
    /// What.
    pub what: String,
}

/// Turns an unreadable row into a decode error, which no event's content can cause.
pub fn unknown(table: &'static str, what: &str) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(UnknownWord { table, what: what.to_owned() }))
}

#[derive(sqlx::FromRow)]
struct MoveRow {
    merchant_id: Uuid,
    real_at: OffsetDateTime,
    seconds: i32,
}

/// Test clocks of merchants; one without moves is not listed.
pub async fn clocks(
    connection: &mut PgConnection,
    merchants: &[Uuid],
) -> Result<HashMap<Uuid, Clock>, sqlx::Error> {
    let rows: Vec<MoveRow> = sqlx::query_as(
        "-- clocks
         select merchant_id, real_at, seconds from clock_move
         where environment = 'test' and merchant_id = any($1)",
    )
    .bind(merchants)
    .fetch_all(connection)
    .await?;
    let mut clocks: HashMap<Uuid, Clock> = HashMap::new();
    for row in rows {
        let by = Move { real_at: instant::from_row(row.real_at), seconds: i64::from(row.seconds) };
        clocks.entry(row.merchant_id).or_default().advance(by);
    }
    Ok(clocks)
}

/// Keeps clock moves.
pub async fn insert_clock_moves(
    connection: &mut PgConnection,
    moves: &[(Uuid, &str, Move)],
) -> Result<u64, sqlx::Error> {
    let seconds = |by: &Move| i32::try_from(by.seconds).unwrap_or(i32::MAX);
    let done = sqlx::query(
        "-- insert_clock_moves
         insert into clock_move (environment, merchant_id, event_id, real_at, seconds)
         select 'test', m.merchant_id, m.event_id, m.real_at, m.seconds
         from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::integer[])
             as m (merchant_id, event_id, real_at, seconds)
         on conflict do nothing",
    )
    .bind(moves.iter().map(|(merchant, _, _)| *merchant).collect::<Vec<_>>())
    .bind(moves.iter().map(|(_, event, _)| *event).collect::<Vec<_>>())
    .bind(moves.iter().map(|(_, _, by)| instant::to_row(by.real_at)).collect::<Vec<_>>())
    .bind(moves.iter().map(|(_, _, by)| seconds(by)).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

#[derive(sqlx::FromRow)]
struct LinkRow {
    environment: String,
    merchant_id: Uuid,
    link_number: i64,
    affiliate_id: Uuid,
    campaign_id: Uuid,
    cookie_days: i32,
    hold_days: Option<i32>,
    hold_start: Option<String>,
    in_force_from: OffsetDateTime,
    merchant_hold_days: Option<i32>,
    merchant_hold_start: String,
}

/// Links by number, each with every version of its campaign's windows.
pub async fn links(
    connection: &mut PgConnection,
    numbers: &[i64],
) -> Result<HashMap<u64, LinkFacts>, sqlx::Error> {
    let rows: Vec<LinkRow> = sqlx::query_as(
        "-- links
         select link.environment, link.merchant_id, link.link_number, link.affiliate_id,
                link.campaign_id, terms.cookie_days, terms.hold_days, terms.hold_start,
                terms.in_force_from, merchant.hold_days as merchant_hold_days,
                merchant.hold_start as merchant_hold_start
         from link
         join campaign_terms terms using (environment, merchant_id, campaign_id)
         join merchant using (merchant_id)
         where link.link_number = any($1)
         order by link.link_number, terms.version",
    )
    .bind(numbers)
    .fetch_all(connection)
    .await?;
    let mut links: HashMap<u64, LinkFacts> = HashMap::new();
    for row in rows {
        let version = TermsVersion {
            in_force_from: instant::from_row(row.in_force_from),
            windows: resolve(
                (row.hold_days, row.hold_start.as_deref(), row.cookie_days),
                (row.merchant_hold_days, &row.merchant_hold_start),
            )?,
        };
        let number = u64::try_from(row.link_number).unwrap_or(u64::MAX);
        let environment = Environment::parse(&row.environment)
            .ok_or_else(|| unknown("link", &row.environment))?;
        links
            .entry(number)
            .or_insert_with(|| LinkFacts {
                merchant: MerchantId(row.merchant_id),
                environment,
                affiliate: AffiliateId(row.affiliate_id),
                campaign: CampaignId(row.campaign_id),
                versions: Vec::new(),
            })
            .versions
            .push(version);
    }
    Ok(links)
}

#[derive(sqlx::FromRow)]
struct WindowsRow {
    campaign_id: Uuid,
    cookie_days: i32,
    hold_days: Option<i32>,
    hold_start: Option<String>,
    in_force_from: OffsetDateTime,
    merchant_hold_days: Option<i32>,
    merchant_hold_start: String,
}

/// Every version of some campaigns' windows, oldest first.
pub async fn campaign_windows(
    connection: &mut PgConnection,
    campaigns: &[(Scope, CampaignId)],
) -> Result<HashMap<CampaignId, Vec<TermsVersion>>, sqlx::Error> {
    let rows: Vec<WindowsRow> = sqlx::query_as(
        "-- campaign_windows
         select campaign_id, terms.cookie_days, terms.hold_days, terms.hold_start,
                terms.in_force_from, merchant.hold_days as merchant_hold_days,
                merchant.hold_start as merchant_hold_start
         from unnest($1::text[], $2::uuid[], $3::uuid[])
             as want (environment, merchant_id, campaign_id)
         join campaign_terms terms using (environment, merchant_id, campaign_id)
         join merchant using (merchant_id)
         order by campaign_id, terms.version",
    )
    .bind(campaigns.iter().map(|(scope, _)| scope.environment.as_str()).collect::<Vec<_>>())
    .bind(campaigns.iter().map(|(scope, _)| scope.merchant.0).collect::<Vec<_>>())
    .bind(campaigns.iter().map(|(_, campaign)| campaign.0).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    let mut windows: HashMap<CampaignId, Vec<TermsVersion>> = HashMap::new();
    for row in rows {
        let version = TermsVersion {
            in_force_from: instant::from_row(row.in_force_from),
            windows: resolve(
                (row.hold_days, row.hold_start.as_deref(), row.cookie_days),
                (row.merchant_hold_days, &row.merchant_hold_start),
            )?,
        };
        windows.entry(CampaignId(row.campaign_id)).or_default().push(version);
    }
    Ok(windows)
}

/// The windows of an order without campaign: the merchant's own; no cookie window applies.
pub fn own_windows(hold_days: Option<i32>, hold_start: &str) -> Result<Windows, sqlx::Error> {
    resolve((None, None, 0), (hold_days, hold_start))
}

fn resolve(
    campaign: (Option<i32>, Option<&str>, i32),
    merchant: (Option<i32>, &str),
) -> Result<Windows, sqlx::Error> {
    let start = |text: &str| HoldStart::parse(text).ok_or_else(|| unknown("campaign_terms", text));
    let days = |days: Option<i32>| days.and_then(|days| u32::try_from(days).ok());
    let own_start = campaign.1.map(start).transpose()?;
    let cookie_days = u32::try_from(campaign.2).unwrap_or(0);
    Ok(Windows::resolve(
        (days(campaign.0), own_start, cookie_days),
        (days(merchant.0), start(merchant.1)?),
    ))
}

/// When clicks whose records have arrived were made, by canonical click id.
pub async fn click_instants(
    connection: &mut PgConnection,
    click_ids: &[String],
    between: (OffsetDateTime, OffsetDateTime),
) -> Result<HashMap<String, Timestamp>, sqlx::Error> {
    let rows: Vec<(String, OffsetDateTime)> = sqlx::query_as(
        "-- click_instants
         select click_id, clicked_at from click
         where click_id = any($1) and clicked_at >= $2 and clicked_at < $3",
    )
    .bind(click_ids)
    .bind(between.0)
    .bind(between.1)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|(id, at)| (id, instant::from_row(at))).collect())
}

#[derive(sqlx::FromRow)]
struct RuleRow {
    environment: String,
    merchant_id: Uuid,
    rule_id: Uuid,
    version: i32,
    level: String,
    campaign_id: Option<Uuid>,
    sku: Option<String>,
    rate_bps: Option<i32>,
    flat_amount: Option<Decimal>,
    cap_amount: Option<Decimal>,
    minimum_order: Option<Decimal>,
    currency: Option<String>,
    in_force_from: OffsetDateTime,
    ended_at: Option<OffsetDateTime>,
}

/// Rules that may price orders of these scopes: product rules of the SKUs named, all others whole.
pub async fn rules(
    connection: &mut PgConnection,
    scopes: &[Scope],
    skus: &[String],
) -> Result<HashMap<Scope, Vec<RuleVersion>>, sqlx::Error> {
    let rows: Vec<RuleRow> = sqlx::query_as(
        "-- rules
         with version as (
             select rule.environment, rule.merchant_id, rule_id, version, level, campaign_id, sku,
                    rate_bps, flat_amount, cap_amount, minimum_order, currency, in_force_from
             from unnest($1::text[], $2::uuid[]) as scope (environment, merchant_id)
             join rule using (environment, merchant_id)
             where kind <> 'ended' and (level <> 'product' or sku = any($3))
             union all
             select rule.environment, rule.merchant_id, rule_id, version, level, campaign_id, sku,
                    rate_bps, flat_amount, cap_amount, minimum_order, currency, in_force_from
             from rule
             where merchant_id = '00000000-0000-0000-0000-000000000000' and kind <> 'ended'
         )
         select version.*, ended.in_force_from as ended_at
         from version
         left join lateral (
             select rule.in_force_from from rule
             where rule.environment = version.environment
               and rule.merchant_id = version.merchant_id and rule.rule_id = version.rule_id
               and rule.version > version.version and rule.kind = 'ended'
             order by rule.version limit 1
         ) ended on true",
    )
    .bind(scopes.iter().map(|scope| scope.environment.as_str()).collect::<Vec<_>>())
    .bind(scopes.iter().map(|scope| scope.merchant.0).collect::<Vec<_>>())
    .bind(skus)
    .fetch_all(connection)
    .await?;
    let mut by_scope: HashMap<Scope, Vec<RuleVersion>> =
        scopes.iter().map(|scope| (*scope, Vec::new())).collect();
    for row in rows {
        let rule = rule(&row)?;
        let environment = Environment::parse(&row.environment)
            .ok_or_else(|| unknown("rule", &row.environment))?;
        if row.merchant_id.is_nil() {
            let of_world = by_scope.iter_mut().filter(|(s, _)| s.environment == environment);
            of_world.for_each(|(_, rules)| rules.push(rule.clone()));
        } else if let Some(rules) =
            by_scope.get_mut(&Scope { environment, merchant: MerchantId(row.merchant_id) })
        {
            rules.push(rule);
        }
    }
    Ok(by_scope)
}

fn rule(row: &RuleRow) -> Result<RuleVersion, sqlx::Error> {
    let level = Level::parse(&row.level).ok_or_else(|| unknown("rule", &row.level))?;
    let subject = match level {
        Level::Product => Subject::Product(row.sku.clone().unwrap_or_default()),
        Level::Campaign => Subject::Campaign(CampaignId(row.campaign_id.unwrap_or_default())),
        Level::Merchant => Subject::Merchant,
        Level::Platform => Subject::Platform,
    };
    let kind = match (row.rate_bps, row.flat_amount) {
        (Some(bps), _) => Kind::Percent(u32::try_from(bps).unwrap_or(0)),
        (None, Some(flat)) => Kind::Flat(flat),
        (None, None) => return Err(unknown("rule", "a rule that pays nothing")),
    };
    let currency = match &row.currency {
        Some(code) => Some(Currency::parse(code).ok_or_else(|| unknown("rule", code))?),
        None => None,
    };
    Ok(RuleVersion {
        id: row.rule_id,
        version: row.version,
        subject,
        kind,
        cap: row.cap_amount,
        minimum_order: row.minimum_order,
        currency,
        in_force_from: instant::from_row(row.in_force_from),
        ended_at: row.ended_at.map(instant::from_row),
    })
}
