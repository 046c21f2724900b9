//! The server over HTTP: signatures, limits, ids, and reads that stay with their merchant.

use crate::batches::{EPOCH, batch, click_keys, now};
use crate::{database, edge};
use jiff::Timestamp;
use serde_json::Value;
use settlement::app::{self, App};
use settlement::config::Config;
use settlement::domain::payout::schedule::Schedule;
use settlement::outbound::webhook::Reach;
use shared::internal::EVENTS_PATH;
use shared::keys::HashKey;
use shared::signing::{INTERNAL_SIGNATURE_HEADER, INTERNAL_TIMESTAMP_HEADER, sign_internal};
use sqlx::PgPool;
use std::sync::Arc;
use tokio::sync::oneshot;

struct Server {
    url: String,
    client: reqwest::Client,
    stop: oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Server {
    async fn start(pool: PgPool) -> Self {
        // The edge is away in these tests; the jobs must not mind.
        let config = Config {
            database_url: String::new(),
            listen: "127.0.0.1:0".parse().unwrap(),
            vault: crate::network::vault().0,
            edge: edge::config("http://127.0.0.1:9".to_owned()),
            click_keys: click_keys(),
            hash_key: HashKey::parse(&"ef".repeat(32)).unwrap(),
            settle_events_max: 100,
            payout_schedule: Schedule::parse("0 9 * * MON UTC").unwrap(),
            webhook_reach: Reach::Any,
        };
        let app = Arc::new(App::new(&config, pool));
        let listener = tokio::net::TcpListener::bind(config.listen).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(app::serve(app, listener, async {
            let _ = stopped.await;
        }));
        Self { url, client: reqwest::Client::new(), stop, ended }
    }

    /// A signed call; answers status and body.
    async fn call(&self, method: &str, path: &str, body: Vec<u8>) -> (u16, Value) {
        let at = Timestamp::now().as_second();
        let signed = sign_internal(&edge::internal_keys(), at, method, path, &body);
        self.send(method, path, body, signed).await
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        body: Vec<u8>,
        (timestamp, signature): (String, String),
    ) -> (u16, Value) {
        let answer = self
            .client
            .request(method.parse().unwrap(), format!("{}{path}", self.url))
            .header(INTERNAL_TIMESTAMP_HEADER, timestamp)
            .header(INTERNAL_SIGNATURE_HEADER, signature)
            .header("x-request-id", "r-1")
            .body(body)
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        assert_eq!(answer.headers()["x-request-id"], "r-1");
        let body = answer.bytes().await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.ended.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn only_signed_calls_are_let_through() {
    let server = Server::start(database::fresh().await).await;
    let body = serde_json::to_vec(&batch(EPOCH, &[1])).unwrap();
    let at = Timestamp::now().as_second();
    let keys = edge::internal_keys();
    let late = sign_internal(&keys, at - 61, "POST", EVENTS_PATH, &body);
    let other_body = sign_internal(&keys, at, "POST", EVENTS_PATH, b"{}");
    let other_path = sign_internal(&keys, at, "POST", "/internal/v1/clicks", &body);
    let none = (String::new(), String::new());
    for signed in [late, other_body, other_path, none] {
        let (status, answer) = server.send("POST", EVENTS_PATH, body.clone(), signed).await;
        assert_eq!(status, 401);
        assert_eq!(answer["message"], "Unauthorized");
        assert_eq!(answer.get("code"), None);
        assert_eq!(answer["requestId"], "r-1");
    }
    let (status, answer) = server.call("POST", EVENTS_PATH, body).await;
    assert_eq!((status, answer["acknowledgedSeq"].as_u64()), (200, Some(1)));
    server.stop().await;
}

#[tokio::test]
async fn wrong_routes_methods_sizes_and_texts_have_their_answers() {
    let server = Server::start(database::fresh().await).await;
    let too_large = vec![b' '; settlement::http::BODY_BYTES_MAX + 1];
    let cases = [
        ("GET", "/nowhere", Vec::new(), 404),
        ("GET", EVENTS_PATH, Vec::new(), 405),
        ("POST", EVENTS_PATH, too_large, 413),
        ("POST", EVENTS_PATH, b"{".to_vec(), 400),
        ("GET", "/internal/v1/merchants/x/live/conversions", Vec::new(), 404),
        ("GET", "/healthz", Vec::new(), 200),
    ];
    for (method, path, body, expected) in cases {
        let (status, answer) = server.call(method, path, body).await;
        assert_eq!(status, expected, "{method} {path}: {answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn an_accepted_event_is_settled_and_read_by_its_merchant_alone() {
    let server = Server::start(database::fresh().await).await;
    let sent = batch(EPOCH, &[1]);
    let event_id = sent.events[0].event_id.clone();
    server.call("POST", EVENTS_PATH, serde_json::to_vec(&sent).unwrap()).await;
    let own = format!("/internal/v1/merchants/{}/live", crate::batches::MERCHANT);
    let path = format!("{own}/events/{event_id}");
    let mut state = Value::Null;
    for _ in 0..100 {
        let (status, answer) = server.call("GET", &path, Vec::new()).await;
        assert_eq!(status, 200);
        state = answer["state"].clone();
        if state != "received" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(state, "skipped");
    let foreign = path.replace("/live/", "/test/");
    assert_eq!(server.call("GET", &foreign, Vec::new()).await.0, 404);
    let list = format!("{own}/conversions?limit=1&state=nothing");
    let (status, answer) = server.call("GET", &list, Vec::new()).await;
    assert_eq!((status, answer["code"].as_str()), (400, Some("VALIDATION_ERROR")));
    assert!(now() < Timestamp::now());
    server.stop().await;
}

#[tokio::test]
async fn without_postgres_the_answer_is_503() {
    let pool = app::pool("postgres://nobody@127.0.0.1:9/none").unwrap();
    let server = Server::start(pool).await;
    let body = serde_json::to_vec(&batch(EPOCH, &[1])).unwrap();
    let (status, answer) = server.call("POST", EVENTS_PATH, body).await;
    assert_eq!((status, answer["code"].as_str()), (503, Some("UNAVAILABLE")));
    assert_eq!(server.call("GET", "/healthz", Vec::new()).await.0, 503);
    server.stop().await;
}
