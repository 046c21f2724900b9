//! The same JSON in other spellings, made on the text so that names, order and numbers stay.

/// Without blanks between tokens.
pub(super) fn compact(json: &str) -> String {
    rewrite(json, "")
}

/// With one blank after each colon and comma, as Python writes it.
pub(super) fn spaced(json: &str) -> String {
    rewrite(json, " ")
}

fn rewrite(json: &str, after_separator: &str) -> String {
    let mut text = String::with_capacity(json.len() * 2);
    let (mut in_string, mut escaped) = (false, false);
    for c in json.chars() {
        if in_string {
            text.push(c);
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else if !c.is_ascii_whitespace() {
            text.push(c);
            in_string = c == '"';
            if matches!(c, ':' | ',') {
                text.push_str(after_separator);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blanks_between_tokens_change() {
        let json = "{ \"a\" : \"x , \\\" : y\",\n  \"b\": [1, 2] }";
        assert_eq!(compact(json), r#"{"a":"x , \" : y","b":[1,2]}"#);
        assert_eq!(spaced(json), r#"{"a": "x , \" : y", "b": [1, 2]}"#);
        assert_eq!(compact(r#"{"a":"\\"}  "#), r#"{"a":"\\"}"#);
    }
}
