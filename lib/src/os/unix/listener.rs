use super::{Stream, bound_name::BoundName, close, listen, peer, sys};
use crate::{
    ListenerNonblockingMode, ListenerOptions, Name, PeerCreds, listener::next_client,
    name::sealed::Sealed, traits,
};
use rustix::event::PollFlags;
use std::{
    io,
    iter::FusedIterator,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixListener,
    },
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// A listening Unix domain socket.
#[derive(Debug)]
pub struct Listener {
    bound_name: BoundName,
    socket: UnixListener,
    accept: AcceptState,
}

/// Settings of `accept` that change through shared references.
#[derive(Debug, Default)]
struct AcceptState {
    mode: Mutex<AcceptMode>,
    nonblocking_streams: AtomicBool,
    closed: AtomicBool,
    /// Whether accepting has failed because the socket was shut down through another descriptor.
    shut_down: AtomicBool,
}

/// How `accept` waits for a client. Each call uses the mode that was set when it began.
#[derive(Copy, Clone, Debug, Default)]
struct AcceptMode {
    nonblocking: bool,
    timeout: Option<Duration>,
    wait: AcceptCall,
}

/// The call that waits for a client in blocking mode.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum AcceptCall {
    /// `accept(2)`, unless the socket was given to this library in non-blocking mode.
    #[default]
    AsGiven,
    /// `accept(2)`. If it would block because another thread is changing the mode, `poll(2)`.
    Accept,
    /// `poll(2)`. From the first timeout on the socket stays non-blocking: if several threads wait
    /// and one client connects, the threads that do not get it must wait for the rest of their
    /// time, also if another thread removes the timeout meanwhile.
    Poll,
}

impl Listener {
    /// Returns the socket as the type of the standard library.
    #[must_use]
    pub fn inner(&self) -> &UnixListener {
        &self.socket
    }

    /// Returns the socket as the type of the standard library.
    pub fn inner_mut(&mut self) -> &mut UnixListener {
        &mut self.socket
    }

    /// Sets whether streams that are accepted from now on are non-blocking.
    pub fn set_new_stream_nonblocking(&self, nonblocking: bool) {
        self.accept.nonblocking_streams.store(nonblocking, Ordering::Relaxed);
    }

    /// # Errors
    /// `NotConnected` if the listener is closed.
    #[cfg(feature = "tokio")]
    pub(super) fn require_open(&self) -> io::Result<()> {
        if traits::Listener::is_closed(self) { Err(closed()) } else { Ok(()) }
    }

    /// Returns whether accepting has failed because the socket was shut down, and not because it has
    /// never listened.
    fn was_shut_down(&self, error: &io::Error) -> bool {
        error.raw_os_error() == Some(libc::EINVAL) && sys::is_listening(self.as_fd())
    }

    fn mode(&self) -> MutexGuard<'_, AcceptMode> {
        self.accept.mode.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the mode and the blocking mode of the socket.
    fn change_mode(&self, change: impl FnOnce(&mut AcceptMode)) -> io::Result<()> {
        let mut mode = self.mode();
        let mut changed = *mode;
        change(&mut changed);
        let wait = if changed.timeout.is_some() { AcceptCall::Poll } else { AcceptCall::Accept };
        changed.wait = changed.wait.max(wait);
        self.socket.set_nonblocking(changed.nonblocking || changed.wait == AcceptCall::Poll)?;
        *mode = changed;
        Ok(())
    }

    /// Returns the parts of the listener. The socket has the blocking mode that it has without a
    /// timeout.
    pub(super) fn into_parts(self) -> (UnixListener, BoundName) {
        let mode = *self.mode();
        if mode.wait == AcceptCall::Poll
            && let Err(error) = self.socket.set_nonblocking(mode.nonblocking)
        {
            tracing::debug!(%error, "listening socket stays non-blocking");
        }
        (self.socket, self.bound_name)
    }
}

impl Sealed for Listener {}
impl traits::Listener for Listener {
    type Stream = Stream;

    fn accept(&self) -> io::Result<Stream> {
        let mode = *self.mode();
        let deadline = mode.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        // Another thread can have changed the mode of the socket since this call began.
        let waits = || !mode.nonblocking && self.mode().wait > AcceptCall::AsGiven;
        loop {
            let nonblocking = self.accept.nonblocking_streams.load(Ordering::Relaxed);
            let accepted = match sys::accept(&self.socket, nonblocking) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && waits() => {
                    let rest = deadline.map_or(Duration::MAX, |deadline| {
                        deadline.saturating_duration_since(Instant::now())
                    });
                    match sys::wait(self.as_fd(), PollFlags::IN, rest) {
                        Ok(events) if events.is_empty() => Err(io::ErrorKind::TimedOut.into()),
                        // Accepting from a blocking socket fails with this error then.
                        Ok(events) if events.contains(PollFlags::HUP) => {
                            self.accept.shut_down.store(true, Ordering::SeqCst);
                            Err(rustix::io::Errno::INVAL.into())
                        }
                        result => result.map(|_| None),
                    }
                }
                Err(error) if self.was_shut_down(&error) => {
                    self.accept.shut_down.store(true, Ordering::SeqCst);
                    Err(error)
                }
                // The client has disconnected (the BSDs report this, Linux does not).
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => Ok(None),
                accepted => accepted.map(Some),
            };
            if self.accept.closed.load(Ordering::SeqCst) {
                return Err(closed());
            }
            if let Some(socket) = accepted? {
                if self.bound_name.filter.admits(|| peer::credentials_with_groups(socket.as_fd())) {
                    return Ok(socket.into());
                }
                // A series of refused clients must not extend the timeout.
                if !mode.nonblocking && deadline.is_some_and(|deadline| deadline <= Instant::now())
                {
                    return Err(io::ErrorKind::TimedOut.into());
                }
            }
        }
    }

    fn set_nonblocking(&self, nonblocking: ListenerNonblockingMode) -> io::Result<()> {
        self.set_new_stream_nonblocking(nonblocking.stream_nonblocking());
        self.change_mode(|mode| mode.nonblocking = nonblocking.accept_nonblocking())
    }

    fn set_accept_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        if timeout == Some(Duration::ZERO) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a timeout of no time at all"));
        }
        self.change_mode(|mode| mode.timeout = timeout)
    }

    fn set_accept_filter(&mut self, filter: impl Fn(&PeerCreds) -> bool + Send + Sync + 'static) {
        self.bound_name.filter.set(filter);
    }

    fn close(&self) -> io::Result<()> {
        // A second call waits for the first: after either call the name is released.
        let mut file = self.bound_name.file();
        if self.accept.closed.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        close::stop_listening(self.as_fd(), || file.take().is_some())
    }

    fn is_closed(&self) -> bool {
        self.accept.closed.load(Ordering::SeqCst) || self.accept.shut_down.load(Ordering::SeqCst)
    }

    fn give_up_name(&self) {
        self.bound_name.remove_file();
    }

    fn local_name(&self) -> io::Result<Name<'static>> {
        self.bound_name.name(|| self.socket.local_addr())
    }

    fn do_not_reclaim_name_on_drop(&mut self) {
        self.bound_name.keep_file();
    }

    fn from_options(options: ListenerOptions<'_>) -> io::Result<Self> {
        let mode = options.nonblocking;
        let (socket, bound_name) = listen::listen(options)?;
        let listener = Self { bound_name, socket, accept: AcceptState::default() };
        listener.mode().nonblocking = mode.accept_nonblocking();
        listener.set_new_stream_nonblocking(mode.stream_nonblocking());
        Ok(listener)
    }
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the listener is closed")
}

impl Iterator for Listener {
    type Item = io::Result<Stream>;
    fn next(&mut self) -> Option<Self::Item> {
        next_client(self)
    }
}
impl FusedIterator for Listener {}

/// The listener does not own the socket file: it remains when the listener is dropped.
impl From<UnixListener> for Listener {
    fn from(socket: UnixListener) -> Self {
        Self { bound_name: BoundName::default(), socket, accept: AcceptState::default() }
    }
}

/// Like `From<UnixListener>`.
impl From<OwnedFd> for Listener {
    fn from(fd: OwnedFd) -> Self {
        UnixListener::from(fd).into()
    }
}

/// The socket file remains when the socket is closed.
impl From<Listener> for UnixListener {
    fn from(listener: Listener) -> Self {
        let (socket, bound_name) = listener.into_parts();
        bound_name.keep_file();
        socket
    }
}

/// The socket file remains when the socket is closed.
impl From<Listener> for OwnedFd {
    fn from(listener: Listener) -> Self {
        UnixListener::from(listener).into()
    }
}

delegate! {
    impl AsFd for Listener, via |listener| listener.socket;
}
