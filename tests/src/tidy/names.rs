//! Words this house does not use, and code that must not be left behind.

use super::walls::names;
use super::{Source, fault};

/// Names of files and modules that say nothing.
const FILES: [&str; 9] =
    ["util", "utils", "helper", "helpers", "common", "manager", "service", "services", "misc"];
/// How a function's name must not begin.
const FUNCTIONS: [&str; 2] = ["handle_", "process_"];
/// What must not be left in any code.
const LEFT_BEHIND: [&str; 5] = ["todo!", "unimplemented!", "dbg!", "#[ignore", "#[allow("];
/// What must not be left in code that runs.
const UNWRAP: &str = ".unwrap()";

/// Every banned word of a file.
pub fn faults(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let parts = source.path.trim_end_matches(".rs").split('/');
    if let Some(part) = parts.into_iter().find(|part| FILES.contains(part)) {
        found.push(fault(&source.path, 1, &format!("a file must not be named {part}")));
    }
    if !source.text.starts_with("//! ") {
        found.push(fault(&source.path, 1, "the first line must say the file's job: `//! …`"));
    }
    for (line, code) in source.code_lines() {
        let mut note = |what: String| found.push(fault(&source.path, line, &what));
        for word in FILES {
            if names(code, &format!("mod {word}")) {
                note(format!("a module must not be named {word}"));
            }
        }
        for word in LEFT_BEHIND {
            if code.contains(word) {
                note(format!("{word} must not be left behind"));
            }
        }
        if code.contains(UNWRAP) && !source.is_test(line) {
            note(format!("{UNWRAP} outside tests: say with `expect` why it cannot fail"));
        }
    }
    for function in source.functions() {
        if FUNCTIONS.iter().any(|start| function.name.starts_with(start)) {
            let what = format!("{} says nothing: name what it does", function.name);
            found.push(fault(&source.path, function.line, &what));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_banned_word_is_caught() {
        let cases = [
            ("settlement/src/a.rs", "fn process_event() {}", 1),
            ("settlement/src/a.rs", "fn reprocess_event() {}", 0),
            ("settlement/src/a.rs", "mod utils;", 1),
            ("settlement/src/utils.rs", "", 1),
            ("settlement/src/helpers/a.rs", "", 1),
            ("settlement/src/a.rs", "fn a() { b.unwrap(); }", 1),
            ("settlement/src/a.rs", "#[cfg(test)]\nmod tests {\n    fn a() { b.unwrap(); }\n}", 0),
            ("settlement/src/a.rs", "#[test]\n#[ignore]\nfn a() { todo!() }", 2),
            ("settlement/src/a.rs", "// todo!() in a comment\nlet a = \"todo!\";", 0),
            ("settlement/src/a.rs", "#[allow(dead_code)]\nfn a() {}", 1),
        ];
        for (path, text, expected) in cases {
            let found = faults(&Source::new(path, &format!("//! Its job.\n{text}")));
            assert_eq!(found.len(), expected, "{path} {text}: {found:?}");
        }
        assert_eq!(faults(&Source::new("a.rs", "use b;")).len(), 1);
    }
}
