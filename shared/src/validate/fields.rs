//! One property at a time: take it, check its type and limits, note what is wrong.

use super::{Context, METADATA_BYTES_MAX};
use crate::fault::Faults;
use crate::id::Environment;
use crate::json::{self, Node, Property};
use crate::time::{self, AHEAD_SECONDS_MAX};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::value::RawValue;

/// A body's properties, each taken once; what nobody takes is unknown.
pub(super) struct Fields {
    properties: Vec<Property>,
    pub(super) faults: Faults,
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
                for property in read {
                    let known = |other: &Property| other.name == property.name;
                    if properties.iter().any(known) {
                        faults.push(format!("{} must not be repeated", shown(&property.name)));
                    } else {
                        properties.push(property);
                    }
                }
            }
        }
        Self { properties, faults }
    }

    /// Whether the body was no object at all, so that missing fields are not worth naming.
    pub(super) fn unreadable(&self) -> bool {
        self.properties.is_empty() && !self.faults.is_empty()
    }

    /// Whether the body names this property.
    pub(super) fn has(&self, name: &str) -> bool {
        self.properties.iter().any(|property| property.name == name)
    }

    fn take(&mut self, name: &str, need: Need) -> Option<(Node, Box<RawValue>)> {
        let Some(at) = self.properties.iter().position(|property| property.name == name) else {
            if need == Need::Required {
                self.faults.push(format!("{name} is required"));
            }
            return None;
        };
        let property = self.properties.remove(at);
        match property.value {
            Ok(Node::Null) => self.faults.push(format!("{name} must not be null")),
            Ok(node) => return Some((node, property.raw)),
            Err(reason) => self.faults.push(format!("{name} {reason}")),
        }
        None
    }

    /// A string of at most `characters_max` Unicode scalars.
    pub(super) fn text(&mut self, name: &str, characters_max: usize, need: Need) -> Option<String> {
        let (node, _) = self.take(name, need)?;
        let Node::Text(text) = node else {
            self.faults.push(format!("{name} must be a string"));
            return None;
        };
        if text.chars().count() > characters_max {
            self.faults.push(format!("{name} must be at most {characters_max} characters"));
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
            self.faults.push(format!(
                "{name} must be a decimal string like \"2999.00\", \
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

    /// A text for people: white space around it goes, something must be left of it.
    pub(super) fn label(
        &mut self,
        name: &str,
        characters_max: usize,
        need: Need,
    ) -> Option<String> {
        let text = self.text(name, characters_max, need)?;
        let fault = match text.trim() {
            "" => "must not be empty",
            text if text.chars().any(char::is_control) => "must not contain control characters",
            text => return Some(text.to_owned()),
        };
        self.faults.push(format!("{name} {fault}"));
        None
    }

    /// The properties of an object inside the body; their faults are the caller's to absorb.
    pub(super) fn object(&mut self, name: &str, need: Need) -> Option<Self> {
        let (node, raw) = self.take(name, need)?;
        if matches!(node, Node::Object(_)) {
            return Some(Self::read(raw.get().as_bytes()));
        }
        self.faults.push(format!("{name} must be an object"));
        None
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
            let name = shown(&property.name);
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
