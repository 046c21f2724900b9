//! A resource write is done once: by its signature, and by its idempotency key.

use crate::batches::now;
use crate::database;
use crate::network::Network;
use jiff::{SignedDuration, Timestamp};
use settlement::domain::order::Scope;
use settlement::error::Fault;
use settlement::flows::write_resource::{self, Answered, Reply, Write};
use shared::money::Currency;
use shared::relay::Relayed;
use shared::validate;

fn call(signature: &str, key: Option<&str>, body: &str) -> Relayed {
    Relayed {
        key_id: "pk_live_a".to_owned(),
        signature: signature.to_owned(),
        idempotency: key.map(str::to_owned),
        header_fault: None,
        body_sha256: body.to_owned(),
        body: String::new(),
    }
}

async fn create(network: &Network, call: &Relayed, at: Timestamp) -> Result<Answered, Fault> {
    let body = br#"{"name":"Tea"}"#;
    let new = validate::new_campaign(body, Currency::parse("NPR").unwrap()).unwrap();
    let Network { pool, vault, scope, .. } = network;
    let scope = Scope { ..*scope };
    write_resource::run(pool, vault, scope, call, Write::CreateCampaign(new), at).await
}

async fn campaigns(network: &Network) -> i64 {
    let sql = "select count(*) from campaign where name = 'Tea'";
    sqlx::query_scalar(sql).fetch_one(&network.pool).await.unwrap()
}

fn body_of(answered: Answered) -> (String, bool) {
    match answered {
        Answered::First(Reply { body, .. }) => (body, false),
        Answered::Repeated(Reply { body, .. }) => (body, true),
    }
}

#[tokio::test]
async fn a_signature_is_used_once_within_its_900_seconds() {
    let network = Network::new(database::fresh().await).await;
    let captured = call("aa", None, "same");
    create(&network, &captured, now()).await.unwrap();
    let soon = now() + SignedDuration::from_secs(899);
    assert!(matches!(create(&network, &captured, soon).await, Err(Fault::Replayed)));
    assert_eq!(campaigns(&network).await, 1);
    // After that no timestamp of it passes the edge; the row has gone.
    let later = now() + SignedDuration::from_secs(900);
    create(&network, &captured, later).await.unwrap();
    assert_eq!(campaigns(&network).await, 2);
}

#[tokio::test]
async fn a_key_repeats_its_first_answer_for_a_day_and_refuses_another_body() {
    let network = Network::new(database::fresh().await).await;
    let first = create(&network, &call("01", Some("POST /x k"), "same"), now()).await.unwrap();
    let (body, repeated) = body_of(first);
    assert!(!repeated);
    let day = now() + SignedDuration::from_secs(24 * 3_600 - 1);
    let again = create(&network, &call("02", Some("POST /x k"), "same"), day).await.unwrap();
    assert_eq!(body_of(again), (body, true));
    let other = create(&network, &call("03", Some("POST /x k"), "other"), day).await;
    assert!(matches!(other, Err(Fault::KeyInUse(_))));
    assert_eq!(campaigns(&network).await, 1);
    let free = now() + SignedDuration::from_secs(24 * 3_600);
    let anew = create(&network, &call("04", Some("POST /x k"), "other"), free).await.unwrap();
    assert!(!body_of(anew).1);
    assert_eq!(campaigns(&network).await, 2);
}

#[tokio::test]
async fn a_stored_answer_is_sealed() {
    let network = Network::new(database::fresh().await).await;
    create(&network, &call("01", Some("POST /x k"), "same"), now()).await.unwrap();
    let sealed: Vec<u8> = sqlx::query_scalar("select answer_sealed from idempotency_record")
        .fetch_one(&network.pool)
        .await
        .unwrap();
    assert!(!String::from_utf8_lossy(&sealed).contains("Tea"));
}
