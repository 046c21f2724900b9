//! Processes that never outlive the one that asked for them.
//!
//! Each process is started by a *keeper*: `xtask keep … -- <program>`, in a process group of its
//! own. The asking side ([`Child`]) holds one end of a pipe. When that end closes, in whatever
//! way (dropped, exit without destructors, `kill -9`), the keeper stops the process in good
//! order, kills what does not obey within a few seconds, and removes the folder it was told to.
//!
//! **Invariant:** a signal from the terminal never reaches the process directly, so Ctrl-C
//! always leads to the same orderly stop.

mod child;
mod keeper;
mod keeper_binary;
mod orders;

pub use child::{Child, Spec};
pub use keeper::keep;
pub use keeper_binary::build_keeper;
pub use orders::{KeepOrders, StopSignal};
