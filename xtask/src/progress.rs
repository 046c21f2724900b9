//! Shows what is being done: a spinner on a terminal, plain lines anywhere else.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::interrupt;

/// Pause between two looks whether a command ended.
const LOOK: Duration = Duration::from_millis(20);
/// Lines of a failed command that are shown.
const LINES_SHOWN_MAX: usize = 60;

/// Does one named piece of work and shows its name, its outcome and its seconds.
pub fn step<T>(title: &str, work: impl FnOnce(&Step) -> Result<T>) -> Result<T> {
    let step = Step::begin(title);
    let outcome = work(&step);
    step.end(outcome.is_ok());
    outcome
}

/// A piece of work that is under way.
#[derive(Debug)]
pub struct Step {
    title: String,
    spinner: ProgressBar,
    began: Instant,
    note: Mutex<Option<String>>,
}

impl Step {
    fn begin(title: &str) -> Self {
        let spinner = if std::io::stderr().is_terminal() {
            let style = ProgressStyle::with_template("{spinner} {prefix} ({elapsed}) {wide_msg}");
            ProgressBar::new_spinner().with_style(style.expect("the template is well-formed"))
        } else {
            eprintln!("… {title}");
            ProgressBar::hidden()
        };
        spinner.set_prefix(title.to_owned());
        spinner.enable_steady_tick(Duration::from_millis(120));
        Self { title: title.to_owned(), spinner, began: Instant::now(), note: Mutex::new(None) }
    }

    /// Adds a fact to the line that stays when the work is done.
    pub fn note(&self, fact: impl Into<String>) {
        *self.note.lock().expect("no thread panics while it notes") = Some(fact.into());
    }

    /// Runs a command to its end; its latest line is shown meanwhile, and on failure its last
    /// [`LINES_SHOWN_MAX`] lines stand in the error.
    pub fn run(&self, command: &mut Command) -> Result<()> {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;
        let lines = Arc::new(Mutex::new(VecDeque::new()));
        let readers = [
            child.stdout.take().map(|pipe| self.follow(pipe, &lines)),
            child.stderr.take().map(|pipe| self.follow(pipe, &lines)),
        ];
        let status = wait(&mut child)?;
        for reader in readers.into_iter().flatten() {
            reader.join().expect("reading lines does not panic");
        }
        if status.success() {
            return Ok(());
        }
        interrupt::check()?;
        let lines = lines.lock().expect("the readers have ended");
        let shown: Vec<&str> = lines.iter().map(String::as_str).collect();
        bail!("{program} failed ({status}):\n{}", shown.join("\n"));
    }

    fn follow(
        &self,
        pipe: impl Read + Send + 'static,
        lines: &Arc<Mutex<VecDeque<String>>>,
    ) -> JoinHandle<()> {
        let (spinner, lines) = (self.spinner.clone(), Arc::clone(lines));
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                spinner.set_message(line.trim().to_owned());
                let mut lines = lines.lock().expect("the other reader does not panic");
                if lines.len() == LINES_SHOWN_MAX {
                    lines.pop_front();
                }
                lines.push_back(line);
            }
        })
    }

    fn end(&self, done: bool) {
        self.spinner.finish_and_clear();
        let mark = if done { "✓" } else { "✗" };
        let note = self.note.lock().expect("no thread panics while it notes").take();
        let note = note.map(|note| format!(" – {note}")).unwrap_or_default();
        eprintln!("{mark} {}{note} ({:.1} s)", self.title, self.began.elapsed().as_secs_f32());
    }
}

/// Waits for a child; ends it when somebody asks this process to stop.
fn wait(child: &mut Child) -> Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if let Err(stopped) = interrupt::check() {
            let id = child.id().try_into().expect("a process id fits in 31 bits");
            let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
            child.wait()?;
            return Err(stopped);
        }
        std::thread::sleep(LOOK);
    }
}
