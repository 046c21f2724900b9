//! The signing examples, each run as its reader would, before an edge whose first answer is 503.

use std::io::Write;
use std::process::Command;

use serde_json::{Value, json};
use tests::stumble::Stumbling;
use tests::{Shop, Side, World, php};

/// A file of the examples.
fn example(name: &str) -> String {
    let path = xtask::paths::root().join("examples/signing").join(name);
    path.to_str().expect("the repository's path is UTF-8").to_owned()
}

fn with(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// Runs an example; answers the lines it printed.
fn run(mut command: Command, side: &Side<'_>, url: &str, order: &str) -> Vec<String> {
    let output = command
        .current_dir(xtask::paths::root())
        .env("KHATA_URL", url)
        .env("KHATA_KEY_ID", &side.signer.key_id)
        .env("KHATA_SIGNING_SECRET", &side.signer.secret)
        .env("KHATA_ORDER_ID", order)
        .output()
        .unwrap_or_else(|cause| panic!("{command:?} does not start: {cause}"));
    let printed = String::from_utf8(output.stdout).expect("an answer is UTF-8");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}{errors}");
    assert!(!format!("{printed}{errors}").contains(&side.signer.secret), "{printed}{errors}");
    printed.lines().map(str::to_owned).collect()
}

/// The status and the JSON of a printed answer.
fn answer(line: &str) -> (&str, Value) {
    let (status, text) = line.split_once(' ').expect("status, then answer");
    let json = serde_json::from_str(text);
    (status, json.unwrap_or_else(|cause| panic!("{cause}: {line}")))
}

fn seconds(text: &str) -> u64 {
    text.parse().expect("a timestamp is Unix seconds")
}

/// Runs an example twice: it reports, is told 503, signs anew, and reads its event; the second
/// time it gets its first answer again.
fn check(command: impl Fn() -> Command) {
    let world = World::shared();
    let shop = Shop::usual(world);
    let stumbling = Stumbling::before(world.edge_url()).expect("a port is free");
    let order = "example-order";
    let lines = run(command(), &shop.test, &stumbling.url, order);
    assert_eq!(lines.len(), 2, "{lines:?}");
    let (status, reported) = answer(&lines[0]);
    let event_id = reported["eventId"].as_str().unwrap_or_default().to_owned();
    let received = json!({"eventId": event_id, "status": "RECEIVED", "duplicate": false});
    assert_eq!((status, reported), ("202", received));
    let (status, event) = answer(&lines[1]);
    assert_eq!((status, event["eventId"].as_str()), ("200", Some(event_id.as_str())), "{event}");
    let times: Vec<u64> =
        stumbling.header_of_each("x-timestamp").iter().map(|text| seconds(text)).collect();
    assert!(times.len() >= 2 && times[1] > times[0], "signed anew after a 503: {times:?}");
    assert_eq!(shop.test.outcome(&event_id).conversion_id, Some(shop.test.conversion_id(order)));
    // The same order and key, a later second: the first answer again.
    tests::eventually::next_second();
    let again = run(command(), &shop.test, world.edge_url(), order);
    assert_eq!(again[0], lines[0]);
}

#[test]
fn the_curl_example_reports_and_reads() {
    check(|| with("bash", &[&example("curl.sh")]));
}

#[test]
fn the_node_example_reports_and_reads() {
    check(|| with("node", &[&example("node.mjs")]));
}

#[test]
fn the_python_example_reports_and_reads() {
    if Command::new("python3").arg("--version").output().is_err() {
        // Past the harness, which keeps what a passing test prints to itself.
        let said = writeln!(std::io::stderr(), "the Python example was NOT RUN: no python3 here");
        return said.expect("stderr is open");
    }
    check(|| with("python3", &[&example("python.py")]));
}

#[test]
fn the_php_example_reports_and_reads() {
    check(|| {
        let mut command = php::command().expect("there is a PHP, or npm brings one");
        command.arg(example("php.php"));
        command
    });
}

#[test]
fn the_rust_example_reports_and_reads() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let arguments = ["run", "--quiet", "--package", "signing-example"];
    check(|| with(&cargo, &arguments));
}

#[test]
fn an_example_with_a_wrong_secret_fails_and_shows_the_hint() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let output = with("bash", &[&example("curl.sh")])
        .env("KHATA_URL", world.edge_url())
        .env("KHATA_KEY_ID", &shop.test.signer.key_id)
        .env("KHATA_SIGNING_SECRET", &shop.live.signer.secret)
        .output()
        .expect("bash runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && printed.starts_with("401 "), "{printed}");
    assert!(printed.contains(&shop.live.signer.key_id), "{printed}");
}
