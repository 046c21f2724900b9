//! The two spellings of the idempotency header, and how long a key is kept.

use crate::gate::rate::HOUR_MS;
use shared::limits;

/// How long a key repeats its first answer.
pub const KEPT_MS: i64 = limits::IDEMPOTENCY_KEY_KEPT_HOURS * HOUR_MS;
/// Characters of a key at most.
const CHARACTERS_MAX: usize = limits::IDEMPOTENCY_KEY_CHARACTERS_MAX;

/// Reads the key from `Idempotency-Key` and `X-Idempotency-Key`; `Err` is one validation fault.
pub fn read(plain: Option<&str>, prefixed: Option<&str>) -> Result<Option<String>, &'static str> {
    let key = match (plain, prefixed) {
        (Some(one), Some(other)) if one != other => {
            return Err("Idempotency-Key and X-Idempotency-Key must not differ");
        }
        (Some(key), _) | (None, Some(key)) => key,
        (None, None) => return Ok(None),
    };
    let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
    if visible && (1..=CHARACTERS_MAX).contains(&key.len()) {
        Ok(Some(key.to_owned()))
    } else {
        Err("Idempotency-Key must be 1 to 255 visible ASCII characters")
    }
}

/// The key within its scope: one merchant's object, one method, one path.
pub fn scoped(method: &str, path: &str, key: &str) -> String {
    format!("{method} {path} {key}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_name_works_and_both_must_agree() {
        let long = "k".repeat(256);
        let cases = [
            (None, None, Ok(None)),
            (Some("a"), None, Ok(Some("a"))),
            (None, Some("a"), Ok(Some("a"))),
            (Some("a"), Some("a"), Ok(Some("a"))),
            (Some("a"), Some("b"), Err(())),
            (Some(""), None, Err(())),
            (Some("a b"), None, Err(())),
            (Some("é"), None, Err(())),
            (Some(long.as_str()), None, Err(())),
            (Some(&long[1..]), None, Ok(Some(&long[1..]))),
        ];
        for (plain, prefixed, expected) in cases {
            let read = read(plain, prefixed);
            let read = read.as_ref().map(Option::as_deref).map_err(|_| ());
            assert_eq!(read, expected, "{plain:?} {prefixed:?}");
        }
    }

    #[test]
    fn a_key_of_another_method_or_path_is_another_key() {
        let scoped = [
            scoped("POST", "/a", "k"),
            scoped("PUT", "/a", "k"),
            scoped("POST", "/b", "k"),
            scoped("POST", "/a", "l"),
        ];
        let distinct: std::collections::HashSet<_> = scoped.iter().collect();
        assert_eq!(distinct.len(), scoped.len(), "{scoped:?}");
    }
}
