use super::Stream;
use crate::{
    ListenerNonblockingMode, ListenerOptions, Name,
    name::sealed::Sealed,
    options::AcceptFilter,
    os::{
        runtime,
        unix::{self as sync, bound::Bound, listen, listener, own_file::OwnFile, peer},
    },
    traits::tokio as traits,
};
use ::tokio::net::UnixListener;
use std::{
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net,
    },
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// The longest time for which replacing a name may block the thread of an event loop.
const CLAIM_LIMIT: Duration = Duration::from_millis(50);

/// A listening Unix domain socket.
#[derive(Debug)]
pub struct Listener {
    // Dropped before the socket is closed: while its file exists, somebody listens.
    file: Mutex<Option<OwnFile>>,
    socket: UnixListener,
    name: Option<Name<'static>>,
    filter: AcceptFilter,
}

impl Listener {
    /// Returns the socket as tokio's type.
    #[must_use]
    pub fn inner(&self) -> &UnixListener {
        &self.socket
    }

    /// Returns the socket as tokio's type.
    pub fn inner_mut(&mut self) -> &mut UnixListener {
        &mut self.socket
    }

    fn take_file(&self) -> Option<OwnFile> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Sealed for Listener {}
impl traits::Listener for Listener {
    type Stream = Stream;

    async fn accept(&self) -> io::Result<Stream> {
        loop {
            match self.socket.accept().await {
                // A client that has gone meanwhile (the BSDs tell, Linux does not).
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Ok((socket, _)) if !self.filter.admits(|| peer::credentials(socket.as_fd())) => {}
                accepted => return accepted.map(|(socket, _)| socket.into()),
            }
        }
    }

    fn local_name(&self) -> io::Result<Name<'static>> {
        match &self.name {
            Some(name) => Ok(name.clone()),
            None => listener::name_of(&self.socket.local_addr()?.into()),
        }
    }

    fn do_not_reclaim_name_on_drop(&mut self) {
        if let Some(file) = self.take_file() {
            file.leave();
        }
    }

    fn give_up_name(&self) {
        drop(self.take_file());
    }

    fn from_options(options: ListenerOptions<'_>) -> io::Result<Self> {
        runtime::required()?;
        let limit = options.spin_limit().min(CLAIM_LIMIT);
        let options = options.nonblocking(ListenerNonblockingMode::Both).max_spin_time(limit);
        let bound = listen::listen(&options)?;
        let filter = bound.accept_filter(&options);
        let Bound { socket, file } = bound;
        let socket = UnixListener::from_std(socket)?;
        let name = options.name.map(Name::into_owned);
        let mut listener = Self { file: Mutex::new(file), socket, name, filter };
        if !options.reclaim_name {
            listener.do_not_reclaim_name_on_drop();
        }
        Ok(listener)
    }
}

/// The listener is made non-blocking; whether its name goes with it stays as it was.
///
/// Fails outside a tokio runtime.
impl TryFrom<sync::Listener> for Listener {
    type Error = io::Error;
    fn try_from(listener: sync::Listener) -> io::Result<Self> {
        runtime::required()?;
        let (Bound { socket, file }, name, filter) = listener.into_parts();
        socket.set_nonblocking(true)?;
        let socket = UnixListener::from_std(socket)?;
        Ok(Self { file: Mutex::new(file), socket, name, filter })
    }
}

/// The socket is not the listener's to remove: its name stays when it is dropped. It is
/// made non-blocking.
///
/// Fails outside a tokio runtime.
impl TryFrom<net::UnixListener> for Listener {
    type Error = io::Error;
    fn try_from(socket: net::UnixListener) -> io::Result<Self> {
        sync::Listener::from(socket).try_into()
    }
}

/// As `TryFrom<UnixListener>`.
impl TryFrom<OwnedFd> for Listener {
    type Error = io::Error;
    fn try_from(fd: OwnedFd) -> io::Result<Self> {
        net::UnixListener::from(fd).try_into()
    }
}

/// The socket is not the listener's to remove: its name stays when it is dropped.
impl From<UnixListener> for Listener {
    fn from(socket: UnixListener) -> Self {
        Self { file: Mutex::default(), socket, name: None, filter: AcceptFilter::default() }
    }
}

/// The name stays when the socket is closed.
impl From<Listener> for UnixListener {
    fn from(listener: Listener) -> Self {
        if let Some(file) = listener.take_file() {
            file.leave();
        }
        listener.socket
    }
}

/// The name stays when the socket is closed. The socket is non-blocking.
impl TryFrom<Listener> for OwnedFd {
    type Error = io::Error;
    fn try_from(listener: Listener) -> io::Result<Self> {
        UnixListener::from(listener).into_std().map(Self::from)
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
