//! Payouts as merchants read them over the edge.

use serde_json::{Value, json};
use tests::payout::insert_payout;
use tests::refusal::assert_refused;
use tests::{Shop, Side, World};

const PAYOUTS: &str = "/api/v1/payouts";

fn commission_id(side: &Side<'_>, order: &str) -> String {
    side.sell(order, "100.00");
    side.commission(order)["id"].as_str().expect("a commission has an id").to_owned()
}

fn ids(list: &Value) -> Vec<String> {
    let rows = list["data"].as_array().expect("a list has data");
    rows.iter().map(|row| row["id"].as_str().expect("a payout has an id").to_owned()).collect()
}

#[test]
fn a_payout_is_read_with_the_merchant_s_own_lines_of_it() {
    let world = World::shared();
    let (shop, other) = (Shop::usual(world), Shop::usual(world));
    let side = &shop.live;
    let commission = commission_id(side, "o");
    let id = insert_payout(side, "settled", &commission, "10.00");
    // A live payout spans merchants: this line is another's.
    world.database.execute(
        "insert into payout_line (environment, merchant_id, payout_id, kind, subject, affiliate_id,
                                  currency, amount)
         values ('live', $1::uuid, $2::uuid, 'commission', 'com_theirs', $3::uuid, 'NPR', 7)",
        &[&other.merchant.to_string(), &id, &side.affiliate.to_string()],
    );
    let payout = side.read(&format!("{PAYOUTS}/{id}"));
    assert_eq!(payout["amount"], "10.00");
    assert_eq!((&payout["state"], &payout["lineCount"]), (&json!("settled"), &json!(1)));
    let line = json!({"kind": "commission", "commissionId": commission, "amount": "10.00"});
    assert_eq!(payout["lines"], json!([line]));
    assert_eq!(payout["affiliateId"], side.affiliate.to_string());
    let theirs = other.live.read(&format!("{PAYOUTS}/{id}"));
    assert_eq!((&theirs["amount"], &theirs["lineCount"]), (&json!("7.00"), &json!(1)));
    assert!(!theirs.to_string().contains(&commission));
    for part in ["amount", "state", "lineCount", "sentAt"] {
        assert_eq!(side.read(PAYOUTS)["data"][0][part], payout[part], "{part}");
    }
}

#[test]
fn payouts_come_in_pages_newest_first_and_are_filtered() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let made: Vec<_> = [("o-0", "settled"), ("o-1", "processing"), ("o-2", "approved")]
        .into_iter()
        .map(|(order, state)| insert_payout(side, state, &commission_id(side, order), "10.00"))
        .collect();
    let newest_first: Vec<_> = made.iter().rev().cloned().collect();
    let first = side.read(&format!("{PAYOUTS}?limit=2"));
    assert_eq!(ids(&first), newest_first[..2]);
    let cursor = first["nextCursor"].as_str().expect("there is a next page");
    let last = side.read(&format!("{PAYOUTS}?limit=2&cursor={cursor}"));
    assert_eq!((ids(&last), &last["nextCursor"]), (newest_first[2..].to_vec(), &Value::Null));
    let affiliate = side.affiliate;
    for (query, expected) in [
        ("state=processing".to_owned(), &made[1..2]),
        (format!("affiliateId={affiliate}&state=settled"), &made[..1]),
        ("currency=EUR".to_owned(), &[]),
    ] {
        assert_eq!(ids(&side.read(&format!("{PAYOUTS}?{query}"))), expected, "{query}");
    }
}

#[test]
fn a_bad_question_about_payouts_is_refused_with_its_faults() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let query = "affiliateId=me&currency=npr&cursor=313a78";
    let answer = shop.live.signer.get(&format!("{PAYOUTS}?{query}")).send();
    let message = assert_refused(&answer, 400, "Bad Request", "VALIDATION_ERROR");
    assert_eq!(message.as_array().map(Vec::len), Some(3), "{message}");
    for id in ["junk", "0197a1c4-7a10-7c3e-9a55-2f6f0c1d4e21"] {
        let answer = shop.live.signer.get(&format!("{PAYOUTS}/{id}")).send();
        assert_refused(&answer, 404, "Not Found", "NOT_FOUND");
    }
    let answer = shop.live.signer.post(PAYOUTS, "{}").send();
    assert_refused(&answer, 405, "Method Not Allowed", "METHOD_NOT_ALLOWED");
}
