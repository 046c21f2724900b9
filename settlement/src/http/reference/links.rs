//! The operations on links.

use super::operation::{Operation, Tag};
use super::reads::{LISTED, filter, paged};
use super::resource::{strict, url};
use crate::wire::link::Shown;
use crate::wire::schema::{self, told};
use shared::problem::Code;
use shared::relay::WRITE_BYTES_MAX;
use shared::validate::CODE_CHARACTERS_MAX;
use utoipa::openapi::HttpMethod::{Get, Patch, Post};
use utoipa::openapi::Object;

const TAG: Tag = Tag {
    name: "Links",
    about: "What affiliates share: affiliate × campaign × destination, under a short code.",
};
const STATES: [&str; 3] = ["live", "paused", "archived"];
const EXAMPLE: &str = r#"{
  "code": "himal-asha",
  "path": "/c/himal-asha",
  "affiliateId": "0197a1c4-7a10-7c3e-9a55-2f6f0c1d4e21",
  "campaignId": "0197a1c4-7b22-7d18-8f0e-6a4b9c3d2e10",
  "destination": "https://himalmart.example/tea",
  "state": "live",
  "createdAt": "2026-06-01T05:10:00Z"
}"#;
const EXAMPLES: &str = r#"{
  "data": [
    {
      "code": "himal-asha",
      "path": "/c/himal-asha",
      "affiliateId": "0197a1c4-7a10-7c3e-9a55-2f6f0c1d4e21",
      "campaignId": "0197a1c4-7b22-7d18-8f0e-6a4b9c3d2e10",
      "destination": "https://himalmart.example/tea",
      "state": "live",
      "createdAt": "2026-06-01T05:10:00Z"
    }
  ],
  "nextCursor": null
}"#;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        list(),
        create(),
        Operation::signed(Get, "/links/{code}", TAG, "showLink", "Show a link")
            .answers::<Shown>(200, "The link.", EXAMPLE)
            .cached()
            .refuses(&[Code::NotFound]),
        change(),
    ]
}

fn list() -> Operation {
    let operation = Operation::signed(Get, "/links", TAG, "listLinks", "List links")
        .query("affiliateId", schema::uuid(), "Only this affiliate's.")
        .query("campaignId", schema::uuid(), "Only those of this campaign.")
        .query("code", filter(), "Only that with this code.")
        .query("state", schema::words(STATES), LISTED);
    paged::<Shown>(operation, EXAMPLES)
}

fn code() -> Object {
    let says = "Its short name, unique over the network and never reused; else one is drawn.";
    told(schema::pattern(format!("^[A-Za-z0-9_-]{{1,{CODE_CHARACTERS_MAX}}}$")), says)
}

fn create() -> Operation {
    let leads = "Where it leads: https, on the merchant's approved domain or below it.";
    let body = strict()
        .description(Some("A link to create."))
        .property("affiliateId", told(schema::uuid(), "Who shares it."))
        .property("campaignId", told(schema::uuid(), "Under which terms."))
        .property("destination", url(leads))
        .property("code", code())
        .required("affiliateId")
        .required("campaignId")
        .required("destination");
    let example = r#"{
  "affiliateId": "0197a1c4-7a10-7c3e-9a55-2f6f0c1d4e21",
  "campaignId": "0197a1c4-7b22-7d18-8f0e-6a4b9c3d2e10",
  "destination": "https://himalmart.example/tea",
  "code": "himal-asha"
}"#;
    Operation::signed(Post, "/links", TAG, "createLink", "Create a link")
        .about("It works within seconds, everywhere.")
        .body(("NewLink", body.into()), WRITE_BYTES_MAX, example)
        .answers::<Shown>(201, "Created.", EXAMPLE)
        .once()
        .refuses(&[Code::ValidationError, Code::MerchantDomainInvalid])
        .refuses(&[Code::CampaignNotFound, Code::NotFound])
}

fn change() -> Operation {
    let says = "`paused` leads to the campaign's fallback for now, `archived` for good.";
    let body = strict()
        .description(Some("What a link becomes; nothing else of it ever changes."))
        .property("state", told(schema::words(STATES), says))
        .required("state");
    Operation::signed(Patch, "/links/{code}", TAG, "changeLink", "Pause, resume or archive a link")
        .body(("LinkChange", body.into()), WRITE_BYTES_MAX, r#"{"state": "paused"}"#)
        .answers::<Shown>(200, "As it is now.", EXAMPLE)
        .once()
        .refuses(&[Code::ValidationError, Code::NotFound])
}
