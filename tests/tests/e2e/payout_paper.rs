//! What is given out on paper: payout methods shown masked, files for banks, statements.

use std::fs;
use std::path::PathBuf;

use serde_json::json;
use tests::payout::insert_payout;
use tests::world::folder;
use tests::{Plan, Shop, Side, World};

const DAY: u64 = 86_400;

/// A place for files of one test; gone with the value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = folder();
        fs::create_dir_all(&folder).expect("the target folder can be written");
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("the target folder is text").to_owned()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).expect("the file was written")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn commission_id(side: &Side<'_>, order: &str) -> String {
    side.commission(order)["id"].as_str().expect("a commission has an id").to_owned()
}

#[test]
fn a_payout_method_is_set_from_a_file_and_never_shown_whole() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let affiliate = shop.live.affiliate.to_string();
    let folder = Folder::new();
    let right = json!({"method": "bank", "holder": "Asha", "accountNumber": "0101012345678901",
                       "bic": "NICANPKA", "country": "NP"});
    fs::write(folder.path("right.json"), right.to_string()).expect("it can be written");
    let wrong = json!({"method": "bank", "holder": "Asha", "iban": "DE89370400440532013001",
                       "country": "np"});
    fs::write(folder.path("wrong.json"), wrong.to_string()).expect("it can be written");
    let set = ["affiliate", "payout-method", "set", &affiliate, "--fields"];
    let printed = world.operate(&[&set[..], &[&folder.path("right.json")]].concat());
    let shown = world.operate(&["affiliate", "payout-method", "show", &affiliate]);
    for text in [&printed, &shown] {
        assert!(text.contains("bank ••••8901") && !text.contains("0101"), "{text}");
    }
    let wrong = [&set[..], &[&folder.path("wrong.json"), "--as", "operator@nowhere.example"]];
    assert!(world.try_command(&wrong.concat()).is_err());
    let refused = world
        .try_command(&[&set[..], &[&folder.path("wrong.json"), "--as", &world.operator]].concat());
    let cause = refused.expect_err("both fields are wrong");
    assert!(cause.contains("iban") && cause.contains("country"), "{cause}");
    assert!(!cause.contains("DE89"), "{cause}");
}

#[test]
fn a_run_s_file_is_fetched_byte_for_byte_by_operators_alone() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    side.sell("o", "100.00");
    insert_payout(side, "processing", &commission_id(side, "o"), "10.00");
    let affiliate = side.affiliate.to_string();
    let of = "select run_id::text from payout where affiliate_id = $1::uuid";
    let run_id = world.database.row(of, &[&affiliate])["run_id"].as_str().unwrap().to_owned();
    let folder = Folder::new();
    let fetch = ["payout", "file", &run_id, "--format", "csv", "--out"];
    let (own, theirs) = (folder.path("a.csv"), folder.path("b.csv"));
    let early = [&fetch[..], &[&own, "--as", &world.operator]].concat();
    assert!(world.try_command(&early).expect_err("there is none").contains("no such file"));
    let bytes = "payout_id,amount\r\nआशा,1\r\n";
    world.database.execute(
        "insert into payout_file (run_id, environment, format, bytes, sha256, created_at)
         values ($1::uuid, 'live', 'csv', convert_to($2, 'UTF8'), 'digest', now())",
        &[&run_id, bytes],
    );
    let printed = world.operate(&[&fetch[..], &[&own]].concat());
    assert!(printed.contains("SHA-256 digest"), "{printed}");
    assert_eq!(folder.read("a.csv"), bytes);
    // Nothing is written over, and a merchant's person gets nothing.
    assert!(world.try_command(&early).is_err());
    let query = "select email from account where role = 'merchant' limit 1";
    let email = world.database.row(query, &[])["email"].as_str().unwrap().to_owned();
    let refused = [&fetch[..], &[&theirs, "--as", &email]].concat();
    assert!(world.try_command(&refused).unwrap_err().contains("PERMISSION_DENIED"));
}

#[test]
fn a_statement_tells_of_every_order_why_it_is_paid_or_not_yet_or_never() {
    let world = World::shared();
    let plan = Plan { hold_days: 14, ..Plan::default() };
    let shop = Shop::open(world, &plan);
    let side = &shop.test;
    for order in ["paid", "taken-back", "early"] {
        side.sell(order, "2999.00");
    }
    side.tell("paid", "delivered");
    let partly =
        json!({"externalOrderId": "paid", "status": "refunded", "refundedAmount": "999.00"});
    side.tell_more(&partly);
    side.advance(15 * DAY);
    let paid = side.commission_in("paid", "payable");
    side.sell("held", "500.00");
    side.tell("held", "delivered");
    let gone = json!({"externalOrderId": "taken-back", "status": "returned", "reason": "tin open"});
    side.tell_more(&gone);
    side.commission_in("taken-back", "rejected");
    let net = paid["netAmount"].as_str().unwrap();
    let payout = insert_payout(side, "settled", paid["id"].as_str().unwrap(), net);
    let affiliate = side.affiliate.to_string();
    world.database.execute(
        "update payout set cut_off_at = now() + interval '30 days' where payout_id = $1::uuid",
        &[&payout],
    );
    let folder = Folder::new();
    let fetch = ["payout", "statement", &payout, "--time-zone", "Asia/Kathmandu", "--out"];
    world.operate(&[&fetch[..], &[&folder.path("statement.html")]].concat());
    let page = folder.read("statement.html");
    let id = |order: &str| side.conversion_id(order);
    for wanted in [
        &id("paid"),
        "10 % of NPR 2,999.00",
        "NPR −99.90",
        &format!("NPR {net}"),
        "Test: no money moves.",
        &id("early"),
        "The shop has not confirmed the order yet.",
        &id("held"),
        "The order can be returned until ",
        &id("taken-back"),
        "The shop's reason: tin open",
        "Asia/Kathmandu",
    ] {
        assert!(page.contains(wanted), "{wanted} in {page}");
    }
    let unpaid = page.split("Not in this payout").nth(1).expect("a section of it");
    assert!(!unpaid.contains(&id("paid")), "{unpaid}");
    assert!(!page.contains(&affiliate) && !page.contains("externalOrderId"), "{page}");
    // Another merchant has no line of it, so it has no statement of it.
    let other = Shop::usual(world).merchant.to_string();
    let path = folder.path("theirs.html");
    let refused = [&fetch[..], &[&path, "--merchant", &other, "--as", &world.operator]].concat();
    assert!(world.try_command(&refused).unwrap_err().contains("no such payout"));
}
