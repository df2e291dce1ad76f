//! A server, and a relay to it of every kind: the lanes that clients take in turn.

use super::{Run, processes::Process, relays::Relay, roles::role, row::Row, table::Table};
use anyhow::{Context as _, Result, bail};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::{
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) row: Row,
    pub(super) address: PathBuf,
    /// None where the client connects to the server itself.
    pub(super) relay: Option<Process>,
}

#[derive(Debug)]
pub(super) struct Lanes {
    pub(super) lanes: Vec<Lane>,
    left_out: Vec<&'static str>,
    /// It ends last.
    _server: Process,
}

impl Lanes {
    /// Starts the server, which is a role, and those relays that are installed.
    pub(super) fn open(run: &Run, server: &str, relays: &[Relay]) -> Result<Self> {
        static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let target = run.folder.join(format!("{number}.sock"));
        let mut command = role(server)?;
        let mut process = Process::start("server", silent(command.arg(&target)), &run.folder)?;
        wait_for(&mut process, &target)?;
        let mut lanes = Self { lanes: Vec::new(), left_out: Vec::new(), _server: process };
        for (index, relay) in relays.iter().enumerate() {
            if !relay.is_installed() {
                lanes.left_out.push(relay.name());
                continue;
            }
            let listen = run.folder.join(format!("{number}.{index}.sock"));
            lanes.lanes.push(Lane::open(run, *relay, listen, &target));
        }
        Ok(lanes)
    }

    /// What has been measured, as the rows of the table; all that was started ends.
    pub(super) fn close(self, table: &mut Table) {
        for name in self.left_out {
            table.leave_out(name);
        }
        table.rows.extend(self.lanes.into_iter().map(|lane| lane.row));
    }
}

impl Lane {
    fn open(run: &Run, relay: Relay, listen: PathBuf, target: &Path) -> Self {
        let mut row = Row::new(relay.name());
        let start = || {
            let Some(mut command) = relay.command(&listen, target)? else { return Ok(None) };
            let mut process = Process::start(relay.name(), silent(&mut command), &run.folder)?;
            wait_for(&mut process, &listen)?;
            Ok(Some(process))
        };
        let process = start().unwrap_or_else(|error| {
            row.fail(&error);
            None
        });
        let address = if relay == Relay::Direct { target.to_owned() } else { listen };
        Self { row, address, relay: process }
    }

    /// Has a client do its work for the sake of checking it, and as a warm-up.
    pub(super) fn check(&mut self, run: &Run, args: &[&str]) {
        let (address, relay) = (&self.address, self.relay.as_mut());
        self.row.check(|| client(run, address, relay, args).map(drop));
    }

    /// A round, which is the work of one or more clients: their figures one after another.
    pub(super) fn record(&mut self, run: &Run, clients: &[&[&str]]) {
        let (address, mut relay) = (&self.address, self.relay.as_mut());
        self.row.record(|| {
            let mut figures = Vec::new();
            for args in clients {
                figures.extend(client(run, address, relay.as_deref_mut(), args)?);
            }
            Ok(figures)
        });
    }
}

/// The figures that a client prints; its arguments are its role, and what follows the address.
pub(super) fn client(
    run: &Run,
    address: &Path,
    relay: Option<&mut Process>,
    args: &[&str],
) -> Result<Vec<f64>> {
    let (name, rest) = args.split_first().context("no role")?;
    let mut command = role(name)?;
    let command = command.arg(address).args(rest).stdin(Stdio::null()).stdout(Stdio::piped());
    let result = Process::start("client", command, &run.folder)?.answer();
    if result.is_err()
        && let Some(relay) = relay
    {
        // That it has ended says more than what the client misses.
        relay.is_running()?;
    }
    result
}

fn silent(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null())
}

/// Waits until clients can connect.
fn wait_for(process: &mut Process, address: &Path) -> Result<()> {
    let start = Instant::now();
    while UnixStream::connect(address).is_err() {
        process.is_running()?;
        if start.elapsed() > Duration::from_secs(10) {
            bail!("nobody can connect to it");
        }
        thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// Does this on one CPU, with all processes that are started meanwhile.
pub(super) fn on_one_cpu<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let allowed = sched_getaffinity(None)?;
    // The first one tends to have the interrupts.
    let last = (0..CpuSet::MAX_CPU).rev().find(|cpu| allowed.is_set(*cpu)).context("no CPU")?;
    let mut one = CpuSet::new();
    one.set(last);
    sched_setaffinity(None, &one)?;
    let result = work();
    sched_setaffinity(None, &allowed)?;
    result
}
