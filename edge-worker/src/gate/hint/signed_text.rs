//! The right secret over the wrong text: every text that people sign by mistake.

use super::Attempt;
use super::respelled::spellings;
use shared::signing::SignedForm;

const TIMESTAMP_LEFT_OUT: &str = "the timestamp is not part of what you signed";
const BODY_LEFT_OUT: &str = "the body is not part of what you signed";
const LINE_BREAK_SIGNED: &str = "you signed a line break after the body that you did not send";
const LINE_BREAK_SENT: &str = "you sent a line break after the body that you did not sign";

/// A text and what is to be said of one who signed it.
pub(super) type Candidate = (Vec<u8>, &'static str);

/// Every text worth trying for this call; the right one is not among them.
pub(super) fn candidates(attempt: &Attempt<'_>) -> Vec<Candidate> {
    let form = SignedForm::of_call(attempt.method, attempt.path_and_query, attempt.body);
    let mut tried = match form {
        SignedForm::Body => of_body_form(attempt),
        SignedForm::MethodAndPath { .. } => of_method_and_path(attempt),
    };
    let head = head(attempt, form);
    tried.extend(
        of_other_bodies(attempt.body)
            .into_iter()
            .map(|(body, said)| ([&head, &body[..]].concat(), said)),
    );
    let right = [&head, attempt.body].concat();
    tried.retain(|(text, _)| *text != right);
    tried
}

/// What stands before the body.
fn head(attempt: &Attempt<'_>, form: SignedForm<'_>) -> Vec<u8> {
    let timestamp = attempt.timestamp.unwrap_or_default();
    match form {
        SignedForm::Body => format!("{timestamp}."),
        SignedForm::MethodAndPath { method, path_and_query } => {
            format!("{timestamp}.{method} {path_and_query}.")
        }
    }
    .into_bytes()
}

fn of_body_form(attempt: &Attempt<'_>) -> Vec<Candidate> {
    let Attempt { method, path_and_query: path, body, .. } = *attempt;
    let timestamp = attempt.timestamp.unwrap_or_default();
    let with = |head: String| [head.as_bytes(), body].concat();
    vec![
        (
            with(format!("{timestamp}.{method} {path}.")),
            "you signed method and path; a POST with a body signs `{timestamp}.{body}` alone",
        ),
        (with(timestamp.to_owned()), "the dot between timestamp and body is missing"),
        (body.to_vec(), TIMESTAMP_LEFT_OUT),
        (timestamp.into(), BODY_LEFT_OUT),
        (format!("{timestamp}.").into(), BODY_LEFT_OUT),
    ]
}

fn of_method_and_path(attempt: &Attempt<'_>) -> Vec<Candidate> {
    const LEFT_OUT: &str = "this call signs `{timestamp}.{METHOD} {path and query}.{body}`; you \
                            left method and path out";
    let Attempt { method, path_and_query: path, body, .. } = *attempt;
    let timestamp = attempt.timestamp.unwrap_or_default();
    let with = |head: String| [head.as_bytes(), body].concat();
    let (before_query, _) = path.split_once('?').unwrap_or((path, ""));
    let mut tried = vec![
        (with(format!("{timestamp}.")), LEFT_OUT),
        (with(timestamp.to_owned()), LEFT_OUT),
        (with(format!("{method} {path}.")), TIMESTAMP_LEFT_OUT),
        (with(format!("{timestamp}{method} {path}.")), "the dot after the timestamp is missing"),
        (
            with(format!("{timestamp}.{method} {path}")),
            "the dot after path and query is missing; it stands there without a body, too",
        ),
        (
            with(format!("{timestamp}.{method} {before_query}.")),
            "the query is not part of what you signed; sign the path with its query, as sent",
        ),
        (
            with(format!("{timestamp}.{} {path}.", method.to_lowercase())),
            "you signed the method in lowercase; sign it in capitals",
        ),
    ];
    if !body.is_empty() {
        tried.push((body.to_vec(), TIMESTAMP_LEFT_OUT));
        tried.push((format!("{timestamp}.{method} {path}.").into(), BODY_LEFT_OUT));
        tried.push((format!("{timestamp}.{method} {path}").into(), BODY_LEFT_OUT));
    }
    tried
}

/// Bodies that may have been signed in place of the one sent.
fn of_other_bodies(body: &[u8]) -> Vec<Candidate> {
    let mut tried = vec![
        ([body, b"\n"].concat(), LINE_BREAK_SIGNED),
        ([body, b"\r\n"].concat(), LINE_BREAK_SIGNED),
    ];
    if let Some(stripped) = body.strip_suffix(b"\n") {
        let stripped = stripped.strip_suffix(b"\r").unwrap_or(stripped);
        tried.push((stripped.to_vec(), LINE_BREAK_SENT));
    }
    let text = std::str::from_utf8(body).unwrap_or_default();
    if text.trim_start().starts_with(['{', '[']) {
        tried.extend(spellings(text).into_iter().map(|(text, said)| (text.into_bytes(), said)));
    }
    tried
}
