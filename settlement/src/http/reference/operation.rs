//! One operation of the API, described once: the document and the page are both printed from it.

use shared::limits::PATH_ID_CHARACTERS_MAX;
use shared::problem::Code;
use shared::shop::Source;
use shared::validate::EXTERNAL_ID_CHARACTERS_MAX;
use utoipa::ToSchema;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{HttpMethod, Object, Ref, RefOr, Required, Schema, Type};

use crate::wire::schema;

/// A group of operations on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag {
    /// Its title.
    pub(super) name: &'static str,
    /// What its operations have in common, in a sentence.
    pub(super) about: &'static str,
}

/// How a call proves who makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// Key, timestamp and signature.
    Signed,
    /// The key's id alone.
    Key,
    /// The shop's own signature of the body, with the secret of the key that the path names.
    Shop(Source),
    /// Nothing: it holds no merchant's data.
    None,
}

/// A schema with a name of its own in the document.
pub(super) type Named = (String, RefOr<Schema>);

/// What is sent.
#[derive(Clone)]
pub(super) struct Body {
    /// Its shape.
    pub(super) schema: RefOr<Schema>,
    /// JSON, as a merchant would write it.
    pub(super) example: &'static str,
    /// Bytes at most.
    pub(super) bytes_max: usize,
    /// Whether a call without it is refused.
    pub(super) is_required: bool,
}

/// A good answer.
#[derive(Clone)]
pub(super) struct Answer {
    /// The HTTP status.
    pub(super) status: u16,
    /// When it is given.
    pub(super) when: &'static str,
    /// Media type and shape; `None`: no body.
    pub(super) content: Option<(&'static str, RefOr<Schema>)>,
    /// The body, as it is answered.
    pub(super) example: Option<&'static str>,
    /// Names of its headers beside `X-Request-ID`, and what they say.
    pub(super) headers: Vec<(&'static str, &'static str)>,
}

/// One method on one path.
#[derive(Clone)]
pub(super) struct Operation {
    pub(super) method: HttpMethod,
    /// Below `/api/v1`, ids in braces.
    pub(super) path: &'static str,
    pub(super) tag: Tag,
    /// Unique; what client libraries call it.
    pub(super) id: &'static str,
    /// What it does, in a few words.
    pub(super) summary: &'static str,
    /// What one must know to use it; paragraphs are separated by an empty line.
    pub(super) description: String,
    pub(super) proof: Proof,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<Body>,
    pub(super) answers: Vec<Answer>,
    /// Refusals it can meet beside those of every signed call.
    pub(super) codes: Vec<Code>,
    /// Shapes it names.
    pub(super) schemas: Vec<Named>,
}

impl Operation {
    /// A signed operation without parameters, body or answers.
    pub(super) fn signed(
        method: HttpMethod,
        path: &'static str,
        tag: Tag,
        id: &'static str,
        summary: &'static str,
    ) -> Self {
        let (parameters, answers, schemas) = (Vec::new(), Vec::new(), Vec::new());
        let proof = Proof::Signed;
        let (description, body, codes) = (String::new(), None, Vec::new());
        Self {
            method,
            path,
            tag,
            id,
            summary,
            description,
            proof,
            parameters,
            body,
            answers,
            codes,
            schemas,
        }
        .with_ids()
    }

    /// The same without a signature.
    pub(super) fn public(mut self) -> Self {
        self.proof = Proof::None;
        self
    }

    /// The same with the key's id alone.
    pub(super) fn by_key(mut self) -> Self {
        self.proof = Proof::Key;
        self
    }

    /// The same with a shop's own signature.
    pub(super) fn by_shop(mut self, source: Source) -> Self {
        self.proof = Proof::Shop(source);
        self
    }

    /// With what one must know to use it.
    pub(super) fn about(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// With a query parameter.
    pub(super) fn query(self, name: &str, schema: Object, description: &str) -> Self {
        self.parameter(ParameterIn::Query, name, schema, description)
    }

    /// With a header that may be sent.
    pub(super) fn header(self, name: &str, schema: Object, description: &str) -> Self {
        self.parameter(ParameterIn::Header, name, schema, description)
    }

    /// The header named last must be sent.
    pub(super) fn required(mut self) -> Self {
        if let Some(parameter) = self.parameters.last_mut() {
            parameter.required = Required::True;
        }
        self
    }

    fn parameter(
        mut self,
        place: ParameterIn,
        name: &str,
        schema: Object,
        description: &str,
    ) -> Self {
        let in_path = place == ParameterIn::Path;
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(place)
            .required(if in_path { Required::True } else { Required::False })
            .description(Some(description))
            .schema(Some(schema));
        self.parameters.push(parameter.build());
        self
    }

    /// The names its path has.
    fn with_ids(mut self) -> Self {
        let plain = || schema::pattern(format!("^[A-Za-z0-9_-]{{1,{PATH_ID_CHARACTERS_MAX}}}$"));
        for name in self.path.split(['{', '}']).skip(1).step_by(2) {
            let (name, schema, says) = match name {
                "sku" => {
                    let sku = schema::name(EXTERNAL_ID_CHARACTERS_MAX);
                    ("sku", sku, "The SKU, percent-encoded.")
                }
                "code" => ("code", plain(), "The link's short name."),
                "sequence" => {
                    ("sequence", schema::pattern("^[0-9]{1,19}$"), "The delivery's number.")
                }
                _ => ("id", plain(), "The id, as it was answered."),
            };
            self = self.parameter(ParameterIn::Path, name, schema, says);
        }
        self
    }

    /// With a JSON body; `name` is what the document calls its shape.
    pub(super) fn body(
        mut self,
        (name, schema): (&str, RefOr<Schema>),
        bytes_max: usize,
        example: &'static str,
    ) -> Self {
        self.schemas.push((name.to_owned(), schema));
        let schema = Ref::from_schema_name(name).into();
        self.body = Some(Body { schema, example, bytes_max, is_required: true });
        self
    }

    /// The body may be left out.
    pub(super) fn optional_body(mut self) -> Self {
        if let Some(body) = &mut self.body {
            body.is_required = false;
        }
        self
    }

    /// With a JSON answer of a type's shape.
    pub(super) fn answers<T: ToSchema>(
        mut self,
        status: u16,
        when: &'static str,
        example: &'static str,
    ) -> Self {
        let shape = self.shape::<T>();
        self.answers_with(status, when, shape, example)
    }

    /// With a JSON answer of a shape.
    pub(super) fn answers_with(
        mut self,
        status: u16,
        when: &'static str,
        schema: RefOr<Schema>,
        example: &'static str,
    ) -> Self {
        let content = Some(("application/json", schema));
        let example = Some(example);
        self.answers.push(Answer { status, when, content, example, headers: Vec::new() });
        self
    }

    /// With an answer that has no body.
    pub(super) fn answers_empty(mut self, status: u16, when: &'static str) -> Self {
        let headers = Vec::new();
        self.answers.push(Answer { status, when, content: None, example: None, headers });
        self
    }

    /// A write that an idempotency key makes happen once; comes after its answers.
    pub(super) fn once(mut self) -> Self {
        for (name, schema, says) in super::header::idempotency_keys() {
            self = self.header(name, schema, &says);
        }
        self.refuses(&[Code::DuplicateRequest])
            .carrying("Idempotent-Replayed", "`true` when this is the first answer again.")
    }

    /// A read with an `ETag`; comes after its answer.
    pub(super) fn cached(self) -> Self {
        let says = "An `ETag` you have: answered `304` when it is still the one.";
        self.carrying("ETag", "Names this version.")
            .header("If-None-Match", Object::with_type(Type::String), says)
            .answers_empty(304, "Still the one you have.")
            .carrying("ETag", "Names this version.")
    }

    /// The latest answer has a header more.
    pub(super) fn carrying(mut self, name: &'static str, says: &'static str) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.headers.push((name, says));
        }
        self
    }

    /// Registers a type's shape and those it is made of; answers a reference to it.
    pub(super) fn shape<T: ToSchema>(&mut self) -> RefOr<Schema> {
        T::schemas(&mut self.schemas);
        self.schemas.push((T::name().into_owned(), T::schema()));
        Ref::from_schema_name(T::name()).into()
    }

    /// With refusals beside those of every signed call.
    pub(super) fn refuses(mut self, codes: &[Code]) -> Self {
        self.codes.extend_from_slice(codes);
        self
    }

    /// The method in capitals.
    pub(super) fn method_name(&self) -> &'static str {
        match self.method {
            HttpMethod::Get => "GET",
            HttpMethod::Post => "POST",
            HttpMethod::Put => "PUT",
            HttpMethod::Patch => "PATCH",
            HttpMethod::Delete => "DELETE",
            HttpMethod::Head => "HEAD",
            HttpMethod::Options => "OPTIONS",
            HttpMethod::Trace => "TRACE",
        }
    }

    /// Every refusal it can meet, in the order of the error table.
    pub(super) fn refusals(&self) -> Vec<Code> {
        let is_met = |code: &Code| match (code, self.proof) {
            _ if self.codes.contains(code) || *code == Code::Unavailable => true,
            (_, Proof::None | Proof::Shop(_)) => false,
            (Code::RateLimited, _) | (Code::InternalError, Proof::Signed) => true,
            (Code::PayloadTooLarge | Code::UnsupportedMediaType, _) => self.body.is_some(),
            (code, _) => code.status().0 == 401 && self.proves(*code),
        };
        Code::ALL.into_iter().filter(is_met).collect()
    }

    /// Whether a check of this code is made: a read may be sent again as it is.
    fn proves(&self, code: Code) -> bool {
        match code {
            Code::ReplayDetected => self.is_once(),
            Code::ExpiredTimestamp | Code::InvalidSignature => self.proof == Proof::Signed,
            _ => true,
        }
    }

    /// Whether the same signed text is taken only once.
    pub(super) fn is_once(&self) -> bool {
        self.method_name() != "GET" && !self.path.starts_with("/test/")
    }
}
