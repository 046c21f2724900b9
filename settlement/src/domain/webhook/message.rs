//! A notice's id on its way: made of what is told, so that the same news has the same id wherever
//! it is sent, however often, and also after the log was written again from an older backup.

use super::told::Told;
use serde_json::Value;
use sha2::{Digest, Sha256};
use shared::crockford;
use shared::id::Environment;

/// Prefix of every `webhook-id`.
pub const PREFIX: &str = "msg_";

/// What is hashed begins with this; another way of hashing takes another number.
const DOMAIN: &[u8] = b"khata/webhook/1";

/// `msg_` and 26 characters: the first 128 bits of SHA-256 over the notice's content. Its place in
/// the log and the endpoint it goes to have no part in it.
pub fn id(environment: Environment, told: &Told) -> String {
    let mut hash = Sha256::new();
    put(&mut hash, DOMAIN);
    put(&mut hash, environment.as_str().as_bytes());
    put(&mut hash, told.merchant.0.as_bytes());
    put(&mut hash, told.kind.as_str().as_bytes());
    let affiliate = told.affiliate.map(|affiliate| affiliate.0.to_string());
    for part in [&affiliate, &told.conversion_id, &told.commission_id, &told.event_id] {
        put(&mut hash, &[u8::from(part.is_some())]);
        put(&mut hash, part.as_deref().unwrap_or_default().as_bytes());
    }
    put(&mut hash, &told.occurred_at.as_microsecond().to_be_bytes());
    put(&mut hash, canonical(&told.data).as_bytes());
    let digest = hash.finalize();
    let first = digest.iter().take(16).fold(0u128, |number, byte| number << 8 | u128::from(*byte));
    of(first)
}

/// A message's id from a random number: for a delivery that tells no notice.
pub fn of(random: u128) -> String {
    format!("{PREFIX}{}", crockford::encode_u128(random))
}

/// Each part behind its length: no two lists of parts are the same bytes.
fn put(hash: &mut Sha256, part: &[u8]) {
    hash.update((part.len() as u64).to_be_bytes());
    hash.update(part);
}

/// JSON with its names sorted, whatever order they were read in.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort_unstable();
            let field = |name: &&String| {
                format!("{}:{}", Value::String((*name).clone()), canonical(&fields[name.as_str()]))
            };
            format!("{{{}}}", names.iter().map(field).collect::<Vec<_>>().join(","))
        }
        Value::Array(values) => {
            format!("[{}]", values.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::notice::Kind;
    use jiff::Timestamp;
    use proptest::prelude::*;
    use serde_json::json;
    use shared::id::{AffiliateId, MerchantId};
    use uuid::Uuid;

    fn told() -> Told {
        Told {
            position: 256,
            merchant: MerchantId(Uuid::from_u128(7)),
            kind: Kind::CommissionHeld,
            affiliate: Some(AffiliateId(Uuid::from_u128(8))),
            conversion_id: Some("cnv_a".to_owned()),
            commission_id: Some("com_a".to_owned()),
            event_id: None,
            occurred_at: Timestamp::from_second(1_781_408_700).expect("a second of the test"),
            data: json!({"to": "hold", "from": "pending", "netAmount": "299.90"}),
        }
    }

    #[test]
    fn an_id_is_known_for_good() {
        // Whoever changes how it is made lets receivers take old news for new.
        assert_eq!(id(Environment::Test, &told()), "msg_1s1rej4zbv18sryvb866ar0m8s");
    }

    #[test]
    fn whatever_is_told_otherwise_has_another_id() {
        let other = |change: &dyn Fn(&mut Told)| {
            let mut told = told();
            change(&mut told);
            id(Environment::Test, &told)
        };
        let mut ids = vec![
            id(Environment::Test, &told()),
            id(Environment::Live, &told()),
            other(&|told| told.merchant = MerchantId(Uuid::from_u128(9))),
            other(&|told| told.kind = Kind::CommissionApproved),
            other(&|told| told.affiliate = None),
            other(&|told| told.conversion_id = Some("cnv_b".to_owned())),
            other(&|told| told.conversion_id = None),
            other(&|told| told.conversion_id = Some(String::new())),
            other(&|told| told.commission_id = Some("com_b".to_owned())),
            other(&|told| told.event_id = Some("cnv_a".to_owned())),
            other(&|told| {
                told.event_id = told.conversion_id.take();
            }),
            other(&|told| told.occurred_at += jiff::SignedDuration::from_micros(1)),
            other(&|told| told.data["netAmount"] = json!("299.91")),
            other(&|told| told.data["netAmount"] = json!(299.90)),
            other(&|told| told.data["reason"] = json!(null)),
            other(&|told| told.data["reason"] = json!("a\",\"b")),
            other(&|told| told.data["reason"] = json!(["a", "b"])),
        ];
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn where_a_notice_stands_in_the_log_says_nothing_about_it() {
        let moved = Told { position: 512, ..told() };
        assert_eq!(id(Environment::Test, &moved), id(Environment::Test, &told()));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(".{0,4}", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn an_id_survives_being_written_and_read_again(data in value()) {
            let told = Told { data, ..told() };
            let text = serde_json::to_string(&told.data).expect("a value is plain data");
            let data = serde_json::from_str(&text).expect("it was just written");
            let again = Told { data, ..told.clone() };
            prop_assert_eq!(id(Environment::Live, &told), id(Environment::Live, &again));
        }

        #[test]
        fn different_news_have_different_ids(one in value(), other in value()) {
            let of = |data: &Value| id(Environment::Live, &Told { data: data.clone(), ..told() });
            prop_assert_eq!(of(&one) == of(&other), one == other);
        }

        #[test]
        fn canonical_text_reads_back_as_the_same_value(data in value()) {
            let read: Value = serde_json::from_str(&canonical(&data)).expect("it is JSON");
            prop_assert_eq!(read, data);
        }
    }
}
