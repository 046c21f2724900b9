//! Limits of a signed call that the edge holds and the documents name: each written once, here.

/// Bytes of a merchant's body at most, where an operation names no other limit.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// How far `X-Timestamp` may be from the edge's clock, either way.
pub const TIMESTAMP_SKEW_SECONDS_MAX: u64 = 300;
/// How long a signature is remembered. Longer than the 600 s in which its timestamp passes, so
/// that no clock skew between two machines opens a gap.
pub const SIGNATURE_REMEMBERED_SECONDS: i64 = 900;
/// Characters of an idempotency key at most.
pub const IDEMPOTENCY_KEY_CHARACTERS_MAX: usize = 255;
/// How long an idempotency key repeats its first answer.
pub const IDEMPOTENCY_KEY_KEPT_HOURS: i64 = 24;
/// Characters of a client's request id at most; a longer one is replaced.
pub const REQUEST_ID_CHARACTERS_MAX: usize = 128;
/// Bytes of a body that a hint is given for, and of a question to the signature debugger, at most.
pub const HINT_BODY_BYTES_MAX: usize = 16 * 1024;
/// Bytes of a call that plays a story, at most.
pub const SIMULATION_BODY_BYTES_MAX: usize = 4 * 1024;
/// Hints of one test key in a minute, by one of the edge's isolates.
pub const HINTS_PER_MINUTE_MAX: u32 = 10;
/// Bytes of a shop's webhook at most.
pub const SHOP_BODY_BYTES_MAX: usize = 1024 * 1024;
/// Characters of `X-External-Event-Id` at most.
pub const EXTERNAL_EVENT_ID_CHARACTERS_MAX: usize = 128;
/// Characters of an id in a path at most.
pub const PATH_ID_CHARACTERS_MAX: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    use crate::internal::BATCH_BYTES_MAX;
    use crate::relay::{BULK_BYTES_MAX, WRITE_BYTES_MAX};

    #[test]
    fn bodies_are_as_large_as_the_contract_says() {
        let kib = |bytes: usize| (bytes / 1024, bytes % 1024);
        let read = [BODY_BYTES_MAX, WRITE_BYTES_MAX, BULK_BYTES_MAX, HINT_BODY_BYTES_MAX].map(kib);
        assert_eq!(read, [(256, 0), (256, 0), (1024, 0), (16, 0)]);
        assert_eq!([SIMULATION_BODY_BYTES_MAX, BATCH_BYTES_MAX].map(kib), [(4, 0), (8 * 1024, 0)]);
    }
}
