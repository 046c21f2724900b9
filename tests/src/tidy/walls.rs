//! Who may use whom: the room table of ARCHITECTURE.

use super::{Source, fault};

/// A room and what must not be named in it.
struct Wall {
    room: &'static str,
    banned: &'static [&'static str],
}

/// Everything that reads a clock.
const CLOCKS: [&str; 6] = [
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "Date::now",
    "OffsetDateTime::now_utc",
];

const WALLS: [Wall; 13] = [
    Wall {
        room: "shared/src",
        banned: &[
            "worker::",
            "sqlx",
            "axum",
            "tokio",
            "reqwest",
            "getrandom",
            "rand::",
            "std::fs",
            "std::net",
            "std::env",
            "Uuid::new_v4",
            "Uuid::now_v7",
        ],
    },
    Wall {
        room: "edge-worker/src/gate",
        banned: &[
            "worker::",
            "js_sys",
            "async",
            ".await",
            "getrandom",
            "crate::objects",
            "crate::http",
            "crate::outbound",
            "crate::clock",
            "crate::random",
        ],
    },
    Wall { room: "edge-worker/src/objects", banned: &["crate::http"] },
    Wall {
        room: "settlement/src/domain",
        banned: &[
            "sqlx",
            "axum",
            "tokio",
            "reqwest",
            "getrandom",
            "async",
            ".await",
            "crate::store",
            "crate::flows",
            "crate::http",
            "crate::jobs",
            "crate::outbound",
            "crate::secrets",
            "Uuid::new_v4",
            "Uuid::now_v7",
        ],
    },
    Wall {
        room: "settlement/src/store",
        banned: &[
            "axum",
            "reqwest",
            "crate::flows",
            "crate::http",
            "crate::jobs",
            "crate::web",
            "crate::outbound",
        ],
    },
    Wall {
        room: "settlement/src/flows",
        banned: &["axum", "crate::http", "crate::jobs", "crate::web", "crate::cli"],
    },
    Wall {
        room: "settlement/src/wire",
        banned: &[
            "sqlx::query",
            "axum",
            ".await",
            "crate::flows",
            "crate::http",
            "crate::outbound",
        ],
    },
    Wall { room: "settlement/src/http", banned: &["sqlx::query", ".begin()", "crate::jobs"] },
    Wall { room: "settlement/src/web", banned: &["sqlx::query", ".begin()", "crate::jobs"] },
    Wall { room: "settlement/src/jobs", banned: &["sqlx::query", ".begin()", "crate::http"] },
    Wall { room: "settlement/src/cli", banned: &["sqlx::query", ".begin()"] },
    Wall { room: "settlement/src/outbound", banned: &["sqlx", "axum", "crate::flows"] },
    Wall { room: "settlement/src/store", banned: &[".begin()"] },
];

/// Rooms in which time is an argument.
const WITHOUT_CLOCK: [&str; 6] = [
    "shared/src",
    "edge-worker/src/gate",
    "settlement/src/domain",
    "settlement/src/store",
    "settlement/src/flows",
    "edge-worker/src/objects/tables",
];
/// Rooms in which no float may be.
const WITHOUT_FLOATS: [&str; 4] =
    ["shared/src", "settlement/src/domain", "settlement/src/store", "settlement/src/flows"];

/// How serde hands over a number with a fraction; the reader of bodies drops it unread.
const FLOAT_READER: &str = "fn visit_f64";

/// Every name that must not be where it stands.
pub fn faults(source: &Source) -> Vec<String> {
    let within = |room: &str| source.path == format!("{room}.rs") || below(&source.path, room);
    let walls = WALLS.iter().filter(|wall| within(wall.room)).flat_map(|wall| wall.banned.iter());
    let clocks = CLOCKS.iter().filter(|_| WITHOUT_CLOCK.into_iter().any(within));
    let floats = ["f32", "f64"];
    let floats = floats.iter().filter(|_| WITHOUT_FLOATS.into_iter().any(within));
    let banned: Vec<_> = walls.chain(clocks).chain(floats).collect();
    let mut found = Vec::new();
    for (line, code) in source.code_lines() {
        for name in &banned {
            if names(code, name) && !source.is_test(line) && !code.contains(FLOAT_READER) {
                found.push(fault(&source.path, line, &format!("{name} must not be used here")));
            }
        }
    }
    found
}

fn below(path: &str, room: &str) -> bool {
    path.strip_prefix(room).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether code names this path as a word of its own.
pub fn names(code: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back().is_some_and(is_word);
        let after = code[at + name.len()..].chars().next().is_some_and(is_word);
        let (opens, closes) = (name.starts_with(is_word), name.ends_with(is_word));
        !(opens && before || closes && after)
    })
}

/// Crates that a pure crate must not depend on.
const IMPURE: [&str; 8] =
    ["worker", "sqlx", "axum", "tokio", "reqwest", "getrandom", "rand", "ureq"];

/// Every dependency of a pure crate's manifest that would make it impure.
pub fn manifest_faults(path: &str, text: &str) -> Vec<String> {
    let mut section = String::new();
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.starts_with('[') {
            line.trim().clone_into(&mut section);
        }
        let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
        if section == "[dependencies]" && IMPURE.contains(&name) {
            found.push(fault(path, at + 1, &format!("{name} does not belong into a pure crate")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_across_a_wall_is_caught_and_a_mention_is_not() {
        let cases = [
            ("shared/src/a.rs", "use sqlx::Row;", 1),
            ("shared/src/a.rs", "/// not `sqlx`\nlet a = \"sqlx\";", 0),
            (
                "shared/src/a.rs",
                "fn visit_f64<E>(self, _: f64) -> Node {}\nlet a = 1f64 as f64;",
                1,
            ),
            ("shared/src/a.rs", "let now = jiff::Timestamp::now();", 1),
            ("edge-worker/src/gate/a.rs", "async fn a() {}", 1),
            ("edge-worker/src/gate.rs", "use worker::Env;", 1),
            ("edge-worker/src/gateway.rs", "use worker::Env;", 0),
            ("edge-worker/src/gate/a.rs", "let asynchronous = shared_worker::a;", 0),
            ("edge-worker/src/objects/a.rs", "use crate::http::route;", 1),
            ("settlement/src/domain/a.rs", "use crate::store::link;\nlet a: f64 = 1.0;", 2),
            ("settlement/src/domain/a.rs", "#[cfg(test)]\nmod tests {\n    use tokio;\n}", 0),
            ("settlement/src/store/a.rs", "use crate::flows::x;", 1),
            ("settlement/src/flows/a.rs", "use axum::Json;", 1),
            ("settlement/src/http/a.rs", "sqlx::query(\"select 1\"); pool.begin().await?;", 2),
        ];
        for (path, text, expected) in cases {
            let found = faults(&Source::new(path, text));
            assert_eq!(found.len(), expected, "{path} {text}: {found:?}");
        }
    }

    #[test]
    fn an_impure_dependency_of_a_pure_crate_is_caught() {
        let text = "[dependencies]\ntokio.workspace = true\nserde = \"1\"\n[dev-dependencies]\nsqlx = \"1\"";
        assert_eq!(manifest_faults("shared/Cargo.toml", text).len(), 1);
    }
}
