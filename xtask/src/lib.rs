//! Brings up everything Khata runs on: tools, npm parts, Postgres, settlement and the edge.
//!
//! The `xtask` binary and the `tests` crate share it. Each part can run many times side by side,
//! on free ports and in folders of its own. Every process started here is held by a keeper
//! ([`process`]), so nothing outlives the process that asked for it.

pub mod cargo;
pub mod paths;
pub mod progress;

pub mod node;
pub mod npm;
pub mod python;
pub mod toolchain;

pub mod interrupt;
pub mod network;
pub mod process;

pub mod edge;
pub mod postgres;
pub mod secrets;
pub mod settlement;

pub mod bench;
pub mod demo;
pub mod demo_file;
pub mod dev;
pub mod mutants;
pub mod prepare;
pub mod test;

pub use prepare::prepare_tests;
