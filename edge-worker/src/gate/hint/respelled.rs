//! The same JSON in other spellings, made on the text so that names, order and numbers stay.

const BLANKS: &str = "you signed the JSON written with other blanks and line breaks than you sent it with; sign the \
     very bytes you send";
const ESCAPES: &str = "you signed the JSON with characters escaped otherwise (such as `\\/` or `\\u00e9`) than you \
     sent them; sign the very bytes you send";

/// How blanks stand between tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blanks {
    AsSent,
    /// None, as JavaScript and PHP write it.
    None,
    /// One after each colon and comma, as Python writes it.
    AfterSeparators,
    /// Each member on a line of its own, so many blanks deeper than what holds it.
    Indented(usize),
}

/// How characters stand in strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escapes {
    AsSent,
    /// Escaped only where they must be, or beyond these.
    Only {
        slashes: bool,
        beyond_ascii: bool,
    },
}

const ALL_BLANKS: [Blanks; 5] = [
    Blanks::AsSent,
    Blanks::None,
    Blanks::AfterSeparators,
    Blanks::Indented(2),
    Blanks::Indented(4),
];
const ALL_ESCAPES: [Escapes; 5] = [
    Escapes::AsSent,
    Escapes::Only { slashes: false, beyond_ascii: false },
    Escapes::Only { slashes: true, beyond_ascii: false },
    Escapes::Only { slashes: false, beyond_ascii: true },
    Escapes::Only { slashes: true, beyond_ascii: true },
];

/// Tries every spelling of a JSON text that the usual libraries write; answers what is to be said
/// of the first one that `is_signed` takes. Some come twice, and so may the one sent.
pub(super) fn find(
    json: &str,
    is_signed: &mut dyn FnMut(&[u8], &'static str) -> bool,
) -> Option<&'static str> {
    for escapes in ALL_ESCAPES {
        let respelled = escape(json, escapes);
        let said = if respelled == json { BLANKS } else { ESCAPES };
        for blanks in ALL_BLANKS {
            if is_signed(lay_out(&respelled, blanks).as_bytes(), said) {
                return Some(said);
            }
        }
    }
    None
}

fn lay_out(json: &str, blanks: Blanks) -> String {
    if blanks == Blanks::AsSent {
        return json.to_owned();
    }
    let mut text = String::with_capacity(json.len() * 2);
    let (mut in_string, mut escaped, mut depth) = (false, false, 0usize);
    let mut before = ' ';
    for c in json.chars() {
        if in_string {
            text.push(c);
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        if c.is_ascii_whitespace() {
            continue;
        }
        let (opened, closes) = (matches!(before, '{' | '['), matches!(c, '}' | ']'));
        if closes {
            depth = depth.saturating_sub(1);
        }
        if let Blanks::Indented(step) = blanks
            && (opened != closes || before == ',')
        {
            text.push('\n');
            text.extend(std::iter::repeat_n(' ', depth * step));
        }
        text.push(c);
        in_string = c == '"';
        match (c, blanks) {
            (':', Blanks::AfterSeparators | Blanks::Indented(_))
            | (',', Blanks::AfterSeparators) => text.push(' '),
            ('{' | '[', _) => depth += 1,
            _ => {}
        }
        before = c;
    }
    text
}

fn escape(json: &str, escapes: Escapes) -> String {
    let Escapes::Only { slashes, beyond_ascii } = escapes else {
        return json.to_owned();
    };
    let mut text = String::with_capacity(json.len() * 2);
    for c in unescaped(json).chars() {
        match c {
            '/' if slashes => text.push_str("\\/"),
            c if beyond_ascii && !c.is_ascii() => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    text.push_str("\\u");
                    text.push_str(&hex::encode(unit.to_be_bytes()));
                }
            }
            c => text.push(c),
        }
    }
    text
}

/// With every escape undone that need not be one. Slashes and letters beyond ASCII stand in
/// strings alone, so the text need not be parsed.
fn unescaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let escape = &rest[at..];
        let (c, bytes) = match escape.as_bytes().get(1) {
            Some(b'/') => (Some('/'), 2),
            Some(b'u') => unicode(escape),
            _ => (None, escape.chars().take(2).map(char::len_utf8).sum()),
        };
        match c {
            Some(c) => text.push(c),
            None => text.push_str(&escape[..bytes]),
        }
        rest = &escape[bytes..];
    }
    text.push_str(rest);
    text
}

/// The character of `\uXXXX`, or of two of them, and the bytes they take; none when it must stay
/// an escape.
fn unicode(escape: &str) -> (Option<char>, usize) {
    let unit = |at: usize| {
        let digits = escape.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let Some(first) = unit(0) else { return (None, 2) };
    let units = [first, unit(6).unwrap_or(0)];
    match char::decode_utf16(units).next() {
        Some(Ok(c)) if !c.is_ascii() => (Some(c), c.len_utf16() * 6),
        _ => (None, 6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blanks_between_tokens_change() {
        let json = "{ \"a\" : \"x , \\\" : y\",\n  \"b\": [1, 2],\"c\":{} }";
        let cases = [
            (Blanks::AsSent, json),
            (Blanks::None, r#"{"a":"x , \" : y","b":[1,2],"c":{}}"#),
            (Blanks::AfterSeparators, r#"{"a": "x , \" : y", "b": [1, 2], "c": {}}"#),
            (
                Blanks::Indented(2),
                "{\n  \"a\": \"x , \\\" : y\",\n  \"b\": [\n    1,\n    2\n  ],\n  \"c\": {}\n}",
            ),
        ];
        for (blanks, expected) in cases {
            assert_eq!(lay_out(json, blanks), expected, "{blanks:?}");
        }
        assert_eq!(lay_out(r#"{"a":"\\"}  "#, Blanks::None), r#"{"a":"\\"}"#);
    }

    #[test]
    fn escapes_are_those_of_the_usual_libraries() {
        let json = r#"{"a":"é/\n😀\"","b":"\u00e9\/\u0041\ud83d\ude00\\u00e9"}"#;
        let plain = r#"{"a":"é/\n😀\"","b":"é/\u0041😀\\u00e9"}"#;
        let only = |slashes, beyond_ascii| escape(json, Escapes::Only { slashes, beyond_ascii });
        assert_eq!(only(false, false), plain);
        let php = r#"{"a":"\u00e9\/\n\ud83d\ude00\"","b":"\u00e9\/\u0041\ud83d\ude00\\u00e9"}"#;
        assert_eq!(only(true, true), php);
        assert_eq!(only(false, true), php.replace("\\/", "/"));
        assert_eq!(only(true, false), plain.replace('/', "\\/"));
        for broken in [r"\", r"\u", r"\u12", r"\ud83d", r"\ud83d\u0041", r"\é", r"\uééé"] {
            assert_eq!(unescaped(broken), broken);
        }
    }

    #[test]
    fn blanks_and_escapes_are_tried_together() {
        let mut texts = Vec::new();
        let mut noted = |text: &[u8], said| {
            texts.push((String::from_utf8_lossy(text).into_owned(), said));
            false
        };
        assert_eq!(find(r#"{"a":"b/é"}"#, &mut noted), None);
        for (text, said) in [(r#"{"a": "b/é"}"#, BLANKS), (r#"{"a": "b\/\u00e9"}"#, ESCAPES)] {
            assert!(texts.contains(&(text.to_owned(), said)), "{texts:?}");
        }
        let found = find("{}", &mut |text: &[u8], _| text == b"{ }");
        assert_eq!(found, None);
    }
}
