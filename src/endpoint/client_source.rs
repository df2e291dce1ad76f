use super::{
    listeners::{ListenSocket, Listeners, OpenListener},
    tcp::TcpClient,
};
use crate::{
    diag::Failure,
    system::{Detached, LinkedPty, LocalClient, listening::Allowed, peer},
};
use local_socket::{Listener, PeerCreds, traits::StreamCommon as _};
use std::{
    fmt::Debug,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// An open source of clients.
#[derive(Debug)]
pub(crate) enum ClientSource {
    Listeners(Listeners),
    /// A listener at the name of another server.
    StandIn(Listeners, Arc<dyn NameKeeper>),
    /// The programs that open a terminal.
    Terminal(Arc<LinkedPty>),
    /// The only client is already connected.
    Given(Mutex<Option<Detached>>),
}

/// Gives the name of a listener back to another server.
pub(crate) trait NameKeeper: Debug + Send + Sync {
    fn give_up(&self);
}

/// An accepted client.
#[derive(Debug)]
pub(crate) enum Accepted {
    Local(LocalClient, Arc<ListenSocket>),
    Tcp(TcpClient),
    Given(Detached),
}

impl ClientSource {
    /// Returns a source that accepts at the name of another server.
    ///
    /// # Errors
    /// `Io` if the event loop cannot watch the listener.
    pub(crate) fn stand_in(
        listener: Listener,
        socket: ListenSocket,
        keeper: Arc<dyn NameKeeper>,
    ) -> Result<Self, Failure> {
        let listener = OpenListener::local(listener, socket)?;
        Ok(Self::StandIn(Listeners::new(vec![listener]), keeper))
    }

    /// Returns a source with one client that is already connected.
    pub(crate) fn given(client: Detached) -> Self {
        Self::Given(Mutex::new(Some(client)))
    }

    /// Returns whether the sockets belong to a service manager: it goes on listening when this
    /// process ends.
    pub(crate) fn is_inherited(&self) -> bool {
        matches!(self, Self::Listeners(listeners) if listeners.are_inherited())
    }

    /// Removes the name, as far as that is possible before the last client is accepted.
    pub(crate) fn give_up_name(&self) {
        match self {
            Self::Listeners(listeners) => listeners.give_up_names(),
            Self::StandIn(_, keeper) => keeper.give_up(),
            Self::Terminal(pty) => pty.remove_link(),
            Self::Given(_) => {}
        }
    }

    /// Returns the time in which clients can still connect after the name was given up: those that
    /// the system has led to this listener before. `None` if the name is not given to another server:
    /// such clients are refused, as those that come later.
    pub(crate) fn time_after_name(&self) -> Option<Duration> {
        const TIME: Duration = Duration::from_millis(100);
        matches!(self, Self::StandIn(..)).then_some(TIME)
    }

    /// Waits for a client. Cancel safe: no accepted client is lost.
    pub(crate) async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Listeners(listeners) | Self::StandIn(listeners, _) => listeners.accept().await,
            Self::Terminal(pty) => pty.session().await.map(Accepted::Given),
            Self::Given(_) => match self.take_given() {
                Some(client) => Ok(client),
                None => std::future::pending().await,
            },
        }
    }

    /// Returns the only client if it is already connected and was not accepted yet.
    pub(crate) fn take_given(&self) -> Option<Accepted> {
        let Self::Given(client) = self else { return None };
        client.lock().unwrap_or_else(PoisonError::into_inner).take().map(Accepted::Given)
    }

    /// Has the system refuse further clients, if it can do so before the sockets are closed, and
    /// accepts those that have connected before. So none is accepted by the system and then closed.
    pub(crate) fn accept_last(&self) -> Vec<Accepted> {
        match self {
            Self::Listeners(listeners) | Self::StandIn(listeners, _) => listeners.accept_last(),
            Self::Terminal(_) | Self::Given(_) => Vec::new(),
        }
    }
}

impl Accepted {
    /// Returns the listening socket that the client has connected to.
    pub(crate) fn socket(&self) -> Option<&Arc<ListenSocket>> {
        match self {
            Self::Local(_, socket) => Some(socket),
            Self::Tcp(client) => Some(&client.socket),
            Self::Given(_) => None,
        }
    }

    /// Returns the rules for the clients of its socket; `None` for clients without credentials.
    pub(crate) fn allowed(&self) -> Option<&Allowed> {
        self.socket()?.allowed.as_ref()
    }

    /// Returns the address of a TCP client.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(client) => Some(client.from),
            Self::Local(..) | Self::Given(_) => None,
        }
    }

    /// Formats the client for messages.
    pub(crate) fn describe(&self, peer: &PeerCreds) -> String {
        match self {
            Self::Local(client, _) => peer::describe(peer, client),
            Self::Tcp(_) | Self::Given(_) => String::new(),
        }
    }

    /// Returns the credentials of the client, if the system reports them.
    pub(crate) fn peer(&self) -> io::Result<PeerCreds> {
        match self {
            Self::Local(client, socket) => match &socket.allowed {
                Some(rules) => rules.credentials(client),
                None => client.peer_creds(),
            },
            Self::Tcp(_) | Self::Given(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

impl From<Accepted> for Detached {
    fn from(accepted: Accepted) -> Self {
        match accepted {
            Accepted::Local(client, _) => Self::for_loop(client),
            Accepted::Tcp(client) => client.stream.into(),
            Accepted::Given(client) => client,
        }
    }
}
