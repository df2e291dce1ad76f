//! Addresses of servers.

use super::{BenchError, RunResult, connection::OpenConnection};
use crate::{bench::Api, diag::Failure, endpoint::RetryPolicy};
use local_socket::{ConnectOptions, Name};
use socket2::SockRef;
use std::{
    fmt::{self, Display, Formatter},
    io,
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

/// The address of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ServerAddress {
    Local(Name<'static>),
    /// The addresses of a host; the first one that accepts is used.
    Tcp(Arc<[SocketAddr]>),
}

impl ServerAddress {
    /// Connects.
    pub(super) async fn connect(&self, api: Api) -> RunResult<OpenConnection> {
        match self {
            Self::Local(name) => connect_local(name, api).await,
            Self::Tcp(address) => connect_tcp(address, api, false).await,
        }
    }

    /// Connects for a single message. TCP connections get a linger time of zero, so that closing
    /// leaves no TIME_WAIT state (RFC 9293 3.6) and discards unsent data: otherwise the ports are
    /// exhausted after some ten thousand connections.
    pub(super) async fn visit(&self, api: Api) -> RunResult<OpenConnection> {
        match self {
            Self::Local(name) => connect_local(name, api).await,
            Self::Tcp(address) => connect_tcp(address, api, true).await,
        }
    }
}

async fn connect_local(name: &Name<'static>, api: Api) -> RunResult<OpenConnection> {
    let options = ConnectOptions::new().name(name.borrow());
    let connected = match api {
        Api::Sync => options.connect_sync().map(OpenConnection::from),
        Api::Tokio => options.connect_tokio().await.map(OpenConnection::from),
    };
    connected.map_err(|error| match RetryPolicy::NONE.begin().failed(error, Some(name)) {
        Err(failure) => failure.into(),
        // The policy has no retries.
        Ok(_) => io::Error::from(io::ErrorKind::NotFound).into(),
    })
}

async fn connect_tcp(address: &[SocketAddr], api: Api, briefly: bool) -> RunResult<OpenConnection> {
    let prepare = |socket: SockRef<'_>| {
        socket.set_tcp_nodelay(true)?;
        if briefly { socket.set_linger(Some(Duration::ZERO)) } else { Ok(()) }
    };
    let connected = match api {
        Api::Sync => std::net::TcpStream::connect(address).and_then(|stream| {
            prepare(SockRef::from(&stream))?;
            Ok(OpenConnection::from(stream))
        }),
        Api::Tokio => tokio::net::TcpStream::connect(address).await.and_then(|stream| {
            prepare(SockRef::from(&stream))?;
            Ok(OpenConnection::from(stream))
        }),
    };
    connected.map_err(|error| {
        let kind = error.kind();
        let reason = local_socket::error::reason(&error);
        let error =
            io::Error::new(kind, format!("cannot connect to {}: {reason}", tcp_text(address)));
        BenchError::Failure(Failure::Connect { error, file: None })
    })
}

impl Display for ServerAddress {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(name) => write!(f, "{name}"),
            Self::Tcp(addresses) => f.write_str(&tcp_text(addresses)),
        }
    }
}

/// Formats the first address as on the command line.
fn tcp_text(addresses: &[SocketAddr]) -> String {
    addresses.first().map_or_else(|| "tcp:".to_owned(), |address| format!("tcp:{address}"))
}

/// Parses a name that another process of this program has formatted.
pub(super) fn name(text: &str) -> RunResult<Name<'static>> {
    Name::parse(text).map(Name::into_owned).map_err(|error| io::Error::other(error).into())
}
