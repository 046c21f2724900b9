//! The resources that settlement keeps: what exists below each noun, and with which methods.

use super::{Miss, READS, Route, is_id};
use crate::gate::tail::name_of;
use shared::relay::{BULK_BYTES_MAX, WRITE_BYTES_MAX};

const LIST: &str = "GET, HEAD, POST";

/// Finds the route of a method and a path's parts after `/api/v1`.
pub(super) fn find<'a>(method: &str, tail: &'a str, parts: &[&str]) -> Result<Route<'a>, Miss> {
    let (allow, bytes_max) = match *parts {
        ["products"] => (LIST, BULK_BYTES_MAX),
        ["campaigns" | "links" | "webhook-endpoints"] => (LIST, WRITE_BYTES_MAX),
        ["products", sku] if name_of(sku).is_some() => ("DELETE, GET, HEAD, PUT", WRITE_BYTES_MAX),
        ["campaigns" | "links", id] if is_id(id) => ("GET, HEAD, PATCH", WRITE_BYTES_MAX),
        ["campaigns", id, "activate" | "pause" | "archive"] if is_id(id) => {
            ("POST", WRITE_BYTES_MAX)
        }
        ["webhook-endpoints", id] if is_id(id) => ("DELETE, GET, HEAD, PATCH", WRITE_BYTES_MAX),
        ["webhook-endpoints", id, ref below @ ..] if is_id(id) => match *below {
            ["deliveries" | "attempts"] => (READS, 0),
            ["test" | "recover" | "rotate-secret"] => ("POST", WRITE_BYTES_MAX),
            ["deliveries", number, ref last @ ..] if is_id(number) => match *last {
                [] | ["attempts"] => (READS, 0),
                ["resend"] => ("POST", WRITE_BYTES_MAX),
                _ => return Err(Miss::NotFound),
            },
            _ => return Err(Miss::NotFound),
        },
        ["webhook-events"] => (READS, 0),
        ["reconcile"] => ("POST", BULK_BYTES_MAX),
        _ => return Err(Miss::NotFound),
    };
    if !allow.split(", ").any(|known| known == method) {
        return Err(Miss::WrongMethod { allow });
    }
    Ok(match method {
        "GET" | "HEAD" => Route::Read { tail, event_id: None },
        _ => Route::Write { tail, bytes_max },
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Miss, Route, find};
    use super::*;

    #[test]
    fn every_resource_and_every_miss() {
        let read = |tail: &'static str| Ok(Route::Read { tail, event_id: None });
        let write = |tail: &'static str| Ok(Route::Write { tail, bytes_max: WRITE_BYTES_MAX });
        let bulk = |tail: &'static str| Ok(Route::Write { tail, bytes_max: BULK_BYTES_MAX });
        let wrong = |allow: &'static str| Err(Miss::WrongMethod { allow });
        let cases = [
            ("GET", "/products", read("/products")),
            ("POST", "/products", bulk("/products")),
            ("PUT", "/products", wrong(LIST)),
            ("PUT", "/products/A%2F1", write("/products/A%2F1")),
            ("DELETE", "/products/A", write("/products/A")),
            ("HEAD", "/products/A", read("/products/A")),
            ("POST", "/products/A", wrong("DELETE, GET, HEAD, PUT")),
            ("GET", "/products/%2e%2e", Err(Miss::NotFound)),
            ("GET", "/products/a/b", Err(Miss::NotFound)),
            ("POST", "/campaigns", write("/campaigns")),
            ("PATCH", "/campaigns/1", write("/campaigns/1")),
            ("DELETE", "/campaigns/1", wrong("GET, HEAD, PATCH")),
            ("POST", "/campaigns/1/pause", write("/campaigns/1/pause")),
            ("GET", "/campaigns/1/pause", wrong("POST")),
            ("POST", "/campaigns/1/delete", Err(Miss::NotFound)),
            ("GET", "/links/tea", read("/links/tea")),
            ("GET", "/links/a%20b", Err(Miss::NotFound)),
            ("PATCH", "/links/tea", write("/links/tea")),
            ("DELETE", "/webhook-endpoints/1", write("/webhook-endpoints/1")),
            ("PUT", "/webhook-endpoints/1", wrong("DELETE, GET, HEAD, PATCH")),
            ("POST", "/webhook-endpoints/1/test", write("/webhook-endpoints/1/test")),
            ("POST", "/webhook-endpoints/1/recover", write("/webhook-endpoints/1/recover")),
            ("GET", "/webhook-endpoints/1/rotate-secret", wrong("POST")),
            ("POST", "/webhook-endpoints/1/rotate", Err(Miss::NotFound)),
            ("GET", "/webhook-endpoints/1/attempts", read("/webhook-endpoints/1/attempts")),
            ("POST", "/webhook-endpoints/1/deliveries", wrong(READS)),
            ("HEAD", "/webhook-endpoints/1/deliveries", read("/webhook-endpoints/1/deliveries")),
            ("GET", "/webhook-endpoints/1/deliveries/2", read("/webhook-endpoints/1/deliveries/2")),
            ("PATCH", "/webhook-endpoints/1/deliveries/2", wrong(READS)),
            (
                "GET",
                "/webhook-endpoints/1/deliveries/2/attempts",
                read("/webhook-endpoints/1/deliveries/2/attempts"),
            ),
            (
                "POST",
                "/webhook-endpoints/1/deliveries/2/resend",
                write("/webhook-endpoints/1/deliveries/2/resend"),
            ),
            ("GET", "/webhook-endpoints/1/deliveries/2/resend", wrong("POST")),
            ("GET", "/webhook-endpoints/1/deliveries/a%20b", Err(Miss::NotFound)),
            ("GET", "/webhook-endpoints/1/deliveries/2/attempts/3", Err(Miss::NotFound)),
            ("GET", "/webhook-events", read("/webhook-events")),
            ("POST", "/webhook-events", wrong(READS)),
            ("GET", "/webhook-events/1", Err(Miss::NotFound)),
            ("POST", "/reconcile", bulk("/reconcile")),
            ("GET", "/reconcile", wrong("POST")),
            ("GET", "/webhooks", Err(Miss::NotFound)),
        ];
        for (method, tail, expected) in cases {
            let path: &'static str = format!("/api/v1{tail}").leak();
            assert_eq!(find(method, path), expected, "{method} {tail}");
        }
    }
}
