//! All clients at once with stdin and stdout: what they send is merged line by line, what
//! comes from stdin is copied to every one of them.

mod input;
mod lines;
mod output;
mod queue;

use self::{input::Broadcast, lines::Lines, output::Merge, queue::Queue};
use crate::{
    cli,
    diag::{Failure, Outcome},
    endpoint::open_stdio,
    engine::EventLoops,
    pump::{self, Passing},
    serve::{Client, Flag, Handler, Server},
    system::{Descriptors, Socket},
};
use std::{
    fmt::{self, Display, Formatter},
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::Duration,
};

/// What `--merge`, `--broadcast` and `--queue` say.
#[derive(Copy, Clone, Debug)]
pub(super) struct Options {
    merges: bool,
    broadcasts: bool,
    queue: usize,
}

/// How much may wait for a client.
const QUEUE: usize = 1 << 20;

impl Options {
    /// As the command line says; `None` if it says nothing of it.
    pub(super) fn new(args: &cli::Listen) -> Option<Self> {
        let (merges, broadcasts) = (args.merge, args.broadcast);
        let queue = args.queue.unwrap_or(QUEUE);
        (merges || broadcasts).then_some(Self { merges, broadcasts, queue })
    }

    /// Refuses options that are for two ends that are joined.
    pub(super) fn check(&self, options: &pump::Options) -> Result<(), Failure> {
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

/// Serves clients until a signal comes, stdout is gone, or there is nothing left to send.
pub(super) async fn serve(
    server: Server,
    loops: &EventLoops,
    options: Options,
) -> anyhow::Result<Outcome> {
    let (input, output) = open_stdio()?;
    let over = Arc::new(Flag::new());
    let merge = options.merges.then(|| Merge::start(output, &over)).transpose()?;
    let ends_with_input = !options.merges;
    let broadcast = options
        .broadcasts
        .then(|| Broadcast::start(input, options.queue, ends_with_input.then(|| Arc::clone(&over))))
        .transpose()?;
    let merge = merge.map(Arc::new);
    let hub = Hub { merge: merge.clone(), broadcast, over };
    let outcome = server.serve(loops, hub).await?;
    match merge.and_then(|merge| merge.failure()) {
        Some(failure) => Err(failure.into()),
        None => Ok(outcome),
    }
}

/// Serves clients.
#[derive(Debug)]
struct Hub {
    merge: Option<Arc<Merge>>,
    broadcast: Option<Broadcast>,
    over: Arc<Flag>,
}

impl Handler for Hub {
    async fn serve(&self, client: Client) -> Result<Outcome, Failure> {
        let Client { socket, number, mut ending, .. } = client;
        let connection = Connection { socket: Mutex::new(socket), number };
        let queue = self.broadcast.as_ref().map(|broadcast| broadcast.subscribe(number));
        let receive = async {
            if let Some(merge) = &self.merge {
                connection.receive(merge).await;
            }
        };
        let send = async {
            if let Some(queue) = &queue {
                connection.send(queue).await;
            }
        };
        let mut both = pin!(both(receive, send));
        // What was sent already is still delivered where stdin has ended; without an output
        // nobody is served any more.
        let mut closing = pin!(ending.closing());
        let output_is_gone = async {
            match &self.merge {
                Some(_) => self.over.wait().await,
                None => std::future::pending().await,
            }
        };
        let mut output_is_gone = pin!(output_is_gone);
        poll_fn(|cx| {
            let is_over = both.as_mut().poll(cx).is_ready()
                || closing.as_mut().poll(cx).is_ready()
                || output_is_gone.as_mut().poll(cx).is_ready();
            if is_over { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        Ok(Outcome::Done)
    }

    fn over(&self) -> Option<&Flag> {
        Some(&self.over)
    }

    fn finished(&self, limit: Option<Duration>) {
        if let Some(merge) = &self.merge {
            merge.finish(limit);
        }
    }
}

/// A client of a hub.
#[derive(Debug)]
struct Connection {
    socket: Mutex<Socket>,
    number: u64,
}

/// How much is read at a time.
const BUFFER: usize = 16 << 10;

impl Connection {
    fn socket(&self) -> MutexGuard<'_, Socket> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands lines over until the client has no more.
    async fn receive(&self, merge: &Merge) {
        let mut lines = Lines::new();
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
            let piece = if read == 0 { lines.rest() } else { lines.whole() };
            if let Some(bytes) = piece
                && !merge.write(self.number, bytes).await
            {
                return;
            }
            if read == 0 {
                return;
            }
        }
    }

    /// Sends what is queued until there is no more, or the client has gone.
    async fn send(&self, queue: &Queue) {
        let mut descriptors = Descriptors::new(false);
        loop {
            let next = poll_fn(|cx| {
                if let Poll::Ready(next) = queue.poll_next(cx) {
                    return Poll::Ready(next);
                }
                self.socket().poll_gone(cx).map(|()| None)
            });
            let Some(chunk) = next.await else { break };
            let mut sent = 0;
            while sent < chunk.len() {
                let write = poll_fn(|cx| {
                    // One that does not read is waited for until its queue is full.
                    if queue.is_cut_off(cx) {
                        return Poll::Ready(None);
                    }
                    self.socket().poll_write(cx, &chunk[sent..], &mut descriptors).map(Some)
                });
                match write.await {
                    Some(Ok(written)) if written > 0 => sent += written,
                    None => {
                        tracing::warn!(
                            "connection {}: cut off: it does not read, and its queue is full",
                            self.number
                        );
                        return;
                    }
                    Some(_) => {
                        tracing::info!("connection {}: gone", self.number);
                        return;
                    }
                }
            }
            queue.sent(chunk.len());
        }
        // One that has gone needs not be told.
        let _ = poll_fn(|cx| self.socket().poll_shutdown(cx)).await;
    }
}

/// Runs both to their ends.
async fn both(first: impl Future<Output = ()>, second: impl Future<Output = ()>) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let (mut first_goes_on, mut second_goes_on) = (true, true);
    poll_fn(|cx| {
        first_goes_on = first_goes_on && first.as_mut().poll(cx).is_pending();
        second_goes_on = second_goes_on && second.as_mut().poll(cx).is_pending();
        if first_goes_on || second_goes_on { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
}
