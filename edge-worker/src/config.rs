//! The edge's configuration, read once per isolate: everything that is wrong, in one message.

use crypto_box::SecretKey;
use shared::keys::{ClickKeys, HashKey, InternalKeys, parse_key};
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use worker::Env;
use worker::js_sys::Reflect;
use worker::wasm_bindgen::JsValue;

/// Shards of either kind at most; more would be a typing mistake.
const SHARDS_MAX: u32 = 1_024;
/// How far a dev clock may be moved, either way: ten years.
const CLOCK_OFFSET_SECONDS_MAX: i64 = 10 * 366 * 86_400;

/// What an edge runs for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Real shoppers and merchants.
    Production,
    /// A developer or a test, who may move its clock and make it panic.
    Dev,
}

/// Everything the edge is told from outside.
pub struct Config {
    /// Opens the signing secrets of keys, and nothing else.
    pub sealing_key: SecretKey,
    /// Seal and open click ids.
    pub click_keys: ClickKeys,
    /// Makes shopper and customer hashes.
    pub hash_key: HashKey,
    /// Sign and verify calls between the two services.
    pub internal_keys: InternalKeys,
    /// Settlement's origin, without a slash at the end.
    pub settlement_url: String,
    /// The header that names the client's address, if one can be trusted.
    pub client_address_header: Option<String>,
    /// Number of Directory objects.
    pub directory_shards: u32,
    /// Number of `ClickOutbox` objects.
    pub click_shards: u32,
    /// What it runs for.
    pub mode: Mode,
    /// Added to every clock reading; 0 in production.
    pub clock_offset_ms: i64,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("settlement_url", &self.settlement_url)
            .finish_non_exhaustive()
    }
}

/// A configuration, or the one message that says all that is wrong with it.
pub type Loaded = Result<Rc<Config>, Rc<str>>;

thread_local! {
    static LOADED: RefCell<Option<Loaded>> = const { RefCell::new(None) };
}

/// This isolate's configuration. A bad one is logged the first time it is asked for.
pub fn load(env: &Env) -> Loaded {
    if let Some(loaded) = LOADED.with_borrow(Clone::clone) {
        return loaded;
    }
    let loaded = parse(|name| binding(env, name)).map(Rc::new).map_err(Rc::from);
    if let Err(message) = &loaded {
        worker::console_error!("{message}");
    }
    LOADED.set(Some(loaded.clone()));
    loaded
}

/// This isolate's configuration, if a request has loaded a good one.
pub fn loaded() -> Option<Rc<Config>> {
    LOADED.with_borrow(|loaded| loaded.as_ref()?.as_ref().ok().cloned())
}

/// A variable or secret as text; an empty one counts as absent.
fn binding(env: &Env, name: &str) -> Option<String> {
    let value = Reflect::get(env.as_ref(), &JsValue::from_str(name)).ok()?;
    value.as_string().filter(|text| !text.trim().is_empty())
}

/// Reads a configuration from named texts. The message names variables, never their values.
pub fn parse(read: impl Fn(&str) -> Option<String>) -> Result<Config, String> {
    let mut wrong = Wrong { read, faults: Vec::new() };
    let sealing_key = wrong.required("SEALING_KEY", |text| {
        parse_key(text).map(SecretKey::from).ok_or("must be 64 hex digits".into())
    });
    let click_keys = wrong
        .required("CLICK_KEYS", |text| ClickKeys::parse(text).map_err(|fault| fault.to_string()));
    let hash_key = wrong
        .required("HASH_KEY", |text| HashKey::parse(text).ok_or("must be 64 hex digits".into()));
    let internal_keys = wrong.required("INTERNAL_KEYS", |text| {
        InternalKeys::parse(text).map_err(|fault| fault.to_string())
    });
    let mode = wrong.required("EDGE_MODE", |text| match text {
        "production" => Ok(Mode::Production),
        "dev" => Ok(Mode::Dev),
        _ => Err("must be production or dev".into()),
    });
    let settlement_url = wrong.required("SETTLEMENT_URL", origin);
    let client_address_header = wrong.optional("CLIENT_ADDRESS_HEADER", header_name);
    let directory_shards = wrong.required("DIRECTORY_SHARDS", shards);
    let click_shards = wrong.required("CLICK_SHARDS", shards);
    let clock_offset_seconds =
        wrong.optional("CLOCK_OFFSET_SECONDS", |text| offset(text, mode == Some(Mode::Dev)));
    let faults = wrong.faults.join("; ");
    let config = (|| {
        Some(Config {
            sealing_key: sealing_key?,
            click_keys: click_keys?,
            hash_key: hash_key?,
            internal_keys: internal_keys?,
            settlement_url: settlement_url?,
            client_address_header,
            directory_shards: directory_shards?,
            click_shards: click_shards?,
            mode: mode?,
            clock_offset_ms: clock_offset_seconds.unwrap_or(0) * 1_000,
        })
    })();
    match config {
        Some(config) if faults.is_empty() => Ok(config),
        _ => Err(format!("The edge is not configured: {faults}")),
    }
}

struct Wrong<R> {
    read: R,
    faults: Vec<String>,
}

impl<R: Fn(&str) -> Option<String>> Wrong<R> {
    fn required<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.optional(name, parse);
        if value.is_none() && (self.read)(name).is_none() {
            self.faults.push(format!("{name} is missing"));
        }
        value
    }

    fn optional<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        match parse((self.read)(name)?.trim()) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.faults.push(format!("{name} {fault}"));
                None
            }
        }
    }
}

fn origin(text: &str) -> Result<String, String> {
    let fault = || "must be an http or https origin without a path".to_owned();
    let url = url::Url::parse(text).map_err(|_| fault())?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty();
    plain.then(|| url.as_str().trim_end_matches('/').to_owned()).ok_or_else(fault)
}

fn header_name(text: &str) -> Result<String, String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    plain.then(|| text.to_ascii_lowercase()).ok_or_else(|| "must be a header's name".into())
}

fn shards(text: &str) -> Result<u32, String> {
    text.parse()
        .ok()
        .filter(|number| (1..=SHARDS_MAX).contains(number))
        .ok_or_else(|| format!("must be a whole number from 1 to {SHARDS_MAX}"))
}

fn offset(text: &str, is_dev: bool) -> Result<i64, String> {
    if !is_dev {
        return Err("is only for EDGE_MODE=dev".into());
    }
    text.parse()
        .ok()
        .filter(|seconds: &i64| seconds.abs() <= CLOCK_OFFSET_SECONDS_MAX)
        .ok_or_else(|| "must be a whole number of seconds, ten years at most".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn good() -> HashMap<&'static str, String> {
        let key = "ab".repeat(32);
        HashMap::from([
            ("SEALING_KEY", key.clone()),
            ("CLICK_KEYS", format!("1:{key}")),
            ("HASH_KEY", key.clone()),
            ("INTERNAL_KEYS", format!("a:{key}")),
            ("EDGE_MODE", "dev".into()),
            ("SETTLEMENT_URL", "http://127.0.0.1:8080/".into()),
            ("DIRECTORY_SHARDS", "4".into()),
            ("CLICK_SHARDS", "2".into()),
        ])
    }

    fn parsed(values: &HashMap<&str, String>) -> Result<Config, String> {
        parse(|name| values.get(name).cloned())
    }

    #[test]
    fn a_good_configuration_is_read() {
        let mut values = good();
        values.insert("CLOCK_OFFSET_SECONDS", "-60".into());
        values.insert("CLIENT_ADDRESS_HEADER", "CF-Connecting-IP".into());
        let config = parsed(&values).unwrap();
        assert_eq!(config.settlement_url, "http://127.0.0.1:8080");
        assert_eq!(config.clock_offset_ms, -60_000);
        let header = config.client_address_header.as_deref();
        assert_eq!(header, Some("cf-connecting-ip"));
    }

    #[test]
    fn everything_wrong_is_said_at_once_and_no_value_is_shown() {
        let none = parsed(&HashMap::new()).unwrap_err();
        for name in good().keys() {
            assert!(none.contains(&format!("{name} is missing")), "{none}");
        }
        let secret = "cd".repeat(31);
        let mut values = good();
        values.insert("SEALING_KEY", secret.clone());
        values.insert("CLICK_KEYS", format!("99:{}", "ab".repeat(32)));
        values.insert("DIRECTORY_SHARDS", "0".into());
        values.insert("SETTLEMENT_URL", "http://host/path".into());
        let message = parsed(&values).unwrap_err();
        for name in ["SEALING_KEY", "CLICK_KEYS", "DIRECTORY_SHARDS", "SETTLEMENT_URL"] {
            assert!(message.contains(name), "{message}");
        }
        assert!(!message.contains(&secret) && !message.contains("HASH_KEY"));
    }

    #[test]
    fn the_clock_moves_in_dev_alone() {
        let mut values = good();
        values.insert("EDGE_MODE", "production".into());
        assert!(parsed(&values).is_ok());
        values.insert("CLOCK_OFFSET_SECONDS", "0".into());
        let message = parsed(&values).unwrap_err();
        assert!(message.contains("CLOCK_OFFSET_SECONDS is only for"), "{message}");
    }
}
