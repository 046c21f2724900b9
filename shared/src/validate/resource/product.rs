//! `PUT /api/v1/products/{sku}` and `POST /api/v1/products`: body to products (PRODUCT §8).

use super::super::commission_terms::{self, CommissionTerms};
use super::super::conversion::check_minor_digits;
use super::super::fields::{Fields, Need, id_fault};
use super::super::{EXTERNAL_ID_CHARACTERS_MAX, NAME_CHARACTERS_MAX, URL_BYTES_MAX, web_address};
use super::{CATEGORY_CHARACTERS_MAX, PRODUCTS_MAX, Shop};
use crate::fault::Faults;
use crate::money::Currency;
use rust_decimal::Decimal;
use std::collections::HashMap;

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

const STOCKS: [(&str, Stock); 2] =
    [("in_stock", Stock::InStock), ("out_of_stock", Stock::OutOfStock)];

/// Whether a product can be bought now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stock {
    /// It can.
    InStock,
    /// It cannot.
    OutOfStock,
}

impl Stock {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InStock => "in_stock",
            Self::OutOfStock => "out_of_stock",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        STOCKS.into_iter().find(|(word, _)| *word == text).map(|(_, stock)| stock)
    }
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
    pub commission: Option<CommissionTerms>,
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
    match sku {
        _ if too_long => Some("must be at most 160 characters"),
        // A path that ends so leads to another (RFC 3986, 5.2.4).
        "." | ".." => Some("must not be . or .., which no URL can name"),
        _ => id_fault(sku),
    }
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
    if let Some(fault) = sku.as_deref().and_then(sku_fault) {
        row.faults.push(format!("sku {fault}"));
    }
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
    let name = fields.display_name("name", NAME_CHARACTERS_MAX, Need::Required);
    let price = fields.amount("price", Need::Required);
    let currency = fields.currency("currency", shop.currency);
    let url = page(&mut fields, shop.approved_domain);
    let image_url = image(&mut fields);
    let category = fields.display_name("category", CATEGORY_CHARACTERS_MAX, Need::Optional);
    let stock = fields.one_of("stock", &STOCKS, Need::Optional);
    // Amounts of an override are in the product's currency unless it names another.
    let otherwise = currency.unwrap_or(shop.currency);
    let commission = commission_terms::read(&mut fields, "commission", otherwise);
    fields.refuse_unknown(&KINDLY);
    if let (Some(price), Some(currency)) = (price, currency) {
        check_minor_digits("price", price, currency, &mut fields.faults);
    }
    match (sku, name, price, currency, url, fields.faults.is_empty()) {
        (Some(sku), Some(name), Some(price), Some(currency), Some(url), true) => {
            let stock = stock.unwrap_or(Stock::InStock);
            Ok(Product { sku, name, price, currency, url, image_url, category, stock, commission })
        }
        _ => Err(fields.faults),
    }
}

fn page(fields: &mut Fields, approved_domain: &str) -> Option<String> {
    let text = fields.text("url", URL_BYTES_MAX, Need::Required)?;
    let url = web_address::page_within(&text, approved_domain);
    if url.is_none() {
        let what = format!("url must be an https URL on {approved_domain} or below it");
        fields.faults.push_domain(what);
    }
    url
}

fn image(fields: &mut Fields) -> Option<String> {
    let text = fields.text("imageUrl", web_address::PUBLIC_URL_BYTES_MAX, Need::Optional)?;
    let read = web_address::image(&text);
    read.map_err(|fault| fields.faults.push(format!("imageUrl {fault}"))).ok()
}
