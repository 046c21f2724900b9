//! Every decision of the edge, as pure functions: state in, verdict out.
//!
//! **Architecture invariant:** nothing below this file knows the worker crate, a clock, storage or
//! a random source, and nothing here is async.

pub mod address;
pub mod admit;
pub mod cache;
pub mod call_record;
pub mod click_class;
pub mod destination;
pub mod freshness;
pub mod held;
pub mod hint;
pub mod hop;
pub mod idempotency;
pub mod key;
pub mod log_cap;
pub mod rate;
pub mod redaction;
pub mod redirect;
pub mod reference;
pub mod replay;
pub mod request_id;
pub mod retry;
pub mod shop_call;
pub mod signature_debugger;
pub mod tags;
pub mod tail;
