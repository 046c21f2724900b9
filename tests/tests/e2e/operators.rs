//! Operators' commands: who may do what, and that it is written down.

use serde_json::{Value, json};
use tests::{Shop, World};

/// The e-mail address of a demo account that is no operator's.
fn demo_email(world: &World, role: &str, name: &str) -> String {
    let query = "select email from account left join merchant using (merchant_id) \
                 left join affiliate using (affiliate_id) \
                 where role = $1 and coalesce(merchant.name, affiliate.name) = $2";
    let row = world.database.row(query, &[role, name]);
    row["email"].as_str().expect("an account has an address").to_owned()
}

fn audited(world: &World, subject: &str) -> Vec<Value> {
    let query = "select action, account_id is null as by_nobody, detail from audit_log \
                 where subject = $1 order by audit_id";
    world.database.rows(query, &[subject])
}

#[test]
fn what_an_operator_does_is_written_down_with_before_and_after() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let code = &shop.live.link.code;
    let printed = world.operate(&["link", "pause", code]);
    assert!(printed.contains("acknowledged"), "{printed}");
    let rows = audited(world, code);
    let last = rows.last().unwrap();
    assert_eq!((&last["action"], &last["by_nobody"]), (&json!("link.pause"), &json!(false)));
    assert_eq!(last["detail"], json!({"from": "live", "to": "paused"}));
    let secrets = world.database.count(
        "audit_log where detail::text like '%sk_live%' or detail::text like '%sk_test%'",
        &[],
    );
    assert_eq!(secrets, 0);
}

#[test]
fn nobody_changes_what_belongs_to_another() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let code = shop.live.link.code.as_str();
    let merchant = shop.merchant.to_string();
    let other = demo_email(world, "merchant", &world.demo.merchants[0].name);
    let affiliate = demo_email(world, "affiliate", &world.demo.affiliates[0].name);
    for by in [other.as_str(), &affiliate, "nobody@nowhere.example"] {
        for command in [["link", "pause", code], ["merchant", "suspend", &merchant]] {
            let refused = world.try_command(&[&command[..], &["--as", by]].concat());
            let cause = refused.unwrap_err();
            assert!(cause.contains("PERMISSION_DENIED"), "{by}: {cause}");
        }
    }
    assert!(!shop.live.click().is_empty());
}

#[test]
fn what_does_not_exist_or_cannot_be_undone_is_said_plainly() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let as_operator = |command: &[&str]| {
        world.try_command(&[command, &["--as", &world.operator]].concat()).unwrap_err()
    };
    let unknown = as_operator(&["link", "pause", "no-such-link"]);
    assert!(unknown.contains("no such link"), "{unknown}");
    let unknown = as_operator(&["key", "revoke", "pk_live_none"]);
    assert!(unknown.contains("no such key"), "{unknown}");
    world.operate(&["key", "revoke", &shop.test.signer.key_id]);
    let gone = as_operator(&["key", "enable", &shop.test.signer.key_id]);
    assert!(gone.contains("revoked"), "{gone}");
    world.operate(&["link", "archive", &shop.test.link.code]);
    let gone = as_operator(&["link", "resume", &shop.test.link.code]);
    assert!(gone.contains("archived"), "{gone}");
}

#[test]
fn seeding_again_leaves_the_network_as_it_is() {
    let world = World::shared();
    let counts = || {
        let tables = ["merchant", "link", "campaign", "rule", "api_key", "product"];
        let names = world.demo.merchants.iter().map(|merchant| merchant.id.as_str());
        let ids = names.collect::<Vec<_>>().join(",");
        tables.map(|table| {
            let filter = "where merchant_id::text = any(string_to_array($1, ','))";
            world.database.count(&format!("{table} {filter}"), &[&ids])
        })
    };
    let before = counts();
    let out = tests::world::folder().with_extension("json");
    let out = out.to_str().unwrap();
    let urls = ["--edge-url", world.edge_url(), "--settlement-url", world.settlement_url()];
    let refused = world.try_command(&[&["demo", "seed", "--out", out][..], &urls].concat());
    let why = refused.expect_err("a network that is there is not seeded over");
    assert!(why.contains("--renew-secrets"), "{why}");
    assert_eq!(counts(), before);
}
