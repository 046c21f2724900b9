//! What an endpoint's owner may ask for: a ping, a delivery again, all that did not arrive, another
//! secret, an end of the pause.

use crate::webhook_lane::{Lane, at, log};
use settlement::domain::webhook::endpoint::EndpointKey;
use settlement::error::Fault;
use settlement::flows::webhook::recover::{self, GROUPS_MAX, Recovered};
use settlement::flows::webhook::{resend, rotate_secret, test_delivery};
use settlement::store::webhook_lane;
use shared::id::Environment;
use shared::validate::resource::Recovery;
use std::time::Duration;

const RECEIVED: &[&str] = &["conversion.received"];
const PAID: &[&str] = &["commission.paid"];
const OTHER: &[&str] = &["commission.held"];

async fn recovered(lane: &Lane, since: i64, from: Option<i64>, now: i64) -> Recovered {
    let wish = Recovery { since: at(since), from };
    let mut transaction = lane.pool().begin().await.unwrap();
    let done = recover::within(&mut transaction, &lane.key, wish, at(now)).await.unwrap();
    transaction.commit().await.unwrap();
    done
}

fn nothing() -> Recovered {
    Recovered { dead: 0, pending: 0, missing: 0, next: None }
}

#[tokio::test]
async fn a_ping_is_the_next_delivery_and_due_now() {
    let lane = Lane::new().await;
    let position = lane.log(RECEIVED, 0).await * 256;
    lane.deliver(position, "delivered", 1).await;
    let mut connection = lane.pool().acquire().await.unwrap();
    let first = test_delivery::within(&mut connection, &lane.key, at(5)).await.unwrap();
    let second = test_delivery::within(&mut connection, &lane.key, at(6)).await.unwrap();
    assert_eq!((first.sequence, second.sequence), (2, 3));
    assert_ne!(first.message_id, second.message_id);
    assert_eq!(first.message_id.len(), "msg_".len() + 26);
    let body: serde_json::Value = serde_json::from_str(&first.body).unwrap();
    assert_eq!((&body["type"], &body["sequence"]), (&"ping".into(), &2.into()));
    assert_eq!(lane.deliveries().await[1..], ["2 - pending 0 0", "3 - pending 0 0"]);
    assert_eq!(lane.lane().await, (3, Some(5), 0));
    lane.change(r#"{"state":"paused"}"#, 10).await;
    let paused = test_delivery::within(&mut connection, &lane.key, at(11)).await;
    assert!(matches!(paused, Err(Fault::Conflict(_))), "{paused:?}");
}

#[tokio::test]
async fn a_delivery_sent_again_keeps_its_id_and_begins_its_schedule_anew() {
    let lane = Lane::new().await;
    for state in ["delivered", "dead", "pending"] {
        let position = lane.log(RECEIVED, 0).await * 256;
        lane.deliver(position, state, 1).await;
    }
    let mut connection = lane.pool().acquire().await.unwrap();
    for sequence in 1..=3 {
        let row = resend::within(&mut connection, &lane.key, sequence, at(9)).await.unwrap();
        assert_eq!((row.state.as_str(), row.attempts, row.ended_at), ("pending", 8, None));
        assert!(row.message_id.starts_with("msg_") && row.body == "{}");
    }
    let states: Vec<_> =
        lane.deliveries().await.iter().map(|line| line[line.len() - 11..].to_owned()).collect();
    assert_eq!(states, ["pending 8 0"; 3]);
    assert_eq!(lane.lane().await, (3, Some(9), 0));
    let elsewhere = EndpointKey { environment: Environment::Test, ..lane.key };
    let overdue = at(91 * 86_400);
    let cases = [(lane.key, 4, at(9)), (elsewhere, 1, at(9)), (lane.key, 1, overdue)];
    for (key, sequence, now) in cases {
        let answer = resend::within(&mut connection, &key, sequence, now).await;
        assert!(matches!(answer, Err(Fault::NotFound(_))), "{sequence}: {answer:?}");
    }
}

#[tokio::test]
async fn what_did_not_arrive_is_recovered_once_and_what_arrived_stays() {
    let lane = Lane::new().await;
    let mut positions = Vec::new();
    for (second, state) in [(-50, "dead"), (0, "delivered"), (1, "dead"), (2, "pending")] {
        let position = lane.log(RECEIVED, second).await * 256;
        lane.deliver(position, state, second).await;
        positions.push(position);
    }
    lane.log(RECEIVED, -50).await;
    let missing = lane.log(&[RECEIVED, OTHER, PAID].concat(), 3).await * 256;
    lane.log(OTHER, 4).await;
    let done = recovered(&lane, 0, None, 100).await;
    assert_eq!(done, Recovered { dead: 1, pending: 1, missing: 2, next: None });
    let [old, arrived, dead, overdue] = positions[..] else { panic!("four were written") };
    let expected = [
        format!("1 {old} dead 8 8"),
        format!("2 {arrived} delivered 8 8"),
        format!("3 {dead} pending 8 0"),
        format!("4 {overdue} pending 8 0"),
        format!("5 {missing} pending 0 0"),
        format!("6 {} pending 0 0", missing + 2),
    ];
    assert_eq!(lane.deliveries().await, expected);
    assert_eq!(lane.lane().await, (6, Some(100), 0));
    assert_eq!(recovered(&lane, 0, None, 101).await, nothing());
    assert_eq!(lane.deliveries().await, expected);
    // What is asked for is tried now, also on a lane that rests because it fails.
    let rest = "update webhook_lane set rests_until = $1, due_at = $1";
    let later = settlement::store::instant::to_row(at(500));
    sqlx::query(rest).bind(later).execute(lane.pool()).await.unwrap();
    recovered(&lane, 0, None, 102).await;
    assert_eq!(lane.lane().await, (6, Some(102), 0));
}

#[tokio::test]
async fn what_is_owed_already_or_another_s_is_not_recovered() {
    let lane = Lane::new().await;
    let owed = lane.log(RECEIVED, 1).await;
    let sql = "insert into webhook_due (environment, merchant_id, endpoint_id, position, positions,
                   log_merchant_id, created_at) values ('live', $1, $2, $3 - 1,
                   array[$3 - 1, $3], $1, now())";
    sqlx::query(sql)
        .bind(lane.key.merchant.0)
        .bind(lane.key.endpoint)
        .bind(owed)
        .execute(lane.pool())
        .await
        .unwrap();
    let mut connection = lane.pool().acquire().await.unwrap();
    let mut elsewhere = lane.scope();
    elsewhere.environment = Environment::Test;
    log(&mut connection, elsewhere, RECEIVED, 1).await;
    let ping = test_delivery::within(&mut connection, &lane.key, at(1)).await.unwrap();
    sqlx::query("update webhook_delivery set state = 'dead', next_attempt_at = null")
        .execute(lane.pool())
        .await
        .unwrap();
    assert_eq!(recovered(&lane, 0, None, 100).await, nothing());
    assert_eq!(lane.deliveries().await, [format!("{} - dead 0 0", ping.sequence)]);
    let unknown = EndpointKey { endpoint: uuid::Uuid::nil(), ..lane.key };
    let wish = Recovery { since: at(0), from: None };
    let answer = recover::within(&mut connection, &unknown, wish, at(1)).await;
    assert!(matches!(answer, Err(Fault::NotFound(_))));
}

#[tokio::test]
async fn a_long_log_is_recovered_call_by_call() {
    let lane = Lane::new().await;
    let more = 3;
    let sql = "insert into webhook_event_group (environment, merchant_id, notices, created_at)
               select 'live', $1, json_build_array(json_build_object(
                   'type', 'commission.paid', 'occurredAt', now(), 'data', json_build_object())), $2
               from generate_series(1, $3)";
    for (second, groups) in [(-3_600, 40), (10, GROUPS_MAX + more)] {
        sqlx::query(sql)
            .bind(lane.key.merchant.0)
            .bind(settlement::store::instant::to_row(at(second)))
            .bind(groups)
            .execute(lane.pool())
            .await
            .unwrap();
    }
    let first = recovered(&lane, 0, None, 100).await;
    assert_eq!(first.missing, u64::try_from(GROUPS_MAX).unwrap());
    let rest = recovered(&lane, 0, first.next, 100).await;
    assert_eq!((rest.missing, rest.next), (u64::try_from(more).unwrap(), None));
    assert_eq!(recovered(&lane, 0, None, 101).await.missing, 0);
    let sql = "select count(distinct sequence) = max(sequence) and count(*) = max(sequence)
               from webhook_delivery";
    let is_gapless: bool = sqlx::query_scalar(sql).fetch_one(lane.pool()).await.unwrap();
    assert!(is_gapless);
}

#[tokio::test]
async fn a_recovery_waits_for_whoever_numbers_deliveries() {
    let lane = Lane::new().await;
    let position = lane.log(RECEIVED, 1).await * 256;
    let mut fan_out = lane.pool().begin().await.unwrap();
    let newest = webhook_lane::lock(&mut fan_out, lane.key).await.unwrap();
    assert_eq!(newest.map(|lane| lane.last_sequence), Some(0));
    let waiting = async {
        let done = recovered(&lane, 0, None, 100).await;
        assert_eq!(done, nothing(), "the other has numbered it meanwhile");
    };
    let numbering = async {
        let blocked = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'
                       and datname = current_database()";
        for _ in 0..200 {
            let count: i64 = sqlx::query_scalar(blocked).fetch_one(lane.pool()).await.unwrap();
            if count > 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let sql = "insert into webhook_delivery (environment, merchant_id, endpoint_id, sequence,
                       position, message_id, type, body, state, created_at)
                   values ('live', $1, $2, 1, $3, 'msg_1', 'conversion.received', '{}',
                           'delivered', $4)";
        sqlx::query(sql)
            .bind(lane.key.merchant.0)
            .bind(lane.key.endpoint)
            .bind(position)
            .bind(settlement::store::instant::to_row(at(2)))
            .execute(&mut *fan_out)
            .await
            .unwrap();
        webhook_lane::advance(&mut fan_out, &[(lane.key, 1)], at(2)).await.unwrap();
        fan_out.commit().await.unwrap();
    };
    tokio::join!(waiting, numbering);
    assert_eq!(lane.deliveries().await, [format!("1 {position} delivered 0 0")]);
}

#[tokio::test]
async fn one_secret_before_signs_too_and_never_two() {
    let lane = Lane::new().await;
    let mut made = vec![lane.secret.clone()];
    for (hours, overlaps) in [(24, true), (1, true), (0, false)] {
        let mut transaction = lane.pool().begin().await.unwrap();
        let (vault, id) = (&lane.network.vault, lane.key.endpoint);
        let (actor, scope) = (lane.actor(), lane.scope());
        let rotated =
            rotate_secret::within(&mut transaction, vault, actor, scope, id, hours, at(60))
                .await
                .unwrap();
        transaction.commit().await.unwrap();
        made.push(rotated.secret);
        let sql = "select secret_sealed, previous_secret_sealed,
                       extract(epoch from previous_secret_until - $1)::bigint
                   from webhook_endpoint";
        let (sealed, before, until): (Vec<u8>, Option<Vec<u8>>, Option<i64>) = sqlx::query_as(sql)
            .bind(settlement::store::instant::to_row(at(60)))
            .fetch_one(lane.pool())
            .await
            .unwrap();
        let open = |sealed: &[u8]| vault.open(&id.to_string(), sealed).unwrap();
        assert_eq!(&open(&sealed), made.last().unwrap());
        let expected = overlaps.then(|| made[made.len() - 2].clone());
        assert_eq!(before.as_deref().map(open), expected);
        assert_eq!(until, overlaps.then_some(i64::from(hours) * 3_600));
    }
    made.sort();
    made.dedup();
    assert_eq!(made.len(), 4);
}

#[tokio::test]
async fn an_endpoint_resumed_or_moved_begins_anew() {
    let lane = Lane::new().await;
    let position = lane.log(RECEIVED, 0).await * 256;
    lane.deliver(position, "pending", 1).await;
    lane.change(r#"{"state":"paused"}"#, 10).await;
    lane.fail().await;
    let paused: (String, bool) =
        sqlx::query_as("select paused_because, paused_at = $1 from webhook_endpoint")
            .bind(settlement::store::instant::to_row(at(10)))
            .fetch_one(lane.pool())
            .await
            .unwrap();
    assert_eq!(paused, ("owner".to_owned(), true));
    lane.change(r#"{"description":"Till Monday"}"#, 15).await;
    assert_eq!(lane.lane().await, (1, Some(9_000), 9), "still paused");
    lane.change(r#"{"state":"active"}"#, 20).await;
    assert_eq!(lane.lane().await, (1, Some(20), 0));
    let due: bool = sqlx::query_scalar("select next_attempt_at = $1 from webhook_delivery")
        .bind(settlement::store::instant::to_row(at(20)))
        .fetch_one(lane.pool())
        .await
        .unwrap();
    assert!(due);
    lane.fail().await;
    lane.change(r#"{"url":"https://elsewhere.shop.example/"}"#, 30).await;
    assert_eq!(lane.lane().await, (1, Some(30), 0));
}
