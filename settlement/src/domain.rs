//! What Khata decides about money, and nothing that acts on it.
//!
//! **Architecture invariant:** everything below is pure. State, facts and time go in; verdicts,
//! postings and notices come out. No clock, no database, no network.

pub mod attribution;
pub mod book;
pub mod catalogue;
pub mod clock;
pub mod commission;
pub mod correction;
pub mod hold;
pub mod ledger;
pub mod lifecycle;
pub mod notice;
pub mod order;
pub mod outcome;
pub mod payout;
pub mod payout_export;
pub mod payout_method;
pub mod preview;
pub mod pricing;
pub mod rebuild;
pub mod reconcile;
pub mod refund;
pub mod report;
pub mod review;
pub mod risk;
pub mod rule;
pub mod settle;
pub mod share;
pub mod shop;
pub mod simulation;
#[cfg(test)]
mod state_table;
pub mod statement;
pub mod webhook;
