//! Cargo, called by a program that cargo itself may have started.

use std::env;
use std::ffi::OsString;
use std::process::Command;

/// What cargo tells the programs it runs about their own package. Build scripts watch some of it:
/// handed on, it makes every second build compile half of the tree anew.
const OF_A_PACKAGE: [&str; 5] =
    ["CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_CRATE_", "CARGO_BIN_", "CARGO_PRIMARY_"];

/// A cargo to give arguments to.
pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    forget_package(&mut command);
    command
}

/// Keeps what cargo told this program about its own package from a command that calls cargo.
pub fn forget_package(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let is_of_a_package = name
            .to_str()
            .is_some_and(|name| OF_A_PACKAGE.iter().any(|prefix| name.starts_with(prefix)));
        if is_of_a_package {
            command.env_remove(name);
        }
    }
}
