//! Signed reads: lists in pages, filters, and what is not there.

use serde_json::json;
use tests::refusal::assert_refused;
use tests::side::CONVERSIONS;
use tests::{Shop, World};

#[test]
fn lists_come_in_pages_newest_first_and_none_is_missed_or_repeated() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    for order in 0..5 {
        side.sell(&format!("o-{order}"), "10.00");
    }
    for path in [CONVERSIONS, "/api/v1/commissions"] {
        let mut seen = Vec::new();
        let mut query = "limit=2".to_owned();
        loop {
            let page = side.read(&format!("{path}?{query}"));
            let data = page["data"].as_array().unwrap();
            assert!(data.len() <= 2, "{page}");
            seen.extend(data.iter().map(|row| row["externalOrderId"].as_str().unwrap().to_owned()));
            match page["nextCursor"].as_str() {
                Some(cursor) => query = format!("limit=2&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(seen, ["o-4", "o-3", "o-2", "o-1", "o-0"], "{path}");
    }
}

#[test]
fn lists_are_filtered_by_their_fields() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    side.sell("earned", "10.00");
    side.sell("held", "10.00");
    side.tell("held", "confirmed");
    let low = json!({"externalOrderId": "low", "orderAmount": "10.00"});
    side.outcome(&side.report(CONVERSIONS, &low));
    let orders = |path: &str| {
        let list = side.read(path);
        let mut found: Vec<_> = list["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["externalOrderId"].as_str().unwrap().to_owned())
            .collect();
        found.sort();
        found
    };
    assert_eq!(orders("/api/v1/conversions?externalOrderId=low"), ["low"]);
    assert_eq!(orders("/api/v1/conversions?state=attributed"), ["earned", "held"]);
    assert_eq!(orders("/api/v1/conversions?state=unattributed"), ["low"]);
    assert_eq!(orders("/api/v1/commissions?state=hold"), ["held"]);
    assert_eq!(orders("/api/v1/commissions?externalOrderId=earned&state=pending"), ["earned"]);
    let id = side.conversion_id("held");
    assert_eq!(orders(&format!("/api/v1/commissions?conversionId={id}")), ["held"]);
    assert!(orders("/api/v1/commissions?state=paid").is_empty());
}

#[test]
fn a_bad_query_is_refused_with_its_faults() {
    let world = World::shared();
    let shop = Shop::usual(world);
    for query in ["limit=0", "limit=101", "limit=x", "cursor=junk", "state=nice", "colour=red"] {
        let answer = shop.live.signer.get(&format!("{CONVERSIONS}?{query}")).send();
        let message = assert_refused(&answer, 400, "Bad Request", "VALIDATION_ERROR");
        assert!(message.to_string().contains(query.split('=').next().unwrap()), "{message}");
    }
}

#[test]
fn what_does_not_exist_is_not_found() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let absent = shop.live.conversion_id("never reported");
    let paths = [
        format!("{CONVERSIONS}/{absent}"),
        format!("{CONVERSIONS}/{absent}/explain"),
        format!("{CONVERSIONS}/junk"),
        "/api/v1/commissions/com_junk".to_owned(),
        "/api/v1/events/junk".to_owned(),
        "/api/v1/events/cnvevt_00000000000000000000000000".to_owned(),
    ];
    for path in paths {
        let answer = shop.live.signer.get(&path).send();
        assert_refused(&answer, 404, "Not Found", "NOT_FOUND");
    }
}

#[test]
fn an_event_reads_as_documented() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let event_id = side.convert("o", "10.00", &side.click());
    // At first from the edge, then from settlement: never unknown.
    let at_once = side.read(&format!("/api/v1/events/{event_id}"));
    assert_eq!(at_once["eventId"], event_id);
    side.outcome(&event_id);
    let event = side.read(&format!("/api/v1/events/{event_id}"));
    let mut names: Vec<_> = event.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected = [
        "code",
        "commissionId",
        "conversionId",
        "detail",
        "eventId",
        "receivedAt",
        "settledAt",
        "state",
        "type",
    ];
    assert_eq!(names, expected);
    assert!(event["detail"].as_str().unwrap().contains("NPR 1.00"), "{event}");
}
