//! A merchant signs up.

use super::actor::{Actor, note};
use super::approved_domain;
use crate::domain::hold::HoldStart;
use crate::error::Fault;
use crate::secrets::draw;
use crate::store::merchant::{self, MerchantRow};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;
use shared::id::MerchantId;
use shared::money::Currency;
use shared::validate::{NAME_CHARACTERS_MAX, WINDOW_DAYS_MAX};
use sqlx::{PgConnection, PgPool};

/// A new merchant; it begins `pending`.
#[derive(Debug, Clone)]
pub struct NewMerchant {
    /// Shown to affiliates.
    pub name: String,
    /// Destinations lie on it or below it.
    pub approved_domain: String,
    /// Where paused links lead; on the approved domain.
    pub home_url: String,
    /// Stamped into orders that name none.
    pub currency: Currency,
    /// IANA name.
    pub time_zone: String,
    /// Days of the return window; `None`: the network's.
    pub hold_days: Option<u32>,
    /// First status that starts the return window.
    pub hold_start: HoldStart,
}

/// Opens a merchant in a transaction of its own.
pub async fn run(
    pool: &PgPool,
    actor: Actor,
    input: NewMerchant,
    now: Timestamp,
) -> Result<MerchantId, Fault> {
    let mut transaction = pool.begin().await?;
    let merchant = within(&mut transaction, actor, input, now).await?;
    transaction.commit().await?;
    Ok(merchant)
}

/// Opens a merchant in the caller's transaction.
pub async fn within(
    connection: &mut PgConnection,
    actor: Actor,
    input: NewMerchant,
    now: Timestamp,
) -> Result<MerchantId, Fault> {
    actor.may_operate()?;
    let mut faults = Vec::new();
    check_name("name", &input.name, &mut faults);
    if TimeZone::get(&input.time_zone).is_err() {
        faults.push("timeZone must be an IANA name such as Asia/Kathmandu".to_owned());
    }
    check_days("holdDays", input.hold_days, 0, &mut faults);
    let domain = approved_domain::parse(&input.approved_domain)
        .map_err(|fault| faults.push(fault))
        .unwrap_or_default();
    if !faults.is_empty() {
        return Err(Fault::Invalid(faults));
    }
    let row = MerchantRow {
        merchant_id: draw::id(now),
        name: input.name.trim().to_owned(),
        state: "pending".to_owned(),
        home_url: approved_domain::url_within("homeUrl", &input.home_url, &domain)?,
        approved_domain: domain,
        currency: input.currency.code().to_owned(),
        time_zone: input.time_zone,
        hold_days: input.hold_days.map(days_of_row),
        hold_start: input.hold_start.as_str().to_owned(),
    };
    merchant::insert(connection, &row, now).await?;
    let detail = json!({"name": row.name, "approvedDomain": row.approved_domain});
    note(connection, actor, "merchant.open", &row.merchant_id.to_string(), detail, now).await?;
    Ok(MerchantId(row.merchant_id))
}

/// Adds a fault when a name is empty, too long, or holds control characters.
pub(super) fn check_name(field: &str, name: &str, faults: &mut Vec<String>) {
    let name = name.trim();
    let length = name.chars().count();
    if !(1..=NAME_CHARACTERS_MAX).contains(&length) || name.chars().any(char::is_control) {
        faults.push(format!("{field} must be 1 to {NAME_CHARACTERS_MAX} printable characters"));
    }
}

/// Adds a fault when a window is outside its range.
pub(super) fn check_days(field: &str, days: Option<u32>, least: u32, faults: &mut Vec<String>) {
    if days.is_some_and(|days| !(least..=WINDOW_DAYS_MAX).contains(&days)) {
        faults.push(format!("{field} must be {least} to {WINDOW_DAYS_MAX} days"));
    }
}

pub(super) fn days_of_row(days: u32) -> i32 {
    i32::try_from(days).expect("check_days bounds every window to 366 days")
}
