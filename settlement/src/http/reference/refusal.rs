//! Refusals as the document shows them: one answer per status, with the codes it can carry.

use super::header;
use shared::fault::FAULTS_LISTED_MAX;
use shared::problem::Code;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder};
use utoipa::openapi::{
    Content, ContentBuilder, Object, RefOr, Response, ResponseBuilder, Schema, Type,
};

use crate::wire::schema;

/// What a client is told of a code, for people.
pub(super) fn meaning(code: Code) -> &'static str {
    match code {
        Code::InvalidApiKey => "The key header is missing, or the key unknown.",
        Code::ApiKeyDisabled => "The key is switched off.",
        Code::ApiKeyRevoked => "The key is gone for good.",
        Code::MerchantNotApproved => {
            "The merchant is suspended or rejected; or a live key, and it is not yet approved."
        }
        Code::IpNotAllowed => "The key has an allow-list, and the address is not on it.",
        Code::ExpiredTimestamp => "The timestamp is missing, no number, or too far off.",
        Code::InvalidSignature => "The signature is missing, malformed or wrong.",
        Code::ReplayDetected => "This exact signature was used before: sign a later second.",
        Code::RateLimited => "A limit of the key is reached. Nothing was stored, nothing counted.",
        Code::ValidationError => {
            "The body, a header or a parameter breaks a rule; every fault at once."
        }
        Code::OrderStatusInvalid => "status is outside its list.",
        Code::MerchantDomainInvalid => "A URL leads off the merchant's approved domain.",
        Code::ProductNotFound => "The merchant has no such product.",
        Code::CampaignNotFound => "The merchant has no such campaign.",
        Code::DuplicateRequest => {
            "The idempotency key was used with another body; or a first write under it is under way."
        }
        Code::PermissionDenied => "The key may not do this.",
        Code::NotFound => "There is no such thing, or it is not this merchant's.",
        Code::MethodNotAllowed => "The route takes other methods: see the Allow header.",
        Code::PayloadTooLarge => "The body is over its limit.",
        Code::UnsupportedMediaType => "The body is not sent as application/json.",
        Code::InternalError => "Our fault. Send again with a later timestamp.",
        Code::Unavailable => {
            "Our fault, and passing. A write may have been stored: send again, signed anew."
        }
    }
}

/// The names under which the document keeps the answers of these codes, by status.
pub(super) fn by_status(codes: &[Code]) -> Vec<(u16, String, Vec<Code>)> {
    let mut found: Vec<(u16, String, Vec<Code>)> = Vec::new();
    for &code in codes {
        let status = code.status().0;
        match found.iter_mut().find(|(known, ..)| *known == status) {
            Some((_, _, codes)) => codes.push(code),
            None => found.push((status, String::new(), vec![code])),
        }
    }
    found.sort_by_key(|(status, ..)| *status);
    for (status, name, codes) in &mut found {
        let words: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
        *name = match *status {
            401 if codes.contains(&Code::ReplayDetected) => "UNAUTHORIZED_OR_REPLAY".to_owned(),
            401 if codes.contains(&Code::InvalidSignature) => "UNAUTHORIZED".to_owned(),
            401 => "UNAUTHORIZED_KEY".to_owned(),
            _ => words.join("."),
        };
    }
    found
}

/// One such answer.
pub(super) fn response(status: u16, codes: &[Code]) -> Response {
    let lines: Vec<_> = codes
        .iter()
        .map(|code| match status {
            401 => format!("- `{}` (only in the request log): {}", code.log_code(), meaning(*code)),
            _ => format!("- `{}`: {}", code.as_str(), meaning(*code)),
        })
        .collect();
    let word = codes.first().map_or("", |code| code.status().1);
    ResponseBuilder::new()
        .description(format!("{word}\n\n{}", lines.join("\n")))
        .header("X-Request-ID", header::request_id())
        .content("application/json", content(status, codes))
        .build()
}

fn content(status: u16, codes: &[Code]) -> Content {
    let schema: RefOr<Schema> = body(status, codes).into();
    ContentBuilder::new().schema(Some(schema)).example(example(codes)).build()
}

/// The error body with this status and one of these codes.
fn body(status: u16, codes: &[Code]) -> Object {
    let word = codes.first().map_or("", |code| code.status().1);
    let number =
        ObjectBuilder::new().schema_type(Type::Integer).enum_values(Some([status])).build();
    let secret = status == 401;
    let mut body = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("statusCode", schema::told(number, "The HTTP status."))
        .property("message", message(secret))
        .property("error", schema::told(schema::words([word]), "The status in words."))
        .property(
            "requestId",
            schema::told(Object::with_type(Type::String), "The same as in `X-Request-ID`."),
        )
        .required("statusCode")
        .required("message")
        .required("error")
        .required("requestId");
    if secret {
        let hint = "With a test key alone: the mistake, by name.";
        let hint = schema::told(Object::with_type(Type::String), hint);
        body = body.property("hint", hint);
    } else {
        let words = schema::words(codes.iter().map(|code| code.as_str()));
        let code = schema::told(words, "The machine's word for the refusal.");
        body = body.property("code", code).required("code");
    }
    body.build()
}

fn message(secret: bool) -> RefOr<Schema> {
    if secret {
        let said = schema::words(["Unauthorized"]);
        return schema::told(said, "Never which check failed; that is in the request log.").into();
    }
    let faults = ArrayBuilder::new()
        .items(Object::with_type(Type::String))
        .min_items(Some(1))
        .max_items(Some(FAULTS_LISTED_MAX));
    let said = "One sentence; or one per fault, each naming its field.";
    let either = OneOfBuilder::new().item(Object::with_type(Type::String)).item(faults);
    Schema::OneOf(either.description(Some(said)).build()).into()
}

/// A body as it is answered, by the very code that writes it.
fn example(codes: &[Code]) -> Option<serde_json::Value> {
    use shared::problem::Problem;
    let code = *codes.first()?;
    let problem = match code {
        Code::ValidationError | Code::OrderStatusInvalid | Code::MerchantDomainInvalid => {
            let fault = "externalOrderId is required".to_owned();
            Problem::faults(code, vec![fault])
        }
        Code::RateLimited => Problem::new(code, "Rate limit exceeded (600/min)"),
        _ if code.status().0 == 401 => Problem::unauthorized(code),
        _ => Problem::new(code, meaning(code)),
    };
    serde_json::from_str(&problem.body("req_9f86d081884c7d659a2feaa0")).ok()
}
