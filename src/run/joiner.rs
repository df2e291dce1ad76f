//! Clients that are joined to a target each, in event loops.

use super::{command::Commands, stdio::Stdio};
use crate::{
    diag::{Failure, Outcome},
    endpoint::{Patience, TcpAddress},
    engine::{self, Report},
    pump,
    serve::{Client, Ending, Flag, Handler},
    system::Socket,
};
use local_socket::{ConnectOptions, Name};
use std::{
    future::poll_fn,
    io,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::Poll,
    thread,
    time::Duration,
};
use tokio::{net::TcpStream, sync::oneshot, time};

/// Joins clients to what it has for them.
#[derive(Debug)]
pub(super) struct Joiner {
    to: To,
    plan: engine::Plan,
    totals: Totals,
}

/// What clients are joined to.
#[derive(Debug)]
pub(super) enum To {
    Name(Name<'static>, Patience),
    Tcp(TcpAddress, Patience),
    Commands(Commands),
    Stdio(Arc<SharedStdio>),
}

/// Standard input and output, for one client after another.
#[derive(Debug)]
pub(super) struct SharedStdio {
    pub(super) stdio: Stdio,
    /// Nothing can be written to the output any more.
    over: Flag,
    /// Whether the first client is the last, and its end that of the output.
    once: bool,
}

/// What all connections came to.
#[derive(Debug, Default)]
struct Totals {
    connections: AtomicU64,
    to_targets: AtomicU64,
    to_clients: AtomicU64,
}

/// How long to wait before connecting again when there are no descriptors left.
const PAUSE: Duration = Duration::from_millis(50);

impl Joiner {
    pub(super) fn new(to: To, plan: engine::Plan) -> Self {
        Self { to, plan, totals: Totals::default() }
    }

    /// Joins the two, and says what it came to.
    async fn transfer(
        &self,
        client: Socket,
        target: Socket,
        number: u64,
        ending: &mut Ending,
    ) -> Report {
        let report = engine::transfer((client, target), &self.plan, number, ending.closing()).await;
        tracing::info!("connection {number}: {report}");
        self.totals.add(&report);
        report
    }

    async fn join_to(
        &self,
        target: impl Future<Output = Result<Socket, Failure>>,
        client: Client,
    ) -> Result<Outcome, Failure> {
        let Client { mut socket, number, mut ending, .. } = client;
        let Some(target) = unless_over(target, &mut socket, &mut ending).await else {
            tracing::info!("connection {number}: over before it was connected");
            return Ok(Outcome::Done);
        };
        let report = self.transfer(socket, target?, number, &mut ending).await;
        report.failure(false).map_or(Ok(Outcome::Done), Err)
    }

    async fn join_to_command(
        &self,
        commands: &Commands,
        client: Client,
    ) -> Result<Outcome, Failure> {
        let Client { socket, peer, number, mut ending } = client;
        if commands.gives_socket() {
            let child = commands.start_on(socket, peer.as_ref(), number)?;
            let status = commands.wait(child, false, &mut ending).await?;
            return Ok(Outcome::Command(status));
        }
        let (child, target) = commands.start_joined(peer.as_ref(), number)?;
        let report = self.transfer(socket, target, number, &mut ending).await;
        let status = commands.wait(child, report.was_limited(), &mut ending).await?;
        report.failure(true).map_or(Ok(Outcome::Command(status)), Err)
    }

    /// A thread moves bytes between the standard streams, which cannot be waited for in an
    /// event loop, and a connection to this one.
    async fn join_to_stdio(
        &self,
        shared: &Arc<SharedStdio>,
        client: Client,
    ) -> Result<Outcome, Failure> {
        let Client { socket, number, mut ending, .. } = client;
        let (target, joined) = shared.join()?;
        let report = self.transfer(socket, target, number, &mut ending).await;
        // At the end of the grace time the thread may hang in a write.
        let joined = before(joined, ending.closing()).await;
        let failure = match joined.and_then(Result::ok) {
            Some(joined) => {
                if joined.output_is_gone() {
                    shared.over.raise();
                }
                joined.failure()
            }
            None => None,
        };
        failure.or_else(|| report.failure(true)).map_or(Ok(Outcome::Done), Err)
    }
}

impl Handler for Joiner {
    async fn serve(&self, client: Client) -> Result<Outcome, Failure> {
        match &self.to {
            To::Name(name, patience) => self.join_to(dial(name, *patience), client).await,
            To::Tcp(address, patience) => self.join_to(dial_tcp(address, *patience), client).await,
            To::Commands(commands) => self.join_to_command(commands, client).await,
            To::Stdio(shared) => self.join_to_stdio(shared, client).await,
        }
    }

    fn over(&self) -> Option<&Flag> {
        match &self.to {
            To::Stdio(shared) => Some(&shared.over),
            _ => None,
        }
    }

    fn finished(&self, _: Option<Duration>) {
        self.totals.tell();
    }
}

impl SharedStdio {
    pub(super) fn new(stdio: Stdio, once: bool) -> Arc<Self> {
        Arc::new(Self { stdio, over: Flag::new(), once })
    }

    /// Begins to join standard input and output to a socket; tells what it came to.
    pub(super) fn join(
        self: &Arc<Self>,
    ) -> Result<(Socket, oneshot::Receiver<pump::Report>), Failure> {
        let failure = |error| Failure::Io { what: "cannot use standard input or output", error };
        let (theirs, ours) = local_socket::Stream::pair().map_err(failure)?;
        let socket = local_socket::tokio::Stream::try_from(ours).map_err(failure)?.into();
        let (tell, told) = oneshot::channel();
        let shared = Arc::clone(self);
        let join = move || {
            if let Ok(report) = shared.stdio.join_next(Arc::new(theirs), shared.once) {
                // Nobody waits for it where the process is about to end.
                let _ = tell.send(report);
            }
        };
        thread::Builder::new().name("stdio".to_owned()).spawn(join).map_err(failure)?;
        Ok((socket, told))
    }
}

impl Totals {
    fn add(&self, report: &Report) {
        let (to_target, to_client) = report.bytes();
        self.connections.fetch_add(1, Relaxed);
        self.to_targets.fetch_add(to_target, Relaxed);
        self.to_clients.fetch_add(to_client, Relaxed);
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

/// Waits for the target, unless the client goes before, or has to.
async fn unless_over<T>(
    target: impl Future<Output = T>,
    client: &mut Socket,
    ending: &mut Ending,
) -> Option<T> {
    // It is needed for a short time only, and large.
    let mut target = Box::pin(target);
    let mut closing = pin!(ending.closing());
    poll_fn(|cx| {
        if let Poll::Ready(target) = target.as_mut().poll(cx) {
            return Poll::Ready(Some(target));
        }
        if client.poll_gone(cx).is_ready() || closing.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        Poll::Pending
    })
    .await
}

/// What the first one gives, unless the second one is ready before.
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

/// Connects to a local socket, as often as the options say.
async fn dial(name: &Name<'static>, patience: Patience) -> Result<Socket, Failure> {
    let mut attempts = patience.begin();
    loop {
        let options = ConnectOptions::new().name(name.borrow()).wait_mode(attempts.wait_mode());
        let error = match options.connect_tokio().await {
            Ok(stream) => return Ok(stream.into()),
            Err(error) => error,
        };
        time::sleep(pause(error, |error| attempts.failed(error, Some(name)))?).await;
    }
}

/// Connects to a TCP port, as often as the options say.
async fn dial_tcp(address: &TcpAddress, patience: Patience) -> Result<Socket, Failure> {
    let mut attempts = patience.begin();
    loop {
        let connect = TcpStream::connect((address.host(), address.port()));
        let connected = match attempts.limit() {
            Some(limit) => time::timeout(limit, connect).await.unwrap_or_else(|_| {
                Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time"))
            }),
            None => connect.await,
        };
        let error = match connected {
            Ok(stream) => {
                // Small messages are not to wait for more; without it they only take longer.
                let _ = stream.set_nodelay(true);
                return Ok(stream.into());
            }
            Err(error) => error,
        };
        let failed = |error| attempts.failed(address.error("connect to", &error), None);
        time::sleep(pause(error, failed)?).await;
    }
}

/// How long to wait before the next attempt. Where this process has too much open, that is
/// no attempt: it is tried until others have gone.
fn pause(
    error: io::Error,
    failed: impl FnOnce(io::Error) -> Result<Duration, Failure>,
) -> Result<Duration, Failure> {
    if crate::serve::is_passing(&error) { Ok(PAUSE) } else { failed(error) }
}
