//! Serves all clients of a listener at once, in several event loops, until a signal or the handler
//! ends that.

use super::{
    Admission, ReadyFile,
    limits::Permit,
    loop_acceptor::{AcceptingEnd, LoopAcceptor, accept_backlog},
    shutdown::Shutdown,
};
use crate::{
    deadline::Deadline,
    diag::{Failure, Outcome, Terminal, caught_task},
    endpoint::{ClientSource, ListenSocket},
    system::{Socket, signals},
    transfer::tasks::EventLoops,
};
use local_socket::PeerCreds;
use std::{
    cell::Cell,
    io,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// Serves clients. All clients share one handler.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Serves a client until its connection ends.
    fn serve(&self, client: Client) -> impl Future<Output = Result<Outcome, Failure>> + Send;

    /// Returns the token that is cancelled when no further client can be served.
    fn over(&self) -> &CancellationToken;

    /// Prepares for the end, at a termination signal: no more clients are accepted.
    fn signalled(&self) {}

    /// Returns what is waited for after a signal, if it is not the end of open connections.
    fn awaited(&self) -> Option<&'static str> {
        None
    }

    /// Finishes after the last client has ended, within the time limit if there is one.
    fn finished(&self, _: Option<Duration>) {}
}

/// A client in the event loop that serves it.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) socket: Socket,
    pub(crate) peer: Option<Box<PeerCreds>>,
    /// The address of a TCP client.
    pub(crate) address: Option<SocketAddr>,
    /// The listening socket that it has connected to.
    pub(crate) listener: Option<Arc<ListenSocket>>,
    pub(crate) number: u64,
    /// Cancelled when the connection must end.
    pub(crate) closing: CancellationToken,
}

/// A listener that serves its clients in event loops.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) source: ClientSource,
    pub(crate) admission: Admission,
    pub(crate) options: ServerOptions,
    ready_file: ReadyFile,
    shutdown: Shutdown,
}

/// How many clients a server serves, and when it ends.
#[derive(Copy, Clone, Debug)]
pub(crate) struct ServerOptions {
    /// Whether only one client is served.
    pub(crate) once: bool,
    /// Time without clients after which the server ends.
    pub(crate) exit_idle: Option<Duration>,
    /// Time that open connections get to end after a signal.
    pub(crate) grace: Duration,
    pub(crate) terminal: Terminal,
}

impl Server {
    /// Calls `open` to listen and starts to watch for signals. Signals are blocked meanwhile, so
    /// that none arrives in between.
    pub(crate) fn open(
        open: impl FnOnce() -> Result<ClientSource, Failure>,
        admission: Admission,
        options: ServerOptions,
        ready_file: ReadyFile,
    ) -> Result<Self, Failure> {
        let _held = signals::BlockedSignals::new();
        let source = open()?;
        let shutdown = Shutdown::start()?;
        Ok(Self { source, admission, options, ready_file, shutdown })
    }

    /// Serves clients until a signal or the handler ends the server, or nobody has been connected for
    /// the time of the options. After a signal the process ends by it.
    pub(crate) async fn serve<H: Handler>(
        self,
        loops: &EventLoops,
        handler: H,
    ) -> Result<Outcome, Failure> {
        let Self { source, admission, options, ready_file, mut shutdown } = self;
        let ServerOptions { once, exit_idle, grace, terminal } = options;
        let limits = Arc::clone(admission.limits());
        let shared = Arc::new(ServerShared { handler, once, ended: Mutex::new(None) });
        let closing = shutdown.closing().clone();
        let mut accepting =
            LoopAcceptor { admission, loops, shared: &shared, closing: closing.clone() };
        let accepted = tokio::select! {
            biased;
            () = shared.handler.over().cancelled() => Ok(AcceptingEnd::Asked),
            () = shutdown.signalled() => Ok(AcceptingEnd::Asked),
            accepted = accepting.until_idle(&source, exit_idle) => accepted,
        };
        // Remove the name before draining. Clients that are already in the backlog are still
        // served.
        ready_file.withdraw();
        source.give_up_name();
        // Its bytes may have been read before the signal. Serving it reports them as lost.
        if let Some(client) = source.take_given() {
            accepting.hand_over(client);
        }
        let time_after_name = source.time_after_name();
        if let Some(time) = time_after_name {
            let _ = tokio::time::timeout(time, accepting.for_ever(&source)).await;
        }
        // Where a service manager goes on listening, it starts the service again for those clients.
        let is_idle = matches!(accepted, Ok(AcceptingEnd::Idle)) && !source.is_inherited();
        let serves_backlog = shutdown.signal().is_some() || time_after_name.is_some() || is_idle;
        let mut waiting = Vec::new();
        if serves_backlog && !once {
            waiting = accept_backlog(&source).await;
            waiting.extend(source.accept_last());
        }
        drop(source);
        shutdown.name_is_removed();
        let waiting_count = Cell::new(waiting.len());
        // Clients that were accepted from the backlog can still wait for their turn.
        let open_count = || limits.count() + waiting_count.get();
        let mut signalled_at = None;
        let grace_is_over = async {
            shutdown.signalled().await;
            signalled_at = Some(Instant::now());
            shared.handler.signalled();
            let deadline = Deadline::from_now(grace);
            if grace > super::NOTICE_DELAY {
                tokio::time::sleep(super::NOTICE_DELAY).await;
                let open = open_count();
                if open > 0 {
                    terminal.notice(&match shared.handler.awaited() {
                        Some(what) => super::waiting_text(what, "this", grace),
                        None => super::waiting_for(open, grace),
                    });
                }
            }
            deadline.reached().await;
        };
        let all_are_served = async {
            for client in waiting {
                limits.wait_for_permit().await;
                accepting.hand_over(client);
                waiting_count.update(|count| count - 1);
            }
            limits.wait_until_empty().await;
        };
        let is_over = tokio::select! {
            biased;
            () = grace_is_over => true,
            () = all_are_served => false,
        };
        if is_over {
            if shared.handler.awaited().is_none() {
                tracing::warn!("{}", super::still_open(open_count(), grace));
            }
            closing.cancel();
            let _ = tokio::time::timeout(super::LAST_TIME, limits.wait_until_empty()).await;
        }
        // The grace time covers everything that is left to do.
        let left = shutdown.signal().map(|_| {
            let passed = signalled_at.map_or(Duration::ZERO, |at| at.elapsed());
            grace.saturating_add(super::LAST_TIME).saturating_sub(passed)
        });
        shared.handler.finished(left);
        let ended = shared.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(signal) = shutdown.signal() {
            // The process ends by the signal, without another message.
            if let Some(Err(failure)) = ended {
                tracing::error!("{failure}");
            }
            super::die(signal);
        }
        accepted?;
        Ok(ended.transpose()?.unwrap_or(Outcome::Done))
    }
}

/// State that the tasks share.
#[derive(Debug)]
pub(super) struct ServerShared<H> {
    handler: H,
    pub(super) once: bool,
    /// The result of the only client, or of the client that ended the server.
    ended: Mutex<Option<Result<Outcome, Failure>>>,
}

impl<H: Handler> ServerShared<H> {
    pub(super) async fn serve(
        &self,
        client: impl FnOnce() -> io::Result<Client>,
        number: u64,
        permit: Permit,
    ) {
        let serve = pin!(async {
            match client() {
                Ok(client) => self.handler.serve(client).await,
                Err(error) => Err(Failure::Io { what: "cannot serve the client", error }),
            }
        });
        let result = caught_task(serve).await.unwrap_or_else(Err);
        if self.once || self.handler.over().is_cancelled() {
            let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
            ended.get_or_insert(result);
        } else {
            match result {
                Ok(Outcome::Command(status)) => {
                    tracing::info!(
                        conn = number,
                        "connection {number}: command ended with {status}"
                    );
                }
                Ok(Outcome::Done | Outcome::Absent | Outcome::ProbeTimedOut) => {}
                Err(failure) => {
                    tracing::warn!(conn = number, "connection {number}: {failure}");
                }
            }
        }
        drop(permit);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::{super::Limits, *};

    #[derive(Debug)]
    struct NoHandler(CancellationToken);

    impl Handler for NoHandler {
        async fn serve(&self, _: Client) -> Result<Outcome, Failure> {
            Ok(Outcome::Done)
        }
        fn over(&self) -> &CancellationToken {
            &self.0
        }
    }

    #[test]
    fn a_panic_ends_its_connection_and_frees_its_permit() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for once in [false, true] {
            let limits = Arc::new(Limits::new(None, None));
            let permit = limits.take_permit(None).unwrap();
            let handler = NoHandler(CancellationToken::new());
            let shared = ServerShared { handler, once, ended: Mutex::new(None) };
            runtime.block_on(shared.serve(|| panic!("while it is served"), 1, permit));
            assert_eq!(limits.count(), 0);
            let ended = shared.ended.into_inner().unwrap();
            // The error of the only client becomes the error of the command.
            assert_eq!(once, matches!(ended, Some(Err(Failure::Internal(_)))));
        }
    }
}
