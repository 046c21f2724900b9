//! What holds for every call: signing, limits, repeats and replays, in a few paragraphs.

use crate::flows::create_key::{PER_HOUR_DEFAULT, PER_MINUTE_DEFAULT};
use shared::limits::{
    BODY_BYTES_MAX, HINTS_PER_MINUTE_MAX, IDEMPOTENCY_KEY_CHARACTERS_MAX,
    IDEMPOTENCY_KEY_KEPT_HOURS, SIGNATURE_REMEMBERED_SECONDS, TIMESTAMP_SKEW_SECONDS_MAX,
};

/// One part of the guide.
pub(super) struct Section {
    /// Its anchor on the page.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// Paragraphs with `code` in backticks.
    pub(super) paragraphs: Vec<String>,
}

/// A call as a shell makes it.
pub(super) const EXAMPLE: &str = r#"KEY_ID=pk_test_… SIGNING_SECRET=sk_test_… TS=$(date +%s)
BODY='{"externalOrderId":"SHOP-100245","orderAmount":"2999.00"}'
SIG=$(printf '%s.%s' "$TS" "$BODY" \
  | openssl dgst -sha256 -hmac "$SIGNING_SECRET" -r | cut -d' ' -f1)
curl -sS https://edge.example/api/v1/conversions -H 'Content-Type: application/json' \
  -H "X-Api-Key: $KEY_ID" -H "X-Timestamp: $TS" -H "X-Signature: $SIG" \
  -H 'Idempotency-Key: SHOP-100245' -d "$BODY""#;

/// A read as a shell makes it.
pub(super) const EXAMPLE_READ: &str = r#"TS=$(date +%s) PLACE='/api/v1/commissions?state=payable'
SIG=$(printf '%s.GET %s.' "$TS" "$PLACE" \
  | openssl dgst -sha256 -hmac "$SIGNING_SECRET" -r | cut -d' ' -f1)
curl -sS "https://edge.example$PLACE" \
  -H "X-Api-Key: $KEY_ID" -H "X-Timestamp: $TS" -H "X-Signature: $SIG""#;

/// The whole guide.
pub(super) fn sections() -> Vec<Section> {
    vec![signing(), answers(), limits(), repeats(), worlds()]
}

/// The guide as the document's description, in Markdown.
pub(super) fn text() -> String {
    let mut text = String::from(
        "Merchants report orders and read what became of them. All calls are JSON over HTTPS.\n",
    );
    for section in sections() {
        text.push_str("\n## ");
        text.push_str(section.title);
        text.push('\n');
        for paragraph in section.paragraphs {
            text.push('\n');
            text.push_str(&paragraph);
            text.push('\n');
        }
    }
    text
}

fn signing() -> Section {
    Section {
        id: "signing",
        title: "Sign a call",
        paragraphs: vec![
            "Every call carries `X-Api-Key` (the key's public id), `X-Timestamp` (Unix seconds) and \
             `X-Signature`: the HMAC-SHA256 of a text, in lowercase hex, keyed with the whole \
             signing secret, `sk_…` included."
                .to_owned(),
            "A POST with a body signs `{timestamp}.{raw body}`. Every other call, and a POST \
             without a body, signs `{timestamp}.{METHOD} {path and query as sent}.{raw body}`. Sign \
             the bytes you send: a body serialised again is another body."
                .to_owned(),
            format!(
                "The timestamp must be within {TIMESTAMP_SKEW_SECONDS_MAX} seconds of the edge's \
                 clock. A 401 never says which check failed; the request log does, and with a test \
                 key the answer's `hint` names the mistake, up to {HINTS_PER_MINUTE_MAX} times a minute."
            ),
        ],
    }
}

fn answers() -> Section {
    Section {
        id: "answers",
        title: "Read the answer",
        paragraphs: vec![
            "`202` means that the event is durably stored. Settling it takes a moment: \
             `GET /api/v1/events/{id}` tells the outcome of every accepted event, with a code and a \
             sentence."
                .to_owned(),
            "A refusal has `statusCode`, `message`, `error`, `code` and `requestId`. `message` is a \
             list, one entry per fault and all faults at once, where the body, a header or a \
             parameter is at fault; else a sentence. Every answer carries `X-Request-ID`."
                .to_owned(),
            "Amounts are decimal strings, instants ISO 8601; answers write them in UTC. Lists come \
             newest first as `{data, nextCursor}`: pass `nextCursor` as `cursor` until it is `null`. \
             Every GET can be a HEAD."
                .to_owned(),
        ],
    }
}

fn limits() -> Section {
    Section {
        id: "limits",
        title: "Keep to the limits",
        paragraphs: vec![
            format!(
                "A key may make {PER_MINUTE_DEFAULT} calls in any 60 seconds and \
                 {PER_HOUR_DEFAULT} in any hour unless it was given other limits; windows slide. \
                 Every authenticated call counts, whatever its answer; one refused with `429` does \
                 not, and stores nothing."
            ),
            format!(
                "A body has at most {} KiB where an operation names no other limit, and is refused \
                 when it holds an unknown property, a repeated name or a `null`.",
                BODY_BYTES_MAX / 1024
            ),
        ],
    }
}

fn repeats() -> Section {
    Section {
        id: "repeats",
        title: "Send again safely",
        paragraphs: vec![
            format!(
                "After a timeout, a `429`, a `500` or a `503`, send again, signed with a later \
                 second: two equal signed texts are one request, and the second is refused for \
                 {SIGNATURE_REMEMBERED_SECONDS} seconds. Reads may be sent again as they are. Never \
                 send another 4xx again unchanged."
            ),
            format!(
                "An `Idempotency-Key` (1–{IDEMPOTENCY_KEY_CHARACTERS_MAX} visible ASCII \
                 characters) repeats the first answer byte for byte for \
                 {IDEMPOTENCY_KEY_KEPT_HOURS} hours, with the header `Idempotent-Replayed: true`. \
                 The same key with another body is refused."
            ),
            "Without a key an order known already is answered `DUPLICATE` and has no second effect."
                .to_owned(),
        ],
    }
}

fn worlds() -> Section {
    Section {
        id: "worlds",
        title: "Test and live",
        paragraphs: vec![
            "Test and live keys belong to two worlds that never meet. The test world has a clock \
             of its own that can be moved forward, so that a return window ends in a second."
                .to_owned(),
        ],
    }
}
