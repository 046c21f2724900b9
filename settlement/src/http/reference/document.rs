//! The `OpenAPI` 3.1 document: every operation, shape and refusal in one place.

use super::operation::{Answer, Operation, Proof, Tag};
use super::{guide, header, operations, refusal};
use std::collections::BTreeMap;
use utoipa::openapi::path::{Operation as Described, OperationBuilder, ParameterIn};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::tag::{Tag as DescribedTag, TagBuilder};
use utoipa::openapi::{
    Components, ContentBuilder, Info, InfoBuilder, License, OpenApi, OpenApiBuilder, Paths, Ref,
    RefOr, Required, Response, ResponseBuilder, Schema, Server,
};

/// Where the API lives; paths of operations are below it.
pub(super) const BASE: &str = "/api/v1";

/// The whole document.
pub(super) fn document() -> OpenApi {
    let operations = operations();
    let mut paths = Paths::new();
    let mut components = Components::new();
    let mut schemas: BTreeMap<String, RefOr<Schema>> = BTreeMap::new();
    for operation in &operations {
        let path = format!("{BASE}{}", operation.path);
        paths.add_path_operation(path, vec![operation.method.clone()], described(operation));
        schemas.extend(operation.schemas.iter().cloned());
        for (status, name, codes) in refusal::by_status(&operation.refusals()) {
            let response = RefOr::T(refusal::response(status, &codes));
            components.responses.insert(name, response);
        }
    }
    components.schemas = schemas;
    components.add_security_schemes_from_iter(header::schemes());
    OpenApiBuilder::new()
        .info(info())
        .servers(Some([Server::new("/")]))
        .paths(paths)
        .components(Some(components))
        .security(Some([header::signed()]))
        .tags(Some(tags(&operations).into_iter().map(described_tag)))
        .build()
}

fn info() -> Info {
    let mut license = License::new("Apache-2.0");
    license.identifier = Some("Apache-2.0".to_owned());
    InfoBuilder::new()
        .title("Khata merchant API")
        .version("1")
        .description(Some(guide::text()))
        .license(Some(license))
        .build()
}

/// The tags in the order in which operations name them.
pub(super) fn tags(operations: &[Operation]) -> Vec<Tag> {
    let mut tags = Vec::new();
    for operation in operations {
        if !tags.contains(&operation.tag) {
            tags.push(operation.tag);
        }
    }
    tags
}

fn described_tag(tag: Tag) -> DescribedTag {
    TagBuilder::new().name(tag.name).description(Some(tag.about)).build()
}

fn described(operation: &Operation) -> Described {
    let (name, schema, says) = header::sent_request_id();
    let known = operation.clone().header(name, schema, &says);
    let mut described = OperationBuilder::new()
        .tag(operation.tag.name)
        .operation_id(Some(operation.id))
        .summary(Some(operation.summary))
        .parameters(Some(known.parameters))
        .request_body(operation.body.as_ref().map(request_body));
    if !operation.description.is_empty() {
        described = described.description(Some(operation.description.as_str()));
    }
    described = match operation.proof {
        Proof::Signed => described,
        Proof::Key => described.security(header::key()),
        Proof::Shop(source) => described.securities(Some(header::shop(source))),
        Proof::None => described.securities(Some([])),
    };
    for answer in &operation.answers {
        described = described.response(answer.status.to_string(), good(answer));
    }
    for (status, name, _) in refusal::by_status(&operation.refusals()) {
        described = described.response(status.to_string(), Ref::from_response_name(name));
    }
    described.build()
}

fn request_body(body: &super::operation::Body) -> RequestBody {
    let content = ContentBuilder::new()
        .schema(Some(body.schema.clone()))
        .example(Some(json(body.example)))
        .build();
    RequestBodyBuilder::new()
        .description(Some(format!("At most {} KiB.", body.bytes_max / 1024)))
        .content("application/json", content)
        .required(Some(if body.is_required { Required::True } else { Required::False }))
        .build()
}

fn good(answer: &Answer) -> Response {
    let mut response = ResponseBuilder::new()
        .description(answer.when)
        .header("X-Request-ID", header::request_id());
    for (name, says) in &answer.headers {
        response = response.header(*name, header::answered(says));
    }
    if let Some((media_type, schema)) = &answer.content {
        let mut content = ContentBuilder::new().schema(Some(schema.clone()));
        if let Some(example) = answer.example {
            content = content.example(Some(json(example)));
        }
        response = response.content(*media_type, content.build());
    }
    response.build()
}

/// An example as JSON; what is none (a page) is a string.
fn json(example: &str) -> serde_json::Value {
    serde_json::from_str(example).unwrap_or_else(|_| example.into())
}

/// Methods and paths the document holds, for tests and the page.
pub(super) fn place(parameter: &ParameterIn) -> &'static str {
    match parameter {
        ParameterIn::Path => "path",
        ParameterIn::Query => "query",
        ParameterIn::Header => "header",
        ParameterIn::Cookie => "cookie",
    }
}
