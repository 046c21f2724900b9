//! The repository's own files: what was made, downloaded or built is left out.

use std::fs;
use std::path::Path;

/// Folders that hold nothing written by hand.
const LEFT_OUT: [&str; 7] = [".git", ".wrangler", "target", "node_modules", "build", "pkg", "dist"];
/// Names' ends of files that are text.
const TEXTS: [&str; 12] = [
    ".rs", ".sql", ".md", ".toml", ".json", ".yml", ".yaml", ".sh", ".js", ".html", ".css", ".lock",
];

/// A text file of the repository.
#[derive(Debug, Clone)]
pub struct File {
    /// From the root, with `/`.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// Every text file below the root, in order of its path.
pub fn files(root: &Path) -> Vec<File> {
    let mut found = Vec::new();
    walk(root, "", &mut found);
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<File>) {
    let entries = fs::read_dir(folder).expect("a folder of the repository can be read");
    for entry in entries {
        let entry = entry.expect("an entry of the repository can be read");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        let kind = entry.file_type().expect("an entry has a type");
        if kind.is_dir() {
            if !LEFT_OUT.contains(&name.as_str()) {
                walk(&entry.path(), &path, found);
            }
        } else if kind.is_file() && is_text(&name, prefix) {
            // A file that another process is just replacing is looked at the next time.
            if let Ok(text) = fs::read_to_string(entry.path()) {
                found.push(File { path, text });
            }
        }
    }
}

fn is_text(name: &str, prefix: &str) -> bool {
    TEXTS.iter().any(|end| name.ends_with(end)) || prefix == ".ci" || name.starts_with('.')
}
