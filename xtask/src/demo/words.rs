//! Turns what the API answers into words that a newcomer understands.

use serde_json::Value;

/// `12.50 USD`.
pub(super) fn money(commission: &Value) -> String {
    let part = |name: &str| commission[name].as_str().unwrap_or("?").to_owned();
    format!("{} {}", part("amount"), part("currency"))
}

/// `campaign rule, 7.5 %`.
pub(super) fn rule(commission: &Value) -> String {
    let rule = &commission["rule"];
    let level = rule["level"].as_str().unwrap_or("some");
    let terms = match (rule["rateBps"].as_u64(), rule["flatAmount"].as_str()) {
        (Some(basis_points), _) => percent(basis_points),
        (None, Some(flat)) => format!("{flat} flat"),
        (None, None) => rule["kind"].as_str().unwrap_or("its terms").to_owned(),
    };
    format!("{level} rule, {terms}")
}

fn percent(basis_points: u64) -> String {
    let (whole, hundredths) = (basis_points / 100, basis_points % 100);
    let digits = format!("{whole}.{hundredths:02}");
    format!("{} %", digits.trim_end_matches('0').trim_end_matches('.'))
}

/// Why a conversion went to whom it went: each candidate of the attribution receipt in a line.
pub(super) fn candidates(explanation: &Value) -> Vec<String> {
    let Some(candidates) = find(explanation, "candidates").and_then(Value::as_array) else {
        return Vec::new();
    };
    candidates.iter().map(facts).collect()
}

/// The property of that name, however deep.
fn find<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(properties) => {
            properties.get(name).or_else(|| properties.values().find_map(|inner| find(inner, name)))
        }
        Value::Array(items) => items.iter().find_map(|inner| find(inner, name)),
        _ => None,
    }
}

/// All simple properties as `name value`.
fn facts(value: &Value) -> String {
    let Value::Object(properties) = value else {
        return value.to_string();
    };
    let simple = properties.iter().filter_map(|(name, value)| match value {
        Value::String(text) => Some(format!("{name} {text}")),
        Value::Number(number) => Some(format!("{name} {number}")),
        Value::Bool(holds) => Some(format!("{name} {holds}")),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    });
    simple.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rules_read_as_percent_or_flat() {
        let percent = |bps: u64| rule(&json!({"rule": {"level": "campaign", "rateBps": bps}}));
        assert_eq!(percent(750), "campaign rule, 7.5 %");
        assert_eq!(percent(1_000), "campaign rule, 10 %");
        assert_eq!(percent(5), "campaign rule, 0.05 %");
        let flat = json!({"rule": {"level": "product", "flatAmount": "50.00", "rateBps": null}});
        assert_eq!(rule(&flat), "product rule, 50.00 flat");
    }

    #[test]
    fn candidates_are_found_wherever_the_receipt_keeps_them() {
        let explanation = json!({"receipt": {"candidates": [{"kind": "click", "held": true}]}});
        assert_eq!(candidates(&explanation), ["held true, kind click"]);
        assert_eq!(candidates(&json!({})), Vec::<String>::new());
    }
}
