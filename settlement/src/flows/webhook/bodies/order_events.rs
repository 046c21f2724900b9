//! Affiliate order events: which notices change what an endpoint was last told of an order, and
//! their bodies. A handful of queries, whatever the number of notices.

use crate::domain::commission::Terms;
use crate::domain::notice::Kind;
use crate::domain::webhook::affiliate_order::standing::{OrderStatus, Shown, Standing};
use crate::domain::webhook::affiliate_order::{self, Facts, Order, rate};
use crate::domain::webhook::endpoint::EndpointKey;
use crate::domain::webhook::khata_body;
use crate::domain::webhook::told::Told;
use crate::error::Fault;
use crate::store::webhook_body::{self, OrderRow, OrderStateRow, Orders, StepRow};
use jiff::Timestamp;
use shared::event::Item;
use shared::id::AffiliateId;
use shared::money::Currency;
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// The bodies that an affiliate's endpoint is sent for these notices, in their order; most notices
/// have none, because nothing of the event changes.
pub(super) async fn events<'a>(
    connection: &mut PgConnection,
    endpoint: EndpointKey,
    affiliate: AffiliateId,
    told: &[&'a Told],
) -> Result<Vec<(&'a Told, String)>, Fault> {
    let own = |told: &&&Told| {
        told.affiliate == Some(affiliate) && khata_body::is_of_commission(told.kind)
    };
    let told: Vec<&Told> = told.iter().filter(own).copied().collect();
    let Some(last) = told.iter().map(|told| told.position).max() else {
        return Ok(Vec::new());
    };
    let environment = endpoint.environment.as_str();
    let named = name(&told);
    let steps = webhook_body::steps(connection, environment, &named, last).await?;
    let rows = webhook_body::orders(connection, environment, &named).await?;
    let orders = read_orders(connection, environment, &rows).await?;
    let name = webhook_body::affiliate_name(connection, affiliate.0).await?;
    let name = name.ok_or_else(|| Fault::Corrupt("an endpoint has no affiliate".to_owned()))?;
    let states = webhook_body::order_states(connection, endpoint, &named.commissions).await?;
    let mut last_told = states.iter().map(read_state).collect::<Result<LastTold<'_>, _>>()?;
    let standings = standings(&steps);
    let mut events = Vec::new();
    let mut changed: BTreeMap<&str, Last> = BTreeMap::new();
    for told in told {
        let Some(commission) = told.commission_id.as_deref() else { continue };
        let Some(order) = orders.get(commission) else { continue };
        let Some(standing) = standings.get(&told.position) else { continue };
        let shown = order.show(standing);
        let before = last_told.get(commission);
        // What is told again, after something newer was told, would set the receiver back.
        if before.is_some_and(|last| last.position >= told.position || last.shown == shown) {
            continue;
        }
        let at = after(before, told.occurred_at);
        let last = Last { position: told.position, second: at.as_second(), shown };
        last_told.insert(commission, last);
        changed.insert(commission, last);
        let facts = Facts { affiliate, affiliate_name: &name, order, shown, at };
        events.push((told, affiliate_order::body(facts)));
    }
    let state = |(id, last): (&&'a str, &Last)| (*id, last.position, last.second, last.shown);
    let states: Vec<_> = changed.iter().map(state).collect();
    if !states.is_empty() {
        webhook_body::put_order_states(connection, endpoint, &states).await?;
    }
    Ok(events)
}

/// What an endpoint was last told of an order.
#[derive(Clone, Copy)]
struct Last {
    /// By which notice.
    position: i64,
    /// Its `timestamp`.
    second: i64,
    shown: Shown,
}

/// By commission.
type LastTold<'a> = HashMap<&'a str, Last>;

/// The instant of a change, in a second after the one before it: receivers know nothing else to
/// order an order's events by, several can fall into one second, and what came before its order
/// took effect before it.
fn after(before: Option<&Last>, at: Timestamp) -> Timestamp {
    let next = before.and_then(|last| Timestamp::from_second(last.second + 1).ok());
    next.map_or(at, |next| next.max(at))
}

/// Each order once.
fn name(told: &[&Told]) -> Orders {
    let mut orders = Orders::default();
    let mut known = std::collections::HashSet::new();
    for told in told {
        let (Some(conversion), Some(commission)) = (&told.conversion_id, &told.commission_id)
        else {
            continue;
        };
        if known.insert(commission) {
            orders.merchants.push(told.merchant.0);
            orders.conversions.push(conversion.clone());
            orders.commissions.push(commission.clone());
        }
    }
    orders
}

/// Where each commission stood after each of its notices, by the notice's place.
fn standings(steps: &[StepRow]) -> HashMap<i64, Standing> {
    let mut now: HashMap<&str, Standing> = HashMap::new();
    let mut all = HashMap::new();
    for step in steps {
        let before = now.get(step.commission_id.as_str()).copied();
        let after = Kind::parse(&step.kind)
            .map_or(before, |kind| Standing::after(before, kind, &step.data));
        if let Some(after) = after {
            now.insert(&step.commission_id, after);
            all.insert(step.position, after);
        }
    }
    all
}

fn read_state(row: &OrderStateRow) -> Result<(&str, Last), Fault> {
    let order_status = OrderStatus::parse(&row.order_status)
        .ok_or_else(|| Fault::Corrupt("an order's last event has no status".to_owned()))?;
    let shown = Shown {
        order_status,
        commission_amount: row.commission_amount,
        order_adjustment: row.order_adjustment,
    };
    Ok((&row.commission_id, Last { position: row.position, second: row.second, shown }))
}

/// A row whose texts are read.
struct Sale<'a> {
    row: &'a OrderRow,
    items: Vec<Item>,
    terms: Terms,
    currency: Currency,
}

impl<'a> Sale<'a> {
    fn read(row: &'a OrderRow) -> Result<Self, Fault> {
        let wrong = |what: &str| Fault::Corrupt(format!("an order's {what} cannot be read"));
        let items = serde_json::from_str(&row.items).map_err(|_| wrong("items"))?;
        let terms = serde_json::from_value(row.terms.clone()).map_err(|_| wrong("terms"))?;
        let currency = Currency::parse(&row.currency).ok_or_else(|| wrong("currency"))?;
        Ok(Self { row, items, terms, currency })
    }

    fn skus(&self) -> impl Iterator<Item = (Uuid, &str)> {
        let items = self.items.iter().map(|item| item.sku.as_str());
        let skus = items.chain(self.row.external_product_id.as_deref());
        skus.map(|sku| (self.row.merchant_id, sku))
    }
}

/// The orders by their commission, with the names that their products have now.
async fn read_orders<'a>(
    connection: &mut PgConnection,
    environment: &str,
    rows: &'a [OrderRow],
) -> Result<HashMap<&'a str, Order>, Fault> {
    let sales = rows.iter().map(Sale::read).collect::<Result<Vec<_>, _>>()?;
    let mut wanted: Vec<(Uuid, &str)> = sales.iter().flat_map(Sale::skus).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let products = webhook_body::product_names(connection, environment, &wanted).await?;
    let names: HashMap<(Uuid, &str), &str> =
        products.iter().map(|(id, sku, name)| ((*id, sku.as_str()), name.as_str())).collect();
    let order = |Sale { row, items, terms, currency }: &Sale<'a>| {
        let name_of = |sku: &str| names.get(&(row.merchant_id, sku)).copied();
        let product = row.external_product_id.as_deref();
        let order = Order {
            conversion_id: row.conversion_id.clone(),
            amount: row.order_amount,
            currency: *currency,
            rate: rate::of(terms, row.amount),
            lines: affiliate_order::lines(items, product, row.order_amount, name_of),
            lines_sum: affiliate_order::sum(items),
        };
        (row.commission_id.as_str(), order)
    };
    Ok(sales.iter().map(order).collect())
}
