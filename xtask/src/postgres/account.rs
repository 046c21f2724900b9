//! Whom Postgres runs as: it refuses root.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use nix::unistd::{Gid, Uid, User, chown, geteuid};

/// A user and its group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// `nobody` when we are root, else `None`: ourselves.
pub(super) fn unprivileged() -> Result<Option<Account>> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let user = User::from_name("nobody")?.context("root needs a user `nobody` for Postgres")?;
    Ok(Some(Account { uid: user.uid.as_raw(), gid: user.gid.as_raw() }))
}

/// Gives a folder to an account.
pub(super) fn give(folder: &Path, account: Account) -> Result<()> {
    let (uid, gid) = (Uid::from_raw(account.uid), Gid::from_raw(account.gid));
    chown(folder, Some(uid), Some(gid))
        .with_context(|| format!("cannot give {} to Postgres", folder.display()))
}

/// Whether anybody may walk to a path: each folder above it that exists lets everyone through.
pub(super) fn reachable(path: &Path) -> bool {
    path.ancestors().skip(1).filter_map(|folder| folder.metadata().ok()).all(|folder| {
        const OTHERS_MAY_PASS: u32 = 0o001;
        folder.permissions().mode() & OTHERS_MAY_PASS != 0
    })
}
