//! What must stay secret, and what must be random: sealing, passwords, fresh ids and keys.

pub mod draw;
pub mod password;
pub mod vault;

pub use vault::{MasterKeys, SealingPublicKey, Vault};
