//! Request ids: the client's when sane, else one of ours.

/// Characters of a request id at most.
const CHARACTERS_MAX: usize = shared::limits::REQUEST_ID_CHARACTERS_MAX;

/// Whether a client's id may be echoed: 1–128 of `[A-Za-z0-9._-]`.
pub fn is_sane(text: &str) -> bool {
    (1..=CHARACTERS_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// The client's id when sane, else `req_` and 24 characters made of `random`.
pub fn choose(sent: Option<String>, random: impl FnOnce() -> [u8; 12]) -> String {
    match sent.filter(|text| is_sane(text)) {
        Some(text) => text,
        None => format!("req_{}", hex::encode(random())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sane_id_is_echoed() {
        let long = "x".repeat(129);
        for (sent, echoed) in [
            ("a.B_c-9", true),
            ("", false),
            ("a b", false),
            ("a\"b", false),
            ("é", false),
            (long.as_str(), false),
            (&long[1..], true),
        ] {
            let chosen = choose(Some(sent.to_owned()), || [0; 12]);
            assert_eq!(chosen == sent, echoed, "{sent}");
        }
        assert_eq!(choose(None, || [1; 12]), format!("req_{}", "01".repeat(12)));
    }
}
