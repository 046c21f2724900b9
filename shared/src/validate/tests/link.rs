//! A case per rule of every field of a link's bodies.

use super::*;
use uuid::Uuid;

const IDS: &str = r#""affiliateId":"00000000-0000-0000-0000-000000000001",
    "campaignId":"00000000-0000-0000-0000-000000000002""#;

fn body(rest: &str) -> String {
    format!(r#"{{{IDS},"destination":"https://shop.np/a"{rest}}}"#)
}

#[test]
fn a_link_is_read_whole_and_may_name_its_code() {
    let link = |code: Option<&str>| NewLink {
        affiliate: Uuid::from_u128(1),
        campaign: Uuid::from_u128(2),
        destination: "https://shop.np/a".to_owned(),
        code: code.map(str::to_owned),
    };
    assert_eq!(new_link(body("").as_bytes()), Ok(link(None)));
    for code in ["a", "aZ09-_", &"x".repeat(64)] {
        let sent = body(&format!(r#","code":"{code}""#));
        assert_eq!(new_link(sent.as_bytes()), Ok(link(Some(code))));
    }
}

#[test]
fn every_fault_of_a_link_names_the_field() {
    let code = "code must be 1 to 64 letters, digits, - or _";
    let cases = [
        (format!("{{{IDS}}}"), "destination is required"),
        (format!(r#"{{{IDS},"url":"u","destination":"u"}}"#), {
            "url is not a property here; did you mean destination?"
        }),
        (body(r#","code":"""#), code),
        (body(r#","code":"a b""#), code),
        (body(r#","code":"é""#), code),
        (body(&format!(r#","code":"{}""#, "x".repeat(65))), "code must be at most 64 characters"),
        (body("").replace("000000000001", ""), "affiliateId must be a UUID"),
        (body("").replace("\"00000000-0000-0000-0000-000000000002\"", "7"), {
            "campaignId must be a UUID"
        }),
        (body("").replace("campaignId", "campaign"), "campaignId is required"),
        ("[]".to_owned(), "body must be a JSON object"),
    ];
    for (body, expected) in cases {
        let said = new_link(body.as_bytes()).expect_err(&body).into_messages();
        assert_eq!(said[0], expected, "{body}: {said:?}");
    }
}

#[test]
fn a_link_changes_its_state_and_nothing_else() {
    for (word, state) in [
        ("live", LinkState::Live),
        ("paused", LinkState::Paused),
        ("archived", LinkState::Archived),
    ] {
        let body = format!(r#"{{"state":"{word}"}}"#);
        assert_eq!(link_change(body.as_bytes()), Ok(state));
    }
    for (body, expected) in [
        ("{}", "state is required"),
        ("[]", "body must be a JSON object"),
        (r#"{"state":"gone"}"#, "state must be one of live, paused, archived"),
        (r#"{"state":"live","x":1}"#, "x is not a property here"),
        (r#"{"state":"live","code":"a"}"#, "code never changes; make another link"),
        (r#"{"state":"live","destination":1}"#, "destination never changes; make another link"),
        (r#"{"state":"live","affiliateId":1}"#, "affiliateId never changes; make another link"),
        (r#"{"state":"live","campaignId":1}"#, "campaignId never changes; make another link"),
    ] {
        let said = link_change(body.as_bytes()).expect_err(body).into_messages();
        assert_eq!(said, [expected], "{body}");
    }
}
