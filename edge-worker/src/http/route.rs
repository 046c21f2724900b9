//! The route table: one place that says what exists and with which method.

mod resources;

use super::reference::Description;
use crate::gate::redirect::is_code;
use shared::id::EventKind;
use shared::internal::{DIRECTORY_PATH, POKE_PATH};
use shared::shop::Source;

/// Where settlement's signature makes an edge in dev panic.
const PANIC_PATH: &str = "/internal/v1/panic";

/// Characters of an id in a path at most.
const ID_CHARACTERS_MAX: usize = shared::limits::PATH_ID_CHARACTERS_MAX;
const READS: &str = "GET, HEAD";

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route<'a> {
    /// Follow a link; the code may be no code at all.
    Click(&'a str),
    /// Mint a click without a redirect.
    MintClick(&'a str),
    /// The script for merchants' pages.
    Script,
    /// Is the edge ready.
    Health,
    /// A signed event.
    Intake(EventKind),
    /// Many signed events of one kind.
    Batch(EventKind),
    /// A signed event under the id that its shop gave it.
    Webhook,
    /// A webhook that a shop signed in its own way.
    ShopWebhook {
        /// Which shop system.
        source: Source,
        /// Whose, in the path.
        key_id: &'a str,
    },
    /// A story of the sandbox.
    Simulate,
    /// A signed read, answered by settlement under the same tail.
    Read {
        /// The path after `/api/v1`.
        tail: &'a str,
        /// For a read of one event, its id.
        event_id: Option<&'a str>,
    },
    /// The API described, for anybody.
    Describe(Description),
    /// A signed write to a resource, done by settlement under the same tail.
    Write {
        /// The path after `/api/v1`.
        tail: &'a str,
        /// Bytes of the body at most.
        bytes_max: usize,
    },
    /// A question of one who cannot sign yet.
    SignatureDebugger,
    /// Settlement pushes links and keys.
    PushDirectory,
    /// Settlement wakes objects.
    Poke,
    /// A test asks for a panic; in production as unknown as any other path, with any method.
    ForcePanic,
}

/// Why a request is for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Miss {
    /// No such path.
    NotFound,
    /// A path under `/v1` that lacks `/api`.
    Versionless(String),
    /// The path exists, with other methods.
    WrongMethod {
        /// Which.
        allow: &'static str,
    },
}

impl Route<'_> {
    /// Its name in the log.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Click(_) => "click",
            Self::MintClick(_) => "mint_click",
            Self::Script => "script",
            Self::Health => "health",
            Self::Intake(kind) => kind.as_str(),
            Self::Batch(_) => "batch",
            Self::Webhook | Self::ShopWebhook { .. } => "webhook",
            Self::Simulate => "simulate",
            Self::Read { .. } => "read",
            Self::Describe(_) => "describe",
            Self::Write { .. } => "write",
            Self::SignatureDebugger => "signature_debugger",
            Self::PushDirectory => "push_directory",
            Self::Poke => "poke",
            Self::ForcePanic => "force_panic",
        }
    }

    /// Whether each call leaves a line in the log. Clicks are too many, and recorded anyway.
    pub(super) fn is_logged(self) -> bool {
        match self {
            Self::Intake(_)
            | Self::Batch(_)
            | Self::Webhook
            | Self::ShopWebhook { .. }
            | Self::Simulate
            | Self::Read { .. }
            | Self::Write { .. }
            | Self::SignatureDebugger
            | Self::PushDirectory => true,
            Self::Click(_)
            | Self::MintClick(_)
            | Self::Script
            | Self::Health
            | Self::Describe(_)
            | Self::Poke
            | Self::ForcePanic => false,
        }
    }
}

/// Finds the route of a method and path.
pub(super) fn find<'a>(method: &str, path: &'a str) -> Result<Route<'a>, Miss> {
    match path {
        "/t.js" => reads(method, Route::Script),
        "/healthz" => reads(method, Route::Health),
        DIRECTORY_PATH => only("POST", method, Route::PushDirectory),
        POKE_PATH => only("POST", method, Route::Poke),
        PANIC_PATH => Ok(Route::ForcePanic),
        _ => {
            if let Some(rest) = path.strip_prefix("/c/") {
                return click(method, rest);
            }
            if let Some(tail) = path.strip_prefix("/api/v1") {
                return api(method, tail);
            }
            if path.starts_with("/v1/") {
                return Err(Miss::Versionless(printable(path)));
            }
            Err(Miss::NotFound)
        }
    }
}

fn click<'a>(method: &str, rest: &'a str) -> Result<Route<'a>, Miss> {
    match rest.strip_suffix("/click") {
        Some(code) if is_code(code) => only("POST", method, Route::MintClick(code)),
        _ => reads(method, Route::Click(rest)),
    }
}

fn api<'a>(method: &str, tail: &'a str) -> Result<Route<'a>, Miss> {
    let list = Route::Read { tail, event_id: None };
    let parts: Vec<&str> = tail.split('/').skip(1).collect();
    match parts[..] {
        ["conversions"] => match method {
            "POST" => Ok(Route::Intake(EventKind::Conversion)),
            "GET" | "HEAD" => Ok(list),
            _ => Err(Miss::WrongMethod { allow: "GET, HEAD, POST" }),
        },
        ["order-status"] => only("POST", method, Route::Intake(EventKind::OrderStatus)),
        ["conversions", "batch"] => only("POST", method, Route::Batch(EventKind::Conversion)),
        ["order-status", "batch"] => only("POST", method, Route::Batch(EventKind::OrderStatus)),
        ["webhooks", "generic"] => only("POST", method, Route::Webhook),
        ["webhooks", "shopify", key_id] if is_id(key_id) => {
            only("POST", method, Route::ShopWebhook { source: Source::Shopify, key_id })
        }
        ["webhooks", "woocommerce", key_id] if is_id(key_id) => {
            only("POST", method, Route::ShopWebhook { source: Source::WooCommerce, key_id })
        }
        ["test", "simulate"] => only("POST", method, Route::Simulate),
        ["test", "clock", "advance"] => {
            only("POST", method, Route::Intake(EventKind::ClockAdvance))
        }
        ["openapi.json"] => reads(method, Route::Describe(Description::Document)),
        ["reference"] => reads(method, Route::Describe(Description::Page)),
        ["test", "signature"] => only("POST", method, Route::SignatureDebugger),
        ["commissions" | "events" | "payouts" | "request-log"] => reads(method, list),
        ["conversions" | "commissions" | "payouts", id] | ["conversions", id, "explain"]
            if is_id(id) =>
        {
            reads(method, list)
        }
        ["events", id] if is_id(id) => {
            let event_id = Some(id);
            reads(method, Route::Read { tail, event_id })
        }
        _ => resources::find(method, tail, &parts),
    }
}

fn reads<'a>(method: &str, route: Route<'a>) -> Result<Route<'a>, Miss> {
    match method {
        "GET" | "HEAD" => Ok(route),
        _ => Err(Miss::WrongMethod { allow: READS }),
    }
}

fn only<'a>(allow: &'static str, method: &str, route: Route<'a>) -> Result<Route<'a>, Miss> {
    if method == allow { Ok(route) } else { Err(Miss::WrongMethod { allow }) }
}

/// Ids go into settlement's paths as they are, so only plain ones are taken for ids.
fn is_id(text: &str) -> bool {
    (1..=ID_CHARACTERS_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn printable(path: &str) -> String {
    path.chars().filter(char::is_ascii_graphic).take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(allow: &'static str) -> Result<Route<'static>, Miss> {
        Err(Miss::WrongMethod { allow })
    }

    #[test]
    fn every_route_and_every_miss() {
        let intake = |kind| Ok(Route::Intake(kind));
        let read = |tail: &'static str| {
            let event_id = tail.strip_prefix("/events/");
            Ok(Route::Read { tail, event_id })
        };
        let shop = |source| Ok(Route::ShopWebhook { source, key_id: "pk_1" });
        let cases = [
            ("GET", "/c/tea", Ok(Route::Click("tea"))),
            ("HEAD", "/c/tea", Ok(Route::Click("tea"))),
            ("GET", "/c/", Ok(Route::Click(""))),
            ("GET", "/c/a/b", Ok(Route::Click("a/b"))),
            ("POST", "/c/tea", wrong(READS)),
            ("POST", "/c/tea/click", Ok(Route::MintClick("tea"))),
            ("GET", "/c/tea/click", wrong("POST")),
            ("GET", "/t.js", Ok(Route::Script)),
            ("DELETE", "/t.js", wrong(READS)),
            ("GET", "/healthz", Ok(Route::Health)),
            ("POST", "/api/v1/conversions", intake(EventKind::Conversion)),
            ("GET", "/api/v1/conversions", read("/conversions")),
            ("HEAD", "/api/v1/conversions", read("/conversions")),
            ("PUT", "/api/v1/conversions", wrong("GET, HEAD, POST")),
            ("POST", "/api/v1/order-status", intake(EventKind::OrderStatus)),
            ("PUT", "/api/v1/order-status", wrong("POST")),
            ("POST", "/api/v1/conversions/batch", Ok(Route::Batch(EventKind::Conversion))),
            ("POST", "/api/v1/order-status/batch", Ok(Route::Batch(EventKind::OrderStatus))),
            ("GET", "/api/v1/conversions/batch", wrong("POST")),
            ("POST", "/api/v1/webhooks/generic", Ok(Route::Webhook)),
            ("GET", "/api/v1/webhooks/generic", wrong("POST")),
            ("POST", "/api/v1/webhooks/shopify/pk_1", shop(Source::Shopify)),
            ("POST", "/api/v1/webhooks/woocommerce/pk_1", shop(Source::WooCommerce)),
            ("PUT", "/api/v1/webhooks/shopify/pk_1", wrong("POST")),
            ("POST", "/api/v1/webhooks/magento/pk_1", Err(Miss::NotFound)),
            ("POST", "/api/v1/webhooks/shopify", Err(Miss::NotFound)),
            ("POST", "/api/v1/test/simulate", Ok(Route::Simulate)),
            ("POST", "/api/v1/test/clock/advance", intake(EventKind::ClockAdvance)),
            ("POST", "/api/v1/test/signature", Ok(Route::SignatureDebugger)),
            ("GET", "/api/v1/test/signature", wrong("POST")),
            ("GET", "/api/v1/conversions/cnv_1", read("/conversions/cnv_1")),
            ("GET", "/api/v1/conversions/cnv_1/explain", read("/conversions/cnv_1/explain")),
            ("GET", "/api/v1/commissions", read("/commissions")),
            ("GET", "/api/v1/request-log", read("/request-log")),
            ("POST", "/api/v1/request-log", wrong(READS)),
            ("GET", "/api/v1/commissions/com_1", read("/commissions/com_1")),
            ("GET", "/api/v1/payouts", read("/payouts")),
            ("POST", "/api/v1/payouts", wrong(READS)),
            ("GET", "/api/v1/payouts/1", read("/payouts/1")),
            ("GET", "/api/v1/payouts/1/lines", Err(Miss::NotFound)),
            ("HEAD", "/api/v1/commissions/com_1", read("/commissions/com_1")),
            ("DELETE", "/api/v1/commissions/com_1", wrong(READS)),
            ("GET", "/api/v1/events/osevt_1", read("/events/osevt_1")),
            ("GET", "/api/v1/openapi.json", Ok(Route::Describe(Description::Document))),
            ("HEAD", "/api/v1/reference", Ok(Route::Describe(Description::Page))),
            ("POST", "/api/v1/reference", wrong(READS)),
            ("GET", "/api/v1/events/a%2Fb", Err(Miss::NotFound)),
            ("GET", "/api/v1/conversions/", Err(Miss::NotFound)),
            ("GET", "/api/v1conversions", Err(Miss::NotFound)),
            ("GET", "/api/v2/conversions", Err(Miss::NotFound)),
            ("POST", "/v1/conversions", Err(Miss::Versionless("/v1/conversions".into()))),
            ("POST", "/internal/v1/directory", Ok(Route::PushDirectory)),
            ("POST", "/internal/v1/poke", Ok(Route::Poke)),
            ("GET", "/internal/v1/poke", wrong("POST")),
            ("GET", "/internal/v1/panic", Ok(Route::ForcePanic)),
            ("GET", "/", Err(Miss::NotFound)),
        ];
        for (method, path, expected) in cases {
            assert_eq!(find(method, path), expected, "{method} {path}");
        }
    }
}
