//! The log of notices, pulled: in order, each once, and none passed over that is still written.

use crate::webhook_lane::{Lane, at, log};
use settlement::domain::webhook::told::Written;
use settlement::error::Fault;
use settlement::flows::webhook::feed::{self, Place, Read, Start, Wish};
use settlement::flows::webhook::mark_log;
use shared::id::Environment;
use shared::validate::resource::EventType;
use std::time::Duration;

const RECEIVED: &[&str] = &["conversion.received"];

async fn read(lane: &Lane, start: Start, kinds: &[EventType], limit: usize) -> Read {
    let wish = Wish { start, kinds: kinds.to_vec(), limit };
    feed::read(lane.pool(), lane.scope(), &wish, at(0)).await.unwrap()
}

fn after(place: Option<Place>) -> Start {
    place.map_or(Start::Oldest, Start::After)
}

fn positions(notices: &[Written]) -> Vec<i64> {
    notices.iter().filter_map(|one| one.position).collect()
}

/// Reads on until so many notices were read: other databases of the server write too, and a mark
/// waits for whoever does.
async fn follow(lane: &Lane, place: &mut Option<Place>, notices: usize) -> Vec<i64> {
    let mut found = Vec::new();
    for _ in 0..600 {
        let read = read(lane, after(place.clone()), &[], 100).await;
        found.extend(positions(&read.notices));
        place.clone_from(&read.next);
        if found.len() >= notices {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    found
}

#[tokio::test]
async fn a_notice_still_being_written_holds_back_those_after_it() {
    let lane = Lane::new().await;
    let mut place = None;
    let first = lane.log(RECEIVED, 0).await * 256;
    assert_eq!(follow(&lane, &mut place, 1).await, [first]);
    let mut slow = lane.pool().begin().await.unwrap();
    let second = log(&mut slow, lane.scope(), RECEIVED, 1).await * 256;
    let third = lane.log(RECEIVED, 2).await * 256;
    assert!(second < third);
    for _ in 0..3 {
        mark_log::run_once(lane.pool(), at(0)).await.unwrap();
        let read = read(&lane, after(place.clone()), &[], 100).await;
        assert_eq!((read.notices.len(), &read.next, read.more), (0, &place, false));
    }
    slow.commit().await.unwrap();
    assert_eq!(follow(&lane, &mut place, 2).await, [second, third]);
    // A position that came to nothing holds nothing back.
    let mut undone = lane.pool().begin().await.unwrap();
    log(&mut undone, lane.scope(), RECEIVED, 3).await;
    undone.rollback().await.unwrap();
    let fourth = lane.log(RECEIVED, 4).await * 256;
    assert_eq!(follow(&lane, &mut place, 1).await, [fourth]);
}

#[tokio::test]
async fn a_position_drawn_and_not_yet_written_is_waited_for() {
    let lane = Lane::new().await;
    // A writer that stops between the two, without having written anything.
    let stop = "create function stop() returns trigger language plpgsql as $$
                begin perform pg_advisory_xact_lock_shared(7); return new; end $$";
    let at_rows = "create trigger stop before insert on webhook_event_group
                   for each row execute function stop()";
    for sql in [stop, at_rows] {
        sqlx::query(sql).execute(lane.pool()).await.unwrap();
    }
    let mut gate = lane.pool().begin().await.unwrap();
    sqlx::query("select pg_advisory_xact_lock(7)").execute(&mut *gate).await.unwrap();
    let given_out = "select last_value from webhook_event_group_position_seq where is_called";
    let write = lane.log(RECEIVED, 0);
    let look = async {
        loop {
            let drawn: Option<i64> =
                sqlx::query_scalar(given_out).fetch_optional(lane.pool()).await.unwrap();
            if drawn.is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        mark_log::run_once(lane.pool(), at(0)).await.unwrap();
        let sql = "select count(*) from webhook_mark
                   where transaction_id <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint";
        let safe: i64 = sqlx::query_scalar(sql).fetch_one(lane.pool()).await.unwrap();
        assert_eq!(safe, 0, "a mark passed a position whose row is not there");
        gate.commit().await.unwrap();
    };
    let (position, ()) = tokio::join!(write, look);
    assert_eq!(follow(&lane, &mut None, 1).await, [position * 256]);
}

#[tokio::test]
async fn a_reader_goes_on_where_it_stood_with_types_and_limits_of_its_own() {
    let lane = Lane::new().await;
    let kinds = ["conversion.received", "commission.created", "event.processed"];
    let mut all = Vec::new();
    for second in 0..4 {
        let group = lane.log(&kinds, second).await * 256;
        all.extend([group, group + 1, group + 2]);
    }
    assert_eq!(follow(&lane, &mut None, all.len()).await, all);
    let (mut place, mut found) = (None, Vec::new());
    for _ in 0..6 {
        let read = read(&lane, after(place), &[], 2).await;
        assert_eq!(read.notices.len(), 2);
        assert_eq!(read.more, found.len() + 2 < all.len());
        found.extend(positions(&read.notices));
        place = read.next;
    }
    assert_eq!(found, all);
    let created = read(&lane, Start::Oldest, &[EventType::CommissionCreated], 3).await;
    assert_eq!(positions(&created.notices), [all[1], all[4], all[7]]);
    assert!(created.more);
    let rest = read(&lane, after(created.next), &[EventType::CommissionCreated], 3).await;
    assert_eq!((positions(&rest.notices), rest.more), (vec![all[10]], false));
    let none = read(&lane, after(rest.next.clone()), &[], 3).await;
    assert_eq!((none.notices.len(), none.next), (0, rest.next));
    let since_two = read(&lane, Start::Since(at(2)), &[], 100).await;
    assert_eq!(positions(&since_two.notices), all[6..]);
}

#[tokio::test]
async fn a_long_log_is_read_from_any_instant_on_whatever_the_limit() {
    const GROUPS: i64 = 300;
    let lane = Lane::new().await;
    let mut all = Vec::new();
    for second in 0..GROUPS {
        all.push(lane.log(RECEIVED, second).await * 256);
    }
    follow(&lane, &mut None, all.len()).await;
    for second in [0, 130, 255, 256, 257, GROUPS - 1] {
        let first = read(&lane, Start::Since(at(second)), &[], 1).await;
        let expected = all[usize::try_from(second).unwrap()];
        assert_eq!(positions(&first.notices), [expected], "since {second}");
        assert_eq!((first.next.is_some(), first.more), (true, second < GROUPS - 1), "{second}");
    }
}

#[tokio::test]
async fn each_world_has_its_log_and_a_place_of_another_is_refused() {
    let lane = Lane::new().await;
    lane.log(RECEIVED, 0).await;
    let mut place = None;
    follow(&lane, &mut place, 1).await;
    let mut scope = lane.scope();
    scope.environment = Environment::Test;
    let wish = |start| Wish { start, kinds: Vec::new(), limit: 10 };
    let oldest = feed::read(lane.pool(), scope, &wish(Start::Oldest), at(0)).await.unwrap();
    assert_eq!((oldest.notices.len(), oldest.next), (0, None));
    let foreign = feed::read(lane.pool(), scope, &wish(after(place.clone())), at(0)).await;
    assert!(matches!(foreign, Err(Fault::Invalid(_))));
    // After a restore from a backup another notice may stand in that place.
    let changed = place.map(|place| Place { tag: "zzzz".to_owned(), ..place });
    let other = feed::read(lane.pool(), lane.scope(), &wish(after(changed)), at(0)).await;
    assert!(matches!(other, Err(Fault::Invalid(_))));
}

#[tokio::test]
async fn marks_that_say_nothing_more_go() {
    let lane = Lane::new().await;
    let sql = "insert into webhook_mark values (900000, 9223372036854775807, now())";
    sqlx::query(sql).execute(lane.pool()).await.unwrap();
    let mut newest = 0;
    for second in 0..3 {
        newest = lane.log(RECEIVED, second).await;
        let behind = usize::try_from(second).unwrap() + 1;
        assert_eq!(follow(&lane, &mut None, behind).await.len(), behind);
    }
    let mut kept: Vec<i64> = Vec::new();
    for _ in 0..600 {
        mark_log::run_once(lane.pool(), at(9)).await.unwrap();
        let sql = "select position from webhook_mark";
        kept = sqlx::query_scalar(sql).fetch_all(lane.pool()).await.unwrap();
        if kept == [newest] {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the newest position is {newest}, the marks are {kept:?}");
}
