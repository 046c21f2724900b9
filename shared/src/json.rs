//! A strict reader of request bodies: repeated names, NUL, lone surrogates and deep nesting are
//! refused, and numbers inside free-form objects keep every digit.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Levels of nesting, the body's own object being the first.
pub const DEPTH_MAX: usize = 32;

/// One checked JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number that is a whole, non-negative 64-bit one.
    Whole(u64),
    /// Any other number.
    Number,
    /// A string without NUL.
    Text(String),
    /// An array.
    List(Vec<Node>),
    /// An object, in the order sent, every name once.
    Object(Vec<(String, Node)>),
}

/// One property of a body: its name and its value, or why the value cannot be taken.
#[derive(Debug)]
pub struct Property {
    /// The name as sent.
    pub name: String,
    /// The checked value, or the reason it is refused.
    pub value: Result<Node, String>,
    /// The value's text exactly as sent.
    pub raw: Box<RawValue>,
}

/// Reads a body that must be one JSON object.
///
/// `Err` carries one sentence when the body as a whole cannot be read; what is wrong with a single
/// property stands in that property.
pub fn read_object(body: &[u8]) -> Result<Vec<Property>, String> {
    let text = std::str::from_utf8(body).map_err(|_| "body must be UTF-8".to_owned())?;
    if !text.trim_start().starts_with('{') {
        let kind = if serde_json::from_str::<&RawValue>(text).is_ok() {
            "body must be a JSON object"
        } else {
            "body must be valid JSON"
        };
        return Err(kind.to_owned());
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let named = reader.deserialize_map(TopLevel).map_err(|cause| whole_body(&cause))?;
    reader.end().map_err(|cause| whole_body(&cause))?;
    Ok(named
        .into_iter()
        .map(|(name, raw)| Property { name, value: read_value(raw.get()), raw })
        .collect())
}

fn whole_body(cause: &serde_json::Error) -> String {
    format!("body must be valid JSON (line {}, column {})", cause.line(), cause.column())
}

fn read_value(text: &str) -> Result<Node, String> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = Level(2).deserialize(&mut reader);
    read.map_err(|cause| {
        let said = cause.to_string();
        // Our own refusals are marked; the parser's describe text of the client's and stay inside.
        match said.split_once(OURS).and_then(|(_, rest)| rest.split_once(OURS)) {
            Some((ours, _)) => ours.to_owned(),
            None if said.contains("surrogate") || said.contains("hex escape") => {
                "must not contain lone surrogates".to_owned()
            }
            None if said.contains("number out of range") => "has a number out of range".to_owned(),
            None => "is not valid JSON".to_owned(),
        }
    })
}

const OURS: &str = "\u{1}";

fn refuse<E: Error>(sentence: &str) -> E {
    E::custom(format_args!("{OURS}{sentence}{OURS}"))
}

struct TopLevel;

impl<'de> Visitor<'de> for TopLevel {
    type Value = Vec<(String, Box<RawValue>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut properties = Vec::new();
        while let Some(property) = map.next_entry()? {
            properties.push(property);
        }
        Ok(properties)
    }
}

#[derive(Clone, Copy)]
struct Level(usize);

impl<'de> DeserializeSeed<'de> for Level {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Level {
    fn below<E: Error>(self) -> Result<Self, E> {
        if self.0 > DEPTH_MAX {
            return Err(refuse(&format!("must not be nested deeper than {DEPTH_MAX} levels")));
        }
        Ok(Self(self.0 + 1))
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Whole(value))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Number)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Number)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node, E> {
        if value.contains('\0') {
            return Err(refuse("must not contain U+0000"));
        }
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let below = self.below()?;
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element_seed(below)? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let below = self.below()?;
        let mut nodes = Vec::new();
        let mut names = std::collections::HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if name.contains('\0') {
                return Err(refuse("must not contain U+0000"));
            }
            if !names.insert(name.clone()) {
                return Err(refuse("must not repeat a property name"));
            }
            nodes.push((name, map.next_value_seed(below)?));
        }
        Ok(Node::Object(nodes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value_of(body: &str) -> Result<Node, String> {
        let mut properties = read_object(body.as_bytes())?;
        properties.remove(0).value
    }

    #[test]
    fn what_is_not_one_object_is_refused_as_a_whole() {
        let cases = [
            ("", "valid JSON"),
            ("{", "valid JSON"),
            ("{}x", "valid JSON"),
            ("[]", "JSON object"),
            ("null", "JSON object"),
            ("{\"a\":}", "valid JSON"),
            ("\u{feff}{}", "valid JSON"),
            ("{\"a\":1,}", "valid JSON"),
            ("{\"a\":NaN}", "valid JSON"),
            ("{'a':1}", "valid JSON"),
            ("{\"a\":01}", "valid JSON"),
        ];
        for (body, expected) in cases {
            let said = read_object(body.as_bytes()).expect_err(body);
            assert!(said.contains(expected), "{body}: {said}");
        }
        assert_eq!(read_object(&[b'{', 0xff, b'}']).expect_err("bytes"), "body must be UTF-8");
    }

    #[test]
    fn a_value_that_cannot_be_taken_says_why() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(32), "]".repeat(32));
        let cases = [
            (r#"{"a":"x\u0000"}"#, "must not contain U+0000"),
            (r#"{"a":{"\u0000":1}}"#, "must not contain U+0000"),
            (r#"{"a":"\ud800"}"#, "must not contain lone surrogates"),
            (r#"{"a":"\udc00x"}"#, "must not contain lone surrogates"),
            (r#"{"a":{"b":1,"b":1}}"#, "must not repeat a property name"),
            (r#"{"a":{"b":1,"\u0062":1}}"#, "must not repeat a property name"),
            (r#"{"a":1e999}"#, "has a number out of range"),
            (&deep, "must not be nested deeper than 32 levels"),
        ];
        for (body, expected) in cases {
            assert_eq!(value_of(body).expect_err(body), expected, "{body}");
        }
    }

    #[test]
    fn thirty_two_levels_and_surrogate_pairs_are_fine() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(31), "]".repeat(31));
        assert!(value_of(&deep).is_ok());
        let pair = value_of(r#"{"a":"\ud83d\ude00"}"#);
        assert_eq!(pair, Ok(Node::Text("😀".to_owned())));
    }

    #[test]
    fn a_very_deep_body_is_refused_without_a_crash() {
        let depth = 100_000;
        let body = format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(value_of(&body).is_err());
    }
}
