//! A shape as rows: each field with its path, its type, its limits and what it says.

use super::super::operation::Named;
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, SchemaType};
use utoipa::openapi::{KnownFormat, Object, RefOr, Schema, SchemaFormat, Type};

/// Levels of nesting that are shown.
const DEPTH_MAX: usize = 5;
/// Words of a list that are shown; a longer list is counted.
const WORDS_SHOWN_MAX: usize = 20;

/// One field.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// `items[].sku`.
    pub(super) path: String,
    pub(super) kind: String,
    /// In sentences, each without its full stop.
    pub(super) limits: Vec<String>,
    pub(super) words: Vec<String>,
    pub(super) is_required: bool,
    pub(super) says: String,
}

/// The fields of a shape, in their order; what a field is made of follows it.
pub(super) fn rows(schema: &RefOr<Schema>, named: &[Named]) -> Vec<Row> {
    let mut rows = Vec::new();
    walk(schema, named, "", 0, &mut rows);
    rows
}

fn resolved<'a>(schema: &'a RefOr<Schema>, named: &'a [Named]) -> Option<&'a Schema> {
    match schema {
        RefOr::T(schema) => Some(schema),
        RefOr::Ref(reference) => {
            let name = reference.ref_location.rsplit('/').next()?;
            let (_, schema) = named.iter().find(|(known, _)| known == name)?;
            match schema {
                RefOr::T(schema) => Some(schema),
                RefOr::Ref(_) => None,
            }
        }
    }
}

fn walk(schema: &RefOr<Schema>, named: &[Named], path: &str, depth: usize, rows: &mut Vec<Row>) {
    if depth > DEPTH_MAX {
        return;
    }
    match resolved(schema, named) {
        Some(Schema::Object(object)) => {
            for (name, property) in &object.properties {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                rows.push(row(&below, property, named, object.required.contains(name)));
                walk(property, named, &below, depth + 1, rows);
            }
        }
        Some(Schema::Array(array)) => {
            if let ArrayItems::RefOrSchema(item) = &array.items {
                walk(item, named, &format!("{path}[]"), depth + 1, rows);
            }
        }
        Some(Schema::OneOf(either)) => {
            for item in &either.items {
                let known = rows.len();
                walk(item, named, path, depth + 1, rows);
                drop_known(rows, known);
            }
        }
        _ => {}
    }
}

/// Of two shapes of one answer, a field of both is shown once, with the words of both.
fn drop_known(rows: &mut Vec<Row>, known: usize) {
    for mut row in rows.split_off(known) {
        match rows.iter_mut().find(|first| first.path == row.path) {
            None => rows.push(row),
            Some(first) => first.words.append(&mut row.words),
        }
    }
}

fn row(path: &str, schema: &RefOr<Schema>, named: &[Named], is_required: bool) -> Row {
    let mut row = Row {
        path: path.to_owned(),
        kind: String::new(),
        limits: Vec::new(),
        words: Vec::new(),
        is_required,
        says: String::new(),
    };
    if let RefOr::Ref(reference) = schema {
        row.says.clone_from(&reference.description);
    }
    match resolved(schema, named) {
        Some(Schema::Object(object)) => describe(object, &mut row),
        Some(Schema::Array(array)) => {
            "list".clone_into(&mut row.kind);
            row.says = array.description.clone().unwrap_or_default();
            let (min, max) = (array.min_items, array.max_items);
            row.limits.extend(range(min, max, "entries"));
        }
        Some(Schema::OneOf(either)) => {
            let kinds: Vec<_> = either
                .items
                .iter()
                .filter_map(|item| resolved(item, named))
                .map(|item| match item {
                    Schema::Array(_) => "list".to_owned(),
                    Schema::Object(object) => kind(object),
                    _ => "value".to_owned(),
                })
                .collect();
            row.kind = kinds.join(" or ");
            row.says = either.description.clone().unwrap_or_default();
        }
        _ => "value".clone_into(&mut row.kind),
    }
    row
}

/// What a parameter's or header's schema says, as a row of that name.
pub(super) fn of_value(name: &str, schema: &RefOr<Schema>, is_required: bool) -> Row {
    row(name, schema, &[], is_required)
}

fn describe(object: &Object, row: &mut Row) {
    row.kind = kind(object);
    if row.says.is_empty() {
        row.says = object.description.clone().unwrap_or_default();
    }
    row.limits.extend(range(object.min_length, object.max_length, "characters"));
    let whole = |number: &Option<utoipa::Number>| match number {
        Some(utoipa::Number::Int(number)) => usize::try_from(*number).ok(),
        Some(utoipa::Number::UInt(number)) => Some(*number),
        _ => None,
    };
    row.limits.extend(range(whole(&object.minimum), whole(&object.maximum), ""));
    if let Some(default) = &object.default {
        row.limits.push(format!("default {default}"));
    }
    if let Some(AdditionalProperties::FreeForm(true)) = object.additional_properties.as_deref() {
        row.limits.push("any JSON".to_owned());
    }
    let words = object.enum_values.iter().flatten().filter(|word| !word.is_null());
    let words: Vec<_> =
        words.map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned)).collect();
    if words.len() > WORDS_SHOWN_MAX {
        row.limits.push(format!("one of {}", words.len()));
    } else {
        row.words = words;
    }
}

fn range(min: Option<usize>, max: Option<usize>, unit: &str) -> Option<String> {
    let text = match (min, max) {
        (Some(min), Some(max)) => format!("{}–{} {unit}", grouped(min), grouped(max)),
        (None, Some(max)) => format!("up to {} {unit}", grouped(max)),
        (Some(min), None) => format!("at least {} {unit}", grouped(min)),
        (None, None) => return None,
    };
    Some(text.trim_end().to_owned())
}

/// `1000000` as `1,000,000`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn kind(object: &Object) -> String {
    let word = |kind: &Type| match kind {
        Type::String => match &object.format {
            Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)) => "instant",
            Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)) => "UUID",
            _ => "string",
        },
        Type::Integer => "whole number",
        Type::Number => "number",
        Type::Boolean => "boolean",
        Type::Object => "object",
        Type::Array => "list",
        Type::Null => "null",
    };
    match &object.schema_type {
        SchemaType::Type(one) => word(one).to_owned(),
        SchemaType::Array(several) => several.iter().map(word).collect::<Vec<_>>().join(" or "),
        SchemaType::AnyValue => "value".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_becomes_rows_with_paths_and_limits() {
        let operations = super::super::super::operations();
        let report = operations.iter().find(|one| one.id == "reportConversion").unwrap();
        let shown = rows(&report.body.as_ref().unwrap().schema, &report.schemas);
        let row = |path: &str| shown.iter().find(|row| row.path == path).unwrap();
        assert_eq!(row("externalOrderId").limits, ["1–160 characters"]);
        assert!(row("externalOrderId").is_required && !row("clickId").is_required);
        assert_eq!(row("items").limits, ["1–500 entries"]);
        assert_eq!(row("items[].quantity").limits, ["1–1,000,000"]);
        assert_eq!(row("orderStatus").words.len(), 6);
        assert!(row("currency").limits[0].starts_with("one of "));
        assert_eq!(row("orderedAt").kind, "instant");
        let answer = rows(&report.answers[0].content.as_ref().unwrap().1, &report.schemas);
        let status = answer.iter().find(|row| row.path == "status").unwrap();
        assert_eq!(status.words, ["RECEIVED", "DUPLICATE"]);
    }
}
