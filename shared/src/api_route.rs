//! Which route of the API a path belongs to: the path with a name for each id in it.

/// Where the API lives.
const API_PATH: &str = "/api/v1/";
/// Words that stand where other paths have an id.
const WORDS: [&str; 1] = ["batch"];

/// The route of a path, spelled as the API's description spells it: `/api/v1/events/{id}`.
pub fn route_of(path: &str) -> String {
    let Some(tail) = path.strip_prefix(API_PATH) else {
        return path.to_owned();
    };
    let mut parts = tail.split('/').peekable();
    let noun = parts.next().unwrap_or_default();
    let id = if noun == "products" { "{sku}" } else { "{id}" };
    let mut route = format!("{API_PATH}{noun}");
    for (place, part) in (1_usize..).zip(parts) {
        // Nouns and ids take turns. The sandbox has actions alone, shops' webhooks name the shop
        // and then the key.
        let is_id = match noun {
            "test" => false,
            "webhooks" => place == 2,
            _ => place % 2 == 1 && !WORDS.contains(&part),
        };
        route.push('/');
        route.push_str(if is_id { id } else { part });
    }
    route
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_has_a_name_and_every_word_stays() {
        let cases = [
            ("conversions", "conversions"),
            ("conversions/batch", "conversions/batch"),
            ("conversions/cnv_1", "conversions/{id}"),
            ("conversions/cnv_1/explain", "conversions/{id}/explain"),
            ("order-status", "order-status"),
            ("events/osevt_1", "events/{id}"),
            ("products/SKU-1", "products/{sku}"),
            ("campaigns/018f/activate", "campaigns/{id}/activate"),
            ("webhook-endpoints/a/deliveries/b", "webhook-endpoints/{id}/deliveries/{id}"),
            ("webhooks/generic", "webhooks/generic"),
            ("webhooks/shopify/pk_live_1", "webhooks/shopify/{id}"),
            ("test/clock/advance", "test/clock/advance"),
            ("request-log", "request-log"),
        ];
        for (tail, expected) in cases {
            assert_eq!(route_of(&format!("/api/v1/{tail}")), format!("/api/v1/{expected}"));
        }
        assert_eq!(route_of("/elsewhere/1"), "/elsewhere/1");
    }
}
