//! The operations on products.

use super::operation::{Operation, Tag};
use super::reads::{LISTED, filter, paged};
use super::resource::{commission_terms, display_name, strict, url};
use crate::wire::product::{Product, ProductResults};
use crate::wire::schema::{self, CurrencyCode, told};
use shared::problem::Code;
use shared::relay::{BULK_BYTES_MAX, WRITE_BYTES_MAX};
use shared::validate::resource::{CATEGORY_CHARACTERS_MAX, PRODUCTS_MAX};
use shared::validate::{EXTERNAL_ID_CHARACTERS_MAX, NAME_CHARACTERS_MAX};
use utoipa::PartialSchema;
use utoipa::openapi::HttpMethod::{Delete, Get, Post, Put};
use utoipa::openapi::Object;
use utoipa::openapi::Ref;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder};

const TAG: Tag = Tag {
    name: "Products",
    about: "What the merchant sells, by SKU: shown to affiliates, and priced by a rule of its own \
            where it has one.",
};
const STOCKS: [&str; 2] = ["in_stock", "out_of_stock"];
const SENT: &str = r#"{
  "name": "Ilam tea, 250 g",
  "price": "999.50",
  "url": "https://himalmart.example/tea/ilam-250",
  "category": "Tea",
  "commission": {"kind": "percent", "rateBps": 1500}
}"#;
const EXAMPLE: &str = r#"{
  "sku": "TEA-250",
  "name": "Ilam tea, 250 g",
  "price": "999.50",
  "currency": "NPR",
  "url": "https://himalmart.example/tea/ilam-250",
  "imageUrl": null,
  "category": "Tea",
  "stock": "in_stock",
  "commission": {
    "kind": "percent",
    "rateBps": 1500,
    "ruleId": "0197a1c4-7d40-7b11-9e02-3c4d5e6f7a81",
    "version": 1
  },
  "createdAt": "2026-06-01T05:00:00Z",
  "updatedAt": "2026-06-01T05:00:00Z"
}"#;
const EXAMPLES: &str = r#"{
  "data": [
    {
      "sku": "TEA-250",
      "name": "Ilam tea, 250 g",
      "price": "999.50",
      "currency": "NPR",
      "url": "https://himalmart.example/tea/ilam-250",
      "imageUrl": null,
      "category": "Tea",
      "stock": "in_stock",
      "commission": {
        "kind": "percent",
        "rateBps": 1500,
        "ruleId": "0197a1c4-7d40-7b11-9e02-3c4d5e6f7a81",
        "version": 1
      },
      "createdAt": "2026-06-01T05:00:00Z",
      "updatedAt": "2026-06-01T05:00:00Z"
    }
  ],
  "nextCursor": null
}"#;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        list(),
        put_many(),
        Operation::signed(Get, "/products/{sku}", TAG, "showProduct", "Show a product")
            .answers::<Product>(200, "The product.", EXAMPLE)
            .cached()
            .refuses(&[Code::ProductNotFound, Code::NotFound]),
        put(),
        Operation::signed(Delete, "/products/{sku}", TAG, "deleteProduct", "Delete a product")
            .about("Its own rule ends with it; commissions keep the terms frozen at their sale.")
            .answers_empty(204, "Gone.")
            .once()
            .refuses(&[Code::ValidationError, Code::ProductNotFound, Code::NotFound]),
    ]
}

fn list() -> Operation {
    let operation = Operation::signed(Get, "/products", TAG, "listProducts", "List products")
        .query("sku", filter(), "Only that with this SKU.")
        .query("stock", schema::words(STOCKS), LISTED)
        .query("category", filter(), "Only those of this category.");
    paged::<Product>(operation, EXAMPLES)
}

fn fields() -> ObjectBuilder {
    let price = "Price of one unit, with at most the currency's digits.";
    let page = "Its page: https, on the merchant's approved domain or below it.";
    let image = "Its picture: https, on any host.";
    let category = display_name(CATEGORY_CHARACTERS_MAX, "Your own word for what it is.");
    let pays = "Its own commission; without one its campaign's holds.";
    strict()
        .property("sku", sku())
        .property("name", display_name(NAME_CHARACTERS_MAX, "Shown to affiliates."))
        .property("price", told(schema::sent_amount(), price))
        .property("currency", CurrencyCode::schema())
        .property("url", url(page))
        .property("imageUrl", url(image))
        .property("category", category)
        .property(
            "stock",
            told(schema::words(STOCKS), "Whether it can be bought; `in_stock` by itself."),
        )
        .property("commission", commission_terms(pays))
        .required("name")
        .required("price")
        .required("url")
}

fn sku() -> Object {
    let says = "What `externalProductId` and items name it by.";
    told(schema::name(EXTERNAL_ID_CHARACTERS_MAX), says)
}

fn put() -> Operation {
    let body = fields().description(Some("A product, whole: what is absent is taken away."));
    Operation::signed(Put, "/products/{sku}", TAG, "putProduct", "Put a product in, or renew it")
        .about(
            "Percent-encode the SKU in the path. A `sku` in the body must be the same.\n\nA new \
             commission holds for orders from now on: earlier ones keep theirs.",
        )
        .body(("Product.sent", body.into()), WRITE_BYTES_MAX, SENT)
        .answers::<Product>(200, "It was there; as it is now.", EXAMPLE)
        .answers::<Product>(201, "It is new.", EXAMPLE)
        .once()
        .refuses(&[Code::ValidationError, Code::MerchantDomainInvalid, Code::NotFound])
}

fn put_many() -> Operation {
    let row = fields().description(Some("A product, whole.")).required("sku");
    let rows = ArrayBuilder::new()
        .items(Ref::from_schema_name("Product.row"))
        .min_items(Some(1))
        .max_items(Some(PRODUCTS_MAX))
        .description(Some("Each SKU once."));
    let body = strict()
        .description(Some("Many products."))
        .property("products", rows)
        .required("products");
    let example = r#"{
  "products": [
    {"sku": "TEA-250", "name": "Ilam tea, 250 g", "price": "999.50", "url": "https://himalmart.example/tea/ilam-250"},
    {"sku": "CUP-1", "name": "Cup", "price": "1000.00", "url": "https://himalmart.example/cups/1", "stock": "out_of_stock"}
  ]
}"#;
    let answer = r#"{
  "results": [
    {"sku": "TEA-250", "status": "created"},
    {"sku": "CUP-1", "code": "MERCHANT_DOMAIN_INVALID", "message": ["url must be an https URL on himalmart.example or below it"]}
  ]
}"#;
    let mut operation =
        Operation::signed(Post, "/products", TAG, "putProducts", "Put many products in");
    operation.schemas.push(("Product.row".to_owned(), row.into()));
    operation
        .about("A row that is at fault stops no other: each is answered in its place.")
        .body(("Products.sent", body.into()), BULK_BYTES_MAX, example)
        .answers::<ProductResults>(200, "What became of each row, in order.", answer)
        .once()
        .refuses(&[Code::ValidationError])
}
