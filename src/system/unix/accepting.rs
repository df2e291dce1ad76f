use super::{NOW, WatchedSocket};
use rustix::event::{PollFd, PollFlags};
use std::{
    future::poll_fn,
    io::{self, ErrorKind},
    os::fd::{BorrowedFd, OwnedFd},
    sync::atomic::{AtomicBool, Ordering},
};

/// A listening socket that an event loop waits for.
#[derive(Debug)]
pub(super) struct Accepting {
    /// A duplicate of the descriptor of the listener.
    watched: WatchedSocket,
    /// Whether several clients were waiting at once. It ends with the first call that finds none.
    is_busy: AtomicBool,
}

impl Accepting {
    /// Registers a non-blocking listener with the event loop of the caller.
    pub(super) fn new(listener: OwnedFd) -> io::Result<Self> {
        let watched = WatchedSocket::of_nonblocking(listener)?;
        Ok(Self { watched, is_busy: AtomicBool::new(false) })
    }

    /// Waits for a client, and accepts it by `accept`. Cancel safe: no accepted client is lost.
    ///
    /// After a client that came alone it is queried whether another one waits: a call of `accept(2)`
    /// that finds none makes a socket first, and takes ten times as long.
    pub(super) async fn next<T>(&self, accept: impl Fn() -> io::Result<T>) -> io::Result<T> {
        loop {
            poll_fn(|cx| self.watched.poll_read_ready(cx)).await?;
            let mut only = None;
            let accepted = self.watched.try_read(|fd| {
                let client = accept()?;
                if self.is_busy.load(Ordering::Relaxed) || has_client(fd) {
                    self.is_busy.store(true, Ordering::Relaxed);
                    return Ok(client);
                }
                only = Some(client);
                // Clears the readiness: later clients wake the task.
                Err(ErrorKind::WouldBlock.into())
            });
            match accepted {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.is_busy.store(false, Ordering::Relaxed);
                    if let Some(client) = only {
                        return Ok(client);
                    }
                }
                accepted => return accepted,
            }
        }
    }
}

/// Returns whether a client waits, or that is not known.
fn has_client(listener: BorrowedFd<'_>) -> bool {
    let mut fds = [PollFd::new(&listener, PollFlags::IN)];
    !matches!(super::wait(&mut fds, Some(&NOW)), Ok(0))
}
