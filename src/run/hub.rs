//! Joins all clients at once to stdin and stdout: their lines are merged to stdout, and stdin is
//! copied to each of them.

mod client;
mod input;
mod lines;
mod output;
mod queue;

use self::{
    client::{ClientEnd, HubClient},
    input::Broadcast,
    output::Merge,
};
use super::{observing::ObservedConnections, stdio::watch_reader};
use crate::{
    cli,
    deadline::Deadline,
    diag::{Failure, Outcome, Terminal, counted},
    endpoint::open_stdio,
    serve::{Client, Handler, Server},
    transfer::{TransferOptions, tasks::EventLoops},
};
use std::{
    fmt::{self, Display, Formatter},
    future::{pending, poll_fn},
    sync::Arc,
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// The options `--merge`, `--broadcast` and `--queue`.
#[derive(Copy, Clone, Debug)]
pub(super) struct Options {
    merges: bool,
    broadcasts: bool,
    queue: usize,
    /// Limit of the time that a client is connected.
    max_time: Option<Duration>,
}

/// Default of `--queue`, in bytes.
const QUEUE: usize = 1 << 20;

impl Options {
    /// Returns the options; `None` if neither `--merge` nor `--broadcast` is given.
    pub(super) fn new(args: &cli::Listen) -> Option<Self> {
        let (merges, broadcasts) = (args.merge, args.broadcast);
        let queue = args.queue.unwrap_or(QUEUE);
        let max_time = args.transfer.max_time;
        (merges || broadcasts).then_some(Self { merges, broadcasts, queue, max_time })
    }

    /// Rejects options of transfers, which have two ends.
    pub(super) fn check(&self, options: &TransferOptions) -> Result<(), Failure> {
        let is_plain = (TransferOptions { max_time: None, ..options.clone() }).is_plain();
        if is_plain && !options.ignores_unread {
            return Ok(());
        }
        let option = if self.merges { "--merge" } else { "--broadcast" };
        Err(Failure::Usage(format!(
            "{option} cannot be combined with options of Transfer but --max-time"
        )))
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
    observed: Option<ObservedConnections>,
) -> Result<Outcome, Failure> {
    let (input, output) = open_stdio()?;
    let over = CancellationToken::new();
    if options.merges {
        watch_reader(&output, &over)?;
    }
    let merge = options.merges.then(|| Merge::start(output, &over)).transpose()?;
    let ends_with_input = !options.merges;
    let broadcast = options
        .broadcasts
        .then(|| Broadcast::start(input, options.queue, ends_with_input.then(|| over.clone())))
        .transpose()?;
    let merge = merge.map(Arc::new);
    let broadcast = broadcast.map(Arc::new);
    let stall_limit = ends_with_input.then_some(server.options.grace);
    let terminal = server.options.terminal;
    let hub = Hub {
        merge: merge.clone(),
        broadcast: broadcast.clone(),
        stall_limit,
        over,
        ending: CancellationToken::new(),
        max_time: options.max_time,
        terminal,
        observed,
    };
    let outcome = server.serve(loops, hub).await?;
    let failure = merge.and_then(|merge| merge.failure());
    match failure.or_else(|| broadcast.and_then(|broadcast| broadcast.failure())) {
        Some(failure) => Err(failure),
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
    max_time: Option<Duration>,
    over: CancellationToken,
    /// Cancelled at a termination signal.
    ending: CancellationToken,
    terminal: Terminal,
    observed: Option<ObservedConnections>,
}

impl Handler for Hub {
    async fn serve(&self, client: Client) -> Result<Outcome, Failure> {
        let observation = match &self.observed {
            Some(observed) => {
                let ends = Box::pin(observed.ends_of(&client)).await;
                observed.observation().connected(client.number, &ends);
                Some(observed.observation())
            }
            None => None,
        };
        let Client { socket, number, closing, .. } = client;
        let lines = self.merge.as_ref().and_then(|merge| merge.sink(number));
        let broadcast = self.broadcast.as_ref().map(|broadcast| broadcast.subscribe(number));
        let mut client =
            HubClient::new(number, socket, lines, broadcast, self.stall_limit, observation);
        let mut is_ending = false;
        // Boxed, so that clients without a limit do not reserve memory for it.
        let mut limit = self.max_time.map(|it| (it, Box::pin(Deadline::from_now(it).reached())));
        let mut time_is_over = async || match &mut limit {
            Some((limit, reached)) => {
                reached.as_mut().await;
                *limit
            }
            None => pending().await,
        };
        let end = loop {
            tokio::select! {
                biased;
                end = poll_fn(|cx| client.poll(cx)) => break end,
                () = closing.cancelled() => break ClientEnd::Closed,
                limit = time_is_over() => break ClientEnd::MaxTime(limit),
                // If stdin has ended, queued bytes are still delivered. If stdout cannot be written,
                // all connections end.
                () = self.over.cancelled(), if self.merge.is_some() => break ClientEnd::Closed,
                // A broadcast sends its end of file itself.
                () = self.ending.cancelled(), if self.broadcast.is_none() && !is_ending => {
                    is_ending = true;
                    client.send_eof().await;
                }
            }
        };
        let closed = client.finish(end);
        if let Some(observation) = observation {
            observation.closed(number, closed);
        }
        Ok(Outcome::Done)
    }

    fn over(&self) -> &CancellationToken {
        &self.over
    }

    /// Sends the end of file to all clients after what is queued for them, so that clients that only
    /// receive end at once. What clients send is still read.
    fn signalled(&self) {
        self.ending.cancel();
        if let Some(broadcast) = &self.broadcast {
            broadcast.end();
        }
    }

    fn finished(&self, limit: Option<Duration>) {
        let held = self.broadcast.as_ref().map_or(0, |broadcast| broadcast.held());
        if held > 0 {
            let why =
                if self.ending.is_cancelled() { "the hub ended" } else { "no client was left" };
            tracing::warn!("{} read from stdin and not sent: {why}", bytes_were(held));
        }
        if let Some(merge) = &self.merge {
            merge.finish(limit, |rest| {
                let rest = humantime::format_duration(Duration::from_secs(rest.as_secs().max(1)));
                self.terminal.notice(&format!(
                    "waiting up to {rest} for the reader of stdout; a second signal ends the hub at \
                     once"
                ));
            });
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
    format!("{} {}", counted(count, "byte"), if count == 1 { "was" } else { "were" })
}
