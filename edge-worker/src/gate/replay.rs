//! Signatures seen in the last 900 seconds: a signed text is one request, once.

use std::collections::{HashSet, VecDeque};

/// How long a signature is remembered.
pub const REMEMBERED_MS: i64 = shared::limits::SIGNATURE_REMEMBERED_SECONDS * 1_000;
/// Hex digits of a signature that are kept: 128 bits tell two signatures apart.
pub const KEPT_CHARACTERS: usize = 32;

/// The start of a signature, enough to know it again.
pub type Fingerprint = u128;

/// Reads a fingerprint from the signature's hex.
pub fn fingerprint(signature_hex: &str) -> Option<Fingerprint> {
    Fingerprint::from_str_radix(signature_hex.get(..KEPT_CHARACTERS)?, 16).ok()
}

/// Signatures in the order they were seen.
#[derive(Debug, Default)]
pub struct Seen {
    set: HashSet<Fingerprint>,
    order: VecDeque<(i64, Fingerprint)>,
}

impl Seen {
    /// Whether this signature was seen within the window.
    pub fn knows(&mut self, signature: Fingerprint, now_ms: i64) -> bool {
        while let Some(&(seen_at_ms, oldest)) = self.order.front() {
            if now_ms - seen_at_ms < REMEMBERED_MS {
                break;
            }
            self.order.pop_front();
            self.set.remove(&oldest);
        }
        self.set.contains(&signature)
    }

    /// Remembers it.
    pub fn remember(&mut self, signature: Fingerprint, now_ms: i64) {
        if self.set.insert(signature) {
            self.order.push_back((now_ms, signature));
        }
    }

    /// Remembers one from before a restart; called with the newest first.
    pub fn restore_older(&mut self, signature: Fingerprint, seen_at_ms: i64) {
        if self.set.insert(signature) {
            self.order.push_front((seen_at_ms, signature));
        }
    }

    /// Forgets one whose call failed on our side, so that it may be sent again unchanged.
    pub fn forget(&mut self, signature: Fingerprint) {
        self.set.remove(&signature);
        self.order.retain(|&(_, known)| known != signature);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_known_for_900_seconds() {
        let mut seen = Seen::default();
        assert!(!seen.knows(7, 0));
        seen.remember(7, 0);
        assert!(seen.knows(7, REMEMBERED_MS - 1));
        assert!(!seen.knows(8, REMEMBERED_MS - 1));
        assert!(!seen.knows(7, REMEMBERED_MS));
    }

    #[test]
    fn a_forgotten_signature_may_come_again() {
        let mut seen = Seen::default();
        seen.remember(7, 0);
        seen.forget(7);
        assert!(!seen.knows(7, 1));
    }

    #[test]
    fn restored_signatures_leave_in_their_order() {
        let mut seen = Seen::default();
        seen.restore_older(2, 2_000);
        seen.restore_older(1, 1_000);
        assert!(!seen.knows(1, 1_000 + REMEMBERED_MS));
        assert!(seen.knows(2, 1_000 + REMEMBERED_MS));
    }

    #[test]
    fn the_fingerprint_is_the_first_half() {
        assert_eq!(fingerprint(&"0f".repeat(32)), fingerprint(&"0f".repeat(16)));
        assert_eq!(fingerprint("0f"), None);
    }

    #[test]
    fn a_signature_is_longer_known_than_its_timestamp_passes() {
        // 300 s either way of the edge's clock, and room for two clocks that differ.
        assert_eq!(REMEMBERED_MS, 900_000);
    }

    #[test]
    fn what_is_forgotten_and_comes_again_is_known_from_then_on() {
        let mut seen = Seen::default();
        seen.remember(7, 0);
        seen.remember(8, 1_000);
        seen.forget(7);
        seen.remember(7, 500_000);
        assert!(seen.knows(7, REMEMBERED_MS) && seen.knows(8, REMEMBERED_MS));
        assert!(!seen.knows(8, 1_000 + REMEMBERED_MS));
        assert!(!seen.knows(7, 500_000 + REMEMBERED_MS));
    }
}
