//! Joins all clients at once to stdin and stdout: their lines are merged to stdout, and stdin is
//! copied to each of them.

mod input;
mod lines;
mod output;
mod queue;

use self::{
    input::Broadcast,
    lines::Lines,
    output::Merge,
    queue::{Next, Subscription},
};
use crate::{
    cli,
    diag::{Failure, Outcome},
    endpoint::open_stdio,
    serve::{Client, Handler, Server},
    system::{Descriptors, Socket},
    transfer::tasks::EventLoops,
    transfer::{Passing, TransferOptions},
};
use std::{
    fmt::{self, Display, Formatter},
    future::poll_fn,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::Duration,
};
use tokio::time::{Sleep, sleep};
use tokio_util::sync::CancellationToken;

/// The options `--merge`, `--broadcast` and `--queue`.
#[derive(Copy, Clone, Debug)]
pub(super) struct Options {
    merges: bool,
    broadcasts: bool,
    queue: usize,
}

/// Default of `--queue`, in bytes.
const QUEUE: usize = 1 << 20;

impl Options {
    /// Returns the options; `None` if neither `--merge` nor `--broadcast` is given.
    pub(super) fn new(args: &cli::Listen) -> Option<Self> {
        let (merges, broadcasts) = (args.merge, args.broadcast);
        let queue = args.queue.unwrap_or(QUEUE);
        (merges || broadcasts).then_some(Self { merges, broadcasts, queue })
    }

    /// Rejects options of transfers, which have two ends.
    pub(super) fn check(&self, options: &TransferOptions) -> Result<(), Failure> {
        if options.is_plain() {
            return Ok(());
        }
        let option = if self.merges { "--merge" } else { "--broadcast" };
        Err(Failure::Usage(format!("{option} cannot be combined with options of Transfer")))
    }
}

/// For `--explain`.
impl Display for Options {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.merges {
            writeln!(f, "merge        what they send, in whole lines")?;
        }
        if self.broadcasts {
            let queue = self.queue;
            writeln!(f, "broadcast    stdin, with at most {queue} bytes waiting for a client")?;
        }
        Ok(())
    }
}

/// Serves clients until a signal arrives, stdout cannot be written, or everything was sent.
pub(super) async fn serve(
    server: Server,
    loops: &EventLoops,
    options: Options,
) -> anyhow::Result<Outcome> {
    let (input, output) = open_stdio()?;
    let over = CancellationToken::new();
    let merge = options.merges.then(|| Merge::start(output, &over)).transpose()?;
    let ends_with_input = !options.merges;
    let broadcast = options
        .broadcasts
        .then(|| Broadcast::start(input, options.queue, ends_with_input.then(|| over.clone())))
        .transpose()?;
    let merge = merge.map(Arc::new);
    let broadcast = broadcast.map(Arc::new);
    let stall_limit = ends_with_input.then_some(server.grace);
    let hub = Hub { merge: merge.clone(), broadcast: broadcast.clone(), stall_limit, over };
    let outcome = server.serve(loops, hub).await?;
    let failure = merge.and_then(|merge| merge.failure());
    match failure.or_else(|| broadcast.and_then(|broadcast| broadcast.failure())) {
        Some(failure) => Err(failure.into()),
        None => Ok(outcome),
    }
}

/// Joins clients to stdin and stdout.
#[derive(Debug)]
struct Hub {
    merge: Option<Arc<Merge>>,
    broadcast: Option<Arc<Broadcast>>,
    /// Time without progress after the end of stdin until a client is cut off, if the end of stdin
    /// ends the hub.
    stall_limit: Option<Duration>,
    over: CancellationToken,
}

impl Handler for Hub {
    async fn serve(&self, client: Client) -> Result<Outcome, Failure> {
        let Client { socket, number, closing, .. } = client;
        let connection = Connection { socket: Mutex::new(socket), number };
        let mut lines = Lines::new();
        let subscription = self.broadcast.as_ref().map(|broadcast| broadcast.subscribe(number));
        let end = {
            let receive = async {
                if let Some(merge) = &self.merge {
                    connection.receive(merge, &mut lines).await;
                }
            };
            let send = async {
                match &subscription {
                    Some(subscription) => connection.send(subscription, self.stall_limit).await,
                    None => SendEnd::Complete,
                }
            };
            tokio::select! {
                biased;
                end = both(receive, send) => Some(end),
                () = closing.cancelled() => None,
                // If stdin has ended, queued bytes are still delivered. If stdout cannot be
                // written, all connections end.
                () = self.over.cancelled(), if self.merge.is_some() => None,
            }
        };
        if end != Some(SendEnd::Complete)
            && let (Some(merge), Some(rest)) = (&self.merge, lines.rest())
        {
            merge.try_write(number, rest);
        }
        if end.is_none() {
            let unsent = subscription.map_or(0, |subscription| subscription.unsent());
            if unsent > 0 {
                tracing::warn!("connection {number}: closed: {} not sent", bytes_were(unsent));
            }
        }
        Ok(Outcome::Done)
    }

    fn over(&self) -> &CancellationToken {
        &self.over
    }

    fn finished(&self, limit: Option<Duration>) {
        let held = self.broadcast.as_ref().map_or(0, |broadcast| broadcast.held());
        if held > 0 {
            tracing::warn!("{} read from stdin and not sent: no client was left", bytes_were(held));
        }
        if let Some(merge) = &self.merge {
            merge.finish(limit);
            // The process ends by the signal, without another message.
            if limit.is_some()
                && let Some(failure) = merge.failure()
            {
                tracing::error!("{failure}");
            }
        }
    }
}

/// Returns the beginning of a message about bytes, with the verb.
fn bytes_were(count: u64) -> String {
    if count == 1 { "1 byte was".to_owned() } else { format!("{count} bytes were") }
}

/// A client of a hub.
#[derive(Debug)]
struct Connection {
    socket: Mutex<Socket>,
    number: u64,
}

/// Bytes read at a time.
const BUFFER: usize = 16 << 10;

/// Maximum number of bytes sent at a time.
const SENT: usize = 64 << 10;

impl Connection {
    fn socket(&self) -> MutexGuard<'_, Socket> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands over the lines of the client until its end of file. If it is cancelled, the rest stays
    /// in `lines`.
    async fn receive(&self, merge: &Merge, lines: &mut Lines) {
        let mut descriptors = Descriptors::new(false);
        loop {
            let read = poll_fn(|cx| {
                lines.fill(BUFFER, |buffer| self.socket().poll_read(cx, buffer, &mut descriptors))
            });
            let read = read.await;
            if descriptors.were_lost() {
                tracing::warn!("connection {}: {}", self.number, Passing::NotHere.warning());
            }
            let read = match read {
                Ok(read) => read,
                Err(error) => {
                    tracing::warn!(%error, "connection {}: cannot read from it", self.number);
                    0
                }
            };
            merge.count(read);
            let is_over = read == 0;
            if lines.has_piece(is_over) {
                let Some(place) = merge.place().await else { return };
                let piece = if is_over { lines.rest() } else { lines.whole() };
                place.write(self.number, piece.unwrap_or_default());
            }
            if is_over {
                return;
            }
        }
    }

    /// Sends the broadcast to the client until it ends, or the client has closed. A client whose
    /// queue is full is cut off, and one that takes nothing for `stall_limit` after the end of
    /// stdin.
    async fn send(&self, subscription: &Subscription, stall_limit: Option<Duration>) -> SendEnd {
        let mut descriptors = Descriptors::new(false);
        loop {
            let mut limit: Option<Pin<Box<Sleep>>> = None;
            let step = poll_fn(|cx| {
                subscription.next(cx.waker().clone(), |next| match next {
                    Next::CutOff => Poll::Ready(HubStep::QueueFull),
                    Next::End => Poll::Ready(HubStep::End),
                    Next::Nothing => self.socket().poll_gone(cx).map(|()| HubStep::End),
                    Next::Bytes { bytes, input_has_ended } => {
                        let bytes = &bytes[..bytes.len().min(SENT)];
                        let written = self.socket().poll_write(cx, bytes, &mut descriptors);
                        if written.is_pending()
                            && input_has_ended
                            && let Some(stall_limit) = stall_limit
                        {
                            let limit = limit.get_or_insert_with(|| Box::pin(sleep(stall_limit)));
                            return limit.as_mut().poll(cx).map(|()| HubStep::Stuck(stall_limit));
                        }
                        written.map(HubStep::Sent)
                    }
                })
            });
            let why = match step.await {
                HubStep::Sent(Ok(sent)) if sent > 0 => {
                    subscription.sent(sent);
                    continue;
                }
                HubStep::Sent(_) => {
                    tracing::info!("connection {}: gone", self.number);
                    return SendEnd::Complete;
                }
                HubStep::End => break,
                HubStep::QueueFull => "it does not read, and its queue is full".to_owned(),
                HubStep::Stuck(limit) => {
                    let limit = humantime::format_duration(limit);
                    format!("it has taken nothing for {limit} after the end of stdin")
                }
            };
            let unsent = bytes_were(subscription.unsent());
            tracing::warn!("connection {}: cut off: {why}; {unsent} not sent", self.number);
            return SendEnd::CutOff;
        }
        // It fails if the client has closed, which needs no end of file.
        let _ = poll_fn(|cx| self.socket().poll_shutdown(cx)).await;
        SendEnd::Complete
    }
}

/// How sending to a client has ended.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum SendEnd {
    /// Everything was sent, or the client has closed. Receiving goes on.
    Complete,
    /// The client did not read. The connection is closed.
    CutOff,
}

/// The result of one step of sending to a client.
#[derive(Debug)]
enum HubStep {
    Sent(io::Result<usize>),
    /// There is nothing more to send.
    End,
    QueueFull,
    /// The client has taken nothing for this time.
    Stuck(Duration),
}

/// Receives and sends until both have ended, or the client is cut off.
async fn both(receive: impl Future<Output = ()>, send: impl Future<Output = SendEnd>) -> SendEnd {
    let receive = async {
        receive.await;
        Ok(())
    };
    let send = async {
        match send.await {
            SendEnd::Complete => Ok(()),
            SendEnd::CutOff => Err(SendEnd::CutOff),
        }
    };
    tokio::try_join!(receive, send).map_or_else(|end| end, |_| SendEnd::Complete)
}
