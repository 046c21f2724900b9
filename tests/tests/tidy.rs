//! The walls of the house, held: every rule on every file of the repository.

use tests::tidy::tree::{File, files};
use tests::tidy::{Source, lengths, migrations, names, sql, texts, walls};

/// How the name of a Rust file ends.
const RUST: &str = ".rs";

fn repository() -> Vec<File> {
    files(xtask::paths::root())
}

fn sources() -> Vec<Source> {
    let files = repository().into_iter().filter(|file| file.path.ends_with(RUST));
    files.map(|file| Source::new(&file.path, &file.text)).collect()
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

fn assert_all(rule: fn(&Source) -> Vec<String>) {
    assert_none(&sources().iter().flat_map(rule).collect::<Vec<_>>());
}

#[test]
fn no_room_knows_what_lies_behind_its_walls() {
    assert_all(walls::faults);
}

#[test]
fn the_pure_crate_depends_on_nothing_impure() {
    let file = repository().into_iter().find(|file| file.path == "shared/Cargo.toml");
    let file = file.expect("there is a shared crate");
    assert_none(&walls::manifest_faults(&file.path, &file.text));
}

#[test]
fn files_functions_and_lines_stay_short() {
    assert_all(lengths::faults);
}

#[test]
fn names_say_something_and_nothing_is_left_behind() {
    assert_all(names::faults);
}

#[test]
fn sql_is_in_its_rooms_and_every_statement_has_a_name() {
    assert_all(sql::faults);
}

#[test]
fn every_column_says_what_it_holds() {
    let files = repository();
    let migrations: Vec<_> = files
        .iter()
        .filter(|file| file.path.starts_with("migrations/"))
        .map(|file| (file.path.as_str(), file.text.as_str()))
        .collect();
    assert!(migrations.len() > 1, "the migrations moved");
    assert_none(&migrations::faults(&migrations));
}

#[test]
fn no_text_names_one_machine_or_one_network() {
    let files = repository();
    let faults = files.iter().flat_map(|file| texts::faults(&file.path, &file.text));
    assert_none(&faults.collect::<Vec<_>>());
}

#[test]
fn the_code_map_names_every_crate_and_the_states_are_printed() {
    let files = repository();
    let text_of = |path: &str| files.iter().find(|file| file.path == path).map(|file| &file.text);
    let readme = text_of("README.md").expect("there is a README");
    let root = text_of("Cargo.toml").expect("there is a workspace");
    let members = root.lines().find(|line| line.starts_with("members")).expect("it has members");
    let missing: Vec<_> = members
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|member| !readme.contains(&format!("{member}/")))
        .map(|member| format!("README.md: the code map does not name {member}/"))
        .collect();
    assert_none(&missing);
    assert!(text_of("docs/commission-states.md").is_some(), "docs/commission-states.md is missing");
}

#[test]
fn the_repository_was_really_read() {
    let paths: Vec<_> = sources().into_iter().map(|source| source.path).collect();
    for room in ["shared/src/", "edge-worker/src/gate/", "settlement/src/domain/", "xtask/src/"] {
        assert!(paths.iter().any(|path| path.starts_with(room)), "{room} in {}", paths.len());
    }
}
