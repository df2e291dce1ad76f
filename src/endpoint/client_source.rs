use crate::{
    diag::Failure,
    system::{Detached, LocalClient, LocalListener},
};
use local_socket::{PeerCreds, traits::StreamCommon as _};
use std::{
    io,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
};
use tokio::net::{TcpListener, TcpStream};

/// An open source of clients.
#[derive(Debug)]
pub(crate) enum ClientSource {
    Local(LocalListener),
    Tcp(TcpListener),
    /// The only client is already connected.
    Given(Mutex<Option<Detached>>),
}

/// An accepted client.
#[derive(Debug)]
pub(crate) enum Accepted {
    Local(LocalClient),
    Tcp(TcpStream, SocketAddr),
    Given(Detached),
}

impl ClientSource {
    /// Returns a source that accepts from a TCP listener.
    pub(super) fn tcp(listener: std::net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener).map(Self::Tcp)
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
            Self::Tcp(listener) => {
                let (stream, from) = listener.accept().await?;
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
