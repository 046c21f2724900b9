//! What no committed text may hold: paths of one machine, hosts of one network.

use super::fault;

/// Folders of one machine, put together so that this file does not name them itself.
const PATHS: [&str; 5] = [
    concat!("/", "work/"),
    concat!("/", "root/"),
    concat!("/", "home/"),
    concat!("/", "Users/"),
    concat!("C:", "\\Users"),
];
/// Words in hosts of mirrors and proxies.
const HOST_WORDS: [&str; 6] = ["registry", "mirror", "proxy", "artifactory", "nexus", "internal"];
/// Hosts that everybody reaches.
const KNOWN_HOSTS: [&str; 3] = ["registry.npmjs.org", "github.com", "index.crates.io"];

/// Every path and host in a text that means nothing elsewhere.
pub fn faults(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        for machine_path in PATHS {
            if line.match_indices(machine_path).any(|(at, _)| begins_a_path(&line[..at])) {
                let what = format!("{machine_path}… is a path of one machine");
                found.push(fault(path, at + 1, &what));
            }
        }
        for host in hosts(line) {
            let is_odd = HOST_WORDS.iter().any(|word| host.contains(word));
            if is_odd && !KNOWN_HOSTS.contains(&host) {
                found.push(fault(path, at + 1, &format!("{host} is a host of one network")));
            }
        }
    }
    found
}

/// Whether what follows stands at a path's beginning, not in the middle of a URL or a path.
fn begins_a_path(before: &str) -> bool {
    let last = before.chars().next_back();
    !last.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '}' | '-' | '~' | '*'))
}

fn hosts(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("://").map(|(at, mark)| {
        let rest = &line[at + mark.len()..];
        let authority = rest
            .split(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '`' | ')' | '>'))
            .next()
            .unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        host.split(':').next().unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_or_host_of_one_place_is_caught() {
        let cases = [
            (format!("see {}main/x", PATHS[0]), 1),
            (format!("\"{}.cargo/bin\"", PATHS[1]), 1),
            ("edge/home/page and https://shop.np/work/1".to_owned(), 0),
            ("https://registry.npmjs.org/wrangler".to_owned(), 0),
            (format!("https://npm-{}.corp.example/wrangler", HOST_WORDS[1]), 1),
            ("registry+https://github.com/rust-lang/crates.io-index".to_owned(), 0),
        ];
        for (text, expected) in cases {
            let found = faults("a.md", &text);
            assert_eq!(found.len(), expected, "{text}: {found:?}");
        }
    }
}
