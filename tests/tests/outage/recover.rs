//! Postgres replaced by an older backup: `settlement recover` brings back what came since, once.

use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::Timestamp;
use serde_json::Value;
use settlement::flows::actor::Actor;
use settlement::flows::create_link::{self, NewLink};
use tests::shopper::click_id;
use tests::{Shop, Side, World, eventually};

use crate::{BACK, assert_each_once, report};

/// Stops settlement and Postgres, so that the database's files lie still.
fn stop(world: &World) -> PathBuf {
    let mut parts = world.parts();
    parts.settlement.stop().expect("settlement stops");
    parts.postgres.stop().expect("Postgres stops");
    parts.postgres.data_dir().to_owned()
}

fn start(world: &World) {
    let mut parts = world.parts();
    parts.postgres.start_again().expect("Postgres starts");
    parts.settlement.start_again().expect("settlement starts");
}

/// Copies a folder as it is, owners and all.
fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").args([from, to]).status().expect("cp runs");
    assert!(done.success(), "cp -a {} {}", from.display(), to.display());
}

/// A cold backup of the database, beside it.
fn back_up(world: &World) -> PathBuf {
    let data_dir = stop(world);
    let backup = data_dir.with_extension("backup");
    copy(&data_dir, &backup);
    start(world);
    backup
}

/// Puts the backup where the database is; nothing runs on it yet.
fn restore(world: &World, backup: &Path) {
    let data_dir = stop(world);
    std::fs::remove_dir_all(&data_dir).expect("the files can go");
    std::fs::rename(backup, &data_dir).expect("the backup is there");
    world.parts().postgres.start_again().expect("Postgres starts");
}

/// Commissions and the books of a side, as texts.
fn books(side: &Side<'_>) -> Vec<Value> {
    let [merchant, environment] = side.binds();
    let query = "select account as name, sum(amount)::text as amount from ledger_entry
                 where merchant_id = $1::uuid and environment = $2 group by account
                 union all
                 select state, sum(net_amount)::text from commission
                 where merchant_id = $1::uuid and environment = $2 group by state
                 order by name";
    side.world.database.rows(query, &[&merchant, &environment])
}

fn await_clicks(world: &World, ids: &[String]) {
    for id in ids {
        eventually(BACK, &format!("{id} is recorded once"), || {
            match world.database.count("click where click_id = $1", &[id]) {
                1 => Ok(()),
                many => Err(many.to_string()),
            }
        });
    }
}

/// A link that the backup does not have, and an order of it.
fn sell_by_late_link(side: &Side<'_>, domain: &str) -> (create_link::Created, String) {
    let input = NewLink {
        scope: side.scope,
        affiliate: side.affiliate,
        campaign: side.campaign,
        destination: format!("https://{domain}/late"),
        code: None,
    };
    let (database, now) = (&side.world.database, Timestamp::now());
    let created = create_link::run(database.pool(), Actor::Installation, input, now);
    let link = database.wait(created).expect("the link is made");
    side.world.await_directory();
    let event_id = side.convert("late", "100.00", &side.world.shopper().click(&link.code));
    assert_eq!(side.outcome(&event_id).code, "APPLIED");
    (link, event_id)
}

#[test]
fn from_an_older_backup_everything_since_comes_back_exactly_once() {
    let world = &World::fresh();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let mut event_ids = report(side, "before", 5);
    let mut clicks = vec![side.click()];
    await_clicks(world, &clicks);
    assert_each_once(side, &event_ids);
    let backup = back_up(world);

    event_ids.extend(report(side, "after", 8));
    clicks.extend([side.click(), side.click()]);
    await_clicks(world, &clicks);
    assert_each_once(side, &event_ids);
    let (late, late_event) = sell_by_late_link(&shop.test, &shop.domain);
    world.operate(&["link", "pause", &side.link.code]);
    world.operate(&["link", "resume", &side.link.code]);
    let before = books(side);
    restore(world, &backup);

    // Without a server nothing can come, and the command says so.
    let missing = world.try_command(&["recover", "--patience-seconds", "2"]).unwrap_err();
    assert!(missing.contains("8 are still at the edge"), "{missing}");
    assert!(missing.contains("`settlement serve` must run"), "{missing}");
    world.parts().settlement.start_again().unwrap();
    let told = world.command(&["recover"]);
    assert!(told.contains("0 gaps are open"), "{told}");

    await_clicks(world, &clicks);
    assert_each_once(side, &event_ids);
    assert_eq!(books(side), before);
    // The late link lives at the edge alone: its order waits, and the operator is told of it.
    assert_eq!(shop.test.outcome_with(&late_event, "AWAITING_LINK").state, "parked");
    let told = world.command(&["recover"]);
    assert!(told.contains(&format!("link number {}: not here", late.link_number)), "{told}");
    assert!(world.command(&["ledger", "trial-balance"]).contains("the trial balance is zero"));

    assert_eq!(side.sell("further", "100.00").code, "APPLIED");
    // The edge has a later version of this link than the backup; a change still gets through.
    world.operate(&["link", "pause", &side.link.code]);
    eventually(BACK, "the link is paused", || {
        let answer = world.shopper().visit(&format!("/c/{}", side.link.code)).send();
        click_id(&answer).map_or(Ok(()), Err)
    });
}
