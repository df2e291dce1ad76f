//! Joins each client to a target, in event loops.

mod servers_in_turn;
mod standard_streams;
mod totals;

pub(super) use self::{servers_in_turn::ServersInTurn, standard_streams::StdioClient};

use self::totals::Totals;
use super::{
    at_terminal,
    command::{CommandEnd, Commands},
    environment::ConnectionInfo,
    observing::{self, ObservedConnections},
    shared_stdio::{RelayedStdio, SharedStdio, StdioThread},
};
use crate::{
    diag::{Failure, Outcome, Terminal},
    endpoint::{ConnectTarget, DialProgress, Dialling, RetryPolicy},
    serve::{Client, Handler},
    system::{RawTerminal, Socket, peer::PeerUser},
    transfer::{
        ClosedConnection, ConnectionEnds, EarlyEnd, Parties, Party, Passing, TransferReport,
        tasks::{self, TaskSink, TransferPlan},
    },
};
use std::{
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering::Relaxed},
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
    observed: Option<ObservedConnections>,
    totals: Totals,
    /// The thread of the standard streams, if they are the only client.
    stdio_client: Mutex<Option<StdioThread>>,
    /// The terminal that is to be in raw mode, if one is.
    raw: Option<RawTerminal>,
    /// Where the person at the standard streams reads messages, if they are the only client.
    person: Option<Terminal>,
    /// What was done with the bytes of the standard streams, if they are the only client.
    relayed_stdio: OnceLock<RelayedStdio>,
    client: Party,
    /// Whether the standard streams wait for the next server.
    is_between_servers: AtomicBool,
    /// Cancelled when no further client can be served.
    over: CancellationToken,
    /// Cancelled at a termination signal.
    ending: CancellationToken,
}

/// The target of clients.
#[derive(Debug)]
pub(super) enum BridgeTarget {
    Connection(Arc<dyn ConnectTarget>, RetryPolicy),
    ServersInTurn(ServersInTurn),
    Commands(Box<Commands>),
    Stdio(Arc<SharedStdio>),
}

/// The service of a client until its connection ends.
type Serving<'a> = Pin<Box<dyn Future<Output = Result<Outcome, Failure>> + Send + 'a>>;

impl Bridge {
    pub(super) fn new(
        target: BridgeTarget,
        plan: TransferPlan,
        observed: Option<ObservedConnections>,
        stdio_client: Option<StdioClient>,
    ) -> Self {
        let (client, thread, raw, person) = match stdio_client {
            Some(StdioClient { thread, raw, terminal }) => {
                (Party::ReportedStdio, Some(thread), raw, Some(terminal))
            }
            None => (Party::Client, None, None, None),
        };
        let plan = match target {
            BridgeTarget::ServersInTurn(_) => plan.with_next(),
            _ => plan,
        };
        Self {
            target,
            plan,
            observed,
            totals: Totals::default(),
            stdio_client: Mutex::new(thread),
            raw,
            person,
            relayed_stdio: OnceLock::new(),
            client,
            is_between_servers: AtomicBool::new(false),
            over: CancellationToken::new(),
            ending: CancellationToken::new(),
        }
    }

    /// Joins the peers of `listen` and `connect` to a command of their own, which is what sends:
    /// the direction from the peer to the command is the receiving one.
    pub(super) fn to_commands(commands: Commands) -> Self {
        let mut options = commands.options.clone();
        std::mem::swap(&mut options.sends, &mut options.receives);
        let observed = commands.observed.clone();
        let observation = observed.as_ref().map(|observed| observed.observation().clone());
        let plan = TransferPlan::new(options, Passing::NotHere, None, observation);
        let client = Party::Peer;
        Self {
            client,
            ..Self::new(BridgeTarget::Commands(Box::new(commands)), plan, observed, None)
        }
    }

    /// Ends the service when the reader of stdout has closed, also while no client is connected.
    pub(super) fn watch_reader(&self) -> Result<(), Failure> {
        match &self.target {
            BridgeTarget::Stdio(shared) => shared.watch_reader(&self.over),
            _ => Ok(()),
        }
    }

    /// Returns what observers see of the client; `None` without observers.
    async fn ends(&self, client: &Client) -> Option<Box<ConnectionEnds>> {
        match &self.observed {
            Some(observed) => Some(Box::pin(observed.ends_of(client)).await),
            None => None,
        }
    }

    /// Reports the begin of a connection to the observers.
    fn connected(&self, number: u64, ends: Option<Box<ConnectionEnds>>) {
        if let (Some(observation), Some(ends)) = (self.plan.observation(), ends) {
            observation.connected(number, &ends);
        }
    }

    /// Reports a connection that was not served to the observers.
    fn not_served(&self, number: u64, ends: Option<Box<ConnectionEnds>>, why: Option<&Failure>) {
        self.connected(number, ends);
        if let Some(observation) = self.plan.observation() {
            match why {
                Some(failure) => observation.failed(number, &failure.to_string()),
                None => observation.closed(number, ClosedConnection::default()),
            }
        }
    }

    fn close_target(&self) {
        if let BridgeTarget::Connection(target, _) = &self.target {
            target.close();
        }
    }

    /// Joins the two sockets, and logs the report.
    fn transfer<'a>(
        &'a self,
        client: Socket,
        target: Socket,
        number: u64,
        closing: &'a CancellationToken,
    ) -> impl Future<Output = TransferReport> + Send + 'a {
        let parties = Parties { first: self.client, second: self.target.party() };
        let transfer = tasks::transfer((client, target), parties, &self.plan, number, closing);
        // Boxed, so that connections that wait for their target do not reserve memory for it.
        let transfer = Box::pin(transfer);
        async move {
            let report = transfer.await;
            report.log();
            self.totals.add(&report);
            if self.client == Party::ReportedStdio {
                // It is called once.
                let _ = self.relayed_stdio.set(RelayedStdio {
                    read: report.read_for_first(),
                    delivered: report.delivered().0,
                    early_end: report.early_end(),
                    excuses_unread: report.excuses_unread_of_second(),
                    ..RelayedStdio::default()
                });
            }
            report
        }
    }

    /// Joins a client to the target. Boxed: each kind of target takes only the memory that it needs.
    fn join(&self, client: Client) -> Serving<'_> {
        match &self.target {
            BridgeTarget::Connection(target, retry_policy) => {
                Box::pin(self.join_to(&**target, *retry_policy, client))
            }
            BridgeTarget::ServersInTurn(servers) => Box::pin(self.join_to_servers(servers, client)),
            BridgeTarget::Commands(commands) => Box::pin(self.join_to_command(commands, client)),
            BridgeTarget::Stdio(shared) => Box::pin(self.join_to_stdio(shared, client)),
        }
    }

    async fn join_to(
        &self,
        target: &dyn ConnectTarget,
        retry_policy: RetryPolicy,
        client: Client,
    ) -> Result<Outcome, Failure> {
        let mut ends = self.ends(&client).await;
        let Client { mut socket, number, closing, .. } = client;
        let progress = DialProgress::default();
        let dialling = target.connect(retry_policy, self.plan.directions(), &progress);
        let dialling = self.announced(dialling, || target.waiting(&progress));
        // A person or a script at the standard streams does not wait for the end of the grace time.
        let over = if self.client == Party::ReportedStdio { &self.ending } else { &closing };
        let connected = Box::pin(unless_client_is_gone(dialling, &mut socket, over)).await;
        let Some(connected) = connected else {
            if self.client == Party::ReportedStdio && over.is_cancelled() {
                self.set_unconnected();
                let early_end = Some(EarlyEnd::Unconnected);
                // It is called once.
                let _ =
                    self.relayed_stdio.set(RelayedStdio { early_end, ..RelayedStdio::default() });
            }
            tracing::info!(conn = number, "connection {number}: over before it was connected");
            self.not_served(number, ends, None);
            return Ok(Outcome::Done);
        };
        let connection = match connected {
            Ok(connection) => connection,
            Err(failure) => {
                self.not_served(number, ends, Some(&failure));
                return Err(failure);
            }
        };
        if let (Some(raw), Some(terminal)) = (&self.raw, self.person) {
            at_terminal::begin(raw, &target, terminal)?;
        }
        if let Some(ends) = &mut ends {
            ends.server = Box::pin(observing::process_of(&connection)).await;
        }
        self.connected(number, ends);
        let report = self.transfer(socket, connection, number, &closing).await;
        if report.was_closed_unused() {
            // A user or a script waits for the answer on standard output. Other clients may connect
            // before they have a request.
            if self.client == Party::ReportedStdio {
                return Err(Failure::Unserved { name: target.to_string(), user: None });
            }
            tracing::info!(
                conn = number,
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
        let ends = self.ends(&client).await;
        let Client { socket, peer, address, listener, number, closing } = client;
        let user = match &peer {
            Some(peer) => PeerUser::of_socket(&socket, peer).await,
            None => None,
        };
        let (peer, user) = (peer.as_deref(), user.as_ref());
        let info = ConnectionInfo { peer, user, address, listener: listener.as_deref(), number };
        if commands.gives_socket() {
            let child = commands.start_on(socket, info)?;
            let status = commands.wait(child, CommandEnd::Awaited, &closing).await?;
            return Ok(Outcome::Command(status));
        }
        let (child, mut target) = match commands.start_joined(info) {
            Ok(started) => started,
            Err(failure) => {
                self.not_served(number, ends, Some(&failure));
                return Err(failure);
            }
        };
        self.connected(number, ends);
        if !self.plan.sends() {
            // Nothing is read for the command. It fails if the command has ended.
            let _ = poll_fn(|cx| TaskSink::poll_shutdown(&mut target, cx)).await;
        }
        let report = self.transfer(socket, target, number, &closing).await;
        let has_left = self.has_left();
        if has_left {
            self.report_left();
        }
        let end = match report.early_end() {
            Some(_) => CommandEnd::AskedToEnd,
            None if commands.options.hangs_up && report.first_is_gone() => CommandEnd::HungUp,
            None => CommandEnd::Awaited,
        };
        let status: Pin<Box<dyn Future<Output = _> + Send>> =
            Box::pin(commands.wait(child, end, &closing));
        let status = if has_left {
            self.announced(status, || "the command has not ended yet".to_owned())
        } else {
            status
        };
        report.result(Outcome::Command(status.await?))
    }
}

impl Handler for Bridge {
    fn serve(&self, client: Client) -> impl Future<Output = Result<Outcome, Failure>> + Send {
        if self.client == Party::ReportedStdio {
            Box::pin(self.join_stdio_client(client))
        } else {
            self.join(client)
        }
    }

    fn over(&self) -> &CancellationToken {
        &self.over
    }

    fn signalled(&self) {
        self.close_target();
        self.ending.cancel();
    }

    fn awaited(&self) -> Option<&'static str> {
        self.is_between_servers.load(Relaxed).then_some("a server that takes what is left")
    }

    fn finished(&self, _: Option<Duration>) {
        self.close_target();
        self.totals.log(self.target.party());
    }
}

impl BridgeTarget {
    /// Returns the target as a party of the report.
    fn party(&self) -> Party {
        match self {
            Self::Connection(..) => Party::Target,
            Self::ServersInTurn(servers) => servers.party,
            Self::Commands(_) => Party::Command,
            Self::Stdio(_) => Party::ReportedStdio,
        }
    }
}

/// Waits for the target. Returns `None` if the client has closed without leaving data, or when no
/// target is waited for any more.
async fn unless_client_is_gone(
    target: Dialling<'_>,
    client: &mut Socket,
    over: &CancellationToken,
) -> Option<Result<Socket, Failure>> {
    let client_is_gone = poll_fn(|cx| match client.poll_gone(cx) {
        Poll::Ready(()) if !client.has_left_something() => Poll::Ready(()),
        _ => Poll::Pending,
    });
    tokio::select! {
        biased;
        target = target => Some(target),
        () = client_is_gone => None,
        () = over.cancelled() => None,
    }
}
