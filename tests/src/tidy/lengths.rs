//! How long things may be: files 400 lines, functions 70, lines 100 columns.

use super::source::IN_LITERAL;
use super::{Source, fault};

/// Lines of a file at most.
const FILE_LINES_MAX: usize = 400;
/// Lines of a function at most.
const FUNCTION_LINES_MAX: usize = 70;
/// The one function that may be longer: the life of a commission is one table (MONEY §5).
const TABLE: (&str, &str) = ("settlement/src/domain/lifecycle.rs", "step");
/// Columns of a line at most.
const COLUMNS_MAX: usize = 100;
/// Columns of a line at most when what sticks out is a string, which nothing can break.
const LITERAL_COLUMNS_MAX: usize = 140;

/// Everything too long in a file.
pub fn faults(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let lines = source.text.lines().count();
    if lines > FILE_LINES_MAX {
        found.push(fault(&source.path, lines, &format!("{lines} lines, at most {FILE_LINES_MAX}")));
    }
    for function in source.functions() {
        let is_table = (source.path.as_str(), function.name.as_str()) == TABLE;
        if function.lines > FUNCTION_LINES_MAX && !function.is_excused && !is_table {
            let what = format!(
                "{} has {} lines, at most {FUNCTION_LINES_MAX}",
                function.name, function.lines
            );
            found.push(fault(&source.path, function.line, &what));
        }
    }
    for ((line, code), text) in source.code_lines().zip(source.text.lines()) {
        let columns = text.chars().count();
        let sticks_out_of_a_string = code.chars().nth(COLUMNS_MAX) == Some(IN_LITERAL)
            || code.chars().take(COLUMNS_MAX).any(|c| c == IN_LITERAL);
        let most = if sticks_out_of_a_string { LITERAL_COLUMNS_MAX } else { COLUMNS_MAX };
        if columns > most {
            found.push(fault(&source.path, line, &format!("{columns} columns, at most {most}")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        faults(&Source::new("settlement/src/a.rs", text)).len()
    }

    #[test]
    fn a_long_file_function_or_line_is_caught() {
        assert_eq!(count(&"//! x\n".repeat(400)), 0);
        assert_eq!(count(&"//! x\n".repeat(401)), 1);
        let function = |lines: usize| format!("fn a() {{\n{}}}\n", "    b();\n".repeat(lines - 2));
        assert_eq!(count(&function(70)), 0);
        assert_eq!(count(&function(71)), 1);
        let excused = format!("#[expect(clippy::too_many_lines)]\n{}", function(71));
        assert_eq!(count(&excused), 0);
        assert_eq!(count(&format!("// {}", "x".repeat(97))), 0);
        assert_eq!(count(&format!("// {}", "x".repeat(98))), 1);
    }

    #[test]
    fn only_a_string_may_stick_out_and_not_far() {
        assert_eq!(count(&format!("let a = \"{}\";", "x".repeat(110))), 0);
        assert_eq!(count(&format!("let a = \"{}\";", "x".repeat(150))), 1);
    }
}
