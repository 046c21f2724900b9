//! The one table of error codes: status, log code, and the body a client sees.

use serde::Serialize;

/// Every way a signed call can be refused. Source: PRODUCT §2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// Key header missing, malformed or unknown.
    InvalidApiKey,
    /// The key is switched off.
    ApiKeyDisabled,
    /// The key is gone for good.
    ApiKeyRevoked,
    /// Merchant suspended or rejected, or a live key of one not yet approved.
    MerchantNotApproved,
    /// The key has an allow-list and the address is not on it.
    IpNotAllowed,
    /// Timestamp missing, not a number, or outside the window.
    ExpiredTimestamp,
    /// Signature missing, malformed or wrong.
    InvalidSignature,
    /// This exact signature was used before.
    ReplayDetected,
    /// The key's limit is reached.
    RateLimited,
    /// The body or a header breaks a rule.
    ValidationError,
    /// `status` is outside its list.
    OrderStatusInvalid,
    /// A URL leads off the merchant's approved domain.
    MerchantDomainInvalid,
    /// No such product of this merchant's.
    ProductNotFound,
    /// No such campaign of this merchant's.
    CampaignNotFound,
    /// Same idempotency key, other body.
    DuplicateRequest,
    /// The key may not do this.
    PermissionDenied,
    /// No such route or thing.
    NotFound,
    /// The route exists, the method does not.
    MethodNotAllowed,
    /// Body over its limit.
    PayloadTooLarge,
    /// Not JSON.
    UnsupportedMediaType,
    /// Our fault.
    InternalError,
    /// Our fault, and passing.
    Unavailable,
}

impl Code {
    /// Every code, in the documented order.
    pub const ALL: [Self; 22] = [
        Self::InvalidApiKey,
        Self::ApiKeyDisabled,
        Self::ApiKeyRevoked,
        Self::MerchantNotApproved,
        Self::IpNotAllowed,
        Self::ExpiredTimestamp,
        Self::InvalidSignature,
        Self::ReplayDetected,
        Self::RateLimited,
        Self::ValidationError,
        Self::OrderStatusInvalid,
        Self::MerchantDomainInvalid,
        Self::ProductNotFound,
        Self::CampaignNotFound,
        Self::DuplicateRequest,
        Self::PermissionDenied,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::InternalError,
        Self::Unavailable,
    ];

    /// HTTP status and the word of the `error` field.
    pub fn status(self) -> (u16, &'static str) {
        match self {
            Self::InvalidApiKey
            | Self::ApiKeyDisabled
            | Self::ApiKeyRevoked
            | Self::MerchantNotApproved
            | Self::IpNotAllowed
            | Self::ExpiredTimestamp
            | Self::InvalidSignature
            | Self::ReplayDetected => (401, "Unauthorized"),
            Self::RateLimited => (429, "Too Many Requests"),
            Self::ValidationError | Self::OrderStatusInvalid | Self::MerchantDomainInvalid => {
                (400, "Bad Request")
            }
            Self::DuplicateRequest => (409, "Conflict"),
            Self::PermissionDenied => (403, "Forbidden"),
            Self::ProductNotFound | Self::CampaignNotFound | Self::NotFound => (404, "Not Found"),
            Self::MethodNotAllowed => (405, "Method Not Allowed"),
            Self::PayloadTooLarge => (413, "Payload Too Large"),
            Self::UnsupportedMediaType => (415, "Unsupported Media Type"),
            Self::InternalError => (500, "Internal Server Error"),
            Self::Unavailable => (503, "Service Unavailable"),
        }
    }

    /// The code in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidApiKey => "INVALID_API_KEY",
            Self::ApiKeyDisabled => "API_KEY_DISABLED",
            Self::ApiKeyRevoked => "API_KEY_REVOKED",
            Self::MerchantNotApproved => "MERCHANT_NOT_APPROVED",
            Self::IpNotAllowed => "IP_NOT_ALLOWED",
            Self::ExpiredTimestamp => "EXPIRED_TIMESTAMP",
            Self::InvalidSignature => "INVALID_SIGNATURE",
            Self::ReplayDetected => "REPLAY_DETECTED",
            Self::RateLimited => "RATE_LIMITED",
            Self::ValidationError => "VALIDATION_ERROR",
            Self::OrderStatusInvalid => "ORDER_STATUS_INVALID",
            Self::MerchantDomainInvalid => "MERCHANT_DOMAIN_INVALID",
            Self::ProductNotFound => "PRODUCT_NOT_FOUND",
            Self::CampaignNotFound => "CAMPAIGN_NOT_FOUND",
            Self::DuplicateRequest => "DUPLICATE_REQUEST",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::NotFound => "NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::PayloadTooLarge => "PAYLOAD_TOO_LARGE",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::InternalError => "INTERNAL_ERROR",
            Self::Unavailable => "UNAVAILABLE",
        }
    }

    /// The code in the merchant's request log, where it differs from the answer's.
    pub fn log_code(self) -> &'static str {
        match self {
            Self::MerchantNotApproved => "MERCHANT_INACTIVE",
            Self::ExpiredTimestamp => "SIG_STALE_TIMESTAMP",
            Self::InvalidSignature => "SIG_BAD_SIGNATURE",
            Self::ReplayDetected => "SIG_REPLAY",
            other => other.as_str(),
        }
    }
}

/// What the client is told: one sentence, or one per fault of the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Message {
    /// One sentence.
    One(String),
    /// One entry per fault, each naming its field.
    Faults(Vec<String>),
}

/// A refusal: the code and what is said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which refusal it is.
    pub code: Code,
    /// What the client is told; a 401 never carries it.
    pub message: Message,
    /// With a test key, the diagnosed mistake of a 401.
    pub hint: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    status_code: u16,
    message: Message,
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

impl Problem {
    /// A refusal with one sentence.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: Message::One(message.into()), hint: None }
    }

    /// A 400 that lists every fault of the body.
    pub fn faults(code: Code, faults: Vec<String>) -> Self {
        Self { code, message: Message::Faults(faults), hint: None }
    }

    /// A 401: whatever the cause, the body says only "Unauthorized".
    pub fn unauthorized(code: Code) -> Self {
        Self::new(code, "Unauthorized")
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.code.status().0
    }

    /// The JSON body; a 401's never says which check failed.
    pub fn body(&self, request_id: &str) -> String {
        let (status_code, error) = self.code.status();
        let secret = status_code == 401;
        let body = Body {
            status_code,
            message: if secret {
                Message::One("Unauthorized".to_owned())
            } else {
                self.message.clone()
            },
            error,
            code: if secret { None } else { Some(self.code.as_str()) },
            request_id,
            hint: self.hint.as_deref(),
        };
        serde_json::to_string(&body).expect("strings and numbers always serialise")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_401_never_says_which_check_failed() {
        for code in Code::ALL.into_iter().filter(|code| code.status().0 == 401) {
            let body = Problem::new(code, "the cause").body("r-1");
            assert_eq!(
                body,
                r#"{"statusCode":401,"message":"Unauthorized","error":"Unauthorized","requestId":"r-1"}"#
            );
        }
    }

    #[test]
    fn faults_are_a_list_and_a_sentence_is_a_string() {
        let faults = Problem::faults(Code::ValidationError, vec!["a".into(), "b".into()]);
        assert_eq!(
            faults.body("r"),
            r#"{"statusCode":400,"message":["a","b"],"error":"Bad Request","code":"VALIDATION_ERROR","requestId":"r"}"#
        );
        let one = Problem::new(Code::RateLimited, "Rate limit exceeded (600/min)");
        assert!(one.body("r").contains(r#""message":"Rate limit exceeded (600/min)""#));
    }

    #[test]
    fn every_code_has_the_status_and_the_log_code_of_the_contract() {
        let table = [
            (401, "INVALID_API_KEY", "INVALID_API_KEY"),
            (401, "API_KEY_DISABLED", "API_KEY_DISABLED"),
            (401, "API_KEY_REVOKED", "API_KEY_REVOKED"),
            (401, "MERCHANT_NOT_APPROVED", "MERCHANT_INACTIVE"),
            (401, "IP_NOT_ALLOWED", "IP_NOT_ALLOWED"),
            (401, "EXPIRED_TIMESTAMP", "SIG_STALE_TIMESTAMP"),
            (401, "INVALID_SIGNATURE", "SIG_BAD_SIGNATURE"),
            (401, "REPLAY_DETECTED", "SIG_REPLAY"),
            (429, "RATE_LIMITED", "RATE_LIMITED"),
            (400, "VALIDATION_ERROR", "VALIDATION_ERROR"),
            (400, "ORDER_STATUS_INVALID", "ORDER_STATUS_INVALID"),
            (400, "MERCHANT_DOMAIN_INVALID", "MERCHANT_DOMAIN_INVALID"),
            (404, "PRODUCT_NOT_FOUND", "PRODUCT_NOT_FOUND"),
            (404, "CAMPAIGN_NOT_FOUND", "CAMPAIGN_NOT_FOUND"),
            (409, "DUPLICATE_REQUEST", "DUPLICATE_REQUEST"),
            (403, "PERMISSION_DENIED", "PERMISSION_DENIED"),
            (404, "NOT_FOUND", "NOT_FOUND"),
            (405, "METHOD_NOT_ALLOWED", "METHOD_NOT_ALLOWED"),
            (413, "PAYLOAD_TOO_LARGE", "PAYLOAD_TOO_LARGE"),
            (415, "UNSUPPORTED_MEDIA_TYPE", "UNSUPPORTED_MEDIA_TYPE"),
            (500, "INTERNAL_ERROR", "INTERNAL_ERROR"),
            (503, "UNAVAILABLE", "UNAVAILABLE"),
        ];
        let printed = Code::ALL.map(|code| (code.status().0, code.as_str(), code.log_code()));
        assert_eq!(printed, table);
        for code in Code::ALL {
            let problem = Problem::unauthorized(code);
            assert_eq!((problem.code, problem.status()), (code, code.status().0));
        }
    }
}
