//! One property at a time: take it, check its type and limits, note what is wrong.

use super::{Context, METADATA_BYTES_MAX};
use crate::fault::Faults;
use crate::id::Environment;
use crate::json::{self, Node, Property};
use crate::money::Currency;
use crate::time::{self, AHEAD_SECONDS_MAX};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::value::RawValue;
use std::collections::HashSet;

/// A body's properties, each taken once; what nobody takes is unknown.
pub(super) struct Fields {
    properties: Vec<Property>,
    /// Of a property's own properties: its name and a dot.
    prefix: String,
    pub(super) faults: Faults,
}

/// What a change says of a field that may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<T> {
    /// Nothing: it stays.
    Keep,
    /// `null`: it becomes empty.
    Clear,
    /// It becomes this.
    Set(T),
}

impl<T> Change<T> {
    /// What a field becomes.
    pub fn apply(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Keep => before,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }
}

/// Whether a missing property is a fault.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Required,
    Optional,
}

impl Fields {
    /// Reads the body; a body that is no object leaves that one fault and no properties.
    pub(super) fn read(body: &[u8]) -> Self {
        let mut faults = Faults::default();
        let mut properties = Vec::new();
        match json::read_object(body) {
            Err(sentence) => faults.push(sentence),
            Ok(read) => {
                // A set: among the names of a whole body, comparing each with each takes seconds.
                let mut names = HashSet::with_capacity(read.len());
                for property in read {
                    if names.insert(property.name.clone()) {
                        properties.push(property);
                    } else {
                        faults.push(format!("{} must not be repeated", shown(&property.name)));
                    }
                }
            }
        }
        Self { properties, prefix: String::new(), faults }
    }

    /// The properties of a property that is an object; its faults are to be told with the body's.
    pub(super) fn inside(name: &str, properties: Vec<(String, Node)>) -> Self {
        let properties = properties
            .into_iter()
            .map(|(name, node)| Property { name, value: Ok(node), raw: RawValue::NULL.to_owned() })
            .collect();
        Self { properties, prefix: format!("{name}."), faults: Faults::default() }
    }

    /// A property's name as faults tell it.
    fn said(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Whether a property was sent as `null`, which then is taken.
    fn takes_null(&mut self, name: &str) -> bool {
        let is_null =
            |property: &Property| property.name == name && property.value == Ok(Node::Null);
        match self.properties.iter().position(is_null) {
            Some(at) => {
                self.properties.remove(at);
                true
            }
            None => false,
        }
    }

    /// A field that a change may leave, empty or set; `read` takes it when it is neither absent
    /// nor `null`, and gives nothing when it is wrong.
    pub(super) fn change<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Change<T> {
        if self.takes_null(name) {
            return Change::Clear;
        }
        read(self).map_or(Change::Keep, Change::Set)
    }

    /// A whole number within bounds.
    pub(super) fn whole(&mut self, name: &str, least: u32, most: u32, need: Need) -> Option<u32> {
        let (node, _) = self.take(name, need)?;
        let number = match &node {
            Node::Whole(number) => u32::try_from(*number).ok(),
            _ => None,
        };
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            let said = self.said(name);
            self.faults.push(format!("{said} must be a whole number from {least} to {most}"));
        }
        number
    }

    /// One of some words.
    pub(super) fn one_of<T: Copy>(
        &mut self,
        name: &str,
        words: &[(&'static str, T)],
        need: Need,
    ) -> Option<T> {
        let (node, _) = self.take(name, need)?;
        let known = words.iter().find(|(word, _)| node == Node::Text((*word).to_owned()));
        if known.is_none() {
            let said = self.said(name);
            let list: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.faults.push(format!("{said} must be one of {}", list.join(", ")));
        }
        known.map(|(_, meant)| *meant)
    }

    /// A currency: the one sent, the given one when none is, none when it is wrong.
    pub(super) fn currency(&mut self, name: &str, otherwise: Currency) -> Option<Currency> {
        let Some((node, _)) = self.take(name, Need::Optional) else {
            return Some(otherwise);
        };
        let currency = match &node {
            Node::Text(code) => Currency::parse(code),
            _ => None,
        };
        if currency.is_none() {
            let said = self.said(name);
            self.faults.push(format!("{said} must be an ISO 4217 code in capitals, like \"NPR\""));
        }
        currency
    }

    /// Whether a property was sent.
    pub(super) fn has(&self, name: &str) -> bool {
        self.properties.iter().any(|property| property.name == name)
    }

    /// A name that people read: not blank, no control characters, trimmed.
    pub(super) fn display_name(
        &mut self,
        name: &str,
        characters_max: usize,
        need: Need,
    ) -> Option<String> {
        let text = self.text(name, characters_max, need)?;
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed.chars().any(char::is_control) {
            let said = self.said(name);
            self.faults.push(format!("{said} must be 1 to {characters_max} printable characters"));
            return None;
        }
        Some(trimmed.to_owned())
    }

    /// Whether the body was no object at all, so that missing fields are not worth naming.
    pub(super) fn unreadable(&self) -> bool {
        self.properties.is_empty() && !self.faults.is_empty()
    }

    fn take(&mut self, name: &str, need: Need) -> Option<(Node, Box<RawValue>)> {
        let Some(at) = self.properties.iter().position(|property| property.name == name) else {
            if need == Need::Required {
                let said = self.said(name);
                self.faults.push(format!("{said} is required"));
            }
            return None;
        };
        let property = self.properties.remove(at);
        let said = self.said(name);
        match property.value {
            Ok(Node::Null) => self.faults.push(format!("{said} must not be null")),
            Ok(node) => return Some((node, property.raw)),
            Err(reason) => self.faults.push(format!("{said} {reason}")),
        }
        None
    }

    /// An object's text exactly as sent.
    pub(super) fn object(&mut self, name: &str) -> Option<Box<RawValue>> {
        let (node, raw) = self.take(name, Need::Required)?;
        if matches!(node, Node::Object(_)) {
            return Some(raw);
        }
        let said = self.said(name);
        self.faults.push(format!("{said} must be an object"));
        None
    }

    /// A string of at most `characters_max` Unicode scalars.
    pub(super) fn text(&mut self, name: &str, characters_max: usize, need: Need) -> Option<String> {
        let (node, _) = self.take(name, need)?;
        let Node::Text(text) = node else {
            let said = self.said(name);
            self.faults.push(format!("{said} must be a string"));
            return None;
        };
        if text.chars().count() > characters_max {
            let said = self.said(name);
            self.faults.push(format!("{said} must be at most {characters_max} characters"));
            return None;
        }
        Some(text)
    }

    /// A merchant's own id: not empty, no outer white space, no control characters.
    pub(super) fn external_id(
        &mut self,
        name: &str,
        characters_max: usize,
        need: Need,
    ) -> Option<String> {
        let text = self.text(name, characters_max, need)?;
        match id_fault(&text) {
            None => Some(text),
            Some(reason) => {
                self.faults.push(format!("{name} {reason}"));
                None
            }
        }
    }

    /// An amount as a decimal string.
    pub(super) fn amount(&mut self, name: &str, need: Need) -> Option<Decimal> {
        let (node, _) = self.take(name, need)?;
        let amount = match &node {
            Node::Text(text) => crate::money::parse_amount(text),
            _ => None,
        };
        if amount.is_none() {
            let said = self.said(name);
            self.faults.push(format!(
                "{said} must be a decimal string like \"2999.00\", \
                 at most 15 digits before the point"
            ));
        }
        amount
    }

    /// An instant with an offset; with a live key not more than 24 h ahead.
    pub(super) fn instant(&mut self, name: &str, context: &Context<'_>) -> Option<Timestamp> {
        let (node, _) = self.take(name, Need::Optional)?;
        let instant = match &node {
            Node::Text(text) => time::parse_instant(text),
            _ => None,
        };
        let Some(instant) = instant else {
            self.faults.push(format!(
                "{name} must be an ISO 8601 date and time with an offset, \
                 like \"2026-06-14T09:30:00+05:45\""
            ));
            return None;
        };
        let ahead = instant.as_second().saturating_sub(context.now.as_second());
        if context.environment == Environment::Live && ahead > AHEAD_SECONDS_MAX {
            self.faults.push(format!("{name} must not be more than 24 hours ahead"));
            return None;
        }
        Some(instant)
    }

    /// The merchant's own object, kept as the text sent.
    pub(super) fn metadata(&mut self) -> Option<Box<RawValue>> {
        let (node, raw) = self.take("metadata", Need::Optional)?;
        if !matches!(node, Node::Object(_)) {
            self.faults.push("metadata must be an object");
            return None;
        }
        if raw.get().len() > METADATA_BYTES_MAX {
            self.faults.push(format!("metadata must be at most {METADATA_BYTES_MAX} bytes"));
            return None;
        }
        Some(raw)
    }

    /// A word of a list, read by `parse`; `None` when it is absent.
    pub(super) fn word(&mut self, name: &str, need: Need) -> Option<Node> {
        self.take(name, need).map(|(node, _)| node)
    }

    /// A list of objects with 1 to `most` entries.
    pub(super) fn list(&mut self, name: &str, most: usize) -> Option<Vec<Node>> {
        let (node, _) = self.take(name, Need::Optional)?;
        match node {
            Node::List(nodes) if (1..=most).contains(&nodes.len()) => Some(nodes),
            Node::List(_) => {
                self.faults.push(format!("{name} must have 1 to {most} entries"));
                None
            }
            _ => {
                self.faults.push(format!("{name} must be an array"));
                None
            }
        }
    }

    /// A list of 1 to `most` rows, each read as a body of its own: a bad one spoils no other.
    pub(super) fn rows(&mut self, name: &str, most: usize) -> Option<Vec<Self>> {
        let Some(at) = self.properties.iter().position(|property| property.name == name) else {
            self.faults.push(format!("{name} is required"));
            return None;
        };
        let raw = self.properties.remove(at).raw;
        let rows: Option<Vec<&RawValue>> = serde_json::from_str(raw.get()).ok();
        match rows {
            Some(rows) if (1..=most).contains(&rows.len()) => {
                Some(rows.into_iter().map(|row| Self::read(row.get().as_bytes())).collect())
            }
            Some(_) => {
                self.faults.push(format!("{name} must have 1 to {most} entries"));
                None
            }
            None => {
                self.faults.push(format!("{name} must be an array"));
                None
            }
        }
    }

    /// Notes what nobody took; `kindly` names the right field for a likely mistake.
    pub(super) fn refuse_unknown(&mut self, kindly: &[(&str, &str)]) {
        for property in std::mem::take(&mut self.properties) {
            let name = self.said(&shown(&property.name));
            match kindly.iter().find(|(wrong, _)| *wrong == property.name) {
                Some((_, right)) => {
                    self.faults
                        .push(format!("{name} is not a property here; did you mean {right}?"));
                }
                None => self.faults.push(format!("{name} is not a property here")),
            }
        }
    }
}

/// Why a text cannot be a merchant's id; `None` when it can.
pub(super) fn id_fault(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("must not be empty")
    } else if text.trim() != text {
        Some("must not begin or end with white space")
    } else if text.chars().any(char::is_control) {
        Some("must not contain control characters")
    } else {
        None
    }
}

/// A client's own name cut to a length fit for an answer.
pub(super) fn shown(name: &str) -> String {
    const NAME_CHARACTERS_SHOWN_MAX: usize = 60;
    let clean: String = name
        .chars()
        .take(NAME_CHARACTERS_SHOWN_MAX)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if name.chars().count() > NAME_CHARACTERS_SHOWN_MAX { format!("{clean}…") } else { clean }
}
