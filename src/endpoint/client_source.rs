use crate::{
    diag::Failure,
    system::{Detached, LocalClient, LocalListener, peer},
};
use local_socket::{PeerCreds, traits::StreamCommon as _};
use std::{
    future::poll_fn,
    io,
    net::SocketAddr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};
use tokio::net::{TcpListener, TcpStream};

/// An open source of clients.
#[derive(Debug)]
pub(crate) enum ClientSource {
    Local(LocalListener),
    Tcp(TcpListeners),
    /// The only client is already connected.
    Given(Mutex<Option<Detached>>),
}

/// The listening sockets of a TCP port: one for each address of its host.
#[derive(Debug)]
pub(crate) struct TcpListeners {
    listeners: Vec<TcpListener>,
    /// Number of polls. Each one starts with the next socket, so that many clients of one address
    /// do not keep out those of another.
    polls: AtomicUsize,
}

impl TcpListeners {
    /// Waits for a client, in one task at a time: a socket wakes only the task that polled it last.
    /// Cancel safe.
    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        poll_fn(|cx| {
            let polls = self.polls.fetch_add(1, Ordering::Relaxed);
            let (last, first) = self.listeners.split_at(polls % self.listeners.len().max(1));
            for listener in first.iter().chain(last) {
                if let Poll::Ready(accepted) = listener.poll_accept(cx) {
                    return Poll::Ready(accepted);
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// An accepted client.
#[derive(Debug)]
pub(crate) enum Accepted {
    Local(LocalClient),
    Tcp(TcpStream, SocketAddr),
    Given(Detached),
}

impl ClientSource {
    /// Returns a source that accepts from TCP listeners.
    pub(super) fn tcp(
        listeners: impl IntoIterator<Item = std::net::TcpListener>,
    ) -> io::Result<Self> {
        let watch = |listener: std::net::TcpListener| {
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)
        };
        let listeners = listeners.into_iter().map(watch).collect::<io::Result<_>>()?;
        Ok(Self::Tcp(TcpListeners { listeners, polls: AtomicUsize::new(0) }))
    }

    /// Returns the failure of a listener that an event loop cannot watch.
    pub(super) fn failure(error: io::Error) -> Failure {
        Failure::Io { what: "cannot watch the listening socket", error }
    }

    /// Returns a source with one client that is already connected.
    pub(crate) fn given(client: Detached) -> Self {
        Self::Given(Mutex::new(Some(client)))
    }

    /// Removes the name, as far as that is possible before the last client is accepted.
    pub(crate) fn give_up_name(&self) {
        if let Self::Local(listener) = self {
            listener.give_up_name();
        }
    }

    /// Waits for a client. Cancel safe: no accepted client is lost.
    pub(crate) async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Local(listener) => listener.accept().await.map(Accepted::Local),
            Self::Tcp(listeners) => {
                let (stream, from) = listeners.accept().await?;
                // Send small answers at once. If it fails, they only take longer.
                let _ = stream.set_nodelay(true);
                Ok(Accepted::Tcp(stream, from))
            }
            Self::Given(client) => {
                let client = client.lock().unwrap_or_else(PoisonError::into_inner).take();
                match client {
                    Some(client) => Ok(Accepted::Given(client)),
                    None => std::future::pending().await,
                }
            }
        }
    }
}

impl Accepted {
    /// Returns the address of a TCP client.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(_, from) => Some(*from),
            Self::Local(_) | Self::Given(_) => None,
        }
    }

    /// Formats the client for messages.
    pub(crate) fn describe(&self, peer: &PeerCreds) -> String {
        match self {
            Self::Local(client) => peer::describe(peer, client),
            Self::Tcp(..) | Self::Given(_) => String::new(),
        }
    }

    /// Returns the credentials of the client, if the system reports them.
    pub(crate) fn peer(&self) -> io::Result<PeerCreds> {
        match self {
            Self::Local(client) => client.peer_creds(),
            Self::Tcp(..) | Self::Given(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

impl TryFrom<Accepted> for Detached {
    type Error = io::Error;
    fn try_from(accepted: Accepted) -> io::Result<Self> {
        match accepted {
            Accepted::Local(client) => Ok(client.into()),
            Accepted::Tcp(stream, _) => stream.try_into(),
            Accepted::Given(client) => Ok(client),
        }
    }
}
