//! The operations on campaigns.

use super::operation::{Operation, Tag};
use super::reads::{LISTED, paged};
use super::resource::{commission_terms, days, display_name, strict, url};
use crate::wire::campaign::Shown;
use crate::wire::schema::{self, or_null, told};
use shared::problem::Code;
use shared::relay::WRITE_BYTES_MAX;
use shared::validate::{CAMPAIGN_PRODUCTS_MAX, EXTERNAL_ID_CHARACTERS_MAX, NAME_CHARACTERS_MAX};
use utoipa::openapi::HttpMethod::{Get, Patch, Post};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder};

const TAG: Tag = Tag {
    name: "Campaigns",
    about: "Terms for a set of products: what they pay, for how long a click counts, how long the \
            return window is.",
};
const EXAMPLE: &str = r#"{
  "id": "0197a1c4-7b22-7d18-8f0e-6a4b9c3d2e10",
  "name": "Autumn tea",
  "state": "active",
  "listing": "public",
  "fallbackUrl": null,
  "cookieDays": 30,
  "holdDays": 14,
  "holdStart": "delivered",
  "commission": {
    "kind": "percent",
    "rateBps": 1000,
    "ruleId": "0197a1c4-7c31-7a90-b2c4-1d5e8f7a6b03",
    "version": 1
  },
  "products": ["TEA-250", "CUP-1"],
  "createdAt": "2026-06-01T05:00:00Z",
  "updatedAt": "2026-06-01T05:00:00Z"
}"#;
const EXAMPLES: &str = r#"{
  "data": [
    {
      "id": "0197a1c4-7b22-7d18-8f0e-6a4b9c3d2e10",
      "name": "Autumn tea",
      "state": "active",
      "listing": "public",
      "fallbackUrl": null,
      "cookieDays": 30,
      "holdDays": 14,
      "holdStart": "delivered",
      "commission": {
        "kind": "percent",
        "rateBps": 1000,
        "ruleId": "0197a1c4-7c31-7a90-b2c4-1d5e8f7a6b03",
        "version": 1
      },
      "products": ["TEA-250", "CUP-1"],
      "createdAt": "2026-06-01T05:00:00Z",
      "updatedAt": "2026-06-01T05:00:00Z"
    }
  ],
  "nextCursor": null
}"#;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        list(),
        create(),
        Operation::signed(Get, "/campaigns/{id}", TAG, "showCampaign", "Show a campaign")
            .answers::<Shown>(200, "The campaign.", EXAMPLE)
            .cached()
            .refuses(&[Code::CampaignNotFound, Code::NotFound]),
        change(),
        moved("/campaigns/{id}/activate", "activateCampaign", "Activate a campaign"),
        moved("/campaigns/{id}/pause", "pauseCampaign", "Pause a campaign"),
        moved("/campaigns/{id}/archive", "archiveCampaign", "Archive a campaign"),
    ]
}

fn list() -> Operation {
    let operation = Operation::signed(Get, "/campaigns", TAG, "listCampaigns", "List campaigns")
        .query("state", schema::words(["draft", "active", "paused", "archived"]), LISTED)
        .query("listing", schema::words(["public", "invite"]), LISTED);
    paged::<Shown>(operation, EXAMPLES)
}

fn fields(changing: bool) -> ObjectBuilder {
    let removable = |object| if changing { or_null(object) } else { object };
    let sku = schema::name(EXTERNAL_ID_CHARACTERS_MAX);
    let products = ArrayBuilder::new().items(sku).max_items(Some(CAMPAIGN_PRODUCTS_MAX));
    let fallback = "Where its paused links lead; else the merchant's home page.";
    let start = "The first order status that starts the return window; else the merchant's.";
    let pays = "What it pays; else what the merchant's default rule pays.";
    strict()
        .property("name", display_name(NAME_CHARACTERS_MAX, "Shown to affiliates."))
        .property(
            "listing",
            told(schema::words(["public", "invite"]), "Who sees it; `invite` by itself."),
        )
        .property("fallbackUrl", removable(url(fallback)))
        .property(
            "cookieDays",
            days(1, "Days after a click in which an order can earn; 30 by itself."),
        )
        .property("holdDays", removable(days(0, "Days of the return window; else the merchant's.")))
        .property(
            "holdStart",
            removable(told(schema::words(["confirmed", "paid", "delivered"]), start)),
        )
        .property("commission", removable(commission_terms(pays)))
        .property("products", products.description(Some("SKUs it is about, each once.")))
}

fn create() -> Operation {
    let says = "`active`: its links work from the start.";
    let body = fields(false)
        .description(Some("A campaign to create."))
        .property("state", told(schema::words(["draft", "active"]), says))
        .required("name");
    let example = r#"{
  "name": "Autumn tea",
  "state": "active",
  "listing": "public",
  "commission": {"kind": "percent", "rateBps": 1000},
  "holdDays": 14,
  "products": ["TEA-250", "CUP-1"]
}"#;
    Operation::signed(Post, "/campaigns", TAG, "createCampaign", "Create a campaign")
        .body(("NewCampaign", body.into()), WRITE_BYTES_MAX, example)
        .answers::<Shown>(201, "Created.", EXAMPLE)
        .once()
        .refuses(&[Code::ValidationError, Code::MerchantDomainInvalid, Code::ProductNotFound])
}

fn change() -> Operation {
    let body = fields(true).description(Some("What of it changes; what is absent stays."));
    let example = r#"{"commission": {"kind": "percent", "rateBps": 1200}, "holdDays": null}"#;
    Operation::signed(Patch, "/campaigns/{id}", TAG, "changeCampaign", "Change a campaign")
        .about(
            "What is absent stays; `null` takes back what can be absent. New terms hold for orders \
             from now on: earlier ones keep theirs. Its state has calls of its own.",
        )
        .body(("CampaignChange", body.into()), WRITE_BYTES_MAX, example)
        .answers::<Shown>(200, "As it is now.", EXAMPLE)
        .once()
        .refuses(&[Code::ValidationError, Code::MerchantDomainInvalid, Code::ProductNotFound])
        .refuses(&[Code::CampaignNotFound, Code::NotFound])
}

fn moved(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation::signed(Post, path, TAG, id, summary)
        .about("Takes no body. A state the campaign is in already stays without a fault.")
        .answers::<Shown>(200, "As it is now.", EXAMPLE)
        .once()
        .refuses(&[Code::ValidationError, Code::CampaignNotFound, Code::NotFound])
}
