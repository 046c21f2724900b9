//! Postgres' data folder: made once, with a password and one empty database.

use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use nix::sys::signal::kill;
use nix::unistd::Pid;
use sha2::{Digest, Sha256};

use super::account::{self, Account};
use super::{DATABASE, USER, binaries};
use crate::secrets::{random_hex, write_private};

/// Inside the data folder, written last: its presence says that the folder is complete.
const PASSWORD_FILE: &str = "khata.password";

/// Where a data folder really goes: below a folder that `nobody` cannot walk through, a root
/// user's data moves to a folder of its own among the temporary ones.
pub fn placed(data_dir: &Path) -> Result<PathBuf> {
    let data_dir = std::path::absolute(data_dir)?;
    if account::unprivileged()?.is_none() || account::reachable(&data_dir) {
        return Ok(data_dir);
    }
    let name = Sha256::digest(data_dir.as_os_str().as_encoded_bytes());
    Ok(env::temp_dir().join("khata-postgres").join(format!("data-{}", hex::encode(&name[..8]))))
}

/// Makes the folder unless it is there; answers with its password.
pub(super) fn ensure(data_dir: &Path, account: Option<Account>) -> Result<String> {
    let password_file = data_dir.join(PASSWORD_FILE);
    if let Ok(password) = fs::read_to_string(&password_file) {
        return Ok(password);
    }
    if data_dir.join("PG_VERSION").exists() {
        fs::remove_dir_all(data_dir).context("cannot remove a half-made data folder")?;
    }
    fs::create_dir_all(data_dir).with_context(|| format!("cannot make {}", data_dir.display()))?;
    if let Some(account) = account {
        account::give(data_dir, account)?;
    }
    let password = random_hex()?[..32].to_owned();
    initialise(data_dir, account, &password)?;
    create_database(data_dir, account)?;
    write_private(&password_file, &password)?;
    Ok(password)
}

/// Refuses a folder that another server runs on, for example one whose keeper was killed.
pub(super) fn require_unused(data_dir: &Path) -> Result<()> {
    let Some(owner) = owner(data_dir) else {
        return Ok(());
    };
    if is_postgres(owner) {
        bail!("a Postgres (process {owner}) already runs on {}: stop it first", data_dir.display());
    }
    forget_ended(data_dir);
    Ok(())
}

/// Removes the pid file of a server that ended without doing so; only when it surely has.
pub(super) fn forget_ended(data_dir: &Path) {
    if owner(data_dir).is_some_and(|owner| !is_postgres(owner)) {
        let _ = fs::remove_file(data_dir.join("postmaster.pid"));
    }
}

fn owner(data_dir: &Path) -> Option<i32> {
    let text = fs::read_to_string(data_dir.join("postmaster.pid")).ok()?;
    text.lines().next()?.trim().parse().ok()
}

/// The id may have gone to another process since; where `/proc` tells, only Postgres counts.
fn is_postgres(id: i32) -> bool {
    match fs::read_to_string(format!("/proc/{id}/comm")) {
        Ok(name) => name.trim() == "postgres",
        Err(_) if Path::new("/proc/self").exists() => false,
        Err(_) => kill(Pid::from_raw(id), None).is_ok(),
    }
}

fn initialise(data_dir: &Path, account: Option<Account>, password: &str) -> Result<()> {
    let mut password_file = tempfile::NamedTempFile::new()?;
    password_file.write_all(password.as_bytes())?;
    if let Some(account) = account {
        account::give(password_file.path(), account)?;
    }
    let mut initdb = as_account(&binaries::program("initdb")?, account);
    initdb.arg("-D").arg(data_dir).arg("--pwfile").arg(password_file.path());
    // A clear password over loopback: the server still keeps only its hash, and clients built
    // without optimisation are spared thousands of rounds for each connection.
    initdb.args(["--no-sync", "--encoding=UTF8", "--locale=C", "--auth=password", "-U", USER]);
    let output = initdb.current_dir(data_dir).output().context("cannot start initdb")?;
    if !output.status.success() {
        bail!("initdb failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// Creates the first database in single-user mode: no client program comes with the package.
fn create_database(data_dir: &Path, account: Option<Account>) -> Result<()> {
    let log = File::create(data_dir.join("create-database.log"))?;
    let mut single = as_account(&binaries::program("postgres")?, account);
    single.arg("--single").arg("-D").arg(data_dir).args(["-c", "fsync=off", "postgres"]);
    single.current_dir(data_dir).stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
    let mut running = single.spawn()?;
    if let Some(mut input) = running.stdin.take() {
        writeln!(input, "create database {DATABASE}")?;
    }
    let status = running.wait()?;
    if !status.success() {
        bail!("the database cannot be created; see {}", data_dir.display());
    }
    Ok(())
}

fn as_account(program: &Path, account: Option<Account>) -> Command {
    let mut command = Command::new(program);
    if let Some(account) = account {
        command.uid(account.uid).gid(account.gid);
    }
    command
}
