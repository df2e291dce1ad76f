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
    /// The file of the server's stderr, and its length before.
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

    /// Runs a client, and returns the figures that it prints. The arguments are its role and those
    /// after the address.
    pub(super) fn client(&mut self, run: &Run, args: &[&str]) -> Result<Vec<f64>> {
        self.seen = self.said().len();
        let command = &mut self.command(args)?;
        let mut client = Process::start("client", command.stdin(Stdio::null()), &run.folder)?;
        client.answer().map_err(|error| self.reason(error))
    }

    /// Runs `lsock bench` as a client, and returns its figures by the names of its CSV columns.
    pub(super) fn bench(&mut self, run: &Run, line: &str, columns: &[&str]) -> Result<Vec<f64>> {
        self.seen = self.said().len();
        let mut command = programs::own_lsock();
        command.arg("bench").args(line.split(' ')).args(["--warmup", "0s"]);
        command.arg("--to").arg(&self.address);
        bench::figures(run, &mut command, columns).map_err(|error| self.reason(error))
    }

    /// Returns the command of a client.
    pub(super) fn command(&self, args: &[&str]) -> Result<Command> {
        let (name, rest) = args.split_first().context("no role")?;
        let mut command = role(name)?;
        command.arg(&self.address).args(rest).stdout(Stdio::piped());
        Ok(command)
    }

    /// Returns the reason why a client has failed: a message of the relay or the server is more
    /// exact than that of the client.
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

    /// Returns the relay's CPU time so far, in seconds, without its processes that have not ended.
    pub(super) fn cpu(&self) -> Result<f64> {
        self.relay.as_ref().map_or(Ok(f64::NAN), |relay| {
            usage::settle(relay.pid())?;
            usage::cpu_seconds(relay.pid())
        })
    }

    /// Does the work, and returns its result and the relay's CPU time for it in microseconds.
    pub(super) fn with_cpu<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<(T, f64)> {
        let before = self.cpu()?;
        let result = work(self)?;
        Ok((result, (self.cpu()? - before) * 1e6))
    }

    /// Returns the relay's memory in bytes.
    pub(super) fn memory(&self) -> Result<f64> {
        self.relay.as_ref().map_or(Ok(f64::NAN), |relay| usage::memory(relay.pid()))
    }

    /// Ends the relay.
    pub(super) fn end(&mut self) {
        self.relay = None;
    }
}
