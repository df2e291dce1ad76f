//! Joins connections to commands.

use super::environment::{self, ConnectionInfo};
use crate::{
    diag::Failure,
    endpoint::CommandLine,
    system::{
        Socket,
        command::{self, Process},
        peer::PeerUser,
        signals::PassedSignals,
    },
    transfer::TransferOptions,
};
use local_socket::{PeerCreds, Stream};
use std::{io, process};
use tokio_util::sync::CancellationToken;

/// How connections are joined to a command.
#[derive(Clone, Debug)]
pub(super) struct Commands {
    pub(super) command: CommandLine,
    /// The name of the listener, as typed.
    pub(super) name: String,
    /// Whether the listener is a local socket.
    pub(super) is_local: bool,
    /// Whether this process is the server: it reports readiness itself.
    pub(super) are_served: bool,
    pub(super) options: TransferOptions,
    /// Passes termination signals on to the only command.
    pub(super) signals: Option<PassedSignals>,
}

impl Commands {
    /// Replaces this process by the command if the system can do so and no bytes pass through this
    /// process. Otherwise returns the connection.
    pub(super) fn exec(&self, stream: Stream, peer: Option<&PeerCreds>) -> Result<Stream, Failure> {
        if !self.gives_socket() {
            return Ok(stream);
        }
        let user = PeerUser::of(&stream);
        let info = ConnectionInfo { peer, user: user.as_ref(), address: None, number: 1 };
        match command::exec_on(self.prepare(info), stream) {
            Ok(()) => Err(self.command.failure(io::ErrorKind::Unsupported.into())),
            Err(error) => Err(self.command.failure(error)),
        }
    }

    /// Returns whether the command gets the connection itself.
    pub(super) fn gives_socket(&self) -> bool {
        command::TAKES_SOCKETS && self.options.is_plain()
    }

    /// Starts the command with the connection as its standard input and output.
    pub(super) fn start_on(
        &self,
        socket: Socket,
        info: ConnectionInfo<'_>,
    ) -> Result<Process, Failure> {
        let start = || command::start_on(self.prepare(info), socket.detach()?);
        self.start(|| start().map(|child| (child, ()))).map(|(child, ())| child)
    }

    /// Starts the command. Returns the socket that is joined to its standard input and output.
    pub(super) fn start_joined(
        &self,
        info: ConnectionInfo<'_>,
    ) -> Result<(Process, Socket), Failure> {
        self.start(|| command::start_joined(self.prepare(info)))
    }

    fn start<T>(
        &self,
        start: impl FnOnce() -> io::Result<(Process, T)>,
    ) -> Result<(Process, T), Failure> {
        let started = match &self.signals {
            Some(signals) => signals.start(start, |(child, _)| child),
            None => start(),
        };
        started.map_err(|error| self.command.failure(error))
    }

    /// Waits until the command has ended, and returns its exit status. The command is asked to end
    /// at once, or at the end of the grace time.
    pub(super) async fn wait(
        &self,
        mut child: Process,
        at_once: bool,
        closing: &CancellationToken,
    ) -> Result<i32, Failure> {
        let failure = |error| Failure::Io { what: "cannot wait for the command", error };
        let stops = async {
            if !at_once {
                closing.cancelled().await;
            }
        };
        tokio::select! {
            biased;
            ended = child.wait() => return ended.map(command::status).map_err(failure),
            () = stops => {}
        }
        if closing.is_cancelled() {
            tracing::warn!("a command was still running after the grace time and was terminated");
        }
        if let Err(error) = command::ask_to_end(&mut child) {
            tracing::debug!(%error, "command not terminated");
        }
        child.wait().await.map(command::status).map_err(failure)
    }

    fn prepare(&self, info: ConnectionInfo<'_>) -> process::Command {
        let mut command = self.command.prepare();
        environment::set(&mut command, self, info);
        command
    }
}
