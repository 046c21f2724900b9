//! Where SQL may be, and that every statement says its name first.

use super::walls::names;
use super::{Source, fault};

/// The rooms of SQL.
const ROOMS: [&str; 6] = [
    "settlement/src/store/",
    "edge-worker/src/objects/tables/",
    "edge-worker/src/objects/tables.rs",
    "bench/src/money/store.rs",
    "bench/src/settle/store.rs",
    "bench/src/webhooks/store.rs",
];
/// Calls that run SQL, outside those rooms.
const CALLS: [&str; 6] = [
    "sqlx::query",
    "sqlx::query_as",
    "sqlx::query_scalar",
    "sqlx::raw_sql",
    "query_as!",
    "QueryBuilder",
];
/// How a statement begins.
const VERBS: [&str; 10] = [
    "select ",
    "insert into ",
    "insert or ",
    "update ",
    "delete from ",
    "with ",
    "create table",
    "create index",
    "alter table",
    "drop table",
];

/// Every statement where none may be, and every one in its room without a name.
pub fn faults(source: &Source) -> Vec<String> {
    let in_room = ROOMS.iter().any(|room| source.path.starts_with(room));
    let in_store = source.path.starts_with("settlement/src/store/");
    // Tests look at the database to see what became of things.
    let mut found = Vec::new();
    for literal in source.literals.iter().filter(|literal| !source.is_test(literal.line)) {
        let bare = is_statement(&literal.text);
        let named = literal.text.trim_start().starts_with("-- ");
        if !in_room && (bare || named && literal.text.lines().skip(1).any(is_statement)) {
            found.push(fault(&source.path, literal.line, "SQL belongs into store or tables"));
        }
        if in_store && bare {
            let what = "the first line of a statement is its name: `-- name`";
            found.push(fault(&source.path, literal.line, what));
        }
    }
    for (line, code) in source.code_lines() {
        let runs = CALLS.iter().any(|call| names(code, call));
        if runs && !in_room && !source.is_test(line) {
            found.push(fault(&source.path, line, "SQL is run in store or tables alone"));
        }
    }
    found
}

/// Whether a text begins as SQL does: sentences that begin with the same words go on with others.
fn is_statement(text: &str) -> bool {
    let text = text.trim_start();
    let lower = text.to_lowercase();
    let begins = VERBS.iter().any(|verb| lower.starts_with(verb));
    let goes_on = [" from ", " set ", " values", " as (", " table", " index", "(", " into "];
    begins && goes_on.iter().any(|word| lower.replace('\n', " ").contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_out_of_its_room_or_without_its_name_is_caught() {
        let query = "sqlx::query(\"select a from b\")";
        let named = "sqlx::query(\"-- find_b\n select a from b\")";
        let cases = [
            ("settlement/src/store/b.rs", named, 0),
            ("settlement/src/store/b.rs", query, 1),
            ("settlement/src/flows/b.rs", named, 2),
            ("settlement/src/flows/b.rs", "let a = \"update b set c = 1\";", 1),
            ("settlement/src/flows/b.rs", "let a = \"select a date from the list\";", 1),
            ("settlement/src/flows/b.rs", "let a = \"update your key\";", 0),
            ("edge-worker/src/objects/tables/b.rs", "\"select a from b\"", 0),
            ("edge-worker/src/objects/b.rs", "\"select a from b\"", 1),
            ("tests/src/b.rs", query, 0),
        ];
        for (path, text, expected) in cases {
            let found = faults(&Source::new(path, text));
            assert_eq!(found.len(), expected, "{path} {text}: {found:?}");
        }
    }
}
