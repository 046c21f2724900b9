//! The asking side of a keeper: one running program, its end and its log.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::{KeepOrders, build_keeper};

/// How long a keeper may take to answer: more than its own two limits together.
const ANSWER_MAX: Duration = Duration::from_secs(15);
/// How much of a log's end is shown.
const TAIL_BYTES_MAX: u64 = 4_096;

/// What to start.
#[derive(Clone, Debug)]
pub struct Spec {
    /// How messages call it.
    pub name: String,
    /// What the keeper does with it.
    pub orders: KeepOrders,
    /// Variables added to the environment; may hold secrets, which is why they are not arguments.
    pub environment: BTreeMap<String, String>,
    /// Where it runs.
    pub folder: PathBuf,
}

impl Spec {
    /// A program with its arguments, stopped by SIGTERM, that runs in the repository's root.
    pub fn new(name: &str, log: &Path, program: Vec<OsString>) -> Self {
        let orders = KeepOrders {
            log: log.to_owned(),
            stop: super::StopSignal::default(),
            uid: None,
            gid: None,
            remove: None,
            program,
        };
        let folder = crate::paths::root().to_owned();
        Self { name: name.to_owned(), orders, environment: BTreeMap::new(), folder }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Starting,
    Running(u32),
    Ended(String),
}

type Shared = Arc<(Mutex<State>, Condvar)>;

/// A program that runs until this value is dropped, or its owner's process ends in any way.
#[derive(Debug)]
pub struct Child {
    name: String,
    log: PathBuf,
    keeper: std::process::Child,
    pipe: Option<ChildStdin>,
    state: Shared,
}

impl Child {
    /// Starts the program under a keeper and returns once it runs (not: is ready).
    pub fn start(spec: &Spec) -> Result<Self> {
        if let Some(folder) = spec.orders.log.parent() {
            fs::create_dir_all(folder)?;
        }
        let errors = File::options().create(true).append(true).open(&spec.orders.log)?;
        let mut command = Command::new(build_keeper()?);
        spec.orders.write_to(&mut command);
        let mut keeper = command
            .envs(&spec.environment)
            .current_dir(&spec.folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .with_context(|| format!("cannot start the keeper of {}", spec.name))?;
        let pipe = keeper.stdin.take();
        let reports = keeper.stdout.take().context("the keeper's output was not piped")?;
        let state = Shared::new((Mutex::new(State::Starting), Condvar::new()));
        let shared = Arc::clone(&state);
        thread::spawn(move || listen(reports, &shared));
        let child =
            Self { name: spec.name.clone(), log: spec.orders.log.clone(), keeper, pipe, state };
        child.await_start()?;
        Ok(child)
    }

    /// How messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The program's process id while it runs.
    pub fn id(&self) -> Option<u32> {
        match *self.state() {
            State::Running(id) => Some(id),
            State::Starting | State::Ended(_) => None,
        }
    }

    /// How the program ended, if it has.
    pub fn ended(&self) -> Option<String> {
        match &*self.state() {
            State::Ended(how) => Some(how.clone()),
            State::Starting | State::Running(_) => None,
        }
    }

    /// Stops the program in good order; [`Self::start_again`] brings it back.
    pub fn stop(&mut self) -> Result<()> {
        self.order("stop")?;
        self.await_state(|state| matches!(state, State::Ended(_)))
    }

    /// Kills the program and all it started, at once, as a power cut would.
    pub fn kill_hard(&mut self) -> Result<()> {
        self.order("kill")?;
        self.await_state(|state| matches!(state, State::Ended(_)))
    }

    /// Starts the same program again after it ended; returns once it runs (not: is ready).
    pub fn start_again(&mut self) -> Result<()> {
        if self.id().is_some() {
            bail!("{} still runs", self.name);
        }
        *self.state() = State::Starting;
        self.order("start")?;
        self.await_start()
    }

    /// The end of what the program printed.
    pub fn log_tail(&self) -> String {
        read_tail(&self.log).unwrap_or_else(|cause| format!("(no log: {cause})"))
    }

    /// The file that gets everything the program prints.
    pub fn log(&self) -> &Path {
        &self.log
    }

    fn order(&mut self, word: &str) -> Result<()> {
        let pipe = self.pipe.as_mut().context("the pipe closes only on drop")?;
        writeln!(pipe, "{word}").with_context(|| format!("the keeper of {} is gone", self.name))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.0.lock().expect("no thread panics while it holds the state")
    }

    fn await_start(&self) -> Result<()> {
        self.await_state(|state| *state != State::Starting)?;
        match self.ended() {
            Some(end) => bail!("{} did not start ({end}):\n{}", self.name, self.log_tail()),
            None => Ok(()),
        }
    }

    fn await_state(&self, reached: impl Fn(&State) -> bool) -> Result<()> {
        let (guard, timeout) = self
            .state
            .1
            .wait_timeout_while(self.state(), ANSWER_MAX, |state| !reached(state))
            .expect("no thread panics while it holds the state");
        if timeout.timed_out() {
            bail!("the keeper of {} does not answer ({:?})", self.name, *guard);
        }
        Ok(())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.keeper.wait();
    }
}

/// Follows the keeper's reports until it goes.
fn listen(reports: ChildStdout, shared: &Shared) {
    let set = |state| {
        *shared.0.lock().expect("no thread panics while it holds the state") = state;
        shared.1.notify_all();
    };
    for line in BufReader::new(reports).lines().map_while(Result::ok) {
        if let Some(id) = line.strip_prefix("started ").and_then(|id| id.parse().ok()) {
            set(State::Running(id));
        } else if let Some(how) = line.strip_prefix("ended ") {
            set(State::Ended(how.to_owned()));
        }
    }
    set(State::Ended("with its keeper".to_owned()));
}

fn read_tail(log: &Path) -> std::io::Result<String> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES_MAX)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
