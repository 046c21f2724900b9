//! The keeper's command line, read by the binary and written by [`super::Child`].

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use clap::{Args, ValueEnum};

/// The signal that asks a program to stop in good order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum StopSignal {
    /// SIGTERM: most programs.
    #[default]
    Terminate,
    /// SIGINT: Postgres' fast shutdown, which does not wait for its clients.
    Interrupt,
}

/// What a keeper keeps, and how.
#[derive(Args, Clone, Debug)]
pub struct KeepOrders {
    /// Gets everything the program prints.
    #[arg(long)]
    pub log: PathBuf,
    /// How to ask the program to stop.
    #[arg(long, value_enum, default_value_t)]
    pub stop: StopSignal,
    /// Run the program as this user and group.
    #[arg(long, requires = "gid")]
    pub uid: Option<u32>,
    /// The group that goes with `--uid`.
    #[arg(long, requires = "uid")]
    pub gid: Option<u32>,
    /// A folder to remove at the very end.
    #[arg(long)]
    pub remove: Option<PathBuf>,
    /// The program and its arguments.
    #[arg(last = true, required = true)]
    pub program: Vec<OsString>,
}

impl KeepOrders {
    /// Writes the orders as arguments of a keeper.
    pub(super) fn write_to(&self, command: &mut Command) {
        let stop = self.stop.to_possible_value().expect("no signal is hidden");
        command.arg("keep").arg("--log").arg(&self.log).args(["--stop", stop.get_name()]);
        if let (Some(uid), Some(gid)) = (self.uid, self.gid) {
            command.args(["--uid", &uid.to_string(), "--gid", &gid.to_string()]);
        }
        if let Some(folder) = &self.remove {
            command.arg("--remove").arg(folder);
        }
        command.arg("--").args(&self.program);
    }
}
