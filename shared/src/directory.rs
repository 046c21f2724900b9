//! What settlement tells the edge about links and keys, and where at the edge each is kept.

use crate::id::{AffiliateId, CampaignId, Environment, MerchantId};
use crate::money::Currency;
use crate::shop::ShopTerms;
use serde::{Deserialize, Serialize};

/// Version of the push format; the edge refuses a newer one.
pub const PUSH_VERSION: u32 = 1;
/// Rows in one push at most.
pub const PUSH_ROWS_MAX: usize = 500;
/// Other keys of the merchant that a test key's entry names at most.
pub const OTHER_KEYS_MAX: usize = 20;

/// Whether a link's visitors reach its destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkState {
    /// Follow it, mint a click id.
    Live,
    /// Paused, archived, expired, or its merchant is suspended: go to the fallback, mint nothing.
    Paused,
}

/// A link, as the redirect needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkEntry {
    /// The short name in the URL.
    pub code: String,
    /// The 40-bit number sealed into click ids; never reused.
    pub link_number: u64,
    /// Whose shop it leads to.
    pub merchant_id: MerchantId,
    /// Which world it belongs to.
    pub environment: Environment,
    /// Who shares it.
    pub affiliate_id: AffiliateId,
    /// Under which terms.
    pub campaign_id: CampaignId,
    /// Where a click goes.
    pub destination: String,
    /// Where a click goes while the link is paused: the campaign's fallback, else the home page.
    pub fallback: String,
    /// Deep links must lead to this domain or below it.
    pub approved_domain: String,
    /// The campaign's cookie window, in seconds.
    pub cookie_seconds: u32,
    /// Live or paused.
    pub state: LinkState,
}

/// Whether a key may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// In use.
    Active,
    /// Switched off, can be switched on again.
    Disabled,
    /// Gone for good.
    Revoked,
}

/// Where a merchant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MerchantState {
    /// Signed up, under review: test keys work, live keys do not.
    Pending,
    /// Working.
    Approved,
    /// Stopped by the operator.
    Suspended,
    /// Refused by the operator.
    Rejected,
}

/// A key, as intake needs it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyEntry {
    /// The public id, `pk_live_…` or `pk_test_…`.
    pub key_id: String,
    /// Whose key it is.
    pub merchant_id: MerchantId,
    /// Which world it opens.
    pub environment: Environment,
    /// Whether it may be used.
    pub state: KeyState,
    /// Where its merchant stands.
    pub merchant_state: MerchantState,
    /// The merchant's currency, put into events that name none.
    pub currency: Currency,
    /// Resources must lead to this domain or below it.
    pub approved_domain: String,
    /// The signing secret sealed to the edge's key, as hex.
    pub sealed_secret: String,
    /// Calls in any 60 seconds.
    pub per_minute_max: u32,
    /// Calls in any 3,600 seconds.
    pub per_hour_max: u32,
    /// Addresses or networks that may use the key; empty means any.
    pub allow_list: Vec<String>,
    /// From this instant on it counts as revoked, Unix milliseconds of the edge's clock; absent in
    /// a key that no rotation ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at_ms: Option<i64>,
    /// On a test key alone: other keys of its merchant, whose secrets a wrong signature may have
    /// been made with. [`OTHER_KEYS_MAX`] at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_keys: Vec<String>,
    /// On a shop's key alone, which proves that shop's webhooks and nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shop: Option<ShopTerms>,
}

impl KeyEntry {
    /// Its state at an instant of the edge's clock, in Unix milliseconds: an expired key is gone
    /// for good, whatever it was before and whether or not settlement can be reached.
    pub fn state_at(&self, now_ms: i64) -> KeyState {
        match self.expires_at_ms {
            Some(expires_at_ms) if now_ms >= expires_at_ms => KeyState::Revoked,
            _ => self.state,
        }
    }
}

impl std::fmt::Debug for KeyEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyEntry")
            .field("key_id", &self.key_id)
            .field("merchant_id", &self.merchant_id)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// What one directory row holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Entry {
    /// A link, by its code.
    Link(LinkEntry),
    /// A key, by its id.
    Key(KeyEntry),
    /// Something that was deleted: a tombstone, kept so that an old push cannot bring it back.
    Gone,
}

/// One row of a push. A lower version never overwrites a higher one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The link's code or the key's id, with its kind before it: `link:abc`, `key:pk_live_…`.
    pub name: String,
    /// max(last + 1, commit time in microseconds).
    pub version: u64,
    /// What is there.
    pub entry: Entry,
}

/// A push of rows to one shard: `POST /internal/v1/directory`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// [`PUSH_VERSION`].
    pub version: u32,
    /// Which shard it is for.
    pub shard: u32,
    /// True on the last part of a full snapshot: from then on a miss is an answer.
    pub completes_snapshot: bool,
    /// The rows.
    pub rows: Vec<Row>,
}

/// The edge's answer to a push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PushAnswer {
    /// Whether the shard holds a full snapshot now.
    pub snapshotted: bool,
    /// Rows refused because their number or code belongs to another link.
    pub refused: Vec<String>,
}

/// The row name of a link.
pub fn link_name(code: &str) -> String {
    format!("link:{code}")
}

/// The row name of a key.
pub fn key_name(key_id: &str) -> String {
    format!("key:{key_id}")
}

/// The shard that keeps a row: FNV-1a of its name, so both sides agree without asking.
pub fn shard_of(name: &str, shards: u32) -> u32 {
    let hash = name
        .bytes()
        .fold(0x811c_9dc5u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash % shards.max(1)
}

/// Whether a host is the approved domain or below it. Both in lowercase ASCII.
pub fn host_is_within(host: &str, approved_domain: &str) -> bool {
    !approved_domain.is_empty()
        && (host == approved_domain
            || host
                .strip_suffix(approved_domain)
                .is_some_and(|front| front.len() > 1 && front.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_within_its_domain_and_nothing_that_merely_ends_alike() {
        let cases = [
            ("shop.np", true),
            ("www.shop.np", true),
            ("a.b.shop.np", true),
            ("evilshop.np", false),
            ("shop.np.evil.com", false),
            (".shop.np", false),
            ("", false),
            ("np", false),
        ];
        for (host, expected) in cases {
            assert_eq!(host_is_within(host, "shop.np"), expected, "{host}");
        }
        assert!(!host_is_within("anything", ""));
    }

    fn entry() -> serde_json::Value {
        serde_json::json!({
            "keyId": "pk_test_a",
            "merchantId": "01900000-0000-7000-8000-000000000001",
            "environment": "test",
            "state": "disabled",
            "merchantState": "approved",
            "currency": "NPR",
            "approvedDomain": "shop.np",
            "sealedSecret": "5ea1ed",
            "perMinuteMax": 600,
            "perHourMax": 30_000,
            "allowList": [],
        })
    }

    #[test]
    fn a_row_from_before_rotation_still_reads_and_reads_back_as_it_was() {
        let old: KeyEntry = serde_json::from_value(entry()).unwrap();
        assert_eq!((old.expires_at_ms, old.other_keys.len()), (None, 0));
        assert_eq!(old.state_at(i64::MAX), KeyState::Disabled);
        assert_eq!(serde_json::to_value(&old).unwrap(), entry());
    }

    #[test]
    fn a_key_is_revoked_from_the_millisecond_of_its_expiry() {
        let key: KeyEntry = serde_json::from_value(entry()).unwrap();
        for state in [KeyState::Active, KeyState::Disabled, KeyState::Revoked] {
            let key = KeyEntry { state, expires_at_ms: Some(1_000), ..key.clone() };
            assert_eq!(key.state_at(999), state);
            assert_eq!(key.state_at(1_000), KeyState::Revoked);
            assert_eq!(key.state_at(1_001), KeyState::Revoked);
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let key: KeyEntry = serde_json::from_value(entry()).unwrap();
        let shown = format!("{key:?} {:?}", Entry::Key(key.clone()));
        assert!(shown.contains("pk_test_a") && !shown.contains("5ea1ed"), "{shown}");
    }

    #[test]
    fn names_spread_over_shards_and_stay_there() {
        let shards: std::collections::HashSet<_> =
            (0..100).map(|n| shard_of(&link_name(&format!("code{n}")), 4)).collect();
        assert_eq!(shards.len(), 4);
        assert_eq!(shard_of("link:abc", 1), 0);
        // FNV-1a as published; the rows' names are a part of it.
        assert_eq!(shard_of("foobar", 1_000_003), 0xbf9c_f968 % 1_000_003);
        assert_eq!(shard_of(&link_name("abc"), 1_000_003), 59_482);
        assert_eq!(shard_of(&key_name("pk_live_a"), 1_000_003), 860_340);
    }
}
