use super::NOW;
use local_socket::{Listener, ListenerNonblockingMode, Stream, traits::Listener as _};
use lsock_startup::Watched;
use rustix::{
    event::{PollFd, PollFlags},
    net::Shutdown,
};
use std::{
    future::poll_fn,
    io::{self, ErrorKind},
    os::fd::{AsFd, BorrowedFd},
    sync::atomic::{AtomicBool, Ordering},
};

/// An accepted client.
pub(crate) type LocalClient = Stream;

/// A listener on a local socket that is registered with an event loop. Accepted clients are
/// non-blocking and in no event loop.
#[derive(Debug)]
pub(crate) struct LocalListener {
    /// A duplicate of the descriptor of the listener.
    watched: Watched,
    listener: Listener,
    /// Whether several clients were waiting at once. It ends with the first call that finds none.
    is_busy: AtomicBool,
}

impl LocalListener {
    /// Registers the listener with the event loop of the caller.
    pub(crate) fn new(listener: Listener) -> io::Result<Self> {
        listener.set_nonblocking(ListenerNonblockingMode::Both)?;
        let watched = Watched::of_nonblocking(listener.as_fd().try_clone_to_owned()?)?;
        Ok(Self { watched, listener, is_busy: AtomicBool::new(false) })
    }

    /// Waits for a client. Cancel safe: no accepted client is lost.
    ///
    /// After a client that came alone it is queried whether another one waits: a call of `accept(2)`
    /// that finds none makes a socket first, and takes ten times as long.
    pub(crate) async fn accept(&self) -> io::Result<LocalClient> {
        loop {
            poll_fn(|cx| self.watched.poll_read_ready(cx)).await?;
            let mut only = None;
            let accepted = self.watched.try_read(|fd| {
                let client = self.listener.accept()?;
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

    /// Removes the name, if the system can do so before the socket is closed. Clients in the
    /// backlog can still be accepted.
    pub(crate) fn give_up_name(&self) {
        self.listener.give_up_name();
    }

    /// Has the system refuse further clients, where it can do so before the socket is closed, and
    /// accepts those that have connected before. The socket must not belong to other processes too.
    pub(crate) fn accept_last(&self) -> Vec<LocalClient> {
        // Linux refuses clients of a socket that receives nothing more; accept(2) returns those that
        // were in the backlog, and then fails. Other systems do not shut down listening sockets.
        let _ = rustix::net::shutdown(self.listener.as_fd(), Shutdown::Read);
        std::iter::from_fn(|| self.listener.accept().ok()).collect()
    }
}

/// Returns whether a client waits, or that is not known.
fn has_client(listener: BorrowedFd<'_>) -> bool {
    let mut fds = [PollFd::new(&listener, PollFlags::IN)];
    !matches!(super::wait(&mut fds, Some(&NOW)), Ok(0))
}
