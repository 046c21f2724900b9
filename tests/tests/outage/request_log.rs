//! Settlement away: calls go on, and their rows arrive afterwards, each once.

use serde_json::json;
use tests::side::CONVERSIONS;
use tests::{Shop, eventually};

use crate::{BACK, world};

#[test]
fn with_settlement_away_the_log_arrives_later() {
    let broken = world();
    let world = broken.world;
    let shop = Shop::usual(world);
    let side = &shop.live;
    let call = |number: i64| {
        let body = json!({"externalOrderId": format!("o-{number}"), "orderAmount": "1.00"});
        side.signer.post(CONVERSIONS, body.to_string())
    };
    call(0).send().expect_status(202);
    world.parts().settlement.stop().unwrap();
    for number in 1..5 {
        call(number).send().expect_status(202);
        assert_eq!(call(number).without_signature().send().status, 401);
    }
    assert_eq!(side.signer.get(CONVERSIONS).send().status, 503);
    world.parts().settlement.start_again().unwrap();
    let merchant = shop.merchant.to_string();
    let statuses = || {
        let query = "select status::int, count(*) as many from request_log
                     where merchant_id = $1::uuid group by status order by status";
        let rows = world.database.rows(query, &[&merchant]);
        rows.iter().map(|row| (row["status"].clone(), row["many"].clone())).collect::<Vec<_>>()
    };
    let expected = [(json!(202), json!(5)), (json!(401), json!(4)), (json!(503), json!(1))];
    eventually(BACK, "every call has its row", || {
        let found = statuses();
        if found == expected { Ok(()) } else { Err(format!("{found:?}")) }
    });
}
