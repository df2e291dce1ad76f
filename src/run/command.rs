//! A connection that is joined to a command.

use crate::{
    diag::Failure,
    endpoint::Command,
    pump::{Job, Meter, Options, transfer},
    serve::{Going, Open, Stopper},
    system::{command, listening},
};
use local_socket::{Name, PeerCreds, Stream};
use shared_child::SharedChild;
use std::{io, process, sync::Arc};

/// How connections are joined to a command.
#[derive(Clone, Debug)]
pub(super) struct Commands {
    pub(super) command: Command,
    pub(super) name: Name<'static>,
    pub(super) options: Options,
}

/// A command that serves a connection.
#[derive(Debug)]
pub(super) struct Running {
    child: Arc<SharedChild>,
    /// What has to pass through this process, if the command has not the socket itself.
    pumped: Option<(Arc<Stream>, Options)>,
    going: Option<Going>,
}

impl Commands {
    /// Starts the command for a connection.
    pub(super) fn start(
        &self,
        stream: Stream,
        peer: Option<&PeerCreds>,
        number: u64,
        stopper: Option<&Stopper>,
    ) -> Result<Running, Failure> {
        let command = self.prepare(peer, number);
        let started = if self.gives_socket() {
            command::spawn_on(command, stream).map(|child| (child, None))
        } else {
            let pumped = Some((Arc::new(stream), self.options.clone()));
            command::spawn_piped(command).map(|child| (child, pumped))
        };
        let (child, pumped) = started.map_err(|error| self.command.failure(error))?;
        let child = Arc::new(child);
        let going = stopper.map(|stopper| stopper.going(Open::Command(Arc::clone(&child))));
        Ok(Running { child, pumped, going })
    }

    /// Becomes the command where the system can do that and nothing is left to be done
    /// here; otherwise gives the connection back.
    pub(super) fn become_it(
        &self,
        stream: Stream,
        peer: Option<&PeerCreds>,
    ) -> Result<Stream, Failure> {
        if !self.gives_socket() {
            return Ok(stream);
        }
        match command::become_on(self.prepare(peer, 1), stream) {
            Ok(()) => Err(self.command.failure(io::ErrorKind::Unsupported.into())),
            Err(error) => Err(self.command.failure(error)),
        }
    }

    fn gives_socket(&self) -> bool {
        command::TAKES_SOCKETS && self.options.is_plain()
    }

    fn prepare(&self, peer: Option<&PeerCreds>, number: u64) -> process::Command {
        let mut command = self.command.prepare();
        let own = [
            ("LSOCK_NAME", Some(self.name.to_string())),
            ("LSOCK_CONN", Some(number.to_string())),
            ("PROTO", Some("IPC".to_owned())),
            ("IPCLOCALPATH", Some(self.name.to_string())),
        ];
        for (variable, value) in own.into_iter().chain(listening::peer_variables(peer)) {
            match value {
                Some(value) => command.env(variable, value),
                // What lsock itself was told is not true of this peer.
                None => command.env_remove(variable),
            };
        }
        command
    }
}

impl Running {
    /// Waits until the command has ended; gives its exit status.
    pub(super) fn wait(mut self) -> Result<u8, Failure> {
        let report = match (self.pumped.take(), self.child.take_stdout(), self.child.take_stdin()) {
            (Some((stream, options)), Some(stdout), Some(stdin)) => {
                let meter = Arc::new(Meter::new(options.is_timed()));
                let (input, output) = (stdout.into(), stdin.into());
                let command = Some(Arc::clone(&self.child));
                let closes_output = true;
                let job = Job { stream, input, output, closes_output, options, meter, command };
                Some(transfer(job))
            }
            _ => None,
        };
        if let Some(report) = &report {
            tracing::info!("{report}");
            if report.was_limited()
                && let Err(error) = command::terminate(&self.child)
            {
                tracing::debug!(%error, "command not terminated");
            }
        }
        let status = self
            .child
            .wait()
            .map_err(|error| Failure::Io { what: "cannot wait for the command", error })?;
        drop(self.going.take());
        match report.and_then(crate::pump::Report::failure) {
            Some(failure) => Err(failure),
            None => Ok(command::status(status)),
        }
    }
}
