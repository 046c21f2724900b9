//! The house's rules as pure functions: a file in, its faults out. `tests/tidy.rs` runs them.

pub mod lengths;
pub mod migrations;
pub mod names;
pub mod source;
pub mod sql;
pub mod texts;
pub mod tree;
pub mod walls;

pub use source::Source;

/// A fault, as an editor finds it: `path:line: what`.
pub fn fault(path: &str, line: usize, what: &str) -> String {
    format!("{path}:{line}: {what}")
}
