//! Joins connections to commands.

use crate::{
    diag::Failure,
    endpoint::CommandLine,
    serve::{OpenGuard, OpenItem, Shutdown, Stopper},
    system::{Socket, command, peer, signals},
    transfer::{
        Meter, TransferOptions,
        threads::{Job, TransferReport, transfer},
    },
};
use local_socket::{PeerCreds, Stream};
use shared_child::SharedChild;
use std::{
    future::poll_fn,
    io,
    pin::pin,
    process,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::process::Child;

/// How connections are joined to a command.
#[derive(Clone, Debug)]
pub(super) struct Commands {
    pub(super) command: CommandLine,
    /// The name of the listener, as typed.
    pub(super) name: String,
    /// Whether the listener is a local socket.
    pub(super) is_local: bool,
    pub(super) options: TransferOptions,
}

/// A command that serves a connection.
#[derive(Debug)]
pub(super) struct Running {
    child: Arc<SharedChild>,
    /// The transfer through this process, if the command does not have the socket itself.
    pumped: Option<(Arc<Stream>, TransferOptions)>,
    going: Option<OpenGuard>,
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
        let going = stopper.map(|stopper| stopper.going(OpenItem::Command(Arc::clone(&child))));
        Ok(Running { child, pumped, going })
    }

    /// Starts the command for the only connection, and passes termination signals on to it. A
    /// second signal ends this process at once.
    pub(super) fn start_passing_signals_on(
        &self,
        stream: Stream,
        peer: Option<&PeerCreds>,
    ) -> Result<Running, Failure> {
        let child = Arc::new(Mutex::new(None::<Arc<SharedChild>>));
        let receiver = Arc::clone(&child);
        // The lock makes a signal wait until the command is stored.
        let mut starting = child.lock().unwrap_or_else(PoisonError::into_inner);
        signals::on_termination(move |signal| {
            // A second signal finds no command.
            match receiver.lock().unwrap_or_else(PoisonError::into_inner).take() {
                Some(child) => {
                    if let Err(error) = command::pass_on(&child, signal) {
                        tracing::debug!(%error, "signal not passed on");
                    }
                }
                None => signals::die(signal),
            }
        })
        .map_err(|error| Failure::Io { what: "cannot watch for signals", error })?;
        let running = self.start(stream, peer, 1, None)?;
        *starting = Some(Arc::clone(&running.child));
        drop(starting);
        Ok(running)
    }

    /// Replaces this process by the command if the system can do so and no bytes pass through this
    /// process. Otherwise returns the connection.
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

    /// Returns whether the command gets the connection itself.
    pub(super) fn gives_socket(&self) -> bool {
        command::TAKES_SOCKETS && self.options.is_plain()
    }

    /// Starts the command with the connection as its standard input and output.
    pub(super) fn start_on(
        &self,
        socket: Socket,
        peer: Option<&PeerCreds>,
        number: u64,
    ) -> Result<Child, Failure> {
        socket
            .detach()
            .and_then(|socket| command::start_on(self.prepare(peer, number), socket))
            .map_err(|error| self.command.failure(error))
    }

    /// Starts the command. Returns the socket that is joined to its standard input and output.
    pub(super) fn start_joined(
        &self,
        peer: Option<&PeerCreds>,
        number: u64,
    ) -> Result<(Child, Socket), Failure> {
        command::start_joined(self.prepare(peer, number))
            .map_err(|error| self.command.failure(error))
    }

    /// Waits until the command has ended, and returns its exit status. The command is asked to end
    /// at once, or at the end of the grace time.
    pub(super) async fn wait(
        &self,
        mut child: Child,
        at_once: bool,
        shutdown: &mut Shutdown,
    ) -> Result<u8, Failure> {
        let mut is_asked = false;
        if at_once {
            is_asked = true;
            ask_to_end(&mut child);
        }
        let mut closing = Box::pin(shutdown.closing());
        let status = poll_fn(|cx| {
            if !is_asked && closing.as_mut().poll(cx).is_ready() {
                tracing::warn!("a command did not end within the grace time: terminated");
                is_asked = true;
                ask_to_end(&mut child);
            }
            pin!(child.wait()).poll(cx)
        });
        let status = status
            .await
            .map_err(|error| Failure::Io { what: "cannot wait for the command", error })?;
        Ok(command::status(status))
    }

    fn prepare(&self, peer: Option<&PeerCreds>, number: u64) -> process::Command {
        let mut command = self.command.prepare();
        let own = [
            ("LSOCK_NAME", Some(self.name.clone())),
            ("LSOCK_CONN", Some(number.to_string())),
            ("PROTO", self.is_local.then(|| "IPC".to_owned())),
            ("IPCLOCALPATH", self.is_local.then(|| self.name.clone())),
        ];
        for (variable, value) in own.into_iter().chain(peer::variables(peer)) {
            match value {
                Some(value) => command.env(variable, value),
                // Variables that lsock inherited describe another peer.
                None => command.env_remove(variable),
            };
        }
        command
    }
}

impl Running {
    /// Waits until the command has ended, and returns its exit status.
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
        match report.and_then(TransferReport::failure) {
            Some(failure) => Err(failure),
            None => Ok(command::status(status)),
        }
    }
}

fn ask_to_end(child: &mut Child) {
    if let Err(error) = command::ask_to_end(child) {
        tracing::debug!(%error, "command not terminated");
    }
}
