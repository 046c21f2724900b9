//! Affiliates' webhook endpoints on a real Postgres: by whom, how many, what they may be told.

use crate::batches::now;
use crate::database;
use crate::network::{BY, Network};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use settlement::domain::webhook::endpoint::EndpointKey;
use settlement::error::Fault;
use settlement::flows::actor::Actor;
use settlement::flows::affiliate_webhook_endpoint::{
    self as flow, Change, Choice, NOBODY, NewAffiliateEndpoint,
};
use settlement::flows::open_affiliate;
use settlement::flows::webhook_endpoint::{Created, ENDPOINTS_MAX};
use settlement::store::affiliate_endpoint::AffiliateEndpointRow;
use settlement::store::webhook_read::{self, DeliveryFilter, DeliveryRow};
use shared::id::{AffiliateId, Environment};
use shared::validate::resource::{EndpointState, Recovery};
use shared::validate::web_address::Reach;
use uuid::Uuid;

const PAUSED: Change =
    Change { state: Some(EndpointState::Paused), url: None, events: None, description: None };
const ACTIVE: Change =
    Change { state: Some(EndpointState::Active), url: None, events: None, description: None };

struct Side {
    network: Network,
    actor: Actor,
    now: Timestamp,
}

impl Side {
    async fn new() -> Self {
        let network = Network::new(database::fresh().await).await;
        Self { network, actor: BY, now: now() }
    }

    fn desk(&self) -> flow::Desk<'_> {
        let (pool, vault) = (&self.network.pool, &self.network.vault);
        flow::Desk { pool, vault, reach: Reach::Public, actor: self.actor, now: self.now }
    }

    fn wait(&mut self, seconds: i64) {
        self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
    }

    fn wish(&self, choice: Choice) -> NewAffiliateEndpoint {
        NewAffiliateEndpoint {
            affiliate: self.network.affiliate,
            environment: Environment::Live,
            url: "https://hooks.asha.example/k?t=s3cret".to_owned(),
            choice,
            description: Some("Mine".to_owned()),
        }
    }

    async fn create(&self, choice: Choice) -> Result<Created, Fault> {
        flow::create(self.desk(), self.wish(choice)).await
    }

    async fn change(&self, id: Uuid, change: Change) -> Result<AffiliateEndpointRow, Fault> {
        flow::change(self.desk(), id, change).await
    }

    /// An account of an affiliate.
    async fn account(&self, number: u128, affiliate: AffiliateId) -> Actor {
        sqlx::query(
            "insert into account (account_id, email, password_hash, role, affiliate_id, created_at)
             values ($1, $2, '', 'affiliate', $3, now())",
        )
        .bind(Uuid::from_u128(number))
        .bind(format!("affiliate-{number}@khata.example"))
        .bind(affiliate.0)
        .execute(&self.network.pool)
        .await
        .unwrap();
        Actor::Affiliate(Uuid::from_u128(number))
    }

    async fn deliveries(&self, id: Uuid) -> Vec<DeliveryRow> {
        let (environment, merchant) = (Environment::Live, NOBODY);
        let filter = DeliveryFilter {
            key: EndpointKey { environment, merchant, endpoint: id },
            sequence: None,
            state: None,
            kind: None,
            since: Timestamp::UNIX_EPOCH,
            until: None,
            below: None,
            rows_max: 10,
        };
        let mut connection = self.network.pool.acquire().await.unwrap();
        webhook_read::deliveries(&mut connection, &filter).await.unwrap()
    }

    async fn text(&self, sql: &'static str, id: Uuid) -> String {
        sqlx::query_scalar(sql).bind(id).fetch_one(&self.network.pool).await.unwrap()
    }
}

fn khata(events: &[&str]) -> Choice {
    Choice::Khata(events.iter().map(|word| (*word).to_owned()).collect())
}

fn since(since: Timestamp) -> Recovery {
    Recovery { since, from: None }
}

fn is_denied<T>(outcome: &Result<T, Fault>) -> bool {
    matches!(outcome, Err(Fault::PermissionDenied(_)))
}

#[tokio::test]
async fn an_affiliate_s_endpoints_are_its_own_and_the_operators() {
    let mut side = Side::new().await;
    let stranger = open_affiliate::run(&side.network.pool, BY, "Bina", now()).await.unwrap();
    let own = side.account(1, side.network.affiliate).await;
    let other = side.account(2, stranger).await;
    side.actor = own;
    let id = side.create(khata(&["ping"])).await.unwrap().row.endpoint_id;
    let merchant = Actor::Key { merchant: side.network.merchant };
    for actor in [other, merchant] {
        side.actor = actor;
        assert!(is_denied(&side.create(khata(&["ping"])).await), "{actor:?}");
        assert!(is_denied(&side.change(id, PAUSED).await));
        assert!(is_denied(&flow::delete(side.desk(), id).await));
        assert!(is_denied(&flow::rotate_secret(side.desk(), id, 24).await));
        assert!(is_denied(&flow::ping(side.desk(), id).await));
        assert!(is_denied(&flow::resend(side.desk(), id, 1).await));
        assert!(is_denied(&flow::recover(side.desk(), id, since(side.now)).await));
        let mut connection = side.network.pool.acquire().await.unwrap();
        assert!(is_denied(&flow::find(&mut connection, actor, id).await));
        let affiliate = side.network.affiliate;
        assert!(is_denied(&flow::list(&mut connection, actor, affiliate).await));
    }
    for actor in [own, Actor::Operator(Uuid::nil())] {
        let mut connection = side.network.pool.acquire().await.unwrap();
        let rows = flow::list(&mut connection, actor, side.network.affiliate).await.unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].endpoint.endpoint_id, id);
        assert_eq!(flow::find(&mut connection, actor, id).await.unwrap(), rows[0]);
    }
    side.actor = own;
    flow::delete(side.desk(), id).await.unwrap();
    assert!(matches!(flow::delete(side.desk(), id).await, Err(Fault::NotFound(_))));
}

#[tokio::test]
async fn a_merchant_s_endpoint_is_none_of_an_affiliate_s() {
    let side = Side::new().await;
    let sql = "insert into webhook_endpoint (environment, merchant_id, endpoint_id, url, events,
                   format, state, secret_sealed, created_at, updated_at)
               values ('live', $1, $2, 'https://a.example', '{ping}', 'khata', 'active', '', now(),
                       now())";
    let (id, merchant) = (Uuid::from_u128(7), side.network.merchant);
    let insert = sqlx::query(sql).bind(merchant.0).bind(id).execute(&side.network.pool).await;
    insert.unwrap();
    assert!(matches!(side.change(id, PAUSED).await, Err(Fault::NotFound(_))));
    assert!(matches!(flow::delete(side.desk(), id).await, Err(Fault::NotFound(_))));
}

#[tokio::test]
async fn each_world_has_its_limit() {
    let side = Side::new().await;
    for _ in 0..ENDPOINTS_MAX {
        side.create(khata(&["ping"])).await.unwrap();
    }
    assert!(matches!(side.create(Choice::Orders).await, Err(Fault::Conflict(_))));
    let wish = NewAffiliateEndpoint { environment: Environment::Test, ..side.wish(Choice::Orders) };
    flow::create(side.desk(), wish).await.unwrap();
}

#[tokio::test]
async fn secrets_are_sealed_and_the_log_knows_hosts_alone() {
    let mut side = Side::new().await;
    let made = side.create(Choice::Orders).await.unwrap();
    let id = made.row.endpoint_id;
    side.wait(60);
    let rotated = flow::rotate_secret(side.desk(), id, 24).await.unwrap();
    let sql = "select secret_sealed, previous_secret_sealed,
                   previous_secret_until = $2 + interval '24 hours'
               from webhook_endpoint where endpoint_id = $1";
    let (sealed, before, is_a_day): (Vec<u8>, Vec<u8>, bool) = sqlx::query_as(sql)
        .bind(id)
        .bind(settlement::store::instant::to_row(side.now))
        .fetch_one(&side.network.pool)
        .await
        .unwrap();
    let open = |sealed: &[u8]| side.network.vault.open(&id.to_string(), sealed).unwrap();
    assert_eq!((open(&sealed), open(&before)), (rotated.secret.clone(), made.secret.clone()));
    assert!(is_a_day && rotated.secret != made.secret);
    flow::rotate_secret(side.desk(), id, 0).await.unwrap();
    let sql = "select (previous_secret_sealed is null)::text from webhook_endpoint
               where endpoint_id = $1";
    assert_eq!(side.text(sql, id).await, "true", "without an overlap none is left");
    let noted: Vec<(String, String)> =
        sqlx::query_as("select action, detail::text from audit_log where subject = $1 order by 1")
            .bind(id.to_string())
            .fetch_all(&side.network.pool)
            .await
            .unwrap();
    let actions: Vec<_> = noted.iter().map(|(action, _)| action.as_str()).collect();
    let rotation = "webhook_endpoint.rotate_secret";
    assert_eq!(actions, ["webhook_endpoint.create", rotation, rotation]);
    for (_, detail) in &noted {
        assert!(detail.contains("hooks.asha.example"), "{detail}");
        assert!(!detail.contains("s3cret") && !detail.contains("whsec_"), "{detail}");
    }
}

#[tokio::test]
async fn an_affiliate_chooses_what_concerns_it_and_order_events_are_told_every_step() {
    let side = Side::new().await;
    let foreign = side.create(khata(&["ping", "conversion.received", "event.processed"])).await;
    let Err(Fault::Invalid(faults)) = foreign else { panic!("it was made") };
    let expected = [
        "events: affiliates are not told of conversion.received",
        "events: affiliates are not told of event.processed",
    ];
    assert_eq!(faults, expected);
    for choice in [khata(&[]), khata(&["no.such"]), khata(&["ping", "ping"])] {
        assert!(matches!(side.create(choice.clone()).await, Err(Fault::Body(_))), "{choice:?}");
    }
    let near = NewAffiliateEndpoint {
        url: "http://127.0.0.1/hook".to_owned(),
        ..side.wish(Choice::Orders)
    };
    assert!(matches!(flow::create(side.desk(), near).await, Err(Fault::Body(_))));
    let orders = side.create(Choice::Orders).await.unwrap().row;
    assert_eq!(orders.format, "affiliate_order");
    assert_eq!(orders.events.len(), 7);
    assert!(orders.events.iter().all(|word| word.starts_with("commission.")));
    let events = Some(vec!["commission.paid".to_owned()]);
    let fewer = Change { events: events.clone(), ..Change::default() };
    assert!(matches!(side.change(orders.endpoint_id, fewer).await, Err(Fault::Invalid(_))));
    let own = side.create(khata(&["payout.failed", "conversion.attributed"])).await.unwrap().row;
    assert_eq!(own.events, ["conversion.attributed", "payout.failed"]);
    let change = Change { events, description: Some(String::new()), ..Change::default() };
    let changed = side.change(own.endpoint_id, change).await.unwrap().endpoint;
    assert_eq!(
        (changed.events.as_slice(), changed.description),
        (&["commission.paid".to_owned()][..], None)
    );
}

#[tokio::test]
async fn a_pause_is_its_owner_s_and_what_waits_is_due_when_it_ends() {
    let mut side = Side::new().await;
    let id = side.create(Choice::Orders).await.unwrap().row.endpoint_id;
    flow::ping(side.desk(), id).await.unwrap();
    let sql = "update webhook_delivery set next_attempt_at = next_attempt_at + interval '5 hours'
               where endpoint_id = $1 returning state";
    assert_eq!(side.text(sql, id).await, "pending");
    side.wait(60);
    let paused = side.change(id, PAUSED).await.unwrap();
    assert_eq!(paused.endpoint.paused_because.as_deref(), Some("owner"));
    side.wait(60);
    assert_eq!(side.change(id, PAUSED).await.unwrap(), paused, "a repeat changes nothing");
    assert!(matches!(flow::ping(side.desk(), id).await, Err(Fault::Conflict(_))));
    let sql = "update webhook_lane set failures_in_row = 9, failing_since = now()
               where endpoint_id = $1 returning endpoint_id::text";
    side.text(sql, id).await;
    let active = side.change(id, ACTIVE).await.unwrap().endpoint;
    assert_eq!(
        (active.state.as_str(), active.paused_at, active.failing_since),
        ("active", None, None)
    );
    let sql = "select failures_in_row || ' ' || (due_at = next_attempt_at)
               from webhook_lane join webhook_delivery using (endpoint_id) where endpoint_id = $1";
    assert_eq!(side.text(sql, id).await, "0 true");
    let waiting = side.deliveries(id).await[0].next_attempt_at;
    assert_eq!(waiting, Some(settlement::store::instant::to_row(side.now)));
}

#[tokio::test]
async fn a_ping_is_numbered_in_the_endpoint_s_own_format_and_can_be_sent_again() {
    let mut side = Side::new().await;
    for (choice, name) in [(khata(&["ping"]), "type"), (Choice::Orders, "event_category")] {
        let id = side.create(choice).await.unwrap().row.endpoint_id;
        assert_eq!(flow::ping(side.desk(), id).await.unwrap(), 1);
        assert_eq!(flow::ping(side.desk(), id).await.unwrap(), 2);
        let sent = side.deliveries(id).await;
        assert_eq!(sent.iter().map(|row| row.sequence).collect::<Vec<_>>(), [2, 1]);
        assert_ne!(sent[0].message_id, sent[1].message_id);
        for row in &sent {
            assert_eq!((row.kind.as_str(), row.state.as_str()), ("ping", "pending"));
            let body: Value = serde_json::from_str(&row.body).unwrap();
            assert!(body[name].is_string(), "{body}");
        }
        let sql = "update webhook_delivery set state = 'dead', next_attempt_at = null
                   where endpoint_id = $1 and sequence = 1 returning state";
        assert_eq!(side.text(sql, id).await, "dead");
        side.wait(5);
        let again = flow::resend(side.desk(), id, 1).await.unwrap();
        assert_eq!((again.state.as_str(), &again.body), ("pending", &sent[1].body));
        assert!(matches!(flow::resend(side.desk(), id, 3).await, Err(Fault::NotFound(_))));
    }
}

#[tokio::test]
async fn what_was_given_up_is_tried_again_within_thirty_days() {
    let mut side = Side::new().await;
    let id = side.create(Choice::Orders).await.unwrap().row.endpoint_id;
    let begun = side.now;
    flow::ping(side.desk(), id).await.unwrap();
    let sql = "update webhook_delivery set state = 'dead', next_attempt_at = null, position = 256
               where endpoint_id = $1 returning state";
    side.text(sql, id).await;
    side.wait(60);
    let done = flow::recover(side.desk(), id, since(begun)).await.unwrap();
    assert_eq!((done.dead, done.pending), (1, 0));
    let done = flow::recover(side.desk(), id, since(begun)).await.unwrap();
    assert_eq!((done.dead, done.pending), (0, 0), "a repeat finds nothing more");
    side.wait(30 * 86_400);
    for begun in [begun, side.now.checked_add(SignedDuration::from_secs(1)).unwrap()] {
        assert!(matches!(
            flow::recover(side.desk(), id, since(begun)).await,
            Err(Fault::Invalid(_))
        ));
    }
}
