//! Crockford base32 of fixed-width numbers: lowercase out, case and look-alikes forgiven in.

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Characters of a 128-bit number, most significant first, as in a ULID.
pub const U128_CHARACTERS: usize = 26;

/// The value of one character, or `None` when it is not in the alphabet.
///
/// `O` reads as 0, `I` and `L` as 1; upper and lower case are one.
pub fn value(character: u8) -> Option<u8> {
    let folded = match character.to_ascii_lowercase() {
        b'o' => b'0',
        b'i' | b'l' => b'1',
        other => other,
    };
    ALPHABET.iter().position(|&a| a == folded).and_then(|at| u8::try_from(at).ok())
}

/// Appends `bytes` as base32; 5 bytes become 8 characters, so the length must divide by 5.
pub fn encode_groups(bytes: &[u8], into: &mut String) {
    debug_assert_eq!(bytes.len() % 5, 0, "groups of five bytes leave no spare bits");
    for group in bytes.chunks_exact(5) {
        let number = group.iter().fold(0u64, |number, &byte| number << 8 | u64::from(byte));
        for place in (0..8).rev() {
            let digit = (number >> (place * 5)) & 31;
            into.push(char::from(ALPHABET[usize::try_from(digit).unwrap_or(0)]));
        }
    }
}

/// Reads characters written by [`encode_groups`] into `out`; `None` on a foreign character or
/// when the lengths do not fit (8 characters for each 5 bytes).
pub fn decode_groups(text: &[u8], out: &mut [u8]) -> Option<()> {
    if !text.len().is_multiple_of(8) || text.len() / 8 * 5 != out.len() {
        return None;
    }
    for (group, target) in text.chunks_exact(8).zip(out.chunks_exact_mut(5)) {
        let mut number = 0u64;
        for &character in group {
            number = number << 5 | u64::from(value(character)?);
        }
        target.copy_from_slice(&number.to_be_bytes()[3..]);
    }
    Some(())
}

/// A 128-bit number as 26 characters, zero-extended on the left as Crockford defines it.
pub fn encode_u128(number: u128) -> String {
    (0..U128_CHARACTERS)
        .rev()
        .map(|place| {
            let digit = (number >> (place * 5)) & 31;
            char::from(ALPHABET[usize::try_from(digit).unwrap_or(0)])
        })
        .collect()
}

/// Reads 26 characters as a 128-bit number; `None` on another length, a foreign character or a
/// number that does not fit.
pub fn decode_u128(text: &str) -> Option<u128> {
    if text.len() != U128_CHARACTERS || value(text.as_bytes()[0])? > 7 {
        return None;
    }
    text.bytes()
        .try_fold(0u128, |number, character| Some(number << 5 | u128::from(value(character)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_survives_the_round_trip_in_either_case() {
        for number in [0, 1, 31, 32, u128::MAX, 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef] {
            let text = encode_u128(number);
            assert_eq!(decode_u128(&text), Some(number));
            assert_eq!(decode_u128(&text.to_uppercase()), Some(number));
        }
        assert_eq!(encode_u128(u128::MAX), "7zzzzzzzzzzzzzzzzzzzzzzzzz");
    }

    #[test]
    fn look_alikes_are_one_character_and_strangers_are_none() {
        assert_eq!(value(b'O'), Some(0));
        assert_eq!(value(b'l'), value(b'1'));
        assert_eq!(value(b'I'), Some(1));
        assert_eq!(value(b'u'), None);
        assert_eq!(value(b'-'), None);
        assert_eq!(decode_u128("8zzzzzzzzzzzzzzzzzzzzzzzzz"), None);
    }

    #[test]
    fn groups_survive_the_round_trip() {
        let bytes = [0, 255, 17, 34, 51, 68, 85, 102, 119, 136];
        let mut text = String::new();
        encode_groups(&bytes, &mut text);
        let mut back = [0; 10];
        assert_eq!(decode_groups(text.as_bytes(), &mut back), Some(()));
        assert_eq!(back, bytes);
        for other_length in
            ["", "short", "01234567", "0123456789abcdefg", "0123456789abcdef01234567"]
        {
            assert_eq!(decode_groups(other_length.as_bytes(), &mut back), None, "{other_length}");
        }
    }
}
