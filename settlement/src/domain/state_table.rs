//! Prints a table of states into the documentation, and holds the two together.

use std::fmt::Write;

/// A table of states by events, as the documentation shows it.
pub(super) struct StateTable<'a> {
    /// The file whose `match` it is, from the repository's root.
    pub source: &'a str,
    /// What `cargo test -p settlement` is to be told to print it again.
    pub test: &'a str,
    /// Heading and what the signs mean.
    pub head: &'a str,
    /// Titles of the columns.
    pub events: &'a [&'static str],
    /// Each row's title and its cells.
    pub rows: &'a [(&'static str, Vec<&'static str>)],
}

impl StateTable<'_> {
    fn markdown(&self) -> String {
        let Self { source, test, head, events, rows } = self;
        let mut text = format!(
            "<!-- Printed from {source}; `KHATA_BLESS=1 cargo test -p settlement {test}` rewrites \
             it. -->\n{head}\n\n| from \\ event |"
        );
        let cell = |text: &mut String, cell: &str| {
            write!(text, " {cell} |").expect("writing to a string cannot fail");
        };
        for event in *events {
            cell(&mut text, event);
        }
        text.push_str("\n|---|");
        text.push_str(&"---|".repeat(events.len()));
        text.push('\n');
        for (title, cells) in *rows {
            write!(text, "| **{title}** |").expect("writing to a string cannot fail");
            for told in cells {
                cell(&mut text, told);
            }
            text.push('\n');
        }
        text
    }

    /// Fails unless `docs/{name}` is this table; with `KHATA_BLESS` it is made so.
    pub(super) fn assert_printed(&self, name: &str) {
        let path = format!("{}/../docs/{name}", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("KHATA_BLESS").is_some() {
            std::fs::write(&path, self.markdown()).expect("docs can be written");
        }
        let printed = std::fs::read_to_string(&path).expect("the printed table is there");
        assert_eq!(printed, self.markdown(), "KHATA_BLESS=1 rewrites it");
    }
}
