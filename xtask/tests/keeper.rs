//! The keeper leaves nothing behind, whatever happens to the process that asked for it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use xtask::process::{Child, Spec, build_keeper};

/// A shell that starts a grandchild, says both ids, and does not end by itself.
fn family(folder: &Path, trap: &str) -> Spec {
    let script = format!("{trap} sleep 300 & echo $$ $!; wait; wait");
    Spec::new("family", &folder.join("log"), vec!["sh".into(), "-c".into(), script.into()])
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(12), "{what} did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn alive(id: &str) -> bool {
    let kill = Command::new("kill").args(["-0", id]).stderr(Stdio::null()).status();
    kill.expect("every Unix has `kill`").success()
}

/// The last line with two ids in the log.
fn ids(folder: &Path) -> Vec<String> {
    let mut ids = Vec::new();
    eventually("the log line", || {
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        ids = log.lines().last().unwrap_or("").split(' ').map(str::to_owned).collect();
        ids.len() == 2
    });
    ids
}

#[test]
fn dropping_a_child_ends_its_whole_family() {
    let folder = TempDir::new().unwrap();
    let child = Child::start(&family(folder.path(), "")).unwrap();
    let ids = ids(folder.path());
    assert!(ids.iter().all(|id| alive(id)));
    drop(child);
    assert!(!ids.iter().any(|id| alive(id)));
}

#[test]
fn a_program_that_ignores_the_request_is_killed() {
    let folder = TempDir::new().unwrap();
    let child = Child::start(&family(folder.path(), "trap '' TERM;")).unwrap();
    let ids = ids(folder.path());
    drop(child);
    assert!(!ids.iter().any(|id| alive(id)));
}

#[test]
fn a_killed_program_starts_again_and_its_end_is_told() {
    let folder = TempDir::new().unwrap();
    let mut child = Child::start(&family(folder.path(), "")).unwrap();
    let first = ids(folder.path());
    child.kill_hard().unwrap();
    assert_eq!(child.ended().as_deref(), Some("by signal 9"));
    assert!(!first.iter().any(|id| alive(id)));
    fs::remove_file(folder.path().join("log")).unwrap();
    child.start_again().unwrap();
    assert_ne!(ids(folder.path()), first);
    assert_eq!(child.ended(), None);
    child.stop().unwrap();
    assert_eq!(child.ended().as_deref(), Some("by signal 15"));
}

#[test]
fn a_program_that_cannot_start_says_why() {
    let folder = TempDir::new().unwrap();
    let spec = Spec::new("nothing", &folder.path().join("log"), vec!["/no/such".into()]);
    let message = Child::start(&spec).unwrap_err().to_string();
    assert!(message.contains("cannot start /no/such"), "{message}");
}

#[test]
fn killing_the_asking_process_hard_ends_the_program_and_removes_its_folder() {
    let folder = TempDir::new().unwrap();
    let doomed = folder.path().join("doomed");
    fs::create_dir(&doomed).unwrap();
    // The pipe's only writer is `holder`: it stands for the asking process.
    let mut holder = Command::new("sleep").arg("300").stdout(Stdio::piped()).spawn().unwrap();
    let mut keeper = Command::new(build_keeper().unwrap())
        .arg("keep")
        .arg("--log")
        .arg(folder.path().join("log"))
        .arg("--remove")
        .arg(&doomed)
        .args(["--", "sh", "-c", "sleep 300 & echo $$ $!; wait"])
        .stdin(holder.stdout.take().unwrap())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let ids = ids(folder.path());
    holder.kill().unwrap();
    holder.wait().unwrap();
    keeper.wait().unwrap();
    assert!(!ids.iter().any(|id| alive(id)));
    assert!(!doomed.exists());
}
