//! Every row of the error table, provoked through the real edge: its status, its words, its body.

use serde_json::{Value, json};
use shared::problem::Code;
use tests::side::CONVERSIONS;
use tests::{Answer, Plan, Shop, World};

const CAMPAIGNS: &str = "/api/v1/campaigns";

/// The call that meets a code; `None` for the two that no merchant can cause: an outage and a fault
/// of ours, which the tests of outages and of panics cause.
fn provoke(world: &World, code: Code) -> Option<Answer> {
    let shop =
        Shop::open(world, &Plan { approved: code != Code::MerchantNotApproved, ..plan(code) });
    let (live, test) = (&shop.live, &shop.test);
    let order = json!({"externalOrderId": "o", "orderAmount": "10.00"}).to_string();
    let report = || live.signer.post(CONVERSIONS, order.as_str());
    let change_key = |verb: &str| {
        world.operate(&["key", verb, &live.signer.key_id]);
    };
    Some(match code {
        Code::InvalidApiKey => report().key("pk_live_unknown").send(),
        Code::ApiKeyDisabled => {
            change_key("disable");
            report().send()
        }
        Code::ApiKeyRevoked => {
            change_key("revoke");
            report().send()
        }
        Code::MerchantNotApproved | Code::IpNotAllowed => report().send(),
        Code::ExpiredTimestamp => report().at(-301).send(),
        Code::InvalidSignature => report().secret("sk_live_wrong").send(),
        Code::ReplayDetected => {
            let captured = report();
            captured.clone().send().expect_status(202);
            captured.send()
        }
        Code::RateLimited => {
            report().send().expect_status(202);
            report().at(1).send()
        }
        Code::ValidationError => live.signer.post(CONVERSIONS, "{").send(),
        Code::OrderStatusInvalid => {
            let body = r#"{"externalOrderId":"o","status":"lost"}"#;
            live.signer.post("/api/v1/order-status", body).send()
        }
        Code::MerchantDomainInvalid => {
            let body = r#"{"name":"Tea","fallbackUrl":"https://elsewhere.example/"}"#;
            test.signer.post(CAMPAIGNS, body).send()
        }
        Code::ProductNotFound => test.signer.get("/api/v1/products/none").send(),
        Code::CampaignNotFound => test.signer.get(&format!("{CAMPAIGNS}/none")).send(),
        Code::DuplicateRequest => {
            let keyed =
                |body: &str| live.signer.post(CONVERSIONS, body).header("Idempotency-Key", "k");
            keyed(&order).send().expect_status(202);
            keyed(r#"{"externalOrderId":"p","orderAmount":"1.00"}"#).send()
        }
        Code::PermissionDenied => {
            live.signer.post("/api/v1/test/clock/advance", r#"{"seconds":1}"#).send()
        }
        Code::NotFound => live.signer.get("/api/v1/events/none").send(),
        Code::MethodNotAllowed => live.signer.call("DELETE", CONVERSIONS, "").send(),
        Code::PayloadTooLarge => live.signer.post(CONVERSIONS, "x".repeat(256 * 1024 + 1)).send(),
        Code::UnsupportedMediaType => report().media_type(Some("text/plain")).send(),
        Code::InternalError | Code::Unavailable => return None,
    })
}

fn plan(code: Code) -> Plan {
    match code {
        Code::IpNotAllowed => {
            Plan { allow_list: vec!["198.51.100.7".to_owned()], ..Plan::default() }
        }
        Code::RateLimited => Plan { per_minute_max: 1, ..Plan::default() },
        _ => Plan::default(),
    }
}

#[test]
fn every_row_is_met_with_its_status_and_its_body() {
    let world = World::shared();
    for code in Code::ALL {
        let (status, named) = code.status();
        let Some(answer) = provoke(world, code) else { continue };
        assert_eq!(answer.status, status, "{code:?}: {}", answer.text);
        let body = answer.json();
        assert_eq!(body["statusCode"], status, "{code:?}: {body}");
        assert_eq!(body["error"], named, "{code:?}: {body}");
        assert_eq!(body["requestId"], answer.header("x-request-id"), "{code:?}: {body}");
        let told = if status == 401 { Value::Null } else { json!(code.as_str()) };
        assert_eq!(body["code"], told, "{code:?}: {body}");
        assert_eq!(body["message"].is_array(), status == 400, "{code:?}: {body}");
        assert_eq!(answer.header("retry-after"), "", "{code:?}");
    }
}
