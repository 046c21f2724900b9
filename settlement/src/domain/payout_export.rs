//! What goes to the bank and comes back: the files of a run, and the bank's answers to them.
//!
//! A payout's id is written in two forms, one for one: with hyphens in the CSV, and as 32 hex
//! digits (`EndToEndId` holds 35 characters at most) in pain.001. An answer may use either.

pub mod answers;
