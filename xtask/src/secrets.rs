//! The secrets that the edge and settlement share in dev and in tests, made once and kept.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use crypto_box::SecretKey;
use serde::{Deserialize, Serialize};

/// Everything secret that two sides of one installation need; never printed.
#[derive(Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct Secrets {
    /// X25519, 64 hex digits: opens signing secrets, known to the edge only.
    sealing_key: String,
    /// Its public half, known to settlement.
    sealing_public_key: String,
    /// `number:hex`, the first is the one that mints.
    click_keys: String,
    /// 64 hex digits.
    hash_key: String,
    /// `name:hex`, the first signs.
    internal_keys: String,
    /// `number:hex`: settlement's own, for what it seals in Postgres.
    master_keys: String,
}

impl Secrets {
    /// Fresh random secrets.
    pub fn generate() -> Result<Self> {
        let sealing = SecretKey::from(random()?);
        Ok(Self {
            sealing_key: hex::encode(sealing.to_bytes()),
            sealing_public_key: hex::encode(sealing.public_key().as_bytes()),
            click_keys: format!("1:{}", hex::encode(random()?)),
            hash_key: hex::encode(random()?),
            internal_keys: format!("a:{}", hex::encode(random()?)),
            master_keys: format!("1:{}", hex::encode(random()?)),
        })
    }

    /// The secrets kept in a file, made and written (mode 600) when it does not exist.
    pub fn load_or_create(file: &Path) -> Result<Self> {
        if file.exists() {
            let text = fs::read_to_string(file)?;
            return serde_json::from_str(&text)
                .with_context(|| format!("{} is damaged; remove its folder", file.display()));
        }
        let secrets = Self::generate()?;
        write_private(file, &serde_json::to_string_pretty(&secrets)?)?;
        Ok(secrets)
    }

    /// The edge's secrets by the names of their variables.
    pub fn for_edge(&self) -> BTreeMap<String, String> {
        let mut variables = self.for_both();
        variables.insert("SEALING_KEY".to_owned(), self.sealing_key.clone());
        variables
    }

    /// Settlement's secrets by the names of their variables.
    pub fn for_settlement(&self) -> BTreeMap<String, String> {
        let mut variables = self.for_both();
        variables.insert("SEALING_PUBLIC_KEY".to_owned(), self.sealing_public_key.clone());
        variables.insert("MASTER_KEYS".to_owned(), self.master_keys.clone());
        variables
    }

    fn for_both(&self) -> BTreeMap<String, String> {
        let pairs = [
            ("CLICK_KEYS", &self.click_keys),
            ("HASH_KEY", &self.hash_key),
            ("INTERNAL_KEYS", &self.internal_keys),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value.clone())).into()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

/// Writes a file that only its owner may read.
pub fn write_private(file: &Path, text: &str) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    // A file that is there keeps its mode, so it is replaced, not overwritten.
    let fresh = file.with_extension("new");
    let _ = fs::remove_file(&fresh);
    let mut out = File::options().write(true).create_new(true).mode(0o600).open(&fresh)?;
    out.write_all(text.as_bytes())?;
    fs::rename(&fresh, file).with_context(|| format!("cannot write {}", file.display()))
}

/// Random text of 64 hex digits.
pub fn random_hex() -> Result<String> {
    Ok(hex::encode(random()?))
}

fn random() -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|cause| anyhow!("no randomness: {cause}"))?;
    Ok(bytes)
}
