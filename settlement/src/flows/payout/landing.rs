//! Answered payouts land: settled, failed or returned, with books, commissions and notices.

use super::process::transfers;
use crate::domain::ledger::Transfer;
use crate::domain::ledger::payout::Step;
use crate::domain::lifecycle;
use crate::domain::notice::{self, Kind, Notice};
use crate::domain::order::Scope;
use crate::domain::payout::life::State;
use crate::error::Fault;
use crate::secrets::draw;
use crate::store::payout::line::{self, SumRow};
use crate::store::payout::sent::{self, CarriedRow, Landing};
use crate::store::payout::{self, PayoutRow};
use crate::store::{instant, ledger, payable_item, webhook_event};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use shared::id::{AffiliateId, ConversionId, Environment, MerchantId};
use shared::money::Currency;
use sqlx::PgConnection;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Notices written in one statement at most.
const NOTICES_MAX: usize = 10_000;
/// Lines told in a notice at most; it says how many there are.
const LINES_TOLD_MAX: usize = 100;

/// Payouts of one environment that were answered alike.
pub(super) struct Landed<'a> {
    /// In which world.
    pub(super) environment: Environment,
    /// The payouts, locked, as they stood.
    pub(super) rows: Vec<PayoutRow>,
    /// Why, in the bank's or the operators' words.
    pub(super) reasons: HashMap<Uuid, &'a str>,
    /// When, in their time.
    pub(super) at: Timestamp,
    /// When, in real time.
    pub(super) now: Timestamp,
}

impl Landed<'_> {
    fn ids(&self) -> Vec<Uuid> {
        self.rows.iter().map(|row| row.payout_id).collect()
    }

    fn reason(&self, payout: Uuid) -> Option<&str> {
        self.reasons.get(&payout).copied()
    }

    fn scope(&self, merchant: Uuid) -> Scope {
        Scope { environment: self.environment, merchant: MerchantId(merchant) }
    }

    async fn set(
        &self,
        connection: &mut PgConnection,
        from: State,
        to: State,
    ) -> Result<(), Fault> {
        let answered: Vec<_> = self.ids().into_iter().map(|id| (id, self.reason(id))).collect();
        let moved = payout::set_answered(connection, from, to, &answered, self.at).await?;
        if moved != answered.len() as u64 {
            return Err(Fault::Corrupt("a locked payout moved".to_owned()));
        }
        Ok(())
    }

    async fn post(
        &self,
        connection: &mut PgConnection,
        sums: &[SumRow],
        step: Step,
    ) -> Result<(), Fault> {
        let posted = transfers(self.environment, &self.rows, sums, step, self.at)?;
        let posted: Vec<(Scope, &Transfer)> = posted.iter().map(|(s, t)| (*s, t)).collect();
        ledger::post(connection, &posted, instant::to_row(self.now)).await?;
        Ok(())
    }
}

/// The money arrived: the commissions in these payouts are paid.
pub(super) async fn settle(
    connection: &mut PgConnection,
    landed: &Landed<'_>,
    carried: &[CarriedRow],
) -> Result<(), Fault> {
    let ids = landed.ids();
    let sums = line::sums(connection, &ids).await?;
    land(connection, landed, &sums, Landing::Paid).await?;
    landed.set(connection, State::Processing, State::Settled).await?;
    landed.post(connection, &sums, Step::Settled).await?;
    let lines = lines(connection, &ids, carried).await?;
    let mut notices = Vec::new();
    let payouts: HashMap<Uuid, &PayoutRow> =
        landed.rows.iter().map(|row| (row.payout_id, row)).collect();
    for row in carried {
        let Some(payout) = payouts.get(&row.payout_id) else { continue };
        notices.push((landed.scope(row.merchant_id), paid(payout, row, landed.at)?));
    }
    tell(landed, &sums, &lines, (Kind::PayoutProcessed, State::Settled), &mut notices)?;
    write(connection, &notices, landed.now).await?;
    sent::wake_parked(connection, &ids, landed.now).await?;
    Ok(())
}

/// The bank refused these payouts: what was in them is open again.
pub(super) async fn fail(
    connection: &mut PgConnection,
    landed: &Landed<'_>,
    carried: &[CarriedRow],
) -> Result<(), Fault> {
    let ids = landed.ids();
    let sums = line::sums(connection, &ids).await?;
    land(connection, landed, &sums, Landing::Free).await?;
    line::release(connection, &ids).await?;
    landed.set(connection, State::Processing, State::Failed).await?;
    landed.post(connection, &sums, Step::Failed).await?;
    let lines = lines(connection, &ids, carried).await?;
    let mut notices = Vec::new();
    tell(landed, &sums, &lines, (Kind::PayoutFailed, State::Failed), &mut notices)?;
    write(connection, &notices, landed.now).await?;
    sent::wake_parked(connection, &ids, landed.now).await?;
    Ok(())
}

/// The money of settled payouts came back: the commissions stay paid, and what came back is payable
/// as an item of its own in each merchant's books.
pub(super) async fn send_back(
    connection: &mut PgConnection,
    landed: &Landed<'_>,
    carried: &[CarriedRow],
) -> Result<(), Fault> {
    let ids = landed.ids();
    let sums = line::sums(connection, &ids).await?;
    landed.set(connection, State::Settled, State::Returned).await?;
    landed.post(connection, &sums, Step::Returned).await?;
    let payouts: HashMap<Uuid, &PayoutRow> =
        landed.rows.iter().map(|row| (row.payout_id, row)).collect();
    let items: Vec<_> = sums
        .iter()
        .filter(|sum| !sum.amount.is_zero())
        .filter_map(|sum| Some((sum, payouts.get(&sum.payout_id)?)))
        .map(|(sum, row)| payable_item::NewItem {
            environment: landed.environment.as_str(),
            merchant_id: sum.merchant_id,
            item_id: draw::id(landed.now),
            kind: "bank_return",
            source: sum.payout_id.to_string(),
            affiliate_id: row.affiliate_id,
            currency: row.currency.clone(),
            amount: sum.amount,
            commission_id: None,
            effective_at: landed.at,
        })
        .collect();
    payable_item::insert(connection, &items, landed.now).await?;
    let lines = lines(connection, &ids, carried).await?;
    let mut notices = Vec::new();
    tell(landed, &sums, &lines, (Kind::PayoutFailed, State::Returned), &mut notices)?;
    write(connection, &notices, landed.now).await
}

async fn land(
    connection: &mut PgConnection,
    landed: &Landed<'_>,
    sums: &[SumRow],
    landing: Landing,
) -> Result<(), Fault> {
    let commissions: i64 = sums.iter().map(|sum| sum.commissions).sum();
    let moved = sent::land(connection, &landed.ids(), landing, landed.at).await?;
    if i64::try_from(moved) != Ok(commissions) {
        return Err(Fault::Corrupt("a commission of a sent payout was not in flight".to_owned()));
    }
    Ok(())
}

/// The lines of payouts as notices tell them, by payout and merchant.
type Lines = HashMap<(Uuid, Uuid), Vec<(Value, Decimal)>>;

async fn lines(
    connection: &mut PgConnection,
    payouts: &[Uuid],
    carried: &[CarriedRow],
) -> Result<Lines, Fault> {
    let known: HashSet<&Uuid> = payouts.iter().collect();
    let mut lines = Lines::new();
    for row in carried.iter().filter(|row| known.contains(&row.payout_id)) {
        let told = json!({"kind": "commission", "commissionId": row.commission_id});
        lines.entry((row.payout_id, row.merchant_id)).or_default().push((told, row.net_amount));
    }
    for row in line::items_of(connection, payouts).await? {
        let told = json!({"kind": row.kind, "itemId": row.subject});
        lines.entry((row.payout_id, row.merchant_id)).or_default().push((told, row.amount));
    }
    Ok(lines)
}

/// A notice per payout and merchant, with that merchant's own lines; and one for the affiliate, in
/// nobody's books, with all of them.
fn tell(
    landed: &Landed<'_>,
    sums: &[SumRow],
    lines: &Lines,
    (kind, state): (Kind, State),
    notices: &mut Vec<(Scope, Notice)>,
) -> Result<(), Fault> {
    let mut merchants: HashMap<Uuid, Vec<&SumRow>> = HashMap::new();
    for sum in sums {
        merchants.entry(sum.payout_id).or_default().push(sum);
    }
    for row in &landed.rows {
        let currency = Currency::parse(&row.currency)
            .ok_or_else(|| Fault::Corrupt("a payout has no currency".to_owned()))?;
        let reason = match state {
            State::Returned => Some("returned"),
            _ => landed.reason(row.payout_id),
        };
        let notice = |amount: Decimal, shown: &[&(Value, Decimal)], affiliate| Notice {
            kind,
            affiliate,
            conversion: None,
            about_commission: false,
            event_id: None,
            occurred_at: landed.at,
            data: json!({
                "payoutId": row.payout_id,
                "affiliateId": row.affiliate_id,
                "state": state.word(),
                "currency": currency.code(),
                "amount": currency.format(amount),
                "reason": reason,
                "lineCount": shown.len(),
                "lines": shown.iter().take(LINES_TOLD_MAX).map(|(line, amount)| {
                    let mut line = line.clone();
                    line["amount"] = json!(currency.format(*amount));
                    line
                }).collect::<Vec<_>>(),
            }),
        };
        let mut all: Vec<&(Value, Decimal)> = Vec::new();
        for sum in merchants.remove(&row.payout_id).unwrap_or_default() {
            let own: Vec<_> =
                lines.get(&(row.payout_id, sum.merchant_id)).into_iter().flatten().collect();
            notices.push((landed.scope(sum.merchant_id), notice(sum.amount, &own, None)));
            all.extend(own);
        }
        let whole = notice(row.amount, &all, Some(AffiliateId(row.affiliate_id)));
        notices.push((landed.scope(Uuid::nil()), whole));
    }
    Ok(())
}

fn paid(payout: &PayoutRow, row: &CarriedRow, at: Timestamp) -> Result<Notice, Fault> {
    let wrong = || Fault::Corrupt("a commission in a payout is unreadable".to_owned());
    let currency = Currency::parse(&payout.currency).ok_or_else(wrong)?;
    let conversion = ConversionId::parse(&row.conversion_id).ok_or_else(wrong)?;
    let step = notice::Step {
        commission_id: &row.commission_id,
        from: Some(lifecycle::State::PayableInFlight),
        to: lifecycle::State::Paid,
        amount: row.amount,
        net: row.net_amount,
        delta: Decimal::ZERO,
        currency,
        reason: row.reason.as_deref(),
        hold_until: row.hold_until.map(instant::from_row),
    };
    Ok(Notice {
        kind: Kind::CommissionPaid,
        affiliate: Some(AffiliateId(payout.affiliate_id)),
        conversion: Some(conversion),
        about_commission: true,
        event_id: None,
        occurred_at: at,
        data: step.data(conversion),
    })
}

async fn write(
    connection: &mut PgConnection,
    notices: &[(Scope, Notice)],
    now: Timestamp,
) -> Result<(), Fault> {
    for part in notices.chunks(NOTICES_MAX) {
        let part: Vec<_> = part.iter().map(|(scope, notice)| (*scope, notice)).collect();
        webhook_event::insert(connection, &part, instant::to_row(now)).await?;
    }
    Ok(())
}
