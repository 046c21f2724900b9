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

/// Each candidate of the attribution receipt in a line: what it was, whether it won, and until
/// when it could.
pub(super) fn candidates(explanation: &Value) -> Vec<String> {
    let candidates = explanation["attribution"]["candidates"].as_array();
    candidates.map(|all| all.iter().map(candidate).collect()).unwrap_or_default()
}

fn candidate(candidate: &Value) -> String {
    let word = |name: &str| candidate[name].as_str();
    let mut line =
        format!("{} {}", word("kind").unwrap_or("candidate"), word("result").unwrap_or("unknown"));
    let parts = [("class", "class"), ("reason", "reason"), ("windowUntil", "cookie window until")];
    for (name, shown) in parts {
        if let Some(value) = word(name) {
            line = format!("{line}, {shown} {value}");
        }
    }
    line
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
    fn a_candidate_reads_as_a_line() {
        let explanation = json!({"attribution": {"candidates": [
            {"kind": "click", "result": "won", "class": "human", "windowUntil": "2026-12-21T05:30:26Z"},
            {"kind": "click", "result": "lost", "reason": "forged"},
        ]}});
        assert_eq!(
            candidates(&explanation),
            [
                "click won, class human, cookie window until 2026-12-21T05:30:26Z",
                "click lost, reason forged",
            ]
        );
        assert_eq!(candidates(&json!({})), Vec::<String>::new());
    }
}
