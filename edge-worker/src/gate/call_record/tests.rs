//! What goes into a record, and what never does.

use super::*;
use crate::gate::key::tests::entry;
use proptest::prelude::*;
use shared::problem::Problem;

const NOW_MS: i64 = 1_781_408_700_000;
const PATH: &str = "/api/v1/conversions";

fn answered<'a>(key: &'a KeyEntry, status: u16, body: &'a str) -> Answered<'a> {
    Answered {
        id: 7,
        received_at_ms: NOW_MS,
        done_at_ms: NOW_MS + 12,
        key,
        is_signed: true,
        method: "POST",
        path: PATH,
        request_id: "r-1",
        content_length: Some("80"),
        status,
        refusal: None,
        is_repeat: false,
        body,
    }
}

#[test]
fn a_taken_event_is_named_and_its_answer_told() {
    let key = entry();
    let received = r#"{"eventId":"cnvevt_01","status":"RECEIVED","duplicate":false}"#;
    let order = r#"{"status":"DUPLICATE","conversionId":"cnv_01","duplicate":true}"#;
    let status = r#"{"eventId":"osevt_01","status":"DUPLICATE","duplicate":true}"#;
    let batch = r#"{"results":[{"eventId":"cnvevt_01","status":"RECEIVED","duplicate":false}]}"#;
    let cases = [
        (202, received, false, Some("cnvevt_01"), Some(Taken::Received)),
        (202, received, true, Some("cnvevt_01"), Some(Taken::Repeated)),
        (202, order, false, None, Some(Taken::Duplicate)),
        (202, status, false, Some("osevt_01"), Some(Taken::Duplicate)),
        (202, batch, false, None, None),
        (202, "", false, None, None),
        (200, received, false, None, None),
    ];
    for (status, body, is_repeat, event_id, taken) in cases {
        let made = record(&Answered { is_repeat, ..answered(&key, status, body) });
        assert_eq!((made.event_id.as_deref(), made.taken), (event_id, taken), "{body}");
        assert_eq!((made.code, made.faults.len()), (None, 0), "{body}");
    }
}

#[test]
fn a_call_is_told_as_it_came() {
    let key = entry();
    let made = record(&answered(&key, 200, "{}"));
    assert_eq!((made.id, made.received_at_ms, made.latency_ms), (7, NOW_MS, 12));
    assert_eq!((made.merchant_id, made.environment), (key.merchant_id, key.environment));
    assert_eq!(
        (made.key_id, made.path, made.request_id),
        (key.key_id.clone(), PATH.into(), "r-1".into())
    );
    assert_eq!((made.method.as_ref(), made.status, made.content_bytes), ("POST", 200, Some(80)));
    let later =
        Answered { done_at_ms: NOW_MS - 1, content_length: Some("x"), ..answered(&key, 200, "") };
    assert_eq!((record(&later).latency_ms, record(&later).content_bytes), (0, None));
}

#[test]
fn a_refusal_has_its_log_code_and_the_faults_it_told() {
    let key = entry();
    for code in Code::ALL {
        let problem = Problem::faults(code, vec!["a is required".into(), "b is not".into()]);
        let body = problem.body("r-1");
        let local = Answered { refusal: Some(code), ..answered(&key, problem.status(), &body) };
        let made = record(&local);
        assert_eq!(made.code.as_deref(), Some(code.log_code()));
        let expected: &[&str] =
            if made.status == 400 { &["a is required", "b is not"] } else { &[] };
        assert_eq!(made.faults, expected, "{code:?}");
        assert_eq!(made.proven, made.status != 401, "{code:?}");
    }
    // Settlement's refusals are passed on as they are.
    let body = Problem::new(Code::NotFound, "there is no such event").body("r-1");
    let made = record(&answered(&key, 404, &body));
    assert_eq!((made.code.as_deref(), made.faults.len()), (Some("NOT_FOUND"), 0));
    let body = Problem::faults(Code::ValidationError, vec!["limit must be".into()]).body("r-1");
    let made = record(&answered(&key, 400, &body));
    assert_eq!(made.code.as_deref(), Some("VALIDATION_ERROR"));
    assert_eq!(made.faults, ["limit must be"]);
    for junk in ["", "<html>", "[]", r#"{"message":1}"#] {
        let made = record(&answered(&key, 502, junk));
        assert_eq!((made.code, made.faults.len()), (None, 0), "{junk}");
    }
}

#[test]
fn only_a_signature_that_holds_and_is_new_proves_a_call() {
    let key = entry();
    let cases = [(true, 202, true), (true, 429, true), (true, 401, false), (false, 401, false)];
    for (is_signed, status, proven) in cases {
        let made = record(&Answered { is_signed, ..answered(&key, status, "") });
        assert_eq!(made.proven, proven, "{is_signed} {status}");
    }
}

#[test]
fn long_lists_and_long_texts_are_bounded() {
    let key = entry();
    let long = "é".repeat(1_000);
    let faults = vec![long.clone(); 50];
    let body = Problem::faults(Code::ValidationError, faults).body("r-1");
    let call = Answered { path: &long, request_id: &long, ..answered(&key, 400, &body) };
    let made = record(&call);
    assert_eq!(made.faults.len(), FAULTS_MAX + 1);
    assert_eq!(made.faults[FAULTS_MAX], "and 40 more");
    assert!(made.faults.iter().all(|fault| fault.len() <= FAULT_BYTES_MAX));
    assert!(made.path.len() <= PATH_BYTES_MAX && made.request_id.len() <= REQUEST_ID_BYTES_MAX);
    // A row of an object's table is 2 MB at most; JSON doubles a quote or a backslash.
    let worst = "\\".repeat(1_000);
    let body = Problem::faults(Code::ValidationError, vec![worst.clone(); 50]).body("r-1");
    let call = Answered { path: &worst, request_id: &worst, ..answered(&key, 400, &body) };
    let bytes = serde_json::to_string(&record(&call)).unwrap().len();
    assert!(bytes * 256 < 1_500_000, "{bytes}");
}

proptest! {
    /// Whatever a client puts where: no secret, signature or address of a call is in its record,
    /// and nothing of its body but the names that the answer told.
    #[test]
    fn nothing_private_reaches_a_record(
        secret in "sk_(live|test)_[A-Za-z0-9]{24}",
        signature in "[0-9a-f]{64}",
        address in "(203\\.0\\.113\\.[1-9]|2001:db8::[1-9a-f]{1,4}|198\\.51\\.100\\.7:[1-9][0-9]{3})",
        around in "[ /?=,\"'()é\\n]{0,3}",
        place in 0_usize..4,
    ) {
        let key = KeyEntry { sealed_secret: "5ea1ed".into(), ..entry() };
        for private in [&secret, &signature, &address] {
            let text = format!("{around}{private}{around}");
            let fault = format!("{text} is not a property here");
            let refused = Problem::faults(Code::ValidationError, vec![fault]).body(&text);
            let taken = format!(r#"{{"eventId":"{private}","status":"RECEIVED"}}"#);
            let usual = answered(&key, 400, &refused);
            let call = match place {
                0 => Answered { path: &text, ..usual },
                1 => Answered { request_id: &text, ..usual },
                2 => Answered { status: 202, body: &taken, ..usual },
                _ => Answered { content_length: Some(&text), ..usual },
            };
            let stored = serde_json::to_string(&record(&call)).unwrap();
            prop_assert!(!stored.contains(private.as_str()), "{stored}");
            prop_assert!(!stored.contains("5ea1ed"), "{stored}");
        }
    }
}
