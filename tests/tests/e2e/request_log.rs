//! The request log: every signed call leaves a row that says what the answer may not.

use serde_json::{Value, json};
use tests::merchant::SignedCall;
use tests::side::{CLOCK, CONVERSIONS, ORDER_STATUS, Side};
use tests::world::ADDRESS_HEADER;
use tests::{Answer, BOUND, Plan, Shop, World, eventually};

/// Rows of a page and where the next begins.
type Listed = (Vec<Value>, Option<String>);

const LOG: &str = "/api/v1/request-log";

/// A request id that nobody has used.
fn fresh_id() -> String {
    format!("t-{}", uuid::Uuid::now_v7().simple())
}

/// Makes a call under a request id of its own, and waits for its row.
fn logged(world: &World, call: SignedCall) -> (Answer, Value) {
    let id = fresh_id();
    let answer = call.header("X-Request-ID", &id).send();
    assert_eq!(answer.header("x-request-id"), id);
    (answer, row_of(world, &id))
}

fn row_of(world: &World, request_id: &str) -> Value {
    eventually(BOUND, &format!("the row of {request_id}"), || {
        let query = "select * from request_log where request_id = $1";
        let mut rows = world.database.rows(query, &[request_id]);
        assert!(rows.len() < 2, "{rows:?}");
        rows.pop().ok_or_else(|| "no row".to_owned())
    })
}

fn order(side: &Side<'_>, id: &str) -> SignedCall {
    let body = json!({"externalOrderId": id, "orderAmount": "10.00"});
    side.signer.post(CONVERSIONS, body.to_string())
}

/// Asserts status, code and route of a call's row; answers it.
fn assert_logged(side: &Side<'_>, call: SignedCall, expected: (u16, Option<&str>)) -> Value {
    let (answer, row) = logged(side.world, call);
    let (status, code) = expected;
    assert_eq!((answer.status, &row["status"]), (status, &json!(status)), "{row}");
    assert_eq!(row["code"], json!(code), "{row}");
    assert_eq!(row["merchant_id"], side.scope.merchant.to_string(), "{row}");
    assert_eq!(row["environment"], side.environment(), "{row}");
    assert_eq!(row["key_id"], side.signer.key_id, "{row}");
    row
}

#[test]
fn a_taken_event_leaves_its_id_and_what_was_done_with_it() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let post = |at: i64| order(side, "o").at(at).header("Idempotency-Key", "k");
    let (answer, first) = logged(world, post(0));
    let event_id = answer.text_of("eventId");
    assert_eq!(first["event_id"], event_id);
    assert_eq!(first["taken"], "RECEIVED");
    assert_eq!((&first["method"], &first["path"]), (&json!("POST"), &json!(CONVERSIONS)));
    assert_eq!(first["content_bytes"], 45);
    assert_eq!(first["faults"], json!([]));
    let repeat = assert_logged(side, post(1), (202, None));
    assert_eq!((&repeat["taken"], &repeat["event_id"]), (&json!("REPEATED"), &json!(event_id)));
    let known = assert_logged(side, order(side, "o").at(2), (202, None));
    assert_eq!((&known["taken"], &known["event_id"]), (&json!("DUPLICATE"), &Value::Null));
    let other = side
        .signer
        .post(CONVERSIONS, json!({"externalOrderId": "p", "orderAmount": "1.00"}).to_string());
    assert_logged(side, other.header("Idempotency-Key", "k"), (409, Some("DUPLICATE_REQUEST")));
}

#[test]
fn a_refusal_for_the_content_leaves_its_faults() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let body = json!({"orderAmount": "ten rupees", "colour": "a private word"});
    let (answer, row) = logged(world, side.signer.post(CONVERSIONS, body.to_string()));
    assert_eq!((answer.status, &row["code"]), (400, &json!("VALIDATION_ERROR")));
    assert_eq!(row["faults"], answer.json()["message"]);
    assert_eq!(row["faults"].as_array().map(Vec::len), Some(3), "{row}");
    let body = json!({"externalOrderId": "o", "status": "sold"}).to_string();
    let bad_status = side.signer.post(ORDER_STATUS, body);
    let row = assert_logged(side, bad_status, (400, Some("ORDER_STATUS_INVALID")));
    assert_eq!(row["faults"].as_array().map(Vec::len), Some(1), "{row}");
    // Settlement refuses the query of a read.
    let read = side.signer.get(&format!("{CONVERSIONS}?limit=0&colour=red"));
    let row = assert_logged(side, read, (400, Some("VALIDATION_ERROR")));
    assert_eq!(row["faults"].as_array().map(Vec::len), Some(2), "{row}");
    assert_eq!(row["path"], CONVERSIONS);
    let clock = side.signer.post(CLOCK, r#"{"seconds":1}"#);
    assert_logged(side, clock, (403, Some("PERMISSION_DENIED")));
}

#[test]
fn a_read_leaves_a_row_whatever_it_finds() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let row = assert_logged(side, side.signer.get(&format!("{CONVERSIONS}?limit=1")), (200, None));
    assert_eq!((&row["route"], &row["taken"]), (&json!(CONVERSIONS), &Value::Null));
    let absent = "/api/v1/events/cnvevt_00000000000000000000000000";
    let row = assert_logged(side, side.signer.get(absent), (404, Some("NOT_FOUND")));
    assert_eq!((&row["route"], &row["path"]), (&json!("/api/v1/events/{id}"), &json!(absent)));
}

#[test]
fn an_unauthorized_call_leaves_the_reason_that_its_answer_hides() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let stale = Some("SIG_STALE_TIMESTAMP");
    assert_logged(side, order(side, "a").at(-360), (401, stale));
    assert_logged(side, order(side, "a").without_timestamp(), (401, stale));
    let bad = Some("SIG_BAD_SIGNATURE");
    assert_logged(side, order(side, "a").secret("sk_live_other"), (401, bad));
    assert_logged(side, order(side, "a").without_signature(), (401, bad));
    let captured = order(side, "a");
    assert_logged(side, captured.clone(), (202, None));
    assert_logged(side, captured, (401, Some("SIG_REPLAY")));
}

#[test]
fn a_key_that_may_not_be_used_leaves_the_reason() {
    let world = World::shared();
    let allow_list = vec!["203.0.113.0/24".to_owned()];
    let listed = Shop::open(world, &Plan { allow_list, ..Plan::default() });
    let call = order(&listed.live, "a").header(ADDRESS_HEADER, "198.51.100.1");
    let row = assert_logged(&listed.live, call, (401, Some("IP_NOT_ALLOWED")));
    assert!(!row.to_string().contains("198.51.100"), "{row}");
    let pending = Shop::open(world, &Plan { approved: false, ..Plan::default() });
    let inactive = (401, Some("MERCHANT_INACTIVE"));
    assert_logged(&pending.live, order(&pending.live, "a"), inactive);
    let shop = Shop::usual(world);
    for (side, verb, code) in
        [(&shop.live, "disable", "API_KEY_DISABLED"), (&shop.test, "revoke", "API_KEY_REVOKED")]
    {
        world.operate(&["key", verb, &side.signer.key_id]);
        world.await_directory();
        let mut tries = 0;
        eventually(BOUND, "the key is refused", || {
            tries += 1;
            let answer = order(side, &format!("o-{tries}")).send();
            if answer.status == 401 { Ok(()) } else { Err(answer.text) }
        });
        assert_logged(side, order(side, "last"), (401, Some(code)));
    }
}

#[test]
fn a_call_over_the_limit_leaves_a_row() {
    let world = World::shared();
    let shop = Shop::open(world, &Plan { per_minute_max: 1, ..Plan::default() });
    order(&shop.live, "a").send().expect_status(202);
    assert_logged(&shop.live, order(&shop.live, "b"), (429, Some("RATE_LIMITED")));
}

#[test]
fn nothing_private_is_in_a_row() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let address = "203.0.113.77";
    let body = json!({"externalOrderId": "private-order", "orderAmount": "123.45",
                      "metadata": {"note": "private-note"}, "customerId": "private-customer"});
    let mut with_fault = body.clone();
    with_fault[&side.signer.secret] = json!(1);
    with_fault[address] = json!(1);
    for body in [body, with_fault] {
        let call = side.signer.post(CONVERSIONS, body.to_string()).header(ADDRESS_HEADER, address);
        let signature = call.proper_signature();
        let (_, row) = logged(world, call);
        let row = row.to_string();
        for private in [&side.signer.secret, &signature, address, "private-", "123.45"] {
            assert!(!row.contains(private), "{private} in {row}");
        }
    }
    let event = format!("/api/v1/events/{}", side.signer.secret);
    let (_, row) = logged(world, side.signer.get(&event));
    assert_eq!(row["path"], "/api/v1/events/[hidden]");
}

/// The request ids of a list that comes in pages of one.
fn every_page(list: &dyn Fn(&str) -> Listed, first: &str) -> Vec<Value> {
    let (mut seen, mut query) = (Vec::new(), first.to_owned());
    loop {
        let (rows, cursor) = list(&query);
        assert!(rows.len() < 2, "{rows:?}");
        seen.extend(rows.into_iter().map(|row| row["requestId"].clone()));
        match cursor {
            Some(cursor) => query = format!("{first}&cursor={cursor}"),
            None => return seen,
        }
    }
}

#[test]
fn the_log_is_read_newest_first_and_by_every_filter() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let mut ids = Vec::new();
    let calls = [
        order(side, "a"),
        side.signer.post(CONVERSIONS, "{}"),
        side.signer.get("/api/v1/commissions"),
        order(side, "a").at(1),
    ];
    for call in calls {
        let id = fresh_id();
        ids.push(id.clone());
        call.header("X-Request-ID", &id).send();
    }
    for id in &ids {
        row_of(world, id);
    }
    let list = |query: &str| {
        let page = side.read(&format!("{LOG}?{query}"));
        let rows = page["data"].as_array().unwrap().clone();
        (rows, page["nextCursor"].as_str().map(str::to_owned))
    };
    let one = list(&format!("requestId={}", ids[0])).0.remove(0);
    let mut names: Vec<_> = one.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected = [
        "code",
        "contentBytes",
        "eventId",
        "faults",
        "id",
        "keyId",
        "latencyMs",
        "method",
        "path",
        "receivedAt",
        "requestId",
        "route",
        "status",
        "taken",
    ];
    assert_eq!(names, expected);
    let event_id = one["eventId"].as_str().unwrap();
    let cases = [
        ("code=VALIDATION_ERROR".to_owned(), vec![&ids[1]]),
        ("status=400".to_owned(), vec![&ids[1]]),
        (format!("eventId={event_id}"), vec![&ids[0]]),
        ("route=%2Fapi%2Fv1%2Fcommissions".to_owned(), vec![&ids[2]]),
        (format!("keyId={}&status=202", side.signer.key_id), vec![&ids[3], &ids[0]]),
        ("keyId=pk_test_other".to_owned(), vec![]),
    ];
    for (query, expected) in cases {
        let found: Vec<_> = list(&query).0.iter().map(|row| row["requestId"].clone()).collect();
        assert_eq!(json!(found), json!(expected), "{query}");
    }
    // Each page of this list is a call itself; the route tells them apart.
    let seen = every_page(&list, "limit=1&route=%2Fapi%2Fv1%2Fconversions");
    assert_eq!(json!(seen), json!([&ids[3], &ids[1], &ids[0]]));
    for query in ["status=2xx", "limit=0", "colour=red"] {
        assert_eq!(side.signer.get(&format!("{LOG}?{query}")).send().status, 400, "{query}");
    }
}

#[test]
fn no_world_and_no_merchant_sees_anothers_calls() {
    let world = World::shared();
    let (shop, other) = (Shop::usual(world), Shop::usual(world));
    let (_, row) = logged(world, order(&shop.test, "a"));
    let query = format!("{LOG}?requestId={}", row["request_id"].as_str().unwrap());
    assert_eq!(shop.test.read(&query)["data"].as_array().map(Vec::len), Some(1));
    for stranger in [&shop.live, &other.live, &other.test] {
        assert_eq!(stranger.read(&query)["data"], json!([]));
    }
}

#[test]
fn a_keys_last_use_is_its_newest_proven_call() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let last_used = || {
        let query = "select last_used_at from api_key where key_id = $1";
        world.database.row(query, &[&side.signer.key_id])["last_used_at"].clone()
    };
    let refused = order(side, "a").without_signature();
    logged(world, refused);
    assert_eq!(last_used(), Value::Null);
    let (_, row) = logged(world, order(side, "a"));
    assert_eq!(last_used(), row["received_at"]);
    logged(world, order(side, "b").without_signature());
    assert_eq!(last_used(), row["received_at"]);
    let list = world.command(&["key", "list", "--merchant", &shop.merchant.to_string()]);
    let line = list.lines().find(|line| line.contains(&side.signer.key_id));
    assert!(line.is_some_and(|line| line.contains("last used ")), "{list}");
    assert!(list.contains("never used"), "the other key was not: {list}");
    let (_, row) = logged(world, side.signer.get(CONVERSIONS));
    assert_eq!(last_used(), row["received_at"]);
}

#[test]
fn a_call_without_a_key_there_is_leaves_a_count_and_no_row() {
    let world = World::shared();
    let shop = Shop::usual(world);
    // Other tests make such calls, too: the count can only be more.
    let counted = |reason: &str| {
        let query = "select coalesce(sum(calls), 0)::bigint as many from call_tally
                     where reason = $1 and merchant_id = '00000000-0000-0000-0000-000000000000'";
        world.database.row(query, &[reason])["many"].as_i64().unwrap()
    };
    let (unknown, missing) = (counted("unknown_key"), counted("missing_key"));
    let id = fresh_id();
    for _ in 0..3 {
        order(&shop.live, "a").key("pk_live_nobody").header("X-Request-ID", &id).send();
        order(&shop.live, "a").without_key().header("X-Request-ID", &id).send();
    }
    eventually(BOUND, "the calls are counted", || {
        let more = (counted("unknown_key") - unknown, counted("missing_key") - missing);
        if more.0 >= 3 && more.1 >= 3 { Ok(()) } else { Err(format!("{more:?}")) }
    });
    assert_eq!(world.database.count("request_log where request_id = $1", &[&id]), 0);
}

#[test]
fn beyond_sixty_a_minute_refused_calls_are_counted_and_not_listed() {
    const CALLS: i64 = 130;
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let merchant = side.scope.merchant.to_string();
    for _ in 0..CALLS {
        assert_eq!(order(side, "a").without_signature().send().status, 401);
    }
    let listed = || {
        let query = "select date_trunc('minute', received_at) as minute_at, count(*) as many
                     from request_log where merchant_id = $1::uuid and status = 401 group by 1";
        let rows = world.database.rows(query, &[&merchant]);
        rows.iter().map(|row| row["many"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    let counted = || {
        let query = "select coalesce(sum(calls), 0)::bigint as many from call_tally
                     where merchant_id = $1::uuid and key_id = $2 and reason = 'unproven'
                       and environment = 'live'";
        world.database.row(query, &[&merchant, &side.signer.key_id])["many"].as_i64().unwrap()
    };
    eventually(BOUND, "every call is listed or counted", || {
        let sum = listed().iter().sum::<i64>() + counted();
        assert!(sum <= CALLS, "{sum} of {CALLS}");
        if sum == CALLS { Ok(()) } else { Err(sum.to_string()) }
    });
    assert!(listed().iter().all(|many| *many <= 60), "{:?}", listed());
    assert!(counted() > 0, "{:?}", listed());
    // A proven call is listed all the same.
    assert_logged(side, order(side, "b"), (202, None));
}
