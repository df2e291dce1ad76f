//! A server, and a relay to it of every kind: the lanes that clients take in turn.

use super::{
    Run, processes::Process, relays::Relay, roles::role, route::Route, row::Row, table::Table,
};
use anyhow::{Result, bail};
use std::{
    os::unix::net::UnixStream,
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) row: Row,
    pub(super) route: Route,
}

#[derive(Debug)]
pub(super) struct Lanes {
    pub(super) lanes: Vec<Lane>,
    left_out: Vec<&'static str>,
    /// The server, which ends last.
    server: Process,
}

impl Lanes {
    /// Starts the server, which is a role of this program, and the installed relays.
    pub(super) fn open(run: &Run, server: &str, relays: &[Relay]) -> Result<Self> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let target = run.folder.join(format!("{number}.sock"));
        let mut server = role(server)?;
        server.arg(&target);
        let server = started(run, "server", server, &target)?;
        let mut lanes = Self { lanes: Vec::new(), left_out: Vec::new(), server };
        for (index, relay) in relays.iter().enumerate() {
            if relay.is_installed() {
                let listen = run.folder.join(format!("{number}.{index}.sock"));
                lanes.add(run, *relay, &listen, &target);
            } else {
                lanes.left_out.push(relay.name());
            }
        }
        Ok(lanes)
    }

    fn add(&mut self, run: &Run, relay: Relay, listen: &Path, target: &Path) {
        let mut row = Row::new(relay.name());
        let address = if relay == Relay::Direct { target } else { listen }.to_owned();
        let start = || match relay.command(listen, target)? {
            Some(command) => started(run, relay.name(), command, listen).map(Some),
            None => Ok(None),
        };
        let process = start().unwrap_or_else(|error| {
            row.fail(&error);
            None
        });
        let route = Route::new(address, process, &self.server);
        self.lanes.push(Lane { row, route });
    }

    /// Continues with the figures of other lanes of the same kind, which end.
    pub(super) fn follow(&mut self, earlier: Self) {
        for (lane, earlier) in self.lanes.iter_mut().zip(earlier.lanes) {
            let failure = lane.row.failure.take();
            lane.row = earlier.row;
            lane.row.failure = lane.row.failure.take().or(failure);
        }
    }

    /// Ends all processes and returns the figures as rows of the table.
    pub(super) fn close(self, table: &mut Table) {
        for name in self.left_out {
            table.leave_out(name);
        }
        table.rows.extend(self.lanes.into_iter().map(|lane| lane.row));
    }
}

impl Lane {
    /// Runs a client as a check and as a warm-up.
    pub(super) fn check(&mut self, run: &Run, args: &[&str]) {
        self.row.check(|| self.route.client(run, args).map(drop));
    }
}

/// Starts a server or relay, and waits until clients can connect.
fn started(run: &Run, name: &str, mut command: Command, address: &Path) -> Result<Process> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let mut process = Process::start(name, &mut command, &run.folder)?;
    let start = Instant::now();
    while UnixStream::connect(address).is_err() {
        process.is_running()?;
        if start.elapsed() > Duration::from_secs(10) {
            bail!("{name}: nobody can connect to it");
        }
        thread::sleep(Duration::from_millis(2));
    }
    Ok(process)
}
