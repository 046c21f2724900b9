//! Text for banks: the letters, digits and signs that every bank's systems take.

/// Signs that banks take beside letters, digits and the space. A slash at an end, or two of them,
/// mean something of their own, so they are left out.
const SIGNS: &str = "-?:().,'+";

/// Writes a text in Latin letters and the bank's signs, cut to so many characters; `?` when nothing
/// of it can be written.
pub(super) fn latin(text: &str, characters_max: usize) -> String {
    let romanized = deunicode::deunicode_with_tofu(text, "?").replace('&', "+");
    let taken: String = romanized
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || SIGNS.contains(c) { c } else { ' ' })
        .collect();
    let words: Vec<_> = taken.split_whitespace().collect();
    let cut: String = words.join(" ").chars().take(characters_max).collect();
    let cut = cut.trim_end();
    if cut.is_empty() { "?".to_owned() } else { cut.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::latin;
    use proptest::prelude::*;

    #[test]
    fn names_are_written_in_the_bank_s_letters() {
        let cases = [
            ("Asha Gurung", "Asha Gurung"),
            ("Müller & Söhne", "Muller + Sohne"),
            ("O'Neil / \"Sons\" <x>", "O'Neil Sons x"),
            ("a\u{0}\nb", "a b"),
            ("", "?"),
            ("//", "?"),
        ];
        for (text, expected) in cases {
            assert_eq!(latin(text, 70), expected, "{text}");
        }
        let romanized = latin("आशा गुरुङ", 70);
        assert!(romanized.contains(' ') && !romanized.contains('?'), "{romanized}");
        assert_eq!(latin("abc def", 4), "abc");
    }

    proptest! {
        #[test]
        fn whatever_comes_in_only_plain_text_goes_out(text in "\\PC{0,200}") {
            let plain = latin(&text, 70);
            prop_assert!((1..=70).contains(&plain.len()));
            prop_assert!(plain.bytes().all(|b| (0x20..0x7f).contains(&b)));
            prop_assert!(!plain.contains(['<', '>', '&', '/', '"']));
            prop_assert_eq!(plain.trim(), plain.as_str());
        }
    }
}
