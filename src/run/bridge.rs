//! Joins each client to a target, in event loops.

use super::{
    command::Commands,
    environment::ConnectionInfo,
    shared_stdio::{SharedStdio, StdioResult, StdioThread},
    stdio::unusable,
};
use crate::{
    diag::{Failure, Outcome, counted},
    endpoint::{ConnectTarget, Dialling, RetryPolicy},
    serve::{Client, Handler},
    system::{Socket, peer::PeerUser},
    transfer::{
        Parties, Party, Passing, TransferReport,
        tasks::{self, TaskSink, TransferPlan},
    },
};
use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::Poll,
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// Joins clients to the target.
#[derive(Debug)]
pub(super) struct Bridge {
    target: BridgeTarget,
    plan: TransferPlan,
    totals: Totals,
    /// The thread of the standard streams, if they are the only client.
    stdio_client: Mutex<Option<StdioThread>>,
    client: Party,
    /// Cancelled when no further client can be served.
    over: CancellationToken,
}

/// The target of clients.
#[derive(Debug)]
pub(super) enum BridgeTarget {
    Connection(Arc<dyn ConnectTarget>, RetryPolicy),
    Commands(Commands),
    Stdio(Arc<SharedStdio>),
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
    pub(super) fn new(
        target: BridgeTarget,
        plan: TransferPlan,
        stdio_client: Option<StdioThread>,
    ) -> Self {
        let client = if stdio_client.is_some() { Party::ReportedStdio } else { Party::Client };
        let stdio_client = Mutex::new(stdio_client);
        let over = CancellationToken::new();
        Self { target, plan, totals: Totals::default(), stdio_client, client, over }
    }

    /// Joins the peers of `listen` and `connect` to a command of their own, which is what sends:
    /// the direction from the peer to the command is the receiving one.
    pub(super) fn to_commands(commands: Commands) -> Self {
        let mut options = commands.options.clone();
        std::mem::swap(&mut options.sends, &mut options.receives);
        let plan = TransferPlan::new(options, Passing::NotHere, None, None);
        let client = Party::Peer;
        Self { client, ..Self::new(BridgeTarget::Commands(commands), plan, None) }
    }

    /// Ends the service when the reader of stdout has closed, also while no client is connected.
    pub(super) fn watch_reader(&self) -> Result<(), Failure> {
        match &self.target {
            BridgeTarget::Stdio(shared) => shared.watch_reader(&self.over),
            _ => Ok(()),
        }
    }

    /// Joins the two sockets, and logs the report.
    async fn transfer(
        &self,
        client: Socket,
        target: Socket,
        number: u64,
        closing: &CancellationToken,
    ) -> TransferReport {
        let parties = Parties { first: self.client, second: self.target.party() };
        let report = tasks::transfer((client, target), parties, &self.plan, number, closing).await;
        tracing::info!("{report}");
        self.totals.add(&report);
        report
    }

    /// Joins a client to the target.
    async fn join(&self, client: Client) -> Result<Outcome, Failure> {
        match &self.target {
            BridgeTarget::Connection(target, retry_policy) => {
                self.join_to(&**target, *retry_policy, client).await
            }
            BridgeTarget::Commands(commands) => {
                Box::pin(self.join_to_command(commands, client)).await
            }
            BridgeTarget::Stdio(shared) => Box::pin(self.join_to_stdio(shared, client)).await,
        }
    }

    /// Joins the standard streams to the target, and waits until their thread has written everything.
    async fn join_stdio_client(&self, client: Client) -> Result<Outcome, Failure> {
        let closing = client.closing.clone();
        let outcome = self.join(client).await;
        let stdio = self.stdio_client.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(stdio) = stdio else { return outcome };
        let read = self.totals.read_for_clients.load(Relaxed);
        stdio.result(read, &closing).await.merge(outcome)
    }

    async fn join_to(
        &self,
        target: &dyn ConnectTarget,
        retry_policy: RetryPolicy,
        client: Client,
    ) -> Result<Outcome, Failure> {
        let Client { mut socket, number, closing, .. } = client;
        let dialling = target.connect(retry_policy, self.plan.directions());
        let connected = Box::pin(unless_client_is_gone(dialling, &mut socket, &closing)).await;
        let Some(connected) = connected else {
            tracing::info!("connection {number}: over before it was connected");
            return Ok(Outcome::Done);
        };
        let report = Box::pin(self.transfer(socket, connected?, number, &closing)).await;
        if report.was_closed_unused() {
            // A user or a script waits for the answer on standard output. Other clients may connect
            // before they have a request.
            if self.client == Party::ReportedStdio {
                return Err(Failure::Unserved { name: target.to_string(), user: None });
            }
            tracing::info!(
                "connection {number}: the target closed it before anything was sent or received"
            );
        }
        report.result(Outcome::Done)
    }

    async fn join_to_command(
        &self,
        commands: &Commands,
        client: Client,
    ) -> Result<Outcome, Failure> {
        let Client { socket, peer, address, number, closing } = client;
        let user = match &peer {
            Some(peer) => PeerUser::of_socket(&socket, peer).await,
            None => None,
        };
        let (peer, user) = (peer.as_deref(), user.as_ref());
        let info = ConnectionInfo { peer, user, address, number };
        if commands.gives_socket() {
            let child = commands.start_on(socket, info)?;
            let status = commands.wait(child, false, &closing).await?;
            return Ok(Outcome::Command(status));
        }
        let (child, mut target) = commands.start_joined(info)?;
        if !self.plan.sends() {
            // Nothing is read for the command. It fails if the command has ended.
            let _ = poll_fn(|cx| TaskSink::poll_shutdown(&mut target, cx)).await;
        }
        let report = self.transfer(socket, target, number, &closing).await;
        let status = commands.wait(child, report.was_ended_early(), &closing).await?;
        report.result(Outcome::Command(status))
    }

    /// Joins a client to the standard streams. An event loop cannot wait for them, so a thread
    /// moves bytes between them and a socket pair.
    async fn join_to_stdio(
        &self,
        shared: &Arc<SharedStdio>,
        client: Client,
    ) -> Result<Outcome, Failure> {
        let Client { socket, number, closing, .. } = client;
        let (target, thread) = shared.join(number)?;
        let target = target.attach().map_err(unusable)?;
        let report = self.transfer(socket, target, number, &closing).await;
        let StdioResult { failure, output_is_gone, .. } =
            thread.result(report.read_for_second(), &closing).await;
        if output_is_gone {
            self.over.cancel();
        }
        failure.map_or_else(|| report.result(Outcome::Done), Err)
    }
}

impl Handler for Bridge {
    async fn serve(&self, client: Client) -> Result<Outcome, Failure> {
        if self.client == Party::ReportedStdio {
            Box::pin(self.join_stdio_client(client)).await
        } else {
            self.join(client).await
        }
    }

    fn over(&self) -> &CancellationToken {
        &self.over
    }

    fn finished(&self, _: Option<Duration>) {
        self.totals.log();
    }
}

impl BridgeTarget {
    /// Returns the target as a party of the report.
    fn party(&self) -> Party {
        match self {
            Self::Connection(..) => Party::Target,
            Self::Commands(_) => Party::Command,
            Self::Stdio(_) => Party::ReportedStdio,
        }
    }
}

impl Totals {
    fn add(&self, report: &TransferReport) {
        let (to_target, to_client) = report.delivered();
        self.connections.fetch_add(1, Relaxed);
        self.to_targets.fetch_add(to_target, Relaxed);
        self.to_clients.fetch_add(to_client, Relaxed);
        self.read_for_clients.fetch_add(report.read_for_first(), Relaxed);
    }

    fn log(&self) {
        let connections = self.connections.load(Relaxed);
        if connections > 0 {
            let connections = counted(connections, "connection");
            let [there, back] = [&self.to_targets, &self.to_clients]
                .map(|bytes| counted(bytes.load(Relaxed), "byte"));
            tracing::info!("in total: {connections}, {there} to targets, {back} back");
        }
    }
}

/// Waits for the target. Returns `None` if the client has closed without leaving data, or at the
/// end of the grace time.
async fn unless_client_is_gone(
    target: Dialling<'_>,
    client: &mut Socket,
    closing: &CancellationToken,
) -> Option<Result<Socket, Failure>> {
    let client_is_gone = poll_fn(|cx| match client.poll_gone(cx) {
        Poll::Ready(()) if !client.has_left_something() => Poll::Ready(()),
        _ => Poll::Pending,
    });
    tokio::select! {
        biased;
        target = target => Some(target),
        () = client_is_gone => None,
        () = closing.cancelled() => None,
    }
}
