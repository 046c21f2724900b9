//! `cargo xtask …`: the commands of this repository.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::bench::{self, BenchOptions};
use xtask::dev::{self, DevOptions};
use xtask::mutants::{self, MutantsOptions};
use xtask::process::{KeepOrders, keep};
use xtask::test::{self, TestOptions};
use xtask::{demo, edge};

/// Khata's own commands; each brings what it needs.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Commands,
}

#[derive(Subcommand)]
enum Commands {
    /// Run the whole system here until Ctrl-C, with a demo network in it
    Dev(DevOptions),
    /// Run everything that must hold: format, clippy, all tests
    Test(TestOptions),
    /// Break the pure rooms one expression at a time: a test must notice (not part of test)
    Mutants(MutantsOptions),
    /// Measure the edge beside JavaScript twins, and settlement, as they ship
    Bench(BenchOptions),
    /// Walk from a click to a payable commission against a running dev
    Demo {
        /// The data folder of that dev [default: target/dev]
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// Run a command of settlement as a dev would: link pause …, ledger trial-balance
    Settlement {
        /// The data folder of that dev [default: target/dev]
        #[arg(long)]
        data: Option<PathBuf>,
        /// What settlement is to do; `--help` lists it
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Build the edge into edge-worker/build, as `wrangler deploy` needs it
    BuildEdge,
    /// Hold one program until standard input closes
    #[command(hide = true)]
    Keep(KeepOrders),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Commands::Dev(options) => dev::dev(&options),
        Commands::Test(options) => test::test(&options),
        Commands::Mutants(options) => mutants::mutants(&options),
        Commands::Bench(options) => bench::bench(&options),
        Commands::Demo { data } => demo::demo(data.as_deref()),
        Commands::Settlement { data, arguments } => {
            dev::settlement_command(data.as_deref(), &arguments)
        }
        Commands::BuildEdge => edge::build_for_wrangler(),
        Commands::Keep(orders) => keep(&orders),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            eprintln!("error: {cause:#}");
            ExitCode::FAILURE
        }
    }
}
