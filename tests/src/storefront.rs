//! A merchant's shop at Shopify or WooCommerce: sends its own webhooks, signed in its own way.

use serde_json::Value;
use settlement::flows::actor::Actor;
use settlement::flows::create_key::{self, NewKey};
use shared::shop::{OrderIdField, ShopTerms, Source, signature};

use crate::http::{Answer, Outgoing, send};
use crate::side::{Outcome, Side};

/// A shop with a key of its own.
#[derive(Debug)]
pub struct Storefront<'a> {
    side: &'a Side<'a>,
    source: Source,
    /// `pk_…`, which stands in the path.
    pub key_id: String,
    secret: String,
}

impl<'a> Storefront<'a> {
    /// Imports a key for a shop that goes by its own order ids.
    pub fn of(side: &'a Side<'a>, source: Source) -> Self {
        let order_id_field = OrderIdField::Id;
        Self::on_terms(side, ShopTerms { source, order_id_field, fulfilled_is_delivered: false })
    }

    /// Imports a key with these terms, and waits until the edge knows it.
    pub fn on_terms(side: &'a Side<'a>, terms: ShopTerms) -> Self {
        let input = NewKey { shop: Some(terms), ..NewKey::usual(side.scope) };
        let secret = format!("{}0123456789abcdef", terms.source.as_str());
        let (pool, vault) = (side.world.database.pool(), side.world.vault());
        let now = jiff::Timestamp::now();
        let import =
            create_key::import(pool, &vault, Actor::Installation, input, Some(&secret), now);
        let key = side.world.database.wait(import).expect("a shop's key is imported");
        side.world.await_directory();
        Self { side, source: terms.source, key_id: key.key_id, secret }
    }

    /// A webhook as the shop sends it.
    pub fn call(&self, topic: &str, id: &str, body: &str) -> Outgoing {
        let named = match self.source {
            Source::Shopify => ("X-Shopify-Event-Id", id),
            Source::WooCommerce => ("X-WC-Webhook-Delivery-ID", id),
        };
        let signature = signature(self.secret.as_bytes(), body.as_bytes());
        let headers = [
            ("Content-Type", "application/json"),
            (self.source.topic_header(), topic),
            (self.source.signature_header(), &signature),
            named,
        ];
        let tail = format!("/api/v1/webhooks/{}/{}", self.source.as_str(), self.key_id);
        Outgoing {
            method: "POST".to_owned(),
            url: format!("{}{tail}", self.side.world.edge_url()),
            headers: headers.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect(),
            body: body.as_bytes().to_vec(),
        }
    }

    /// Sends a webhook as it is answered.
    pub fn send(&self, topic: &str, id: &str, body: &str) -> Answer {
        send(&self.call(topic, id, body)).expect("the edge answers")
    }

    /// Sends one that must be taken, and waits for its outcome.
    pub fn tell(&self, topic: &str, id: &str, body: &Value) -> Outcome {
        let answer = self.send(topic, id, &body.to_string()).expect_status(202);
        self.side.outcome(&answer.text_of("eventId"))
    }
}

/// A webhook's body as the shop documents it, with made-up people: an order placed just now,
/// carrying a click id.
pub fn fixture(name: &str, click_id: &str) -> Value {
    let path = xtask::paths::root().join("tests/fixtures/shops").join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).expect("the fixture is where it was");
    let now = jiff::Timestamp::now();
    let text = text
        .replace("CLICK_ID", click_id)
        .replace("PLACED_AT", &now.to_string())
        // WooCommerce writes UTC without saying so, in whole seconds.
        .replace("PLACED_GMT", &now.strftime("%Y-%m-%dT%H:%M:%S").to_string());
    serde_json::from_str(&text).expect("a fixture is JSON")
}
