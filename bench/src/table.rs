//! Prints figures as a table that can be read in a terminal and pasted into a document.

use std::fmt::Write;

use crate::figure::{Figure, Target};

/// The table, one line per figure.
pub fn of(figures: &[Figure]) -> String {
    let widest = figures.iter().map(|figure| figure.name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for figure in figures {
        let mark = match (figure.target, figure.is_met()) {
            (Target::Told, _) => ' ',
            (_, true) => '✓',
            (_, false) => '✗',
        };
        let target = match figure.target {
            Target::AtLeast(least) => format!("≥ {}", number(least)),
            Target::AtMost(most) => format!("≤ {}", number(most)),
            Target::Told => String::new(),
        };
        let value = format!("{} {}", number(figure.value), figure.unit);
        let name = &figure.name;
        let _ = writeln!(text, "{mark} {name:widest$}  {value:>18}  {target:<9} {}", figure.note);
    }
    text
}

/// Two decimals below ten, one below a hundred, none above.
pub fn number(value: f64) -> String {
    let decimals = match value.abs() {
        small if small < 10.0 => 2,
        middle if middle < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_miss_is_marked_and_its_reason_stands_beside_it() {
        let figure = |name: &str, value, target| Figure {
            name: name.into(),
            value,
            unit: "×",
            target,
            note: "because".into(),
        };
        let table = of(&[
            figure("redirect", 0.7, Target::AtLeast(1.0)),
            figure("a", 12.34, Target::AtMost(60.0)),
            figure("b", 1234.5, Target::Told),
        ]);
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines[0].starts_with("✗ redirect") && lines[0].contains("0.70 ×  ≥ 1.00"));
        assert!(lines[0].ends_with("because"));
        assert!(lines[1].starts_with("✓ a ") && lines[1].contains("12.3 ×  ≤ 60.0"));
        assert!(lines[2].starts_with("  b ") && lines[2].contains("1234 ×"), "{table}");
    }
}
