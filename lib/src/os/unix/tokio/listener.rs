use super::Stream;
use crate::{
    ListenerNonblockingMode, ListenerOptions, Name,
    name::sealed::Sealed,
    os::{
        runtime,
        unix::{self as sync, bound_name::BoundName, listen, peer},
    },
    traits::tokio as traits,
};
use ::tokio::net::UnixListener;
use std::{
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net,
    },
    time::Duration,
};

/// Maximum time for which replacing a name may block the thread of an event loop.
const CLAIM_LIMIT: Duration = Duration::from_millis(50);

/// A listening Unix domain socket.
#[derive(Debug)]
pub struct Listener {
    bound_name: BoundName,
    socket: UnixListener,
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
}

impl Sealed for Listener {}
impl traits::Listener for Listener {
    type Stream = Stream;

    async fn accept(&self) -> io::Result<Stream> {
        loop {
            match self.socket.accept().await {
                // The client has disconnected (the BSDs report this, Linux does not).
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(error),
                Ok((socket, _)) => {
                    if self
                        .bound_name
                        .filter
                        .admits(|| peer::credentials_with_groups(socket.as_fd()))
                    {
                        return Ok(socket.into());
                    }
                }
            }
        }
    }

    fn local_name(&self) -> io::Result<Name<'static>> {
        self.bound_name.name(|| self.socket.local_addr().map(Into::into))
    }

    fn do_not_reclaim_name_on_drop(&mut self) {
        self.bound_name.keep_file();
    }

    fn give_up_name(&self) {
        self.bound_name.remove_file();
    }

    fn from_options(options: ListenerOptions<'_>) -> io::Result<Self> {
        runtime::required()?;
        let limit = options.spin_limit().min(CLAIM_LIMIT);
        let options = options.nonblocking(ListenerNonblockingMode::Both).max_spin_time(limit);
        let (socket, bound_name) = listen::listen(options)?;
        Ok(Self { bound_name, socket: UnixListener::from_std(socket)? })
    }
}

/// The listener becomes non-blocking, and still owns its socket file if it did so before.
///
/// The errors are `Other` outside a tokio runtime, `NotConnected` if the listener is closed, and
/// those of `ioctl(2)` and `epoll_ctl(2)`.
impl TryFrom<sync::Listener> for Listener {
    type Error = io::Error;
    fn try_from(listener: sync::Listener) -> io::Result<Self> {
        runtime::required()?;
        listener.require_open()?;
        let (socket, bound_name) = listener.into_parts();
        socket.set_nonblocking(true)?;
        Ok(Self { bound_name, socket: UnixListener::from_std(socket)? })
    }
}

/// The listener does not own the socket file: it remains when the listener is dropped. The socket
/// becomes non-blocking.
///
/// The errors are `Other` outside a tokio runtime, and those of `ioctl(2)` and `epoll_ctl(2)`.
impl TryFrom<net::UnixListener> for Listener {
    type Error = io::Error;
    fn try_from(socket: net::UnixListener) -> io::Result<Self> {
        sync::Listener::from(socket).try_into()
    }
}

/// Like `TryFrom<UnixListener>`.
impl TryFrom<OwnedFd> for Listener {
    type Error = io::Error;
    fn try_from(fd: OwnedFd) -> io::Result<Self> {
        net::UnixListener::from(fd).try_into()
    }
}

/// The listener does not own the socket file: it remains when the listener is dropped.
impl From<UnixListener> for Listener {
    fn from(socket: UnixListener) -> Self {
        Self { bound_name: BoundName::default(), socket }
    }
}

/// The socket file remains when the socket is closed.
impl From<Listener> for UnixListener {
    fn from(listener: Listener) -> Self {
        listener.bound_name.keep_file();
        listener.socket
    }
}

/// The socket file remains when the socket is closed. The socket is non-blocking.
impl TryFrom<Listener> for OwnedFd {
    type Error = io::Error;
    fn try_from(listener: Listener) -> io::Result<Self> {
        UnixListener::from(listener).into_std().map(Self::from)
    }
}

delegate! {
    impl AsFd for Listener, via |listener| listener.socket;
}
