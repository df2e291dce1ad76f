//! Joins connections to commands.

use super::{
    environment::{self, ConnectionInfo},
    observing::ObservedConnections,
};
use crate::{
    deadline::Deadline,
    diag::Failure,
    endpoint::CommandLine,
    system::{
        Socket, WindowSize,
        command::{self, Process},
        peer::PeerUser,
        signals::PassedSignals,
    },
    transfer::TransferOptions,
};
use local_socket::{PeerCreds, Stream};
use std::{io, process, time::Duration};
use tokio_util::sync::CancellationToken;

/// How connections are joined to a command.
#[derive(Clone, Debug)]
pub(super) struct Commands {
    pub(super) command: CommandLine,
    /// The name of a listener that is not known from the connection, as typed.
    pub(super) name: String,
    /// Whether that listener is a local socket.
    pub(super) is_local: bool,
    /// Whether this process is the server: it reports readiness itself.
    pub(super) are_served: bool,
    pub(super) options: TransferOptions,
    /// Whether the peer is the program at a terminal. It gets what the command has written only as long
    /// as this process runs.
    pub(super) is_at_terminal: bool,
    /// The size of the terminal that each command gets, if it gets one.
    pub(super) pty: Option<WindowSize>,
    /// Passes termination signals on to the only command.
    pub(super) signals: Option<PassedSignals>,
    pub(super) observed: Option<ObservedConnections>,
    /// Time that a command gets to end after its client has closed, with `--hangup`.
    pub(super) hangup_time: Duration,
}

/// What happens to a command whose connection has ended.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum CommandEnd {
    /// It is waited for.
    Awaited,
    /// It is asked to end.
    AskedToEnd,
    /// It is told that its client has closed, and ended if it does not end in time.
    HungUp,
}

impl Commands {
    /// Replaces this process by the command if the system can do so and no bytes pass through this
    /// process. Otherwise returns the connection.
    pub(super) fn exec(&self, stream: Stream, peer: Option<&PeerCreds>) -> Result<Stream, Failure> {
        if !self.gives_socket() {
            return Ok(stream);
        }
        let user = PeerUser::of(&stream);
        let user = user.as_ref();
        let info = ConnectionInfo { peer, user, address: None, listener: None, number: 1 };
        match command::exec_on(self.prepare(info), stream) {
            Ok(()) => Err(self.command.failure(io::ErrorKind::Unsupported.into())),
            Err(error) => Err(self.command.failure(error)),
        }
    }

    /// Returns whether the command gets the connection itself.
    pub(super) fn gives_socket(&self) -> bool {
        command::TAKES_SOCKETS
            && self.options.is_plain()
            && self.observed.is_none()
            && self.pty.is_none()
            && !self.is_at_terminal
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

    /// Starts the command. Returns the socket that is joined to its standard input and output, or to
    /// its terminal.
    pub(super) fn start_joined(
        &self,
        info: ConnectionInfo<'_>,
    ) -> Result<(Process, Socket), Failure> {
        self.start(|| match &self.pty {
            Some(size) => command::start_at_terminal(self.prepare(info), size),
            None => command::start_joined(self.prepare(info)),
        })
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
    /// as `end` says, or at the end of the grace time.
    pub(super) async fn wait(
        &self,
        mut child: Process,
        end: CommandEnd,
        closing: &CancellationToken,
    ) -> Result<i32, Failure> {
        let failure = |error| Failure::Io { what: "cannot wait for the command", error };
        if end == CommandEnd::HungUp {
            if let Err(error) = command::hang_up(&mut child) {
                tracing::debug!(%error, "command not hung up");
            }
            tokio::select! {
                biased;
                ended = child.wait() => return ended.map(command::status).map_err(failure),
                () = Deadline::from_now(self.hangup_time).reached() => {
                    let time = humantime::format_duration(self.hangup_time);
                    tracing::warn!(
                        "a command was still running {time} after its client had closed and was killed"
                    );
                    if let Err(error) = command::end(&mut child) {
                        tracing::debug!(%error, "command not killed");
                    }
                }
                () = closing.cancelled() => {}
            }
        }
        let at_once = end == CommandEnd::AskedToEnd;
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
        if self.options.hangs_up {
            command::take_hang_ups(&mut command);
        }
        command
    }
}
