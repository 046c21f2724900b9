//! What of a shop's body is kept: listed fields alone, since the rest is about people.

use super::Source;
use crate::json::{self, Node, Property};
use crate::validate::CLICK_ID_CHARACTERS_MAX;
use serde_json::value::RawValue;

/// Characters of a kept text at most; a longer one is left out.
const TEXT_CHARACTERS_MAX: usize = 200;
/// Names under which an order may carry its click id; an underscore before one hides it in
/// WooCommerce's pages.
const CLICK_ID_NAMES: [&str; 4] = ["click_id", "clickId", "khata_click_id", "affiliate_click_id"];
/// The query parameter that a click id comes back in.
const CLICK_ID_PARAMETER: &str = "click_id=";
/// Where WooCommerce keeps the URL that a shopper came in by.
const LANDING_META: &str = "_wc_order_attribution_session_entry";

const SHOPIFY: [&str; 42] = [
    "id",
    "order_id",
    "name",
    "order_number",
    "test",
    "currency",
    "total_price",
    "total_price_set.shop_money.amount",
    "total_price_set.shop_money.currency_code",
    "financial_status",
    "fulfillment_status",
    "cancelled_at",
    "cancel_reason",
    "created_at",
    "processed_at",
    "updated_at",
    "status",
    "happened_at",
    "shipment_status",
    "discount_codes.code",
    "line_items.product_id",
    "line_items.sku",
    "line_items.quantity",
    "line_items.price",
    "line_items.price_set.shop_money.amount",
    "line_items.discount_allocations.amount",
    "line_items.discount_allocations.amount_set.shop_money.amount",
    "fulfillments.status",
    "fulfillments.shipment_status",
    "fulfillments.updated_at",
    "refunds.id",
    "refunds.created_at",
    "refunds.transactions.kind",
    "refunds.transactions.status",
    "refunds.transactions.amount",
    "refunds.transactions.currency",
    "refunds.transactions.amount_set.shop_money.amount",
    "transactions.kind",
    "transactions.status",
    "transactions.amount",
    "transactions.currency",
    "transactions.amount_set.shop_money.amount",
];

const WOOCOMMERCE: [&str; 18] = [
    "id",
    "number",
    "status",
    "currency",
    "total",
    "prices_include_tax",
    "date_created_gmt",
    "date_paid_gmt",
    "date_completed_gmt",
    "date_modified_gmt",
    "line_items.product_id",
    "line_items.sku",
    "line_items.quantity",
    "line_items.total",
    "line_items.total_tax",
    "coupon_lines.code",
    "refunds.id",
    "refunds.total",
];

/// Picks from a body: the click id that the order carries, and the listed fields as JSON.
///
/// `Err` carries one sentence when the body is no JSON object. A field that cannot be read is left
/// out: what a shopper typed must not keep an order from being counted.
pub fn pick(source: Source, body: &[u8]) -> Result<(Option<String>, Box<RawValue>), String> {
    let properties = json::read_object(body)?;
    let listed: &[&str] = match source {
        Source::Shopify => &SHOPIFY,
        Source::WooCommerce => &WOOCOMMERCE,
    };
    let click_id = click_id(&properties);
    let mut kept = String::from("{");
    for property in &properties {
        if let Ok(node) = &property.value {
            member(&property.name, node, &property.name, listed, &mut kept);
        }
    }
    kept.push('}');
    let kept = RawValue::from_string(kept).map_err(|_| "body must be valid JSON".to_owned())?;
    Ok((click_id, kept))
}

/// Writes a property into an open object, if anything of it is listed.
fn member(name: &str, node: &Node, path: &str, listed: &[&str], kept: &mut String) {
    let before = kept.len();
    if !kept.ends_with('{') {
        kept.push(',');
    }
    kept.push('"');
    kept.push_str(name);
    kept.push_str("\":");
    if !value(node, path, listed, kept) {
        kept.truncate(before);
    }
}

/// Writes what of a value is listed; `false`: nothing.
fn value(node: &Node, path: &str, listed: &[&str], kept: &mut String) -> bool {
    let is_listed = listed.contains(&path);
    let below = format!("{path}.");
    let is_way = listed.iter().any(|known| known.starts_with(&below));
    match node {
        Node::Whole(number) if is_listed => kept.push_str(&number.to_string()),
        Node::Bool(is) if is_listed => kept.push_str(if *is { "true" } else { "false" }),
        Node::Text(text) if is_listed && text.chars().count() <= TEXT_CHARACTERS_MAX => {
            kept.push_str(&serde_json::Value::from(text.as_str()).to_string());
        }
        Node::List(nodes) if is_way => {
            kept.push('[');
            for node in nodes {
                let before = kept.len();
                if !kept.ends_with('[') {
                    kept.push(',');
                }
                if !value(node, path, listed, kept) {
                    kept.truncate(before);
                }
            }
            kept.push(']');
        }
        Node::Object(properties) if is_way => {
            kept.push('{');
            for (name, node) in properties {
                member(name, node, &format!("{below}{name}"), listed, kept);
            }
            kept.push('}');
        }
        _ => return false,
    }
    true
}

/// The click id: from the order's own attributes, else from the URL that the shopper came in by.
fn click_id(properties: &[Property]) -> Option<String> {
    let find = |name: &str| {
        let property = properties.iter().find(|property| property.name == name)?;
        property.value.as_ref().ok()
    };
    let attributes: Vec<(&str, &str)> = ["note_attributes", "meta_data"]
        .into_iter()
        .filter_map(|name| match find(name)? {
            Node::List(entries) => Some(entries.iter().filter_map(attribute)),
            _ => None,
        })
        .flatten()
        .collect();
    let named = attributes
        .iter()
        .filter(|(name, _)| CLICK_ID_NAMES.contains(&name.trim_start_matches('_')))
        .find_map(|(_, text)| sane(text));
    let landing = || {
        let meta = attributes.iter().find(|(name, _)| *name == LANDING_META).map(|(_, url)| *url);
        let site = match find("landing_site") {
            Some(Node::Text(url)) => Some(url.as_str()),
            _ => None,
        };
        let (_, query) = site.or(meta)?.split_once('?')?;
        let query = query.split('#').next()?;
        query.split('&').find_map(|part| sane(part.strip_prefix(CLICK_ID_PARAMETER)?))
    };
    named.or_else(landing)
}

/// An entry of an order's attributes: its name or key, and its text.
fn attribute(entry: &Node) -> Option<(&str, &str)> {
    let Node::Object(properties) = entry else { return None };
    let find = |wanted: &str| {
        properties.iter().find_map(|(name, node)| match node {
            Node::Text(text) if name == wanted => Some(text.as_str()),
            _ => None,
        })
    };
    Some((find("name").or_else(|| find("key"))?, find("value")?))
}

/// A text that may be a click id, ours or another's; anything else is not kept.
fn sane(text: &str) -> Option<String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    let fits = (1..=CLICK_ID_CHARACTERS_MAX).contains(&text.len());
    (plain && fits).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(source: Source, body: &str) -> (Option<String>, String) {
        let (click_id, kept) = pick(source, body.as_bytes()).expect(body);
        (click_id, kept.get().to_owned())
    }

    #[test]
    fn only_listed_fields_are_kept_and_only_as_plain_values() {
        let body = r##"{"id":1,"email":"a@b.c","name":"#1","note":"n","customer":{"id":2},
            "currency":{"a":"x"},"total_price":null,"test":false,"browser_ip":"1.2.3.4",
            "total_price_set":{"shop_money":{"amount":"1.00","x":"y"},"presentment_money":{}},
            "line_items":[{"sku":"S","name":"Maya","quantity":2,"properties":[{"name":"a"}]},7,{}],
            "discount_codes":[]}"##;
        let (click_id, kept) = picked(Source::Shopify, body);
        assert_eq!(click_id, None);
        assert_eq!(
            kept,
            "{\"id\":1,\"name\":\"#1\",\"test\":false,\
             \"total_price_set\":{\"shop_money\":{\"amount\":\"1.00\"}},\
             \"line_items\":[{\"sku\":\"S\",\"quantity\":2},{}],\"discount_codes\":[]}"
        );
        assert_eq!(picked(Source::Shopify, "{}").1, "{}");
        assert!(pick(Source::Shopify, b"[]").is_err());
        assert!(pick(Source::WooCommerce, b"webhook_id=1").is_err());
    }

    #[test]
    fn what_the_books_read_of_tax_and_parcels_is_kept() {
        let tax =
            r#"{"prices_include_tax":true,"line_items":[{"total":"1.00","total_tax":"0.13"}]}"#;
        assert_eq!(picked(Source::WooCommerce, tax).1, tax);
        let parcel = r#"{"fulfillments":[{"status":"cancelled","shipment_status":null}]}"#;
        let kept = r#"{"fulfillments":[{"status":"cancelled"}]}"#;
        assert_eq!(picked(Source::Shopify, parcel).1, kept);
    }

    #[test]
    fn what_a_shopper_typed_keeps_no_order_from_being_counted() {
        let long = "x".repeat(201);
        let body =
            format!(r#"{{"note":"\u0000","cancel_reason":"{long}","name":"\ud800","id":3}}"#);
        assert_eq!(picked(Source::Shopify, &body).1, r#"{"id":3}"#);
        let quoted = r#"{"name":"\"},{\"id\":4"}"#;
        assert_eq!(picked(Source::Shopify, quoted).1, quoted);
    }

    #[test]
    fn a_click_id_comes_from_the_order_s_own_attributes_else_from_its_landing() {
        let note = |name: &str, value: &str| {
            format!(
                r#"{{"note_attributes":[{{"name":"{name}","value":"{value}"}}],
                "landing_site":"/a?x=1&click_id=clk_landing#y"}}"#
            )
        };
        let meta = |key: &str, value: &str| {
            format!(r#"{{"meta_data":[{{"id":1,"key":"{key}","value":"{value}"}}]}}"#)
        };
        let session = "_wc_order_attribution_session_entry";
        let cases = [
            (note("click_id", "clk_note"), Some("clk_note")),
            (note("gift", "clk_note"), Some("clk_landing")),
            (note("click_id", "maya@example.com"), Some("clk_landing")),
            (meta("_khata_click_id", "clk_meta"), Some("clk_meta")),
            (meta("affiliate_click_id", "CLK_example123"), Some("CLK_example123")),
            (meta(session, "https://s.example/?click_id=clk_entry"), Some("clk_entry")),
            (meta("other", "https://s.example/?click_id=clk_entry"), None),
            (r#"{"landing_site":"/click_id=clk_path"}"#.to_owned(), None),
            (r#"{"landing_site":null,"note_attributes":{}}"#.to_owned(), None),
        ];
        for (body, expected) in cases {
            assert_eq!(picked(Source::Shopify, &body).0.as_deref(), expected, "{body}");
        }
    }
}
