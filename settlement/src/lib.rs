//! Settlement: takes in what the edge accepted, decides what it earns, keeps the books.
//!
//! **Architecture invariant:** `http` and `jobs` call `flows`; `flows` call `domain`, `store` and
//! `outbound`; `domain` decides and knows none of them; `store` stores and decides nothing. `wire`
//! is what merchants read and write: JSON shapes with their documentation, made from rows.

pub mod app;
pub mod config;
pub mod error;

pub mod http;
pub mod jobs;

pub mod domain;
pub mod flows;

pub mod outbound;
pub mod secrets;
pub mod store;
pub mod web;
pub mod wire;
