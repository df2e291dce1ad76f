//! Accepting in an event loop: every client is served at once, in one of several loops.

use super::{
    Admission, Admitted, Flag,
    accept_errors::{AcceptErrors, AcceptRetry},
    limits::Permit,
    shutdown::{Shutdown, ShutdownControl},
    source::{Accepted, ClientSource},
};
use crate::{
    deadline::Deadline,
    diag::{Failure, Outcome, caught_task},
    system::{Detached, Socket, signals},
    transfer::tasks::EventLoops,
};
use local_socket::PeerCreds;
use std::{
    future::poll_fn,
    io,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    time::{Duration, Instant},
};

/// What is done with each client. One of these is shared by all of them.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Serves a client to its end.
    fn serve(&self, client: Client) -> impl Future<Output = Result<Outcome, Failure>> + Send;

    /// What is raised when nobody else can be served.
    fn over(&self) -> Option<&Flag> {
        None
    }

    /// The last client has gone. What is still to be done may take at most this long.
    fn finished(&self, _: Option<Duration>) {}
}

/// A client, in the event loop that serves it.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) socket: Socket,
    pub(crate) peer: Option<Box<PeerCreds>>,
    pub(crate) number: u64,
    /// Tells when it has to end.
    pub(crate) shutdown: Shutdown,
}

/// A listener that serves its clients in event loops.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) source: ClientSource,
    pub(crate) admission: Admission,
    /// Whether the first client is the last.
    pub(crate) once: bool,
    /// How long open connections have to end by themselves after a signal.
    pub(crate) grace: Duration,
    control: ShutdownControl,
    shutdown: Shutdown,
}

/// How long to wait before accepting again after errors, unless one who is served goes
/// before: there may have been no descriptors left.
const PAUSE: Duration = Duration::from_millis(250);

/// What shutdown takes after the grace time is over.
const LAST_TIME: Duration = Duration::from_millis(500);

impl Server {
    /// Begins to listen, by `open`, and to watch for signals, none of which gets in between.
    pub(crate) fn open(
        open: impl FnOnce() -> Result<ClientSource, Failure>,
        admission: Admission,
        once: bool,
        grace: Duration,
    ) -> Result<Self, Failure> {
        let _held = signals::BlockedSignals::new();
        let source = open()?;
        let (control, shutdown) = ShutdownControl::start()?;
        Ok(Self { source, admission, once, grace, control, shutdown })
    }

    /// Serves clients until a signal or the handler ends that, and dies of the signal.
    pub(crate) async fn serve<H: Handler>(
        self,
        loops: &EventLoops,
        handler: H,
    ) -> anyhow::Result<Outcome> {
        let Self { source, admission, once, grace, control, shutdown } = self;
        let limits = Arc::clone(admission.limits());
        let shared = Arc::new(ServerShared { handler, once, ended: Mutex::new(None) });
        let mut accepting = Accepting { admission, loops, shared: &shared, shutdown: &shutdown };
        let accepted = accepting.until_the_end(&source).await;
        // The name goes before the last connection does. Who has connected before is served.
        source.give_up_name();
        let waiting = match shutdown.signal_so_far() {
            Some(_) if !once => those_who_wait(&source).await,
            _ => Vec::new(),
        };
        drop(source);
        control.name_is_gone();
        control.drain();
        let mut signal = shutdown.clone();
        let mut signalled = None;
        let grace_is_over = async {
            signal.signal().await;
            signalled = Some(Instant::now());
            Deadline::from_now(grace).reached().await;
        };
        let all_are_served = async {
            for client in waiting {
                limits.wait_for_place().await;
                accepting.hand_over(client);
            }
            limits.wait_until_empty().await;
        };
        if !before(grace_is_over, all_are_served).await {
            let count = limits.count();
            tracing::warn!("{count} did not end within the grace time: closed");
            control.close();
            let _ = before(tokio::time::sleep(LAST_TIME), limits.wait_until_empty()).await;
        }
        // The grace time is that of everything that is left to be done.
        let left = shutdown.signal_so_far().map(|_| {
            let passed = signalled.map_or(Duration::ZERO, |signalled| signalled.elapsed());
            grace.saturating_add(LAST_TIME).saturating_sub(passed)
        });
        shared.handler.finished(left);
        if let Some(signal) = shutdown.signal_so_far() {
            super::die(signal);
        }
        accepted?;
        let ended = shared.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(ended.transpose()?.unwrap_or(Outcome::Done))
    }
}

/// What the tasks share.
#[derive(Debug)]
struct ServerShared<H> {
    handler: H,
    once: bool,
    /// How the only client, or what ended the rest, ended.
    ended: Mutex<Option<Result<Outcome, Failure>>>,
}

impl<H: Handler> ServerShared<H> {
    /// Waits until nobody else can be served.
    async fn over(&self) {
        match self.handler.over() {
            Some(flag) => flag.wait().await,
            None => std::future::pending().await,
        }
    }

    async fn serve(&self, client: impl FnOnce() -> io::Result<Client>, number: u64, place: Permit) {
        let serve = async {
            match client() {
                Ok(client) => self.handler.serve(client).await,
                Err(error) => Err(Failure::Io { what: "cannot serve the client", error }),
            }
        };
        let result = caught_task(serve).await.unwrap_or_else(Err);
        if self.once || self.handler.over().is_some_and(Flag::is_raised) {
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
        drop(place);
    }
}

/// Accepts clients and has them served.
struct Accepting<'a, H> {
    admission: Admission,
    loops: &'a EventLoops,
    shared: &'a Arc<ServerShared<H>>,
    shutdown: &'a Shutdown,
}

impl<H: Handler> Accepting<'_, H> {
    /// Until nobody is to be accepted any more.
    async fn until_the_end(&mut self, source: &ClientSource) -> Result<(), Failure> {
        let (shared, mut end) = (self.shared, self.shutdown.clone());
        let end_comes = async {
            before(shared.over(), end.draining()).await;
        };
        let mut result = Ok(());
        let accepting = async { result = self.for_ever(source).await };
        before(end_comes, accepting).await;
        result
    }

    /// Cancelling loses nobody.
    async fn for_ever(&mut self, source: &ClientSource) -> Result<(), Failure> {
        let limits = Arc::clone(self.admission.limits());
        let mut errors = AcceptErrors::default();
        loop {
            limits.wait_for_place().await;
            match source.accept().await {
                Ok(client) => {
                    errors.accepted();
                    if self.hand_over(client) && self.shared.once {
                        return Ok(());
                    }
                }
                Err(error) => {
                    if errors.failed(error)? == AcceptRetry::AfterAPause {
                        before(tokio::time::sleep(PAUSE), limits.wait_for_change()).await;
                    }
                }
            }
        }
    }

    /// Has an event loop serve a client, if it may be served.
    fn hand_over(&mut self, client: Accepted) -> bool {
        let admitted = self.admission.admit(|| client.peer(), client.address());
        let Some(admitted) = admitted else { return false };
        let Admitted { peer, number, place } = admitted;
        let (shared, shutdown) = (Arc::clone(self.shared), self.shutdown.clone());
        let client = Detached::try_from(client);
        self.loops.spawn(move || async move {
            let client = || {
                let socket = client.and_then(Detached::attach)?;
                Ok(Client { socket, peer, number, shutdown })
            };
            shared.serve(client, number, place).await;
        });
        true
    }
}

/// Runs the second one to its end unless the first one ends before; whether it came to that.
async fn before(first: impl Future<Output = ()>, second: impl Future<Output = ()>) -> bool {
    let (mut first, mut second) = (pin!(first), pin!(second));
    poll_fn(|cx| {
        if first.as_mut().poll(cx).is_ready() {
            return Poll::Ready(false);
        }
        second.as_mut().poll(cx).map(|()| true)
    })
    .await
}

/// Accepts those clients that have connected already.
async fn those_who_wait(source: &ClientSource) -> Vec<Accepted> {
    let mut clients = Vec::new();
    let mut errors = AcceptErrors::default();
    loop {
        // The event loop looks for them meanwhile, and this task gets a new turn.
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
                        tracing::warn!("clients that have connected already: {failure}");
                        return clients;
                    }
                    if errors.persist() {
                        tracing::warn!("cannot accept clients that have connected already");
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

/// Polls once, without waiting.
async fn at_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    let mut future = pin!(future);
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::{super::Limits, *};

    #[derive(Debug)]
    struct NoHandler;

    impl Handler for NoHandler {
        async fn serve(&self, _: Client) -> Result<Outcome, Failure> {
            Ok(Outcome::Done)
        }
    }

    #[test]
    fn a_panic_ends_its_connection_and_frees_its_place() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for once in [false, true] {
            let limits = Arc::new(Limits::new(None, None));
            let place = limits.take_place(None).unwrap();
            let shared = ServerShared { handler: NoHandler, once, ended: Mutex::new(None) };
            runtime.block_on(shared.serve(|| panic!("while it is served"), 1, place));
            assert_eq!(limits.count(), 0);
            let ended = shared.ended.into_inner().unwrap();
            // Of the only client it is the error of the command.
            assert_eq!(once, matches!(ended, Some(Err(Failure::Internal(_)))));
        }
    }
}
