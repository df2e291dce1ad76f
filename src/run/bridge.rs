//! Joins each client to a target, in event loops.

use super::{command::Commands, stdio::Stdio};
use crate::{
    diag::{Failure, LossDirection, Outcome, caught},
    endpoint::{ConnectTarget, Dialling, RetryPolicy},
    serve::{Client, Flag, Handler, Shutdown},
    system::{Detached, Socket},
    transfer::{
        self, Meter,
        tasks::{self, MayStopReading, RelayReport, TransferPlan},
        threads::TransferReport,
    },
};
use std::{
    future::poll_fn,
    io,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::Poll,
    thread,
    time::Duration,
};
use tokio::sync::oneshot;

/// Joins clients to the target.
#[derive(Debug)]
pub(super) struct Bridge {
    to: BridgeTarget,
    plan: TransferPlan,
    totals: Totals,
    /// The thread of the standard streams, if they are the only client.
    stdio_client: Mutex<Option<Joined>>,
    client_is_stdio: bool,
}

/// The target of clients.
#[derive(Debug)]
pub(super) enum BridgeTarget {
    Connection(Arc<dyn ConnectTarget>, RetryPolicy),
    Commands(Commands),
    Stdio(Arc<SharedStdio>),
}

/// Standard input and output, which are joined to one client after another.
#[derive(Debug)]
pub(super) struct SharedStdio {
    /// The only client takes it, so that no other descriptor keeps the output open after the
    /// client's end of file.
    stdio: Mutex<Option<Stdio>>,
    /// Raised when the output can no longer be written.
    over: Flag,
    /// Whether there is only one client.
    once: bool,
}

/// The thread that moves bytes between standard input and output and a socket.
#[derive(Debug)]
pub(super) struct Joined {
    /// Receives the report of the transfer.
    report: oneshot::Receiver<Result<TransferReport, Failure>>,
    meter: Arc<Meter>,
}

/// Totals of all connections.
#[derive(Debug, Default)]
struct Totals {
    connections: AtomicU64,
    to_targets: AtomicU64,
    to_clients: AtomicU64,
    /// Bytes that were read for clients, delivered or not.
    read_for_clients: AtomicU64,
}

impl Bridge {
    pub(super) fn new(to: BridgeTarget, plan: TransferPlan, stdio_client: Option<Joined>) -> Self {
        let client_is_stdio = stdio_client.is_some();
        let stdio_client = Mutex::new(stdio_client);
        Self { to, plan, totals: Totals::default(), stdio_client, client_is_stdio }
    }

    fn may_stop_reading(&self, target: bool) -> MayStopReading {
        MayStopReading { target, client: self.client_is_stdio }
    }

    /// Joins the two sockets, and logs the report.
    async fn transfer(
        &self,
        client: Socket,
        target: Socket,
        number: u64,
        shutdown: &mut Shutdown,
    ) -> RelayReport {
        let report =
            tasks::transfer((client, target), &self.plan, number, shutdown.closing()).await;
        tracing::info!("connection {number}: {report}");
        self.totals.add(&report);
        report
    }

    /// Joins a client to the target.
    async fn join(&self, client: Client) -> Result<Outcome, Failure> {
        match &self.to {
            BridgeTarget::Connection(target, retry_policy) => {
                self.join_to(target.connect(*retry_policy), client).await
            }
            BridgeTarget::Commands(commands) => {
                Box::pin(self.join_to_command(commands, client)).await
            }
            BridgeTarget::Stdio(shared) => Box::pin(self.join_to_stdio(shared, client)).await,
        }
    }

    /// Joins the standard streams to the target, and waits until their thread has written everything.
    async fn join_stdio_client(&self, client: Client) -> Result<Outcome, Failure> {
        let mut shutdown = client.shutdown.clone();
        let outcome = self.join(client).await;
        let stdio = self.stdio_client.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(stdio) = stdio else { return outcome };
        let read = self.totals.read_for_clients.load(Relaxed);
        let (stdio, output_is_gone) = stdio_result(stdio, read, &mut shutdown).await;
        merge_outcomes(outcome, stdio, output_is_gone)
    }

    async fn join_to(&self, target: Dialling<'_>, client: Client) -> Result<Outcome, Failure> {
        let Client { mut socket, number, mut shutdown, .. } = client;
        let target = Box::pin(unless_over(target, &mut socket, &mut shutdown)).await;
        let Some(target) = target else {
            tracing::info!("connection {number}: over before it was connected");
            return Ok(Outcome::Done);
        };
        let report = Box::pin(self.transfer(socket, target?, number, &mut shutdown)).await;
        report.failure(self.may_stop_reading(false)).map_or(Ok(Outcome::Done), Err)
    }

    async fn join_to_command(
        &self,
        commands: &Commands,
        client: Client,
    ) -> Result<Outcome, Failure> {
        let Client { socket, peer, number, mut shutdown } = client;
        if commands.gives_socket() {
            let child = commands.start_on(socket, peer.as_deref(), number)?;
            let status = commands.wait(child, false, &mut shutdown).await?;
            return Ok(Outcome::Command(status));
        }
        let (child, target) = commands.start_joined(peer.as_deref(), number)?;
        let report = self.transfer(socket, target, number, &mut shutdown).await;
        let status = commands.wait(child, report.was_limited(), &mut shutdown).await?;
        report.failure(self.may_stop_reading(true)).map_or(Ok(Outcome::Command(status)), Err)
    }

    /// Joins a client to the standard streams. An event loop cannot wait for them, so a thread
    /// moves bytes between them and a socket pair.
    async fn join_to_stdio(
        &self,
        shared: &Arc<SharedStdio>,
        client: Client,
    ) -> Result<Outcome, Failure> {
        let Client { socket, number, mut shutdown, .. } = client;
        let (target, joined) = shared.join()?;
        let target = target
            .attach()
            .map_err(|error| Failure::Io { what: "cannot use standard input or output", error })?;
        let report = self.transfer(socket, target, number, &mut shutdown).await;
        let (failure, output_is_gone) =
            stdio_result(joined, report.read_for_target(), &mut shutdown).await;
        if output_is_gone {
            shared.over.raise();
        }
        let failure = failure.or_else(|| report.failure(self.may_stop_reading(true)));
        failure.map_or(Ok(Outcome::Done), Err)
    }
}

impl Handler for Bridge {
    async fn serve(&self, client: Client) -> Result<Outcome, Failure> {
        if self.client_is_stdio {
            Box::pin(self.join_stdio_client(client)).await
        } else {
            self.join(client).await
        }
    }

    fn over(&self) -> Option<&Flag> {
        match &self.to {
            BridgeTarget::Stdio(shared) => Some(&shared.over),
            _ => None,
        }
    }

    fn finished(&self, _: Option<Duration>) {
        self.totals.tell();
    }
}

impl SharedStdio {
    pub(super) fn new(stdio: Stdio, once: bool) -> Arc<Self> {
        Arc::new(Self { stdio: Mutex::new(Some(stdio)), over: Flag::new(), once })
    }

    /// Starts a thread that joins standard input and output to one end of a socket pair. Returns
    /// the other end.
    pub(super) fn join(self: &Arc<Self>) -> Result<(Detached, Joined), Failure> {
        let failure = |error| Failure::Io { what: "cannot use standard input or output", error };
        let (theirs, ours) = local_socket::Stream::pair().map_err(failure)?;
        let (tell, told) = oneshot::channel();
        let (stdio, is_last) = (self.next().map_err(failure)?, self.once);
        let meter = stdio.meter();
        let moved = Arc::clone(&meter);
        let join = move || {
            let report = caught(|| stdio.join_metered(Arc::new(theirs), is_last, moved));
            // Nobody receives it if the process is about to end.
            let _ = tell.send(report);
        };
        thread::Builder::new().name("stdio".to_owned()).spawn(join).map_err(failure)?;
        Ok((ours.into(), Joined { report: told, meter }))
    }

    /// Returns the standard streams for the next client.
    fn next(&self) -> io::Result<Stdio> {
        let mut stdio = self.stdio.lock().unwrap_or_else(PoisonError::into_inner);
        let next = if self.once {
            stdio.take()
        } else {
            stdio.as_ref().map(Stdio::try_clone).transpose()?
        };
        next.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Totals {
    fn add(&self, report: &RelayReport) {
        let (to_target, to_client) = report.bytes();
        self.connections.fetch_add(1, Relaxed);
        self.to_targets.fetch_add(to_target, Relaxed);
        self.to_clients.fetch_add(to_client, Relaxed);
        self.read_for_clients.fetch_add(report.read_for_client(), Relaxed);
    }

    fn tell(&self) {
        let [connections, there, back] =
            [&self.connections, &self.to_targets, &self.to_clients].map(|it| it.load(Relaxed));
        if connections > 0 {
            tracing::info!(
                "in total: {connections} connections, {there} bytes to targets, {back} bytes back"
            );
        }
    }
}

/// Waits for the thread of the standard streams. Returns its failure, if any, and whether the output
/// can no longer be written. `read` is the number of bytes that were read for the output.
async fn stdio_result(
    joined: Joined,
    read: u64,
    shutdown: &mut Shutdown,
) -> (Option<Failure>, bool) {
    let Joined { report, meter } = joined;
    // At the end of the grace time the thread may be blocked in a write.
    match before(report, shutdown.closing()).await.and_then(Result::ok) {
        Some(Ok(report)) => {
            let output_is_gone = report.output_is_gone();
            (report.failure(), output_is_gone)
        }
        Some(Err(failure)) => (Some(failure), false),
        None => (undelivered(read, meter.received.bytes()), false),
    }
}

/// Merges the outcome of a relayed connection with the failure of the standard streams, which are
/// its client: errors other than losses take precedence, then losses of the standard streams.
fn merge_outcomes(
    outcome: Result<Outcome, Failure>,
    stdio: Option<Failure>,
    output_is_gone: bool,
) -> Result<Outcome, Failure> {
    match (outcome, stdio) {
        (Ok(_) | Err(Failure::Undelivered { .. }), Some(stdio)) => Err(stdio),
        // The reader of the output, such as `head`, may stop reading at any time.
        (Err(Failure::Undelivered { .. }), None) if output_is_gone => Ok(Outcome::Done),
        (outcome, _) => outcome,
    }
}

/// Returns the loss of bytes for the output if its thread is left behind.
fn undelivered(read: u64, delivered: u64) -> Option<Failure> {
    let bytes = Some(read.saturating_sub(delivered)).filter(|lost| *lost > 0)?;
    let direction = LossDirection::Receive;
    Some(Failure::Undelivered {
        direction,
        error: transfer::ended(),
        bytes: Some(bytes),
        delivered,
    })
}

/// Waits for the target. Returns `None` if the client has closed without leaving data, or at the
/// end of the grace time.
async fn unless_over(
    mut target: Dialling<'_>,
    client: &mut Socket,
    shutdown: &mut Shutdown,
) -> Option<Result<Socket, Failure>> {
    let mut closing = pin!(shutdown.closing());
    poll_fn(|cx| {
        if let Poll::Ready(target) = target.as_mut().poll(cx) {
            return Poll::Ready(Some(target));
        }
        let has_gone = client.poll_gone(cx).is_ready() && !client.has_left_something();
        if has_gone || closing.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        Poll::Pending
    })
    .await
}

/// Returns the result of the first future, or `None` if the second one is ready before.
async fn before<T>(first: impl Future<Output = T>, second: impl Future<Output = ()>) -> Option<T> {
    let (mut first, mut second) = (pin!(first), pin!(second));
    poll_fn(|cx| {
        if let Poll::Ready(value) = first.as_mut().poll(cx) {
            return Poll::Ready(Some(value));
        }
        second.as_mut().poll(cx).map(|()| None)
    })
    .await
}
