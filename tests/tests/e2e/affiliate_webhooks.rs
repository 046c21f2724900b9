//! An affiliate's endpoint by the command line alone, from its making to its end, with what arrives
//! at a real receiver.

use serde_json::{Value, json};
use settlement::domain::webhook::signature;
use tests::sink::{Received, Reply};
use tests::{BOUND, Shop, Sink, World, eventually};

/// `affiliate webhook …`, as the operator.
fn webhook(world: &World, arguments: &[&str]) -> String {
    world.operate(&[&["affiliate", "webhook"], arguments].concat())
}

/// The lines of JSON that a command printed.
fn lines(printed: &str) -> Vec<Value> {
    printed.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

/// The word behind others in what was printed.
fn word_after<'t>(printed: &'t str, before: &str) -> &'t str {
    let (_, rest) = printed.split_once(before).unwrap_or_else(|| panic!("{before:?} in {printed}"));
    rest.split_whitespace().next().expect("a word follows")
}

fn arrived(sink: &Sink, path: &str, many: usize) -> Vec<Received> {
    eventually(BOUND, &format!("{many} came to {path}"), || {
        let all = sink.received_at(path);
        if all.len() == many { Ok(all) } else { Err(format!("{all:?}")) }
    })
}

fn signed(received: &Received, secret: &str) -> String {
    let second = received.header("webhook-timestamp").parse().expect("unix seconds");
    let secrets = [secret.to_owned()];
    signature::header(&secrets, received.header("webhook-id"), second, received.text())
}

#[test]
fn an_affiliate_s_endpoint_is_made_tried_changed_and_ended_by_commands() {
    let (world, sink) = (World::shared(), Sink::start().expect("a port is free"));
    let shop = Shop::usual(world);
    let (affiliate, url) = (shop.affiliate.to_string(), sink.url("/orders"));
    let made = webhook(
        world,
        &[
            &["create", &affiliate, "--environment", "test", "--format", "affiliate_order"][..],
            &["--url", &url, "--description", "Mine"],
        ]
        .concat(),
    );
    let (id, secret) = (word_after(&made, "endpoint "), word_after(&made, "shown this once: "));
    let told = |verb: &str| webhook(world, &[verb, id]);
    assert!(webhook(world, &["list", &affiliate]).contains(id));
    assert!(told("test").contains("delivery 1 is on its way"));
    let ping = arrived(&sink, "/orders", 1).remove(0);
    assert_eq!(ping.header("webhook-signature"), signed(&ping, secret));
    shop.test.sell("o", "2999.00");
    let order = arrived(&sink, "/orders", 2).remove(1);
    assert_eq!(order.json()["order_data"]["order_status"], json!("pending"));

    sink.answer("/orders", Reply::Status(201));
    shop.test.tell("o", "returned");
    arrived(&sink, "/orders", 3);
    let attempts = || lines(&webhook(world, &["attempts", id, "--sequence", "3"]));
    // For orders success is exactly 200.
    let first = eventually(BOUND, "the attempt is listed", || {
        attempts().pop().ok_or_else(|| "none yet".to_owned())
    });
    assert_eq!(first["status"], json!(201));
    sink.answer("/orders", Reply::Status(200));
    assert!(webhook(world, &["resend", id, "--sequence", "3"]).contains("delivery 3"));
    arrived(&sink, "/orders", 4);
    let delivered = || lines(&webhook(world, &["deliveries", id, "--state", "delivered"]));
    let all = eventually(BOUND, "all are delivered", || {
        let all = delivered();
        if all.len() == 3 { Ok(all) } else { Err(format!("{all:?}")) }
    });
    assert_eq!(all.iter().map(|one| &one["sequence"]).collect::<Vec<_>>(), [3, 2, 1]);

    let rotated = told("rotate-secret");
    assert_ne!(word_after(&rotated, "shown this once: "), secret);
    assert!(told("pause").contains("paused"));
    assert!(told("show").contains("paused (owner)"));
    assert!(told("resume").contains("active"));
    assert!(told("delete").contains("deleted"));
    assert!(!webhook(world, &["list", &affiliate]).contains(id));
    let gone = ["affiliate", "webhook", "show", id, "--as", &world.operator];
    assert!(world.try_command(&gone).is_err_and(|said| said.contains("webhook endpoint")));
}

#[test]
fn an_affiliate_pulls_what_it_is_told_and_recovers_what_was_before_its_endpoint() {
    let (world, sink) = (World::shared(), Sink::start().expect("a port is free"));
    let shop = Shop::usual(world);
    let (affiliate, url) = (shop.affiliate.to_string(), sink.url("/late"));
    shop.test.sell("o", "2999.00");
    let pull = |more: &[&str]| {
        lines(&webhook(world, &[&["events", &affiliate, "--environment", "test"], more].concat()))
    };
    // None is shown before nothing earlier can still come.
    let all = eventually(BOUND, "both are read", || {
        let all = pull(&[]);
        if all.len() == 3 { Ok(all) } else { Err(format!("{all:?}")) }
    });
    let kinds: Vec<_> = all.iter().filter_map(|line| line["type"].as_str()).collect();
    assert_eq!(kinds, ["conversion.attributed", "commission.created"]);
    let first = pull(&["--limit", "1"]);
    assert_eq!((&first[0], &first[1]["more"]), (&all[0], &json!(true)));
    let after = first[1]["next"].as_str().expect("a place is a text");
    assert_eq!(pull(&["--after", after]), all[1..]);

    let events = ["--events", "commission.created", "--url", &url];
    let made =
        webhook(world, &[&["create", &affiliate, "--environment", "test"][..], &events].concat());
    let id = word_after(&made, "endpoint ");
    let since = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1);
    let done = webhook(world, &["recover", id, "--since", &since.to_string()]);
    assert!(done.contains("1 it never had"), "{done}");
    let [late] = &arrived(&sink, "/late", 1)[..] else { panic!("one came") };
    assert_eq!(json!(late.header("webhook-id")), all[1]["id"]);
    assert_eq!(late.json()["data"], all[1]["data"]);
}
