//! The real books against the model, row by row; and what must hold of any books.

use crate::history::History;
use crate::model::{Scope, State};
use crate::told::{CURRENCIES, Micros};
use rust_decimal::Decimal;
use settlement::flows::verify;
use settlement::store::instant;
use sqlx::types::time::OffsetDateTime;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use uuid::Uuid;

#[derive(Debug, PartialEq)]
struct Shown {
    state: &'static str,
    net: Decimal,
    amount: Decimal,
    hold_until: Option<Micros>,
    changed_at: Micros,
    /// Whether it is still to be scored; points of the last score, and what followed.
    is_due: bool,
    score: Option<(i64, String)>,
    cleared: Option<Vec<String>>,
}

#[derive(sqlx::FromRow)]
struct OrderRow {
    external_order_id: String,
    conversion_id: String,
    state: Option<String>,
    net_amount: Option<Decimal>,
    amount: Option<Decimal>,
    hold_until: Option<OffsetDateTime>,
    updated_at: Option<OffsetDateTime>,
    risk_due: Option<bool>,
    points: Option<i32>,
    outcome: Option<String>,
    cleared_reasons: Option<Vec<String>>,
    attribution: String,
}

fn micros(at: OffsetDateTime) -> Micros {
    instant::from_row(at).as_microsecond()
}

fn decimal(minor: i64, currency: usize) -> Decimal {
    Decimal::new(minor, u32::try_from(CURRENCIES[currency].1).unwrap())
}

fn word(state: State) -> &'static str {
    match state {
        State::Pending => "pending",
        State::Waiting | State::Running => "hold",
        State::Approved => "approved",
        State::Payable | State::InFlight => "payable",
        State::Paid => "paid",
        State::Rejected => "rejected",
    }
}

fn names(of: &BTreeSet<&'static str>) -> Vec<String> {
    of.iter().map(|&name| name.to_owned()).collect()
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort_unstable();
    names
}

/// Every book equals its model; panics with the first that differs.
pub async fn equals_the_model(history: &History) {
    for scope in 0..history.books.len() {
        let commissions = orders(history, scope).await;
        outcomes(history, scope).await;
        balances(history, scope).await;
        releases(history, scope, &commissions).await;
    }
    balanced(history).await;
}

/// Orders and commissions; answers the order of each commission id.
async fn orders(history: &History, scope: usize) -> HashMap<String, String> {
    let (books, whose) = (&history.books[scope], history.network.books[scope].scope);
    let rows: Vec<OrderRow> = sqlx::query_as(
        "select external_order_id, conversion_id, commission.state, net_amount, amount, hold_until,
             commission.updated_at, risk_due, points, outcome, cleared_reasons,
             attribution::text as attribution
         from conversion left join commission using (environment, merchant_id, conversion_id)
         left join lateral (
             select points, outcome from risk_score
             where risk_score.environment = commission.environment
               and risk_score.merchant_id = commission.merchant_id
               and risk_score.commission_id = commission.commission_id
             order by score_id desc limit 1
         ) score on true
         where environment = $1 and merchant_id = $2",
    )
    .bind(whose.environment.as_str())
    .bind(whose.merchant.0)
    .fetch_all(&history.pool)
    .await
    .unwrap();
    assert_eq!(rows.len(), books.orders.len(), "book {scope}: orders");
    let mut by_id = HashMap::new();
    for row in rows {
        let order = &books.orders[&row.external_order_id];
        let currency = order.told.currency;
        let expected = order.commission.as_ref().map(|commission| Shown {
            state: word(commission.state),
            net: decimal(commission.net, currency),
            amount: decimal(commission.price.amount, currency),
            hold_until: commission.hold_until,
            changed_at: commission.changed_at,
            is_due: commission.risk.is_due,
            score: commission.risk.last.map(|(points, word)| (points, word.to_owned())),
            cleared: commission.risk.cleared.as_ref().map(names),
        });
        let states = ["pending", "hold", "approved", "payable", "paid", "rejected"];
        let have = row.state.as_deref().map(|state| Shown {
            state: states.into_iter().find(|known| *known == state).unwrap(),
            net: row.net_amount.unwrap(),
            amount: row.amount.unwrap(),
            hold_until: row.hold_until.map(micros),
            changed_at: micros(row.updated_at.unwrap()),
            is_due: row.risk_due.unwrap(),
            score: row.points.map(i64::from).zip(row.outcome.clone()),
            cleared: row.cleared_reasons.clone().map(sorted),
        });
        let (name, receipt) = (&row.external_order_id, &row.attribution);
        assert_eq!(have, expected, "book {scope}: {name} is not {order:#?}, {receipt}");
        by_id.insert(row.conversion_id.replace("cnv_", "com_"), row.external_order_id);
    }
    by_id
}

/// Every event is there once, with the outcome it must have.
async fn outcomes(history: &History, scope: usize) {
    let rows: Vec<(i64, Option<String>)> =
        sqlx::query_as("select seq, code from inbox where object = $1 order by seq")
            .bind(history.object(scope))
            .fetch_all(&history.pool)
            .await
            .unwrap();
    let sent = &history.books[scope].sent;
    assert!(rows.len() <= sent.len() && rows.len() >= history.books[scope].settled);
    for (place, (seq, code)) in rows.iter().enumerate() {
        assert_eq!(usize::try_from(*seq).unwrap(), place + 1, "book {scope}: once, without gaps");
        let told = &sent[place];
        assert_eq!(code.as_deref(), told.code, "book {scope}, event {seq}: {told:#?}");
    }
    let parked: i64 =
        sqlx::query_scalar("select count(*) from inbox where object = $1 and state = 'parked'")
            .bind(history.object(scope))
            .fetch_one(&history.pool)
            .await
            .unwrap();
    assert_eq!(usize::try_from(parked).unwrap(), history.books[scope].parked(), "book {scope}");
}

/// Account, affiliate, currency.
type Account = (String, Option<usize>, usize);
type Balances = BTreeMap<Account, Decimal>;

/// What MONEY §6 says each account must equal, as far as commissions go.
fn balances_of_commissions(books: &Scope) -> Balances {
    let mut balances = Balances::new();
    for order in books.orders.values() {
        let Some(commission) = &order.commission else { continue };
        for (minor, is_merchants) in &commission.corrections {
            let bears = if *is_merchants { "M.due" } else { "N.cost" };
            let key = (bears.to_owned(), None, order.told.currency);
            *balances.entry(key).or_default() -= decimal(*minor, order.told.currency);
        }
        let (account, owing) = match commission.state {
            State::Pending => (Some("A.pending"), "M.accrued"),
            State::Waiting | State::Running => (Some("A.hold"), "M.accrued"),
            State::Approved => (Some("A.approved"), "M.accrued"),
            State::Payable => (Some("A.payable"), "M.due"),
            State::InFlight | State::Paid => (None, "M.due"),
            State::Rejected => continue,
        };
        let (currency, whose) = (order.told.currency, Some(commission.affiliate));
        let net = decimal(commission.net, currency);
        if let Some(account) = account {
            *balances.entry((account.to_owned(), whose, currency)).or_default() += net;
        }
        *balances.entry((owing.to_owned(), None, currency)).or_default() -= net;
    }
    balances
}

/// What payouts and what came back of them add: account, affiliate, currency, amount.
const PAYOUT_BALANCES: &str = "
    select case when state = 'processing' then 'A.in_flight' else 'N.bank' end,
           case when state = 'processing' then line.affiliate_id end, line.currency, line.amount
    from payout_line line join payout using (payout_id)
    where line.environment = $1 and line.merchant_id = $2 and state in ('processing', 'settled')
    union all
    select 'A.payable', line.affiliate_id, line.currency, -line.amount
    from payout_line line join payout using (payout_id)
    where line.environment = $1 and line.merchant_id = $2 and kind <> 'commission'
      and state in ('processing', 'settled', 'returned')
    union all
    select 'A.payable', affiliate_id, currency, amount from payable_item
    where environment = $1 and merchant_id = $2";
const BOOKED: &str = "
    select account, affiliate_id, currency, sum(amount) from ledger_entry
    where environment = $1 and merchant_id = $2 group by account, affiliate_id, currency";

async fn summed(history: &History, scope: usize, sql: &'static str, into: &mut Balances) {
    let whose = history.network.books[scope].scope;
    let rows: Vec<(String, Option<Uuid>, String, Decimal)> = sqlx::query_as(sql)
        .bind(whose.environment.as_str())
        .bind(whose.merchant.0)
        .fetch_all(&history.pool)
        .await
        .unwrap();
    for (account, affiliate, currency, amount) in rows {
        let affiliates = &history.network.affiliates;
        let affiliate = affiliate.map(|id| affiliates.iter().position(|a| a.0 == id).unwrap());
        let currency = CURRENCIES.iter().position(|(code, _)| *code == currency).unwrap();
        *into.entry((account, affiliate, currency)).or_default() += amount;
    }
    into.retain(|_, balance| !balance.is_zero());
}

async fn balances(history: &History, scope: usize) {
    let mut wanted = balances_of_commissions(&history.books[scope]);
    summed(history, scope, PAYOUT_BALANCES, &mut wanted).await;
    let mut have = Balances::new();
    summed(history, scope, BOOKED, &mut have).await;
    assert_eq!(have, wanted, "book {scope}: balances");
}

/// Windows end exactly at their instant, whenever the job ran.
async fn releases(history: &History, scope: usize, commissions: &HashMap<String, String>) {
    let whose = history.network.books[scope].scope;
    let rows: Vec<(String, OffsetDateTime)> = sqlx::query_as(
        "select transfer_key, effective_at from ledger_transfer
         where environment = $1 and merchant_id = $2 and transfer_key like '%:approved'",
    )
    .bind(whose.environment.as_str())
    .bind(whose.merchant.0)
    .fetch_all(&history.pool)
    .await
    .unwrap();
    for (key, at) in rows {
        let order = &commissions[key.trim_end_matches(":approved")];
        let commission = history.books[scope].orders[order].commission.as_ref().unwrap();
        assert_eq!(Some(micros(at)), commission.approved_at, "book {scope}: {order}");
    }
}

/// Money is conserved: each transfer, and so each currency, sums to zero; each has two sides.
async fn balanced(history: &History) {
    let broken: Vec<(String,)> = sqlx::query_as(
        "select transfer_key from ledger_transfer
         left join ledger_entry using (environment, merchant_id, transfer_key)
         group by environment, merchant_id, transfer_key
         having coalesce(sum(amount), 1) <> 0 or count(*) < 2 limit 5",
    )
    .fetch_all(&history.pool)
    .await
    .unwrap();
    assert_eq!(broken, [], "transfers that do not balance");
}

/// The moves that the printed table allows, as words on the wire.
fn printed_moves() -> HashSet<(String, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/commission-states.md");
    let text = std::fs::read_to_string(path).unwrap();
    let word = |title: &str| title.split(',').next().unwrap().trim().to_owned();
    let mut moves = HashSet::new();
    for line in text.lines().filter(|line| line.starts_with("| **")) {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let from = word(cells.next().unwrap().trim_matches('*'));
        for cell in cells {
            match cell {
                "adj" => moves.insert((from.clone(), from.clone())),
                "hold, window runs" | "hold, no window" | "approved" | "payable, free" | "paid"
                | "rejected" => moves.insert((from.clone(), word(cell))),
                _ => false,
            };
        }
    }
    moves
}

/// Rebuilt from what was recorded, the books are the same.
pub async fn verifies(history: &History) {
    let verified = verify::run(&history.pool, &history.keys, &|_| {}).await.unwrap();
    let orders: usize = history.books.iter().map(|books| books.orders.len()).sum();
    assert!(verified.holds(), "{verified:#?}");
    assert!(verified.orders >= orders as u64, "{verified:?}");
}

/// Every commission's notices are one path through the printed table, and end where it stands.
pub async fn walked_the_printed_table(history: &History) {
    let rows: Vec<(String, Option<String>, String, String)> = sqlx::query_as(
        "select commission_id, data->>'from', data->>'to', commission.state
         from webhook_event
         join commission using (environment, merchant_id, commission_id)
         where type like 'commission.%' and not data ? 'correctionId' order by position",
    )
    .fetch_all(&history.pool)
    .await
    .unwrap();
    let moves = printed_moves();
    assert!(moves.contains(&("hold".to_owned(), "approved".to_owned())), "{moves:?}");
    let mut stands: HashMap<String, (String, String)> = HashMap::new();
    for (commission, from, to, state) in rows {
        let before = stands.get(&commission).map(|(at, _)| at.clone());
        assert_eq!(from, before, "{commission}: each step begins where the last one ended");
        if let Some(from) = from {
            assert!(moves.contains(&(from.clone(), to.clone())), "{commission}: {from} to {to}");
        } else {
            assert_eq!(to, "pending", "{commission}");
        }
        stands.insert(commission, (to, state));
    }
    for (commission, (at, state)) in stands {
        assert_eq!(at, state, "{commission}: the last notice tells where it stands");
    }
}
