//! Every column of the schema says what it holds and in which unit.

use super::fault;

/// Every column without a comment, over all migrations together.
pub fn faults(files: &[(&str, &str)]) -> Vec<String> {
    let comments: Vec<_> = files.iter().flat_map(|(_, text)| commented(text)).collect();
    let mut found = Vec::new();
    for (path, text) in files {
        for (line, column) in columns(text) {
            if !comments.contains(&column) {
                found.push(fault(path, line, &format!("no comment on column {column}")));
            }
        }
        if let Some((at, _)) = text.lines().enumerate().find(|(_, line)| has_capitals(line)) {
            found.push(fault(path, at + 1, "SQL keywords are in lowercase"));
        }
    }
    found
}

fn commented(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter_map(|line| {
        let rest = line.trim().strip_prefix("comment on column ")?;
        rest.split_once(" is ").map(|(column, _)| column.to_owned())
    })
}

/// `table.column` with its line.
fn columns(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut table: Option<String> = None;
    for (at, line) in text.lines().enumerate() {
        let is_top = !line.starts_with([' ', ')']);
        if let Some(rest) = line.strip_prefix("create table ") {
            let name = rest.trim_start_matches("if not exists ").split([' ', '(']).next();
            table = name.map(str::to_owned);
        } else if let Some(rest) = line.strip_prefix("alter table ") {
            let mut words = rest.split_whitespace();
            let name = words.next().unwrap_or_default();
            let added = rest.split_once(" add column ").map(|(_, rest)| rest);
            let column = added.and_then(|rest| rest.split_whitespace().next());
            found.extend(column.map(|column| (at + 1, format!("{name}.{column}"))));
        } else if line.starts_with(')') || is_top && !line.is_empty() {
            table = None;
        } else if let Some(table) = &table
            && line.starts_with("    ")
            && !line.starts_with("     ")
        {
            let word = line.split_whitespace().next().unwrap_or_default();
            if word.starts_with(|c: char| c.is_ascii_lowercase())
                && !["constraint", "primary", "unique", "foreign", "check", "or"].contains(&word)
            {
                found.push((at + 1, format!("{table}.{word}")));
            }
        }
    }
    found
}

fn has_capitals(line: &str) -> bool {
    let code = line.split("--").next().unwrap_or_default();
    ["CREATE ", "SELECT ", "INSERT ", "ALTER ", "NOT NULL"].iter().any(|word| code.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_without_a_comment_is_caught() {
        let text = "create table link (\n    code text not null,\n    state text,\n    \
                    constraint link_pk primary key (code)\n);\n\
                    comment on column link.code is 'Its name';\n\
                    alter table link add column note text;\n";
        let found = faults(&[("migrations/1.sql", text)]);
        assert_eq!(
            found,
            [
                "migrations/1.sql:3: no comment on column link.state",
                "migrations/1.sql:7: no comment on column link.note",
            ]
        );
        assert_eq!(faults(&[("m.sql", "CREATE TABLE a (\n);")]).len(), 1);
    }
}
