//! A way to the server, with or without a relay.

use super::{Run, bench, processes::Process, programs, roles::role, usage};
use anyhow::{Context as _, Error, Result, anyhow};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

#[derive(Debug)]
pub(super) struct Route {
    address: PathBuf,
    relay: Option<Process>,
    /// What the server has to say, and how much of it was said before.
    server: PathBuf,
    seen: usize,
}

impl Route {
    pub(super) fn new(address: PathBuf, relay: Option<Process>, server: &Process) -> Self {
        Self { address, relay, server: server.errors_file().to_owned(), seen: 0 }
    }

    pub(super) fn address(&self) -> &Path {
        &self.address
    }

    /// The figures that a client prints; its arguments are its role, and what follows the
    /// address.
    pub(super) fn client(&mut self, run: &Run, args: &[&str]) -> Result<Vec<f64>> {
        self.seen = self.said().len();
        let command = &mut self.command(args)?;
        let mut client = Process::start("client", command.stdin(Stdio::null()), &run.folder)?;
        client.answer().map_err(|error| self.reason(error))
    }

    /// The figures that `lsock bench` measures as a client, by the names of its CSV columns.
    pub(super) fn bench(&mut self, run: &Run, line: &str, columns: &[&str]) -> Result<Vec<f64>> {
        self.seen = self.said().len();
        let mut command = programs::own_lsock();
        command.arg("bench").args(line.split(' ')).args(["--warmup", "0s"]);
        command.arg("--to").arg(&self.address);
        bench::figures(run, &mut command, columns).map_err(|error| self.reason(error))
    }

    /// The command of a client.
    pub(super) fn command(&self, args: &[&str]) -> Result<Command> {
        let (name, rest) = args.split_first().context("no role")?;
        let mut command = role(name)?;
        command.arg(&self.address).args(rest).stdout(Stdio::piped());
        Ok(command)
    }

    /// Why a client has failed: what the relay or the server says tells more than what the
    /// client misses.
    pub(super) fn reason(&mut self, error: Error) -> Error {
        if let Some(Err(ended)) = self.relay.as_mut().map(Process::is_running) {
            return ended;
        }
        match self.said().get(self.seen..).and_then(|text| text.lines().next()) {
            Some(line) => anyhow!("{line}"),
            None => error,
        }
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.server).unwrap_or_default()
    }

    /// The relay's CPU time so far, in seconds, without processes of it that still end.
    pub(super) fn cpu(&self) -> Result<f64> {
        self.relay.as_ref().map_or(Ok(f64::NAN), |relay| {
            usage::settle(relay.pid())?;
            usage::cpu_seconds(relay.pid())
        })
    }

    /// The relay's memory in bytes.
    pub(super) fn memory(&self) -> Result<f64> {
        self.relay.as_ref().map_or(Ok(f64::NAN), |relay| usage::memory(relay.pid()))
    }

    /// Ends the relay.
    pub(super) fn end(&mut self) {
        self.relay = None;
    }
}
