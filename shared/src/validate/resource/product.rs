//! `PUT /api/v1/products/{sku}` and `POST /api/v1/products`: body to products (PRODUCT §8).

use super::super::conversion::check_minor_digits;
use super::super::fields::{Fields, Need, id_fault};
use super::super::{EXTERNAL_ID_CHARACTERS_MAX, web_address};
use super::{CATEGORY_CHARACTERS_MAX, NAME_CHARACTERS_MAX, PRODUCTS_MAX, RATE_BPS_MAX, Shop};
use crate::fault::Faults;
use crate::json::Node;
use crate::money::Currency;
use rust_decimal::Decimal;
use std::collections::HashMap;

/// Characters of a URL's text read at most; what may be longer when parsed is looked at then.
const URL_CHARACTERS_MAX: usize = 2_048;

/// Names from other interfaces, and the field each of them means here.
const KINDLY: [(&str, &str); 8] = [
    ("id", "sku"),
    ("title", "name"),
    ("amount", "price"),
    ("link", "url"),
    ("image", "imageUrl"),
    ("image_url", "imageUrl"),
    ("image_link", "imageUrl"),
    ("availability", "stock"),
];

/// Whether a product can be bought now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stock {
    /// It can.
    InStock,
    /// It cannot.
    OutOfStock,
}

impl Stock {
    /// Both, in the documented order.
    pub const ALL: [Self; 2] = [Self::InStock, Self::OutOfStock];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InStock => "in_stock",
            Self::OutOfStock => "out_of_stock",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stock| stock.as_str() == text)
    }
}

/// How an override pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pays {
    /// Basis points of the base: 1000 is 10 %.
    Percent(u32),
    /// An amount per unit.
    Flat(Decimal),
}

/// A product's own commission, instead of its campaign's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commission {
    /// How it pays.
    pub pays: Pays,
    /// Most the lines under it can earn together.
    pub cap: Option<Decimal>,
    /// Order total below which it gives zero.
    pub minimum_order: Option<Decimal>,
    /// Of flat, cap and minimum; `None` when there is none of them.
    pub currency: Option<Currency>,
}

/// A product as its merchant describes it, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// The merchant's SKU, byte for byte.
    pub sku: String,
    /// Shown to affiliates.
    pub name: String,
    /// Price of one unit.
    pub price: Decimal,
    /// Of the price.
    pub currency: Currency,
    /// Its page, on the approved domain.
    pub url: String,
    /// Its picture.
    pub image_url: Option<String>,
    /// The merchant's own word for what it is.
    pub category: Option<String>,
    /// Whether it can be bought.
    pub stock: Stock,
    /// Its own commission; `None`: its campaign's.
    pub commission: Option<Commission>,
}

/// A row of a bulk call that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    /// Its SKU, where that can be read.
    pub sku: Option<String>,
    /// Everything wrong with it.
    pub faults: Faults,
}

/// Why a text cannot be a SKU; `None` when it can.
pub fn sku_fault(sku: &str) -> Option<&'static str> {
    let too_long = sku.chars().count() > EXTERNAL_ID_CHARACTERS_MAX;
    if too_long { Some("must be at most 160 characters") } else { id_fault(sku) }
}

/// Reads the body of a `PUT` on a SKU, or every fault of it.
pub fn product(sku: &str, body: &[u8], shop: &Shop<'_>) -> Result<Product, Faults> {
    let mut fields = Fields::read(body);
    if fields.unreadable() {
        return Err(fields.faults);
    }
    let sent = fields.external_id("sku", EXTERNAL_ID_CHARACTERS_MAX, Need::Optional);
    if sent.is_some_and(|sent| sent != sku) {
        fields.faults.push("sku must be the one of the path, or absent");
    }
    if let Some(fault) = sku_fault(sku) {
        fields.faults.push(format!("sku {fault}"));
    }
    rest(fields, Some(sku.to_owned()), shop)
}

/// Reads the body of a bulk call: each row by itself, in order.
///
/// `Err` only when there are no rows to speak of. A SKU that an earlier row names is a fault of the
/// later one.
pub fn products(body: &[u8], shop: &Shop<'_>) -> Result<Vec<Result<Product, RowFault>>, Faults> {
    let mut fields = Fields::read(body);
    if fields.unreadable() {
        return Err(fields.faults);
    }
    let rows = fields.rows("products", PRODUCTS_MAX);
    fields.refuse_unknown(&[]);
    let (Some(rows), true) = (rows, fields.faults.is_empty()) else {
        return Err(fields.faults);
    };
    let mut seen = HashMap::with_capacity(rows.len());
    let mut read = Vec::with_capacity(rows.len());
    for (at, row) in rows.into_iter().enumerate() {
        read.push(read_row(at, row, &mut seen, shop));
    }
    Ok(read)
}

fn read_row(
    at: usize,
    mut row: Fields,
    seen: &mut HashMap<String, usize>,
    shop: &Shop<'_>,
) -> Result<Product, RowFault> {
    if row.unreadable() {
        let mut faults = Faults::default();
        faults.push(format!("products[{at}] must be an object"));
        return Err(RowFault { sku: None, faults });
    }
    let sku = row.external_id("sku", EXTERNAL_ID_CHARACTERS_MAX, Need::Required);
    if let Some(sku) = &sku {
        let first = *seen.entry(sku.clone()).or_insert(at);
        if first != at {
            row.faults.push(format!("sku must not be repeated: products[{first}] has it"));
        }
    }
    rest(row, sku.clone(), shop).map_err(|faults| RowFault { sku, faults })
}

/// Reads everything but the SKU.
fn rest(mut fields: Fields, sku: Option<String>, shop: &Shop<'_>) -> Result<Product, Faults> {
    let name = fields.label("name", NAME_CHARACTERS_MAX, Need::Required);
    let price = fields.amount("price", Need::Required);
    let currency = currency(&mut fields, shop.currency);
    let url = page(&mut fields, shop.approved_domain);
    let image_url = image(&mut fields);
    let category = fields.label("category", CATEGORY_CHARACTERS_MAX, Need::Optional);
    let stock = stock(&mut fields);
    let commission = commission(&mut fields, currency);
    fields.refuse_unknown(&KINDLY);
    if let (Some(price), Some(currency)) = (price, currency) {
        check_minor_digits("price", price, currency, &mut fields.faults);
    }
    match (sku, name, price, currency, url, stock, fields.faults.is_empty()) {
        (Some(sku), Some(name), Some(price), Some(currency), Some(url), Some(stock), true) => {
            Ok(Product { sku, name, price, currency, url, image_url, category, stock, commission })
        }
        _ => Err(fields.faults),
    }
}

fn currency(fields: &mut Fields, otherwise: Currency) -> Option<Currency> {
    let Some(node) = fields.word("currency", Need::Optional) else {
        return Some(otherwise);
    };
    let currency = match &node {
        Node::Text(code) => Currency::parse(code),
        _ => None,
    };
    if currency.is_none() {
        fields.faults.push("currency must be an ISO 4217 code in capitals, like \"NPR\"");
    }
    currency
}

fn page(fields: &mut Fields, approved_domain: &str) -> Option<String> {
    let text = fields.text("url", URL_CHARACTERS_MAX, Need::Required)?;
    let url = web_address::page_within(&text, approved_domain);
    if url.is_none() {
        let what = format!("url must be an https URL on {approved_domain} or below it");
        fields.faults.push_domain(what);
    }
    url
}

fn image(fields: &mut Fields) -> Option<String> {
    let text = fields.text("imageUrl", web_address::URL_BYTES_MAX, Need::Optional)?;
    let read = web_address::image(&text);
    read.map_err(|fault| fields.faults.push(format!("imageUrl {fault}"))).ok()
}

fn stock(fields: &mut Fields) -> Option<Stock> {
    let Some(node) = fields.word("stock", Need::Optional) else {
        return Some(Stock::InStock);
    };
    let stock = match &node {
        Node::Text(word) => Stock::parse(word),
        _ => None,
    };
    if stock.is_none() {
        fields.faults.push("stock must be one of in_stock, out_of_stock");
    }
    stock
}

/// An override; its currency is the product's unless it names one.
fn commission(fields: &mut Fields, otherwise: Option<Currency>) -> Option<Commission> {
    let mut inner = fields.object("commission", Need::Optional)?;
    let pays = pays(&mut inner);
    let cap = inner.amount("cap", Need::Optional);
    let minimum_order = inner.amount("minimumOrder", Need::Optional);
    let names_currency = inner.has("currency");
    let currency = otherwise.and_then(|otherwise| currency(&mut inner, otherwise));
    if otherwise.is_none() {
        inner.word("currency", Need::Optional);
    }
    inner.refuse_unknown(&[("flatAmount", "amount"), ("rate", "rateBps"), ("capAmount", "cap")]);
    let flat = match pays {
        Some(Pays::Flat(amount)) => Some(amount),
        Some(Pays::Percent(_)) | None => None,
    };
    let amounts = [("amount", flat), ("cap", cap), ("minimumOrder", minimum_order)];
    for (name, amount) in amounts {
        if let (Some(amount), Some(currency)) = (amount, currency) {
            check_minor_digits(name, amount, currency, &mut inner.faults);
        }
    }
    let has_amount = amounts.iter().any(|(_, amount)| amount.is_some());
    if names_currency && !has_amount && inner.faults.is_empty() {
        inner.faults.push("currency is of no use without an amount");
    }
    let sound = inner.faults.is_empty();
    fields.faults.absorb("commission.", inner.faults);
    let currency = currency.filter(|_| has_amount);
    pays.filter(|_| sound).map(|pays| Commission { pays, cap, minimum_order, currency })
}

fn pays(fields: &mut Fields) -> Option<Pays> {
    let kind = match fields.word("kind", Need::Required) {
        Some(Node::Text(kind)) => kind,
        Some(_) => String::new(),
        None => {
            pass_over_amounts(fields);
            return None;
        }
    };
    match kind.as_str() {
        "percent" => rate(fields).map(Pays::Percent),
        "flat" => fields.amount("amount", Need::Required).map(Pays::Flat),
        _ => {
            fields.faults.push("kind must be one of percent, flat");
            pass_over_amounts(fields);
            None
        }
    }
}

/// Which of these belongs here cannot be told while the kind is unknown.
fn pass_over_amounts(fields: &mut Fields) {
    for name in ["rateBps", "amount"] {
        fields.word(name, Need::Optional);
    }
}

fn rate(fields: &mut Fields) -> Option<u32> {
    let rate = match fields.word("rateBps", Need::Required)? {
        Node::Whole(number) => u32::try_from(number).ok().filter(|bps| *bps <= RATE_BPS_MAX),
        _ => None,
    };
    if rate.is_none() {
        fields.faults.push(format!("rateBps must be a whole number from 0 to {RATE_BPS_MAX}"));
    }
    rate
}
