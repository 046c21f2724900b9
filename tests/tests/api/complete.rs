//! What the edge routes is described, and what is described the edge routes.

use std::collections::BTreeSet;
use std::fs;

use tests::World;

use crate::{document, operations};

/// A path's id, as a call would write it.
const ID: &str = "cnv_00000000000000000000000000";
/// Parts of a path below `/api/v1` that are tried in every combination.
const PARTS_FREE: usize = 3;
/// Parts of a path at most; what has more than the free ones goes on from a path that is routed.
const PARTS_MAX: usize = 5;

/// Every word that stands as a literal in the edge's route table, and an id: what any route can
/// be made of.
fn vocabulary() -> BTreeSet<String> {
    let http = xtask::paths::root().join("edge-worker/src/http");
    let mut files = vec![http.join("route.rs")];
    let below = fs::read_dir(http.join("route")).into_iter().flatten();
    files.extend(below.map(|entry| entry.expect("the folder can be read").path()));
    let mut words = BTreeSet::from([ID.to_owned()]);
    for file in files {
        let text = fs::read_to_string(&file).expect("the route table is where it was");
        let table = text.split("#[cfg(test)]").next().unwrap_or_default();
        let literals = table.split('"').skip(1).step_by(2);
        let is_word = |text: &&str| {
            let plain = |c: char| c.is_ascii_lowercase() || c == '-' || c == '.';
            !text.is_empty() && text.chars().all(plain)
        };
        words.extend(literals.filter(is_word).map(str::to_owned));
    }
    words
}

/// Every method and path below `/api/v1` that the edge routes, ids in braces.
fn routed() -> Vec<(String, String)> {
    let words = vocabulary();
    let mut found = Vec::new();
    let mut tails = vec![String::new()];
    for parts in 1..=PARTS_MAX {
        if parts == PARTS_FREE + 1 {
            tails.retain(|tail| !edge_worker::methods_of(&format!("/api/v1{tail}")).is_empty());
        }
        tails = tails
            .iter()
            .flat_map(|tail| words.iter().map(move |word| format!("{tail}/{word}")))
            .collect();
        for tail in &tails {
            let path = format!("/api/v1{tail}");
            let methods = edge_worker::methods_of(&path);
            found.extend(methods.into_iter().map(|method| (method.to_owned(), path.clone())));
        }
    }
    let template = |(method, path): (String, String)| (method, path.replace(ID, "{id}"));
    // A word may stand where an id may: `GET /events/batch` is `GET /events/{id}`.
    let named: BTreeSet<_> = found.into_iter().map(template).collect();
    let is_instance = |(method, path): &(String, String)| {
        named.iter().any(|(other_method, other)| {
            method == other_method && path != other && is_instance_of(path, other)
        })
    };
    named.iter().filter(|route| !is_instance(route)).cloned().collect()
}

fn is_instance_of(path: &str, template: &str) -> bool {
    let (path, template): (Vec<_>, Vec<_>) =
        (path.split('/').collect(), template.split('/').collect());
    let fits = |(part, wanted): (&&str, &&str)| part == wanted || *wanted == "{id}";
    path.len() == template.len() && path.iter().zip(&template).all(fits)
}

/// `{sku}` and other names of an id become `{id}`.
fn unnamed((method, path): (String, String)) -> (String, String) {
    let parts: Vec<_> =
        path.split('/').map(|part| if part.starts_with('{') { "{id}" } else { part }).collect();
    (method, parts.join("/"))
}

#[test]
fn every_route_is_described_and_every_description_has_its_route() {
    let described: Vec<_> =
        operations(&document(World::shared())).into_iter().map(unnamed).collect();
    let routed = routed();
    assert!(routed.len() > 9, "the route table moved: {routed:?}");
    let lacking = |these: &[(String, String)], those: &[(String, String)]| {
        these.iter().filter(|route| !those.contains(route)).cloned().collect::<Vec<_>>()
    };
    let (undescribed, unrouted) = (lacking(&routed, &described), lacking(&described, &routed));
    assert!(
        undescribed.is_empty() && unrouted.is_empty(),
        "not described: {undescribed:?}; not routed: {unrouted:?}"
    );
}

#[test]
fn every_described_call_reaches_something() {
    let world = World::shared();
    for (method, path) in operations(&document(world)) {
        let path = unnamed((method.clone(), path)).1.replace("{id}", ID);
        let answer = world.shopper().visit(&path).method(&method).send();
        assert!(!matches!(answer.status, 404 | 405), "{method} {path}: {}", answer.text);
        assert_ne!(answer.header("x-request-id"), "", "{method} {path}");
    }
}

#[test]
fn another_method_is_told_the_described_ones() {
    let world = World::shared();
    let operations = operations(&document(world));
    let paths: BTreeSet<_> = operations.iter().map(|(_, path)| path).collect();
    for path in paths {
        let described: BTreeSet<_> = operations
            .iter()
            .filter(|(_, known)| known == path)
            .map(|(method, _)| method.as_str())
            .collect();
        let called = unnamed((String::new(), path.clone())).1.replace("{id}", ID);
        let answer = world.shopper().visit(&called).method("OPTIONS").send().expect_status(405);
        let allowed: BTreeSet<_> =
            answer.header("allow").split(", ").filter(|method| *method != "HEAD").collect();
        assert_eq!(allowed, described, "{path}");
    }
}
