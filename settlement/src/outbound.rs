//! Calls that settlement makes to the outside.

pub mod edge;
pub mod stopwatch;
pub mod webhook;

/// Why a client cannot be built, its settings being constant: told at the start, before anything
/// is served.
const NO_CERTIFICATES: &str =
    "there are certificates to trust: install ca-certificates, or name a file in SSL_CERT_FILE";
