use super::{input::TerminalInput, master::Master};
use crate::system::unix::socket::{Detached, has_hung_up, would_block};
use local_socket::{Stream, error::raw_os_error};
use lsock_startup::Watched;
use rustix::{
    io::{Errno, read, write},
    net::{RecvFlags, recv},
};
use std::{
    future::{pending, poll_fn},
    io,
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::net::UnixStream,
    },
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncWriteExt as _, Interest},
    net::unix::{OwnedReadHalf, OwnedWriteHalf},
    task::yield_now,
    time::sleep,
};
use tokio_util::sync::CancellationToken;

/// Carries bytes between the programs at a terminal and a socket pair.
#[derive(Debug)]
pub(super) struct Session {
    master: Arc<Master>,
    input: OwnedReadHalf,
    output: OwnedWriteHalf,
    state: Arc<TerminalInput>,
}

/// How a session has ended.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum SessionEnd {
    /// The last process has closed the terminal.
    Closed,
    /// The peer has ended its direction and the programs have read everything, or the peer has closed
    /// and they write.
    PeerEnded,
}

impl Session {
    /// Returns the session, and the socket of the peer.
    pub(super) fn new(master: Arc<Master>) -> io::Result<(Self, Detached)> {
        // Others than Linux turn editing on when a program opens a terminal that no other one has open.
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        master.make_raw();
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let (input, output) = tokio::net::UnixStream::from_std(ours)?.into_split();
        let state = TerminalInput::new(Arc::clone(&master));
        let theirs = Stream::from(OwnedFd::from(theirs));
        let theirs = Detached::at_terminal(theirs, Arc::clone(&state));
        Ok((Self { master, input, output, state }, theirs))
    }

    /// Carries bytes until the session is over.
    pub(super) async fn carry(&mut self) -> SessionEnd {
        let Self { master, input, output, .. } = self;
        let is_read = CancellationToken::new();
        let receive = receive(master, output, &is_read);
        let send = async {
            match send(input, MasterWatch::new(master)).await {
                Ok(()) => {
                    until_read(master).await;
                    is_read.cancel();
                }
                // The terminal is closed, which ends the other direction too.
                Err(error) => tracing::debug!(%error, "the terminal cannot be written"),
            }
            pending().await
        };
        tokio::select! {
            biased;
            end = receive => end.unwrap_or_else(|error| {
                tracing::debug!(%error, "the terminal cannot be read");
                SessionEnd::Closed
            }),
            end = send => end,
        }
    }

    /// Closes the connection. `has_lost` is whether the programs have not read everything.
    pub(super) fn close(self, has_lost: bool) {
        self.state.end(has_lost);
    }
}

/// Moves what the programs write, until the last process has closed the terminal, or the token is
/// cancelled: the peer has ended its direction, and the programs have read everything. What the peer
/// does not take is discarded, unless it has closed: then the programs would write in vain, and the
/// session ends.
async fn receive(
    master: &Master,
    output: &mut OwnedWriteHalf,
    is_read: &CancellationToken,
) -> io::Result<SessionEnd> {
    let (mut watch, mut buffer) = (MasterWatch::new(master), vec![0; 16 << 10]);
    loop {
        let result = tokio::select! {
            biased;
            result = watch.read(&mut buffer) => result,
            // What was written before the terminal hangs up is delivered.
            () = is_read.cancelled() => master.read(&mut buffer),
        };
        match result {
            // Linux reports the end by an error, others as an end of file.
            Ok(0) => return Ok(SessionEnd::Closed),
            Err(error) if raw_os_error(&error) == Some(Errno::IO.raw_os_error()) => {
                return Ok(SessionEnd::Closed);
            }
            result if would_block(&result) => return Ok(SessionEnd::PeerEnded),
            result => {
                let is_written = output.write_all(&buffer[..result?]).await.is_ok();
                if !is_written && has_hung_up(output.as_ref().as_fd()) {
                    return Ok(SessionEnd::PeerEnded);
                }
            }
        }
        // A program can write as fast as this reads.
        yield_now().await;
    }
}

/// Moves what the peer sends, until it ends its direction or has closed.
async fn send(input: &mut OwnedReadHalf, mut master: MasterWatch<'_>) -> io::Result<()> {
    let mut buffer = vec![0; 4 << 10];
    loop {
        input.readable().await?;
        // The bytes stay in the socket until the terminal has them, so that the peer finds out about
        // those that the terminal does not get.
        let peeked = input.as_ref().try_io(Interest::READABLE, || {
            Ok(recv(input.as_ref(), &mut buffer, RecvFlags::PEEK)?.0)
        });
        match peeked {
            // The peer has closed, perhaps without reading everything.
            Ok(0) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(()),
            peeked if would_block(&peeked) => {}
            peeked => {
                let written = master.write(&buffer[..peeked?]).await?;
                recv(input.as_ref(), &mut buffer[..written], RecvFlags::empty())?;
            }
        }
        yield_now().await;
    }
}

/// Waits until the programs have read everything: the system discards what is not read when the terminal
/// hangs up. It does not report when something is read.
async fn until_read(master: &Master) {
    const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));
    /// Time to read for a program that has the terminal for itself.
    const UNKNOWN: Duration = Duration::from_secs(1);
    let mut pause = PAUSES.0;
    loop {
        match master.unread() {
            Some(0) => return,
            Some(_) => sleep(pause).await,
            None => return sleep(UNKNOWN).await,
        }
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// A descriptor of a master in an event loop.
struct MasterWatch<'a> {
    master: &'a Master,
    /// `None` before the first call.
    watched: Option<Watched>,
    /// Number of calls in a row that would have blocked although the event loop had reported an event.
    blocked: u32,
}

impl<'a> MasterWatch<'a> {
    fn new(master: &'a Master) -> Self {
        Self { master, watched: None, blocked: 0 }
    }

    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let watched = self.watched()?;
            poll_fn(|cx| watched.poll_read_ready(cx)).await?;
            let result = watched.try_read(|master| Ok(read(master, &mut *buffer)?));
            if let Some(result) = self.unless_blocked(result) {
                return result;
            }
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            let watched = self.watched()?;
            poll_fn(|cx| watched.poll_write_ready(cx)).await?;
            let result = watched.try_write(|master| match write(master, bytes)? {
                0 => Err(io::ErrorKind::WouldBlock.into()),
                count => Ok(count),
            });
            if let Some(result) = self.unless_blocked(result) {
                return result;
            }
        }
    }

    fn unless_blocked(&mut self, result: io::Result<usize>) -> Option<io::Result<usize>> {
        self.blocked = if would_block(&result) { self.blocked + 1 } else { 0 };
        (self.blocked == 0).then_some(result)
    }

    /// Returns the descriptor. It is registered anew if the event loop reports events without end: for
    /// an event loop the terminal has ended for ever when its last program has closed it, also if
    /// another one has opened it since.
    fn watched(&mut self) -> io::Result<&mut Watched> {
        if self.blocked > 1 {
            self.watched = None;
        }
        match &mut self.watched {
            Some(watched) => Ok(watched),
            none => Ok(none.insert(self.master.watch()?)),
        }
    }
}
