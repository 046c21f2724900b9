//! Configuration from the environment: everything missing or wrong in one message, never a value.

use crate::domain::payout::schedule::Schedule;
use crate::domain::payout_export::Payer;
use crate::secrets::{MasterKeys, SealingPublicKey, Vault};
use shared::keys::{ClickKeys, HashKey, InternalKeys};
use shared::validate::web_address::Reach;
use std::fmt;
use std::net::SocketAddr;
use url::Url;

/// Shards of the directory unless `DIRECTORY_SHARDS` says otherwise; the edge must agree.
pub const DIRECTORY_SHARDS_DEFAULT: u32 = 4;
/// Shards of the click outbox unless `CLICK_SHARDS` says otherwise; the edge must agree.
pub const CLICK_SHARDS_DEFAULT: u32 = 2;
/// Shards of either at most.
pub const SHARDS_MAX: u32 = 1024;
/// Events settled in one transaction unless `SETTLE_EVENTS_MAX` says otherwise: beyond this,
/// larger transactions gain nothing and hold memory and locks for longer.
pub const SETTLE_EVENTS_DEFAULT: usize = 2_000;
/// What `SETTLE_EVENTS_MAX` may say at most.
pub const SETTLE_EVENTS_LIMIT: usize = 10_000;

/// When runs of payouts are due unless `PAYOUT_SCHEDULE` says otherwise: weekly.
pub const PAYOUT_SCHEDULE_DEFAULT: &str = "0 9 * * MON UTC";

/// Where webhook endpoints may be unless `WEBHOOK_REACH` says otherwise.
pub const WEBHOOK_REACH_DEFAULT: &str = "public";

/// Where the edge is and how to speak to it.
#[derive(Debug, Clone)]
pub struct EdgeConfig {
    /// Its origin, without a slash at the end.
    pub url: String,
    /// Keys of internal calls.
    pub internal_keys: InternalKeys,
    /// Shards of the directory.
    pub directory_shards: u32,
    /// Shards of the click outbox.
    pub click_shards: u32,
}

/// What a command needs that seals and opens secrets, and nothing of the edge.
#[derive(Clone)]
pub struct VaultConfig {
    /// Postgres.
    pub database_url: String,
    /// Keys of signing secrets.
    pub vault: Vault,
}

/// What settling one event by hand needs.
#[derive(Clone)]
pub struct SettleConfig {
    /// Postgres.
    pub database_url: String,
    /// Keys of click ids.
    pub click_keys: ClickKeys,
}

/// What a command of an operator needs.
#[derive(Clone)]
pub struct OperatorConfig {
    /// Postgres.
    pub database_url: String,
    /// Keys of signing secrets.
    pub vault: Vault,
    /// The edge, to push to.
    pub edge: EdgeConfig,
}

/// What `serve` needs: everything.
#[derive(Clone)]
pub struct Config {
    /// Postgres.
    pub database_url: String,
    /// Where to answer.
    pub listen: SocketAddr,
    /// Keys of signing secrets.
    pub vault: Vault,
    /// The edge.
    pub edge: EdgeConfig,
    /// Keys of click ids.
    pub click_keys: ClickKeys,
    /// Key of customer and shopper hashes.
    pub hash_key: HashKey,
    /// Events settled in one transaction at most.
    pub settle_events_max: usize,
    /// When runs of payouts are due.
    pub payout_schedule: Schedule,
    /// Where webhook endpoints may be.
    pub webhook_reach: Reach,
}

/// Everything that is missing or wrong, a line each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigFault(pub Vec<String>);

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration is incomplete:\n  {}", self.0.join("\n  "))
    }
}

/// Looks a variable up; `std::env::var(name).ok()` outside tests.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads `DATABASE_URL` alone.
pub fn database(lookup: Lookup<'_>) -> Result<String, ConfigFault> {
    let mut reader = Reader::new(lookup);
    let database_url = reader.database_url();
    reader.finish(|| database_url)
}

/// Reads what sealing needs.
pub fn vault(lookup: Lookup<'_>) -> Result<VaultConfig, ConfigFault> {
    let mut reader = Reader::new(lookup);
    let (database_url, vault) = (reader.database_url(), reader.vault());
    reader.finish(|| Some(VaultConfig { database_url: database_url?, vault: vault? }))
}

/// Reads the key of customer and shopper hashes.
pub fn hash_key(lookup: Lookup<'_>) -> Result<HashKey, ConfigFault> {
    let mut reader = Reader::new(lookup);
    let hash_key = reader.hash_key();
    reader.finish(|| hash_key)
}

/// Reads where webhook endpoints may be.
pub fn webhook_reach(lookup: Lookup<'_>) -> Result<Reach, ConfigFault> {
    let mut reader = Reader::new(lookup);
    let reach = reader.webhook_reach();
    reader.finish(|| reach)
}

/// Reads what settling one event by hand needs.
pub fn settle(lookup: Lookup<'_>) -> Result<SettleConfig, ConfigFault> {
    let mut reader = Reader::new(lookup);
    let (database_url, click_keys) = (reader.database_url(), reader.click_keys());
    reader.finish(|| Some(SettleConfig { database_url: database_url?, click_keys: click_keys? }))
}

/// Reads what an operator's command needs.
pub fn operator(lookup: Lookup<'_>) -> Result<OperatorConfig, ConfigFault> {
    let mut reader = Reader::new(lookup);
    let (database_url, vault, edge) = (reader.database_url(), reader.vault(), reader.edge());
    reader
        .finish(|| Some(OperatorConfig { database_url: database_url?, vault: vault?, edge: edge? }))
}

/// Reads the network's own account, which pain.001 files are paid from; `None` when nothing of it
/// is set.
pub fn payer(lookup: Lookup<'_>) -> Result<Option<Payer>, ConfigFault> {
    const NAMES: [&str; 3] = ["PAYER_NAME", "PAYER_ACCOUNT", "PAYER_BIC"];
    let texts = NAMES.map(|name| lookup(name).filter(|text| !text.trim().is_empty()));
    if texts.iter().all(Option::is_none) {
        return Ok(None);
    }
    let [name, account, bic] = texts.map(Option::unwrap_or_default);
    Payer::parse(&name, &account, &bic).map(Some).map_err(|parts| {
        let fault = |part| match part {
            "name" => "PAYER_NAME is not a name of 1 to 70 characters",
            "account" => "PAYER_ACCOUNT is not an IBAN, nor 5 to 34 letters and digits",
            _ => "PAYER_BIC is not a BIC of 8 or 11 characters",
        };
        ConfigFault(parts.into_iter().map(|part| fault(part).to_owned()).collect())
    })
}

/// Reads what `serve` needs.
pub fn serve(lookup: Lookup<'_>) -> Result<Config, ConfigFault> {
    let mut reader = Reader::new(lookup);
    let (database_url, vault, edge) = (reader.database_url(), reader.vault(), reader.edge());
    let listen = reader.or_default("LISTEN", "127.0.0.1:8080", |text| {
        text.parse().map_err(|_| "is not an address and port such as 127.0.0.1:8080".to_owned())
    });
    let click_keys = reader.click_keys();
    let hash_key = reader.hash_key();
    let settle_events_max =
        reader.or_default("SETTLE_EVENTS_MAX", &SETTLE_EVENTS_DEFAULT.to_string(), |text| {
            let events = text.parse().ok().filter(|max| (1..=SETTLE_EVENTS_LIMIT).contains(max));
            events.ok_or_else(|| format!("is not a whole number from 1 to {SETTLE_EVENTS_LIMIT}"))
        });
    let payout_schedule =
        reader.or_default("PAYOUT_SCHEDULE", PAYOUT_SCHEDULE_DEFAULT, Schedule::parse);
    let webhook_reach = reader.webhook_reach();
    reader.finish(|| {
        Some(Config {
            database_url: database_url?,
            listen: listen?,
            vault: vault?,
            edge: edge?,
            click_keys: click_keys?,
            hash_key: hash_key?,
            settle_events_max: settle_events_max?,
            payout_schedule: payout_schedule?,
            webhook_reach: webhook_reach?,
        })
    })
}

struct Reader<'a> {
    lookup: Lookup<'a>,
    faults: Vec<String>,
}

impl<'a> Reader<'a> {
    fn new(lookup: Lookup<'a>) -> Self {
        Self { lookup, faults: Vec::new() }
    }

    /// `build` answers `Some` exactly when no variable had a fault.
    fn finish<T>(self, build: impl FnOnce() -> Option<T>) -> Result<T, ConfigFault> {
        build().filter(|_| self.faults.is_empty()).ok_or(ConfigFault(self.faults))
    }

    fn required<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = (self.lookup)(name).filter(|text| !text.trim().is_empty());
        let read = text.ok_or_else(|| "is not set".to_owned()).and_then(|text| parse(text.trim()));
        read.map_err(|fault| self.faults.push(format!("{name} {fault}"))).ok()
    }

    fn or_default<T>(
        &mut self,
        name: &str,
        default: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = (self.lookup)(name).filter(|text| !text.trim().is_empty());
        parse(text.as_deref().map_or(default, str::trim))
            .map_err(|fault| self.faults.push(format!("{name} {fault}")))
            .ok()
    }

    fn webhook_reach(&mut self) -> Option<Reach> {
        self.or_default("WEBHOOK_REACH", WEBHOOK_REACH_DEFAULT, |text| {
            Reach::parse(text).ok_or_else(|| "is neither public nor any".to_owned())
        })
    }

    fn hash_key(&mut self) -> Option<HashKey> {
        self.required("HASH_KEY", |text| {
            HashKey::parse(text).ok_or_else(|| "is not 64 hex digits".to_owned())
        })
    }

    fn database_url(&mut self) -> Option<String> {
        self.required("DATABASE_URL", |text| {
            let postgres = text.starts_with("postgres://") || text.starts_with("postgresql://");
            if postgres && Url::parse(text).is_ok() {
                Ok(text.to_owned())
            } else {
                Err("is not a postgres:// URL".to_owned())
            }
        })
    }

    fn click_keys(&mut self) -> Option<ClickKeys> {
        self.required("CLICK_KEYS", |text| {
            ClickKeys::parse(text).map_err(|fault| fault.to_string())
        })
    }

    fn vault(&mut self) -> Option<Vault> {
        let master = self.required("MASTER_KEYS", |text| {
            MasterKeys::parse(text).map_err(|fault| fault.to_string())
        });
        let edge = self.required("SEALING_PUBLIC_KEY", |text| {
            SealingPublicKey::parse(text).ok_or_else(|| "is not 64 hex digits".to_owned())
        });
        Some(Vault { master: master?, edge: edge? })
    }

    fn edge(&mut self) -> Option<EdgeConfig> {
        let url = self.required("EDGE_URL", origin);
        let internal_keys = self.required("INTERNAL_KEYS", |text| {
            InternalKeys::parse(text).map_err(|fault| fault.to_string())
        });
        let shards = |text: &str| {
            let shards = text.parse().ok().filter(|shards| (1..=SHARDS_MAX).contains(shards));
            shards.ok_or_else(|| format!("is not a whole number from 1 to {SHARDS_MAX}"))
        };
        let directory_shards =
            self.or_default("DIRECTORY_SHARDS", &DIRECTORY_SHARDS_DEFAULT.to_string(), shards);
        let click_shards =
            self.or_default("CLICK_SHARDS", &CLICK_SHARDS_DEFAULT.to_string(), shards);
        Some(EdgeConfig {
            url: url?,
            internal_keys: internal_keys?,
            directory_shards: directory_shards?,
            click_shards: click_shards?,
        })
    }
}

/// Reads an `http` or `https` origin; answers it without a slash at the end.
pub fn origin(text: &str) -> Result<String, String> {
    let url = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none()
    });
    let url = url.ok_or("is not an http(s) origin such as https://go.example.com")?;
    Ok(url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(name: &str) -> Option<String> {
        let value = match name {
            "DATABASE_URL" => "postgres://u:p@localhost/khata".to_owned(),
            "EDGE_URL" => "http://127.0.0.1:8787/".to_owned(),
            "SEALING_PUBLIC_KEY" | "HASH_KEY" => "ab".repeat(32),
            "MASTER_KEYS" | "CLICK_KEYS" | "INTERNAL_KEYS" => format!("1:{}", "ab".repeat(32)),
            _ => return None,
        };
        Some(value)
    }

    #[test]
    fn a_full_environment_is_read_and_defaults_fill_the_rest() {
        let config = serve(&good).expect("nothing is missing");
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.edge.url, "http://127.0.0.1:8787");
        assert_eq!((config.edge.directory_shards, config.edge.click_shards), (4, 2));
        assert_eq!(config.settle_events_max, SETTLE_EVENTS_DEFAULT);
        assert_eq!(config.webhook_reach, Reach::Public);
    }

    #[test]
    fn everything_wrong_is_listed_at_once_and_no_value_is_repeated() {
        let fault = serve(&|name| match name {
            "DATABASE_URL" => Some("mysql://secret".to_owned()),
            "CLICK_KEYS" => Some("1:secret".to_owned()),
            "LISTEN" | "DIRECTORY_SHARDS" | "SETTLE_EVENTS_MAX" | "PAYOUT_SCHEDULE"
            | "WEBHOOK_REACH" => Some("secret".to_owned()),
            _ => None,
        });
        let fault = fault.map(|_| ()).expect_err("everything is wrong").to_string();
        for name in [
            "DATABASE_URL",
            "LISTEN",
            "EDGE_URL",
            "MASTER_KEYS",
            "SEALING_PUBLIC_KEY",
            "CLICK_KEYS",
            "HASH_KEY",
            "INTERNAL_KEYS",
            "DIRECTORY_SHARDS",
            "SETTLE_EVENTS_MAX",
            "PAYOUT_SCHEDULE",
            "WEBHOOK_REACH",
        ] {
            assert_eq!(fault.matches(&format!("\n  {name} ")).count(), 1, "{name} in {fault}");
        }
        assert!(!fault.contains("secret"), "{fault}");
    }

    #[test]
    fn a_command_demands_only_what_it_needs() {
        let only_database = |name: &str| good(name).filter(|_| name == "DATABASE_URL");
        assert!(database(&only_database).is_ok());
        let fault = vault(&only_database).map(|_| ()).expect_err("two are missing");
        assert_eq!(fault.0.len(), 2);
        assert!(operator(&good).is_ok());
        assert_eq!(webhook_reach(&only_database), Ok(Reach::Public));
    }

    #[test]
    fn the_payer_is_whole_or_not_there() {
        let with = |set: &'static [(&str, &str)]| {
            payer(&move |name| {
                set.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned())
            })
        };
        assert_eq!(with(&[]), Ok(None));
        let whole = with(&[
            ("PAYER_NAME", "Khata"),
            ("PAYER_ACCOUNT", "GB29 NWBK 6016 1331 9268 19"),
            ("PAYER_BIC", "NWBKGB2L"),
        ]);
        assert!(matches!(whole, Ok(Some(_))), "{whole:?}");
        let part = with(&[("PAYER_NAME", "Khata"), ("PAYER_BIC", "secret")]);
        let fault = part.expect_err("two parts are off").to_string();
        assert!(fault.contains("PAYER_ACCOUNT") && fault.contains("PAYER_BIC"), "{fault}");
        assert!(!fault.contains("secret") && !fault.contains("PAYER_NAME"), "{fault}");
    }
}
