//! Whether a key may be used at all: its own state, its merchant's, and where it is used from.

use super::address;
use shared::directory::{KeyEntry, KeyState, MerchantState};
use shared::id::Environment;
use shared::problem::Code;
use std::net::IpAddr;

/// The first of the three checks that fails at that instant of the edge's clock, or nothing.
pub fn refusal(entry: &KeyEntry, client: Option<IpAddr>, now_ms: i64) -> Option<Code> {
    match entry.state_at(now_ms) {
        KeyState::Active => {}
        KeyState::Disabled => return Some(Code::ApiKeyDisabled),
        KeyState::Revoked => return Some(Code::ApiKeyRevoked),
    }
    match (entry.merchant_state, entry.environment) {
        (MerchantState::Approved, _) | (MerchantState::Pending, Environment::Test) => {}
        (MerchantState::Pending, Environment::Live)
        | (MerchantState::Suspended | MerchantState::Rejected, _) => {
            return Some(Code::MerchantNotApproved);
        }
    }
    if address::is_allowed(&entry.allow_list, client) { None } else { Some(Code::IpNotAllowed) }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use shared::money::Currency;

    const NOW_MS: i64 = 1_781_430_000_000;

    /// A test key that may be used.
    pub(in crate::gate) fn entry() -> KeyEntry {
        KeyEntry {
            key_id: "pk_test_a".into(),
            merchant_id: shared::id::MerchantId(
                serde_json::from_str("\"01900000-0000-7000-8000-000000000001\"").unwrap(),
            ),
            environment: Environment::Test,
            state: KeyState::Active,
            merchant_state: MerchantState::Approved,
            currency: Currency::parse("NPR").unwrap(),
            approved_domain: "shop.np".into(),
            sealed_secret: String::new(),
            per_minute_max: 600,
            per_hour_max: 30_000,
            allow_list: Vec::new(),
            expires_at_ms: None,
            other_keys: Vec::new(),
            shop: None,
        }
    }

    #[test]
    fn every_state_has_its_answer() {
        use Environment::{Live, Test};
        use KeyState::{Active, Disabled, Revoked};
        use MerchantState::{Approved, Pending, Rejected, Suspended};
        let cases = [
            (Active, Approved, Live, None),
            (Active, Approved, Test, None),
            (Active, Pending, Test, None),
            (Active, Pending, Live, Some(Code::MerchantNotApproved)),
            (Active, Suspended, Test, Some(Code::MerchantNotApproved)),
            (Active, Rejected, Test, Some(Code::MerchantNotApproved)),
            (Disabled, Suspended, Live, Some(Code::ApiKeyDisabled)),
            (Revoked, Approved, Test, Some(Code::ApiKeyRevoked)),
        ];
        for (state, merchant_state, environment, expected) in cases {
            let key = KeyEntry { state, merchant_state, environment, ..entry() };
            assert_eq!(refusal(&key, None, NOW_MS), expected, "{key:?}");
        }
        let listed = KeyEntry { allow_list: vec!["10.0.0.0/8".into()], ..entry() };
        assert_eq!(refusal(&listed, None, NOW_MS), Some(Code::IpNotAllowed));
        assert_eq!(refusal(&listed, address::parse("10.1.2.3"), NOW_MS), None);
    }

    #[test]
    fn an_expired_key_is_revoked_before_anything_else_is_asked() {
        let merchant_state = MerchantState::Suspended;
        for state in [KeyState::Active, KeyState::Disabled] {
            let key = KeyEntry { state, merchant_state, expires_at_ms: Some(NOW_MS), ..entry() };
            assert_eq!(refusal(&key, None, NOW_MS), Some(Code::ApiKeyRevoked));
        }
        let key = KeyEntry { expires_at_ms: Some(NOW_MS + 1), ..entry() };
        assert_eq!(refusal(&key, None, NOW_MS), None);
        assert_eq!(refusal(&key, None, NOW_MS + 1), Some(Code::ApiKeyRevoked));
    }
}
