use super::{Stream, address, file::OwnFile, listen, listen::Bound, sys};
use crate::{
    ListenerNonblockingMode, ListenerOptions, Name, name::sealed::Sealed, traits,
    traits::Listener as _,
};
use std::{
    io,
    iter::FusedIterator,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixListener,
    },
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// A Unix domain socket that clients can connect to.
#[derive(Debug)]
pub struct Listener {
    // Dropped before the socket is closed: while its file exists, somebody listens.
    file: Mutex<Option<OwnFile>>,
    socket: UnixListener,
    name: Option<Name<'static>>,
    accept: AcceptState,
}

/// How accepting goes on; it changes through shared references.
#[derive(Debug, Default)]
struct AcceptState {
    nonblocking: AtomicBool,
    nonblocking_streams: AtomicBool,
    timeout: Mutex<Option<Duration>>,
    closed: AtomicBool,
}

impl Listener {
    /// The socket as std's type.
    #[must_use]
    pub fn inner(&self) -> &UnixListener {
        &self.socket
    }

    /// The socket as std's type.
    pub fn inner_mut(&mut self) -> &mut UnixListener {
        &mut self.socket
    }

    /// Whether streams that are accepted from now on are non-blocking.
    pub fn set_new_stream_nonblocking(&self, nonblocking: bool) {
        self.accept.nonblocking_streams.store(nonblocking, Ordering::Relaxed);
    }

    fn new(socket: UnixListener, file: Option<OwnFile>, name: Option<Name<'static>>) -> Self {
        Self { file: Mutex::new(file), socket, name, accept: AcceptState::default() }
    }

    fn take_file(&self) -> Option<OwnFile> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn is_closed(&self) -> bool {
        self.accept.closed.load(Ordering::SeqCst)
    }

    fn wait_for_client(&self) -> io::Result<()> {
        let timeout = *self.accept.timeout.lock().unwrap_or_else(PoisonError::into_inner);
        match timeout {
            Some(timeout) if !self.accept.nonblocking.load(Ordering::Relaxed) => {
                sys::wait_readable(self.as_fd(), timeout)
            }
            _ => Ok(()),
        }
    }

    fn into_socket(self) -> UnixListener {
        if let Some(file) = self.take_file() {
            file.leave();
        }
        self.socket
    }
}

impl Sealed for Listener {}
impl traits::Listener for Listener {
    type Stream = Stream;

    fn accept(&self) -> io::Result<Stream> {
        loop {
            let accepted = self.wait_for_client().and_then(|()| self.socket.accept());
            if self.is_closed() {
                return Err(closed());
            }
            match accepted {
                Ok((socket, _)) => {
                    if self.accept.nonblocking_streams.load(Ordering::Relaxed) {
                        socket.set_nonblocking(true)?;
                    }
                    return Ok(socket.into());
                }
                // A client that has gone meanwhile (the BSDs tell, Linux does not).
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn set_nonblocking(&self, nonblocking: ListenerNonblockingMode) -> io::Result<()> {
        self.socket.set_nonblocking(nonblocking.accept_nonblocking())?;
        self.accept.nonblocking.store(nonblocking.accept_nonblocking(), Ordering::Relaxed);
        self.set_new_stream_nonblocking(nonblocking.stream_nonblocking());
        Ok(())
    }

    fn set_accept_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        if timeout == Some(Duration::ZERO) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a timeout of no time at all"));
        }
        *self.accept.timeout.lock().unwrap_or_else(PoisonError::into_inner) = timeout;
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        // Whoever comes second waits for the first: after either call the name has gone.
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if self.accept.closed.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        let woken = sys::wake_accept(self.as_fd());
        drop(file.take());
        woken
    }

    fn local_name(&self) -> io::Result<Name<'static>> {
        match &self.name {
            Some(name) => Ok(name.clone()),
            None => address::name_of(&self.socket.local_addr()?).ok_or_else(|| {
                io::Error::new(io::ErrorKind::Unsupported, "the socket has no name")
            }),
        }
    }

    fn do_not_reclaim_name_on_drop(&mut self) {
        if let Some(file) = self.take_file() {
            file.leave();
        }
    }

    fn from_options(options: ListenerOptions<'_>) -> io::Result<Self> {
        let Bound { socket, file } = listen::listen(&options)?;
        let mut listener = Self::new(socket, file, options.name.map(Name::into_owned));
        if !options.reclaim_name {
            listener.do_not_reclaim_name_on_drop();
        }
        let mode = options.nonblocking;
        listener.accept.nonblocking.store(mode.accept_nonblocking(), Ordering::Relaxed);
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
        Some(self.accept())
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}
impl FusedIterator for Listener {}

/// The socket is not the listener's to remove: its name stays when it is dropped.
impl From<UnixListener> for Listener {
    fn from(socket: UnixListener) -> Self {
        Self::new(socket, None, None)
    }
}

/// As `From<UnixListener>`.
impl From<OwnedFd> for Listener {
    fn from(fd: OwnedFd) -> Self {
        UnixListener::from(fd).into()
    }
}

/// The name stays when the socket is closed.
impl From<Listener> for UnixListener {
    fn from(listener: Listener) -> Self {
        listener.into_socket()
    }
}

/// The name stays when the socket is closed.
impl From<Listener> for OwnedFd {
    fn from(listener: Listener) -> Self {
        listener.into_socket().into()
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
