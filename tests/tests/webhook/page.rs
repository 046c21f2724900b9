//! `docs/webhooks.md` says what the code does: every type, fault and limit, and the known answer.

use std::fs;
use std::time::Duration;

use settlement::domain::webhook::endpoint::Format;
use settlement::domain::webhook::schedule::{retries, time_max};
use settlement::domain::webhook::signature;
use settlement::outbound::webhook::{ANSWER_BYTES_MAX, ANSWER_KEPT_BYTES, CallFault};
use shared::validate::resource::EventType;
use shared::validate::web_address::PUBLIC_URL_BYTES_MAX;

fn page() -> String {
    fs::read_to_string(xtask::paths::root().join("docs/webhooks.md")).unwrap()
}

#[test]
fn every_type_and_every_fault_has_its_row() {
    let page = page();
    let types = EventType::ALL.into_iter().map(EventType::as_str);
    for word in types.chain(CallFault::ALL.into_iter().map(CallFault::as_str)) {
        assert_eq!(page.matches(&format!("\n| `{word}` |")).count(), 1, "{word}");
    }
}

#[test]
fn limits_are_those_of_the_code() {
    let page = page();
    let thousands = |bytes: usize| format!("{},{:03} bytes", bytes / 1_000, bytes % 1_000);
    for limit in [
        format!("one of more than {} KiB", ANSWER_BYTES_MAX / 1024),
        format!("The first {} KiB of an answer", ANSWER_KEPT_BYTES / 1024),
        format!("at most {}", thousands(PUBLIC_URL_BYTES_MAX)),
    ] {
        assert!(page.contains(&limit), "{limit}");
    }
}

#[test]
fn the_times_of_answers_and_attempts_are_those_of_the_code() {
    let page = page();
    let said = |wait: &Duration| match wait.as_secs() {
        seconds @ ..60 => format!("{seconds} s"),
        seconds @ 60..3_600 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    };
    let waits = |format| retries(format).iter().map(said).collect::<Vec<_>>().join(", ");
    let row = |cell: &dyn Fn(Format) -> String| {
        format!(" | {} | {} |\n", cell(Format::Khata), cell(Format::AffiliateOrder))
    };
    let waited = |format| retries(format).iter().sum::<Duration>().as_secs() / 60;
    let (whole, minutes) = (waited(Format::Khata), waited(Format::AffiliateOrder));
    for expected in [
        row(&waits),
        row(&|format| said(&time_max(format))),
        format!(
            "dead, {} h {} min after the first attempt | dead, {minutes} min",
            whole / 60,
            whole % 60
        ),
    ] {
        assert!(page.contains(&expected), "{expected}");
    }
}

#[test]
fn its_known_answer_is_what_the_code_signs() {
    let page = page();
    let (secret, id) = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek");
    let (seconds, body) = (1_614_265_330, r#"{"test": 2432232314}"#);
    let signed = signature::header(&[secret.to_owned()], id, seconds, body);
    for part in [secret, id, &seconds.to_string(), body, &signed] {
        assert!(page.contains(&format!("`{part}`")), "{part}");
    }
}
