//! What the edge is told of links and keys, when, and in which version.

use crate::batches::now;
use crate::database;
use crate::edge;
use crate::network::{BY, Network, new_campaign, new_merchant};
use jiff::{SignedDuration, Timestamp};
use settlement::domain::order::Scope;
use settlement::error::Fault;
use settlement::flows::actor::Actor;
use settlement::flows::create_key::{self, NewKey};
use settlement::flows::set_state::{self, CampaignChange, KeyChange, LinkChange, MerchantChange};
use settlement::flows::{
    create_campaign, create_link, open_merchant, poke_objects, push_directory,
};
use shared::directory::{Entry, KeyState, LinkState, MerchantState};
use shared::id::{Environment, MerchantId};
use std::sync::atomic::Ordering;

fn link_of(entry: &Entry) -> &shared::directory::LinkEntry {
    let Entry::Link(link) = entry else { panic!("a link's row holds {entry:?}") };
    link
}

fn key_of(entry: &Entry) -> &shared::directory::KeyEntry {
    let Entry::Key(key) = entry else { panic!("a key's row holds {entry:?}") };
    key
}

fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

#[tokio::test]
async fn a_link_s_row_follows_the_link_its_campaign_and_its_merchant() {
    let network = Network::new(database::fresh().await).await;
    let pool = &network.pool;
    let created = network.link("trail").await;
    let (first, entry) = network.row("link:trail").await;
    let link = link_of(&entry);
    assert_eq!(first, now().as_microsecond());
    assert_eq!(link.link_number, created.link_number);
    assert_eq!(link.state, LinkState::Live);
    assert_eq!(link.fallback, "https://shop.example/home");
    assert_eq!(link.cookie_seconds, 30 * 86_400);

    // A clock that went back still gives a higher version.
    set_state::link(pool, BY, "trail", LinkChange::Pause, later(-60)).await.unwrap();
    let (second, entry) = network.row("link:trail").await;
    assert_eq!((second, link_of(&entry).state), (first + 1, LinkState::Paused));
    set_state::link(pool, BY, "trail", LinkChange::Resume, later(1)).await.unwrap();
    let (third, entry) = network.row("link:trail").await;
    assert_eq!((third, link_of(&entry).state), (later(1).as_microsecond(), LinkState::Live));

    let campaign = network.campaign;
    set_state::campaign(pool, BY, campaign, CampaignChange::Pause, later(2)).await.unwrap();
    assert_eq!(link_of(&network.row("link:trail").await.1).state, LinkState::Paused);
    set_state::campaign(pool, BY, campaign, CampaignChange::Activate, later(3)).await.unwrap();
    let suspend = MerchantChange::Suspend;
    set_state::merchant(pool, &network.vault, BY, network.merchant, suspend, later(4))
        .await
        .unwrap();
    assert_eq!(link_of(&network.row("link:trail").await.1).state, LinkState::Paused);

    set_state::link(pool, BY, "trail", LinkChange::Archive, later(5)).await.unwrap();
    let back = set_state::link(pool, BY, "trail", LinkChange::Resume, later(6)).await;
    assert!(matches!(back, Err(Fault::Conflict(_))));
}

#[tokio::test]
async fn a_key_s_row_carries_the_secret_for_the_edge_alone() {
    let network = Network::new(database::fresh().await).await;
    let issued = network.key().await;
    let name = format!("key:{}", issued.key_id);
    let (_, entry) = network.row(&name).await;
    let key = key_of(&entry);
    assert_eq!((key.state, key.merchant_state), (KeyState::Active, MerchantState::Approved));
    let sealed = hex::decode(&key.sealed_secret).unwrap();
    let opened = network.edge_secret.unseal(&sealed).unwrap();
    assert_eq!(opened, issued.signing_secret.as_bytes());

    let (pool, vault, key_id) = (&network.pool, &network.vault, issued.key_id.as_str());
    let plain: i64 = sqlx::query_scalar(
        "select count(*) from api_key where position($1 in encode(secret_sealed, 'escape')) > 0",
    )
    .bind(&issued.signing_secret)
    .fetch_one(pool)
    .await
    .unwrap();
    assert_eq!(plain, 0);
    set_state::key(pool, vault, BY, key_id, KeyChange::Revoke, now()).await.unwrap();
    assert_eq!(key_of(&network.row(&name).await.1).state, KeyState::Revoked);
    let back = set_state::key(pool, vault, BY, key_id, KeyChange::Enable, now()).await;
    assert!(matches!(back, Err(Fault::Conflict(_))));
}

#[tokio::test]
async fn the_limits_of_a_merchant_s_active_keys_stay_within_what_intake_takes() {
    let network = Network::new(database::fresh().await).await;
    let big = |per_minute_max| NewKey { per_minute_max, ..NewKey::usual(network.scope) };
    let create = |input| create_key::run(&network.pool, &network.vault, BY, input, now());
    let first = create(big(11_000)).await.unwrap();
    let fault = create(big(1_001)).await.unwrap_err();
    assert!(matches!(fault, Fault::RateSumExceeded { sum: 12_001, max: 12_000 }));
    let (pool, vault) = (&network.pool, &network.vault);
    set_state::key(pool, vault, BY, &first.key_id, KeyChange::Disable, now()).await.unwrap();
    create(big(1_001)).await.unwrap();
    let back = set_state::key(pool, vault, BY, &first.key_id, KeyChange::Enable, now()).await;
    assert!(matches!(back, Err(Fault::RateSumExceeded { .. })));
    // The other world has its own sum.
    let test = Scope { environment: Environment::Test, ..network.scope };
    create(NewKey { per_minute_max: 12_000, ..NewKey::usual(test) }).await.unwrap();
}

#[tokio::test]
async fn links_that_lead_astray_or_have_no_terms_are_refused() {
    let network = Network::new(database::fresh().await).await;
    let pool = &network.pool;
    network.link("taken").await;
    let other = open_merchant::run(pool, BY, new_merchant("B", "b.example"), now()).await.unwrap();
    let scope = Scope { environment: Environment::Live, merchant: other };
    let foreign = create_campaign::run(pool, BY, new_campaign(scope), now()).await.unwrap();
    let base = |code: &str| network.new_link(code);
    let off = create_link::NewLink { destination: "https://b.example/".into(), ..base("x") };
    let strange = create_link::NewLink { campaign: foreign, ..base("x") };
    let test_world = Scope { environment: Environment::Test, ..network.scope };
    let other_world = create_link::NewLink { scope: test_world, ..base("x") };
    let run = |input| create_link::run(pool, BY, input, now());
    assert!(matches!(run(off).await, Err(Fault::MerchantDomainInvalid { .. })));
    assert!(matches!(run(strange).await, Err(Fault::NotFound("campaign"))));
    assert!(matches!(run(other_world).await, Err(Fault::NotFound("campaign"))));
    assert!(matches!(run(base("taken")).await, Err(Fault::Conflict(_))));
    assert!(matches!(run(base("a/b")).await, Err(Fault::Invalid(_))));
    sqlx::query("delete from campaign_terms").execute(pool).await.unwrap();
    assert!(matches!(run(base("x")).await, Err(Fault::Conflict(_))));
    let stranger = Actor::Merchant { account: uuid::Uuid::nil(), merchant: MerchantId(other.0) };
    let theirs = create_link::run(pool, stranger, base("x"), now()).await;
    assert!(matches!(theirs, Err(Fault::PermissionDenied(_))));
}

#[tokio::test]
async fn a_change_is_pushed_once_and_only_what_was_sent_is_marked() {
    let network = Network::new(database::fresh().await).await;
    let pool = &network.pool;
    let (fake, edge) = edge::start().await;
    network.link("a").await;
    fake.away.store(true, Ordering::Relaxed);
    assert!(push_directory::run_once(pool, &edge, now()).await.is_err());
    fake.away.store(false, Ordering::Relaxed);
    let round = push_directory::run_once(pool, &edge, now()).await.unwrap();
    assert_eq!((round.rows, round.without_snapshot.len()), (1, 1));
    assert_eq!(push_directory::run_once(pool, &edge, now()).await.unwrap().rows, 0);
    let written = set_state::link(pool, BY, "a", LinkChange::Pause, later(1)).await.unwrap();
    assert!(!push_directory::is_acknowledged(pool, &written).await.unwrap());
    push_directory::run_once(pool, &edge, now()).await.unwrap();
    assert!(push_directory::is_acknowledged(pool, &written).await.unwrap());
    let pushes = fake.pushes.lock().unwrap();
    assert_eq!(pushes.len(), 2);
    assert!(pushes[0].rows[0].version < pushes[1].rows[0].version);
}

#[tokio::test]
async fn a_snapshot_brings_a_shard_all_its_rows_and_its_last_part_says_so() {
    let network = Network::new(database::fresh().await).await;
    let pool = &network.pool;
    let (fake, edge) = edge::start().await;
    sqlx::query(
        "insert into directory_row (name, version, entry, changed_at)
         select 'link:x' || n, 1, '{\"kind\":\"gone\"}', now() from generate_series(1, 2100) n",
    )
    .execute(pool)
    .await
    .unwrap();
    let mut rows = 0;
    for shard in 0..2 {
        rows += push_directory::snapshot(pool, &edge, shard, now()).await.unwrap();
    }
    assert_eq!(rows, 2_100);
    let pushes = fake.pushes.lock().unwrap();
    for shard in 0..2 {
        let parts: Vec<_> = pushes.iter().filter(|push| push.shard == shard).collect();
        let (last, before) = parts.split_last().unwrap();
        assert!(last.completes_snapshot && before.iter().all(|part| !part.completes_snapshot));
        assert!(parts.iter().all(|part| part.rows.len() <= 500));
    }
}

#[tokio::test]
async fn every_known_object_is_poked() {
    let network = Network::new(database::fresh().await).await;
    network.key().await;
    let (fake, edge) = edge::start().await;
    assert_eq!(poke_objects::run_once(&network.pool, &edge, now()).await.unwrap(), 3);
    let pokes = fake.pokes.lock().unwrap();
    let intake = format!("{}:live", network.merchant);
    let mut expected = vec![intake, "clicks-0".to_owned(), "clicks-1".to_owned()];
    expected.sort();
    assert_eq!(pokes[0].objects, expected);
}

#[tokio::test]
async fn a_row_the_edge_refuses_is_not_sent_again_and_never_counts_as_done() {
    let network = Network::new(database::fresh().await).await;
    let pool = &network.pool;
    let (fake, edge) = edge::start().await;
    network.link("trail").await;
    fake.refuses_links.store(true, Ordering::Relaxed);
    push_directory::run_once(pool, &edge, now()).await.unwrap();
    let written = set_state::link(pool, BY, "trail", LinkChange::Pause, later(1)).await.unwrap();
    push_directory::run_once(pool, &edge, later(1)).await.unwrap();
    assert!(!push_directory::is_acknowledged(pool, &written).await.unwrap());
    let pushes_before = fake.pushes.lock().unwrap().len();
    push_directory::run_once(pool, &edge, later(2)).await.unwrap();
    assert_eq!(fake.pushes.lock().unwrap().len(), pushes_before);

    fake.refuses_links.store(false, Ordering::Relaxed);
    let written = set_state::link(pool, BY, "trail", LinkChange::Resume, later(3)).await.unwrap();
    push_directory::run_once(pool, &edge, later(3)).await.unwrap();
    assert!(push_directory::is_acknowledged(pool, &written).await.unwrap());
}
