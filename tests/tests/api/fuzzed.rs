//! Calls made up from the served document, signed, against the real edge: no 5xx, no answer that
//! the document does not know, and whatever was accepted has an outcome afterwards.

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use tests::side::CONVERSIONS;
use tests::world::folder;
use tests::{Plan, Shop, Side, World, eventually};

use crate::DOCUMENT;

/// Calls of the key in any minute: as many as one merchant's keys may have together.
const PER_MINUTE_MAX: u32 = 12_000;
/// Calls of the key in any hour.
const PER_HOUR_MAX: u32 = 400_000;
/// Made-up calls of one operation at most, in each phase.
const EXAMPLES_MAX: &str = "40";
/// How long the whole may take.
const SECONDS_MAX: &str = "90";
/// How long what was accepted may take to be settled.
const SETTLED_MAX: Duration = Duration::from_mins(2);
/// The same calls each time, so that a failure can be met again.
const SEED: &str = "20260614";

#[test]
fn no_made_up_call_gets_an_answer_that_is_not_described() {
    let world = World::shared();
    let plan =
        Plan { per_minute_max: PER_MINUTE_MAX, per_hour_max: PER_HOUR_MAX, ..Plan::default() };
    let shop = Shop::open(world, &plan);
    let side = &shop.test;
    let mut events = Vec::new();
    for order in ["fuzz-0", "fuzz-1", "fuzz-2"] {
        let event_id = side.convert(order, "100.00", &side.click());
        side.outcome(&event_id);
        events.push(event_id);
    }
    let conversions: Vec<_> = (0..3).map(|n| side.conversion_id(&format!("fuzz-{n}"))).collect();
    let commissions: Vec<_> = conversions.iter().map(|id| id.replace("cnv_", "com_")).collect();
    let known = json!({
        "events": events, "conversions": conversions, "commissions": commissions,
        "orders": ["fuzz-0", "fuzz-1", "fuzz-2", "fuzz-3"], "campaigns": [side.campaign],
        "links": [side.plain_link.code], "affiliates": [side.affiliate], "domain": shop.domain,
        "webhook-endpoints": endpoints(side),
    });
    let here = xtask::paths::root().join("tests/tests/api");
    let python = xtask::python::ensure("schemathesis", &here.join("requirements.txt"))
        .unwrap_or_else(|cause| panic!("{cause:#}"));
    let folder = folder();
    fs::create_dir_all(&folder).expect("the target folder can be written");
    let output = Command::new(python)
        .args(["-m", "schemathesis.cli", "--config-file"])
        .arg(here.join("schemathesis.toml"))
        .arg("run")
        .arg(format!("{}{DOCUMENT}", world.edge_url()))
        .args(["--max-examples", EXAMPLES_MAX, "--max-time", SECONDS_MAX, "--seed", SEED])
        .args([
            "--continue-on-failure",
            "--exclude-checks",
            "ignored_auth,positive_data_acceptance",
        ])
        .args(["--generation-database", "none"])
        .current_dir(&folder)
        .env("SCHEMATHESIS_HOOKS", here.join("merchant.py"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("KHATA_KEY_ID", &side.signer.key_id)
        .env("KHATA_SIGNING_SECRET", &side.signer.secret)
        .env("KHATA_KNOWN", known.to_string())
        .output()
        .expect("the fuzzer is where it was installed");
    let told = String::from_utf8_lossy(&output.stdout);
    let more = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{more}");
    fs::remove_dir_all(&folder).expect("the folder is there");
    let binds = side.binds();
    let binds = [binds[0].as_str(), binds[1].as_str()];
    let of_it = "inbox where merchant_id = $1::uuid and environment = $2";
    eventually(SETTLED_MAX, "everything accepted has an outcome", || {
        let open = world.database.count(&format!("{of_it} and state = 'received'"), &binds);
        if open == 0 { Ok(()) } else { Err(format!("{open} wait")) }
    });
    let failed = world.database.rows(
        "select event_id, code, detail from inbox
         where merchant_id = $1::uuid and environment = $2 and state = 'failed' limit 5",
        &binds,
    );
    assert!(failed.is_empty(), "{failed:?}");
    let taken = world.database.count(of_it, &binds);
    assert!(taken > 20, "only {taken} made-up events were taken: the fuzzer signs wrong");
    assert_eq!(side.read(CONVERSIONS)["data"].as_array().map(Vec::is_empty), Some(false));
}

/// Ids of some webhook endpoints at which nobody listens.
fn endpoints(side: &Side<'_>) -> Vec<String> {
    let body = json!({"url": "https://127.0.0.1:9/", "events": ["conversion.received"]});
    let call =
        |second| side.signer.post("/api/v1/webhook-endpoints", body.to_string()).at(second).send();
    (0..3).map(|second| call(second).expect_status(201).text_of("id")).collect()
}
