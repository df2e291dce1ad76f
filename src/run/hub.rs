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
use super::stdio::watch_reader;
use crate::{
    cli,
    diag::{Failure, Outcome, counted},
    endpoint::open_stdio,
    serve::{Client, Handler, Server},
    transfer::{TransferOptions, tasks::EventLoops},
};
use std::{
    fmt::{self, Display, Formatter},
    future::poll_fn,
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
    let stall_limit = ends_with_input.then_some(server.grace);
    let hub = Hub { merge: merge.clone(), broadcast: broadcast.clone(), stall_limit, over };
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
    over: CancellationToken,
}

impl Handler for Hub {
    async fn serve(&self, client: Client) -> Result<Outcome, Failure> {
        let Client { socket, number, closing, .. } = client;
        let lines = self.merge.as_ref().and_then(|merge| merge.sink(number));
        let broadcast = self.broadcast.as_ref().map(|broadcast| broadcast.subscribe(number));
        let mut client = HubClient::new(number, socket, lines, broadcast, self.stall_limit);
        let end = tokio::select! {
            biased;
            end = poll_fn(|cx| client.poll(cx)) => end,
            () = closing.cancelled() => ClientEnd::Closed,
            // If stdin has ended, queued bytes are still delivered. If stdout cannot be written, all
            // connections end.
            () = self.over.cancelled(), if self.merge.is_some() => ClientEnd::Closed,
        };
        client.finish(end);
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
    format!("{} {}", counted(count, "byte"), if count == 1 { "was" } else { "were" })
}
