//! Webhook endpoints on a real Postgres: made with a secret shown once, changed, limited, gone.

use crate::batches::now;
use crate::database;
use crate::network::Network;
use jiff::SignedDuration;
use settlement::domain::order::Scope;
use settlement::error::Fault;
use settlement::flows::actor::Actor;
use settlement::flows::webhook_endpoint::{self, Created, ENDPOINTS_MAX};
use settlement::store::webhook_endpoint::{EndpointRow, list};
use shared::id::Environment;
use shared::validate::resource::{endpoint_change, new_endpoint};
use shared::validate::web_address::Reach;
use uuid::Uuid;

struct Endpoints {
    network: Network,
    scope: Scope,
}

impl Endpoints {
    async fn new() -> Self {
        let network = Network::new(database::fresh().await).await;
        Self { scope: network.scope, network }
    }

    fn actor(&self) -> Actor {
        Actor::Key { merchant: self.scope.merchant }
    }

    async fn create(&self) -> Result<Created, Fault> {
        let body = br#"{"url":"https://hooks.shop.example/k?t=s3cret","events":["ping"],
            "description":"Ours"}"#;
        let new = new_endpoint(body, Reach::Public).unwrap();
        let mut transaction = self.network.pool.begin().await.unwrap();
        let (vault, actor) = (&self.network.vault, self.actor());
        let made = webhook_endpoint::create(&mut transaction, vault, actor, self.scope, new, now())
            .await?;
        transaction.commit().await.unwrap();
        Ok(made)
    }

    async fn change(&self, id: Uuid, body: &str, second: i64) -> Result<EndpointRow, Fault> {
        let change = endpoint_change(body.as_bytes(), Reach::Public).unwrap();
        let at = now().checked_add(SignedDuration::from_secs(second)).unwrap();
        let mut connection = self.network.pool.acquire().await.unwrap();
        webhook_endpoint::change(&mut connection, self.actor(), self.scope, id, change, at).await
    }

    async fn delete(&self, id: Uuid) -> Result<(), Fault> {
        let mut connection = self.network.pool.acquire().await.unwrap();
        webhook_endpoint::delete(&mut connection, self.actor(), self.scope, id, now()).await
    }

    async fn all(&self) -> Vec<EndpointRow> {
        let filter = settlement::store::webhook_endpoint::EndpointFilter {
            environment: self.scope.environment.as_str(),
            merchant_id: self.scope.merchant.0,
            endpoint_id: None,
            state: None,
            after: None,
            rows_max: 100,
        };
        list(&mut self.network.pool.acquire().await.unwrap(), &filter).await.unwrap()
    }
}

#[tokio::test]
async fn a_secret_is_sealed_at_rest_and_in_no_log() {
    let endpoints = Endpoints::new().await;
    let made = endpoints.create().await.unwrap();
    let id = made.row.endpoint_id;
    let sealed: Vec<u8> = sqlx::query_scalar("select secret_sealed from webhook_endpoint")
        .fetch_one(&endpoints.network.pool)
        .await
        .unwrap();
    let opened = endpoints.network.vault.open(&id.to_string(), &sealed).unwrap();
    assert_eq!(opened, made.secret);
    assert!(!sealed.windows(8).any(|part| made.secret.as_bytes()[6..].starts_with(part)));
    let noted: Vec<String> =
        sqlx::query_scalar("select detail::text from audit_log where subject = $1")
            .bind(id.to_string())
            .fetch_all(&endpoints.network.pool)
            .await
            .unwrap();
    assert_eq!(noted.len(), 1);
    assert!(noted[0].contains("hooks.shop.example"), "{}", noted[0]);
    assert!(!noted[0].contains("s3cret") && !noted[0].contains("whsec_"), "{}", noted[0]);
}

#[tokio::test]
async fn a_change_keeps_what_it_does_not_name() {
    let endpoints = Endpoints::new().await;
    let made = endpoints.create().await.unwrap().row;
    let id = made.endpoint_id;
    let same = endpoints.change(id, r#"{"state":"active","events":["ping"]}"#, 5).await.unwrap();
    assert_eq!(same, made, "what changes nothing leaves the row alone");
    let events = r#"{"events":["ping","commission.paid"],"description":null}"#;
    let changed = endpoints.change(id, events, 10).await.unwrap();
    assert_eq!(changed.events, ["commission.paid", "ping"]);
    assert_eq!((changed.url.as_str(), changed.description.as_deref()), (made.url.as_str(), None));
    assert!(changed.updated_at > made.updated_at);
    let paused = endpoints.change(id, r#"{"state":"paused"}"#, 20).await.unwrap();
    assert_eq!(endpoints.all().await, [paused]);
}

#[tokio::test]
async fn worlds_are_apart_and_each_has_its_limit() {
    let mut endpoints = Endpoints::new().await;
    for _ in 0..ENDPOINTS_MAX {
        endpoints.create().await.unwrap();
    }
    let Err(Fault::Conflict(sentence)) = endpoints.create().await else {
        panic!("one too many was made");
    };
    assert_eq!(sentence, "there are 20 endpoints already, the most there may be");
    let id = endpoints.all().await[0].endpoint_id;
    endpoints.scope.environment = Environment::Test;
    assert!(matches!(endpoints.delete(id).await, Err(Fault::NotFound(_))));
    assert!(matches!(
        endpoints.change(id, r#"{"state":"paused"}"#, 1).await,
        Err(Fault::NotFound(_))
    ));
    assert!(endpoints.create().await.is_ok());
    endpoints.scope.environment = Environment::Live;
    endpoints.delete(id).await.unwrap();
    assert!(matches!(endpoints.delete(id).await, Err(Fault::NotFound(_))));
    assert!(endpoints.create().await.is_ok());
}
