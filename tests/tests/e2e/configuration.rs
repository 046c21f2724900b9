//! Missing or bad configuration: one message that lists everything wrong, and never a value.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::time::Duration;

use tests::eventually;
use tests::world;
use xtask::edge::{Edge, EdgeOptions, Runtime};

/// How long `wrangler dev` may take to load the worker on a busy machine.
const LOADED_WITHIN: Duration = Duration::from_secs(55);

fn settlement(environment: &[(&str, &str)]) -> (Option<i32>, String) {
    world::prepare();
    let output = Command::new(xtask::settlement::binary())
        .arg("serve")
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .expect("settlement is built");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn settlement_lists_everything_that_is_missing() {
    let (code, message) = settlement(&[]);
    assert_eq!(code, Some(2), "{message}");
    let names = [
        "DATABASE_URL",
        "EDGE_URL",
        "INTERNAL_KEYS",
        "CLICK_KEYS",
        "HASH_KEY",
        "MASTER_KEYS",
        "SEALING_PUBLIC_KEY",
    ];
    for name in names {
        assert_eq!(message.matches(&format!("{name} ")).count(), 1, "{name} in {message}");
    }
}

#[test]
fn settlement_lists_everything_that_is_wrong_without_showing_it() {
    let bad = [
        ("DATABASE_URL", "mysql://swordfish"),
        ("EDGE_URL", "swordfish"),
        ("INTERNAL_KEYS", "a:swordfish"),
        ("CLICK_KEYS", "99:swordfish"),
        ("HASH_KEY", "swordfish"),
        ("MASTER_KEYS", "swordfish"),
        ("SEALING_PUBLIC_KEY", "swordfish"),
        ("LISTEN", "swordfish"),
        ("DIRECTORY_SHARDS", "0"),
        ("CLICK_SHARDS", "swordfish"),
    ];
    let (code, message) = settlement(&bad);
    assert_eq!(code, Some(2), "{message}");
    for (name, _) in bad {
        assert!(message.contains(name), "{name} in {message}");
    }
    assert!(!message.contains("swordfish"), "{message}");
}

#[test]
fn the_edge_lists_everything_that_is_wrong_and_answers_nothing() {
    world::prepare();
    let folder = world::folder();
    let log = folder.join("edge.log");
    let mut vars = world::edge_vars("http://127.0.0.1:1/path");
    vars.insert("EDGE_MODE".to_owned(), "staging".to_owned());
    vars.insert("CLICK_SHARDS".to_owned(), "many".to_owned());
    let secrets = BTreeMap::from([("HASH_KEY".to_owned(), "swordfish".to_owned())]);
    let options = EdgeOptions {
        runtime: Runtime::Wrangler,
        port: None,
        folder,
        vars,
        secrets,
        remove_on_stop: true,
    };
    // It never gets healthy: its keeper stops it when this process ends.
    std::thread::spawn(move || Edge::start(&options).map(drop));
    let message = eventually(LOADED_WITHIN, "the edge says what is wrong", || {
        let text = fs::read_to_string(&log).unwrap_or_default();
        let line = text.lines().find(|line| line.contains("The edge is not configured"));
        line.map(str::to_owned).ok_or(text)
    });
    let names = [
        "SEALING_KEY",
        "CLICK_KEYS",
        "INTERNAL_KEYS",
        "HASH_KEY",
        "EDGE_MODE",
        "SETTLEMENT_URL",
        "CLICK_SHARDS",
    ];
    for name in names {
        assert!(message.contains(name), "{name} in {message}");
    }
    assert!(!message.contains("swordfish"), "{message}");
}
