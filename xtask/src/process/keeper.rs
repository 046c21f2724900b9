//! The keeper: holds one program, and stops it when the pipe to the asking process closes.

use std::fs::{self, File};
use std::io::{BufRead, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::{KeepOrders, StopSignal};

/// How often the keeper looks whether its program ended by itself.
const LOOK: Duration = Duration::from_millis(50);
/// How long a program may take to stop in good order.
const STOP_MAX: Duration = Duration::from_secs(5);
/// How long what a program started may outlive it.
const GROUP_MAX: Duration = Duration::from_secs(2);

/// What the asking process says: one word a line; the closed pipe is [`Order::End`].
#[derive(Clone, Copy, Debug)]
enum Order {
    /// Start the program (again).
    Start,
    /// Stop it in good order and stay.
    Stop,
    /// Kill it at once and stay.
    Kill,
    /// Stop it, clean up and go.
    End,
}

/// Keeps a program until standard input closes. Reports `started <pid>` and `ended <how>`.
pub fn keep(orders: &KeepOrders) -> Result<()> {
    adopt_orphans();
    let (sender, receiver) = channel();
    listen_to_signals(sender.clone())?;
    thread::spawn(move || listen_to_input(&sender));
    let outcome = obey(orders, &receiver);
    if let Some(folder) = &orders.remove {
        let _ = fs::remove_dir_all(folder);
    }
    outcome
}

fn obey(orders: &KeepOrders, receiver: &Receiver<Order>) -> Result<()> {
    let mut program = Some(start(orders)?);
    loop {
        let order = match receiver.recv_timeout(LOOK) {
            Ok(order) => Some(order),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Order::End),
        };
        if let Some(running) = &mut program {
            let ended = match order {
                None | Some(Order::Start) => running.try_wait()?,
                Some(Order::Stop | Order::End) => Some(stop(running, orders.stop)?),
                Some(Order::Kill) => Some(kill(running)?),
            };
            if let Some(status) = ended {
                sweep(running);
                report(&format!("ended {}", describe(status)));
                program = None;
            }
        } else if let Some(Order::Start) = order {
            program = Some(start(orders)?);
        }
        if let Some(Order::End) = order {
            return Ok(());
        }
    }
}

fn start(orders: &KeepOrders) -> Result<Child> {
    let (name, arguments) = orders.program.split_first().context("no program to keep")?;
    let log = File::options().create(true).append(true).open(&orders.log)?;
    let mut command = Command::new(name);
    command.args(arguments).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    command.process_group(0);
    if let (Some(uid), Some(gid)) = (orders.uid, orders.gid) {
        command.uid(uid).gid(gid);
    }
    let child = command.spawn().with_context(|| format!("cannot start {}", name.display()))?;
    report(&format!("started {}", child.id()));
    Ok(child)
}

fn stop(program: &mut Child, signal: StopSignal) -> Result<ExitStatus> {
    let signal = match signal {
        StopSignal::Terminate => Signal::SIGTERM,
        StopSignal::Interrupt => Signal::SIGINT,
    };
    let _ = killpg(group(program), signal);
    let began = Instant::now();
    while began.elapsed() < STOP_MAX {
        if let Some(status) = program.try_wait()? {
            return Ok(status);
        }
        thread::sleep(Duration::from_millis(10));
    }
    kill(program)
}

fn kill(program: &mut Child) -> Result<ExitStatus> {
    let _ = killpg(group(program), Signal::SIGKILL);
    Ok(program.wait()?)
}

/// Waits a little for what the program left behind, in its group or adopted, then kills the group.
fn sweep(program: &Child) {
    let began = Instant::now();
    let mut killed = false;
    while began.elapsed() < GROUP_MAX * 2 {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => thread::sleep(Duration::from_millis(10)),
            Ok(_) => continue,
            // Nobody is left that this process may wait for; where there is no adoption, at once.
            Err(_) => break,
        }
        if !killed && began.elapsed() > GROUP_MAX {
            let _ = killpg(group(program), Signal::SIGKILL);
            killed = true;
        }
    }
    let _ = killpg(group(program), Signal::SIGKILL);
}

fn group(program: &Child) -> Pid {
    Pid::from_raw(program.id().try_into().expect("a process id fits in 31 bits"))
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("with code {code}"),
        (None, Some(signal)) => format!("by signal {signal}"),
        (None, None) => "somehow".to_owned(),
    }
}

/// The asking process may be gone; then nobody needs the report.
fn report(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

fn listen_to_input(sender: &Sender<Order>) {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let order = match line.as_str() {
            "start" => Order::Start,
            "stop" => Order::Stop,
            "kill" => Order::Kill,
            _ => continue,
        };
        if sender.send(order).is_err() {
            return;
        }
    }
    let _ = sender.send(Order::End);
}

/// A signal to the keeper itself means the same as a closed pipe.
fn listen_to_signals(sender: Sender<Order>) -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    thread::spawn(move || {
        for _ in signals.forever() {
            let _ = sender.send(Order::End);
        }
    });
    Ok(())
}

/// On Linux, grandchildren whose parent ended become the keeper's own, so it can wait for them.
#[cfg(target_os = "linux")]
fn adopt_orphans() {
    let _ = nix::sys::prctl::set_child_subreaper(true);
}

#[cfg(not(target_os = "linux"))]
fn adopt_orphans() {}
