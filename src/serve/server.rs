//! Accepts clients in an event loop and serves all of them at once, in several event loops.

use super::{
    Admission, Admitted, ReadyFile,
    accept_errors::{AcceptErrors, AcceptRetry},
    limits::Permit,
    shutdown::Shutdown,
};
use crate::{
    deadline::Deadline,
    diag::{Failure, Outcome, Terminal, caught_task},
    endpoint::{Accepted, ClientSource},
    system::{Detached, Socket, signals},
    transfer::tasks::EventLoops,
};
use local_socket::PeerCreds;
use std::{
    cell::Cell,
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
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
    pub(crate) number: u64,
    /// Cancelled when the connection must end.
    pub(crate) closing: CancellationToken,
}

/// A listener that serves its clients in event loops.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) source: ClientSource,
    pub(crate) admission: Admission,
    /// Whether only one client is served.
    pub(crate) once: bool,
    /// Time that open connections get to end after a signal.
    pub(crate) grace: Duration,
    pub(crate) terminal: Terminal,
    ready_file: ReadyFile,
    shutdown: Shutdown,
}

/// Pause before the next attempt after errors. It ends early when a client ends, because that may
/// free descriptors.
const PAUSE: Duration = Duration::from_millis(250);

impl Server {
    /// Calls `open` to listen and starts to watch for signals. Signals are blocked meanwhile, so
    /// that none arrives in between.
    pub(crate) fn open(
        open: impl FnOnce() -> Result<ClientSource, Failure>,
        admission: Admission,
        once: bool,
        grace: Duration,
        terminal: Terminal,
        ready_file: ReadyFile,
    ) -> Result<Self, Failure> {
        let _held = signals::BlockedSignals::new();
        let source = open()?;
        let shutdown = Shutdown::start()?;
        Ok(Self { source, admission, once, grace, terminal, ready_file, shutdown })
    }

    /// Serves clients until a signal or the handler ends the server. After a signal the process
    /// ends by it.
    pub(crate) async fn serve<H: Handler>(
        self,
        loops: &EventLoops,
        handler: H,
    ) -> Result<Outcome, Failure> {
        let Self { source, admission, once, grace, terminal, ready_file, mut shutdown } = self;
        let limits = Arc::clone(admission.limits());
        let shared = Arc::new(ServerShared { handler, once, ended: Mutex::new(None) });
        let closing = shutdown.closing().clone();
        let mut accepting =
            Accepting { admission, loops, shared: &shared, closing: closing.clone() };
        let accepted = tokio::select! {
            biased;
            () = shared.handler.over().cancelled() => Ok(()),
            () = shutdown.signalled() => Ok(()),
            accepted = accepting.for_ever(&source) => accepted,
        };
        // Remove the name before draining. Clients that are already in the backlog are still
        // served.
        ready_file.withdraw();
        source.give_up_name();
        let waiting = match shutdown.signal() {
            Some(_) if !once => accept_backlog(&source).await,
            _ => Vec::new(),
        };
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
                    terminal.notice(&super::waiting_for(open, grace));
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
            tracing::warn!("{}", super::still_open(open_count(), grace));
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
struct ServerShared<H> {
    handler: H,
    once: bool,
    /// The result of the only client, or of the client that ended the server.
    ended: Mutex<Option<Result<Outcome, Failure>>>,
}

impl<H: Handler> ServerShared<H> {
    async fn serve(
        &self,
        client: impl FnOnce() -> io::Result<Client>,
        number: u64,
        permit: Permit,
    ) {
        let serve = async {
            match client() {
                Ok(client) => self.handler.serve(client).await,
                Err(error) => Err(Failure::Io { what: "cannot serve the client", error }),
            }
        };
        let result = caught_task(serve).await.unwrap_or_else(Err);
        if self.once || self.handler.over().is_cancelled() {
            let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
            ended.get_or_insert(result);
        } else {
            match result {
                Ok(Outcome::Command(status)) => {
                    tracing::info!("connection {number}: command ended with {status}");
                }
                Ok(Outcome::Done) => {}
                Err(failure) => tracing::warn!("connection {number}: {failure}"),
            }
        }
        drop(permit);
    }
}

/// Accepts clients and hands them to event loops.
struct Accepting<'a, H> {
    admission: Admission,
    loops: &'a EventLoops,
    shared: &'a Arc<ServerShared<H>>,
    closing: CancellationToken,
}

impl<H: Handler> Accepting<'_, H> {
    /// Accepts clients without end. Cancel safe: no accepted client is lost.
    async fn for_ever(&mut self, source: &ClientSource) -> Result<(), Failure> {
        let limits = Arc::clone(self.admission.limits());
        let mut errors = AcceptErrors::default();
        loop {
            limits.wait_for_permit().await;
            match source.accept().await {
                Ok(client) => {
                    errors.accepted();
                    if self.hand_over(client) && self.shared.once {
                        return Ok(());
                    }
                }
                Err(error) => {
                    if errors.failed(error)? == AcceptRetry::AfterAPause {
                        let _ = tokio::time::timeout(PAUSE, limits.wait_for_change()).await;
                    }
                }
            }
        }
    }

    /// Spawns the service of a client if it is admitted. Returns whether it is.
    fn hand_over(&mut self, client: Accepted) -> bool {
        let address = client.address();
        let admitted =
            self.admission.admit(|| client.peer(), |peer| client.describe(peer), address);
        let Some(admitted) = admitted else { return false };
        let Admitted { peer, number, permit } = admitted;
        let (shared, closing) = (Arc::clone(self.shared), self.closing.clone());
        let client = Detached::try_from(client);
        self.loops.spawn(move || async move {
            let client = || {
                let socket = client.and_then(Detached::attach)?;
                Ok(Client { socket, peer, address, number, closing })
            };
            shared.serve(client, number, permit).await;
        });
        true
    }
}

/// Accepts the clients that are already in the backlog.
async fn accept_backlog(source: &ClientSource) -> Vec<Accepted> {
    let mut clients = Vec::new();
    let mut errors = AcceptErrors::default();
    loop {
        // Yield, so that the event loop polls the listener and this task gets a new budget.
        tokio::task::yield_now().await;
        let before = clients.len();
        while let Poll::Ready(accepted) = at_once(source.accept()).await {
            match accepted {
                Ok(client) => {
                    errors.accepted();
                    clients.push(client);
                }
                Err(error) => {
                    if let Err(failure) = errors.failed(error) {
                        tracing::warn!("clients in the backlog are not served: {failure}");
                        return clients;
                    }
                    if errors.are_too_many() {
                        tracing::warn!("clients in the backlog are not served: accepting fails");
                        return clients;
                    }
                }
            }
        }
        if clients.len() == before {
            return clients;
        }
    }
}

/// Polls the future once.
async fn at_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    let mut future = pin!(future);
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
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
