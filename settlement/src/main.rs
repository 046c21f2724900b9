//! The `settlement` binary: the server, and every command of an operator.

mod cli;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(cli::Command::parse())
}
