//! Addresses of servers.

use super::{BenchError, RunResult, connection::OpenConnection};
use crate::{bench::Api, diag::Failure, endpoint::RetryPolicy};
use local_socket::{ConnectOptions, ConnectWaitMode, Name};
use socket2::SockRef;
use std::{
    fmt::{self, Display, Formatter},
    io::{self, ErrorKind},
    net::{SocketAddr, TcpStream},
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

/// What a connection is used for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum ConnectionUse {
    /// The whole run.
    Run,
    /// A single message. TCP connections get a linger time of zero, so that closing leaves no
    /// TIME_WAIT state (RFC 9293 3.6) and discards unsent data: otherwise the ports are exhausted
    /// after some ten thousand connections.
    OneMessage,
}

impl ServerAddress {
    /// Connects. Without a limit it waits as long as the backlog of the server is full.
    ///
    /// # Errors
    /// `Busy` if no connection is made within the limit (with blocking calls: for each address of a
    /// host), `Failure::Connect` for other errors.
    pub(super) async fn connect(
        &self,
        api: Api,
        connection_use: ConnectionUse,
        limit: Option<Duration>,
    ) -> RunResult<OpenConnection> {
        let connected = match self {
            Self::Local(name) => connect_local(name, api, limit).await,
            Self::Tcp(addresses) => connect_tcp(addresses, api, connection_use, limit).await,
        };
        connected.map_err(|error| match limit {
            Some(after) if error.kind() == ErrorKind::TimedOut => {
                BenchError::Busy { server: self.to_string(), after }
            }
            _ => self.failure(error).into(),
        })
    }

    fn failure(&self, error: io::Error) -> Failure {
        match self {
            Self::Local(name) => RetryPolicy::NONE.begin().failure(error, Some(name)),
            Self::Tcp(_) => {
                let reason = local_socket::error::reason(&error);
                let text = format!("cannot connect to {self}: {reason}");
                let error = io::Error::new(error.kind(), text);
                Failure::Connect { error: error.into(), file: None }
            }
        }
    }
}

async fn connect_local(
    name: &Name<'static>,
    api: Api,
    limit: Option<Duration>,
) -> io::Result<OpenConnection> {
    let wait_mode = limit.map_or(ConnectWaitMode::Unbounded, ConnectWaitMode::Timeout);
    let options = ConnectOptions::new().name(name.borrow()).wait_mode(wait_mode);
    match api {
        Api::Sync => options.connect_sync().map(OpenConnection::Local),
        Api::Tokio => options.connect_tokio().await.map(OpenConnection::from),
    }
}

async fn connect_tcp(
    addresses: &[SocketAddr],
    api: Api,
    connection_use: ConnectionUse,
    limit: Option<Duration>,
) -> io::Result<OpenConnection> {
    let prepare = |socket: SockRef<'_>| {
        socket.set_tcp_nodelay(true)?;
        match connection_use {
            ConnectionUse::Run => Ok(()),
            ConnectionUse::OneMessage => socket.set_linger(Some(Duration::ZERO)),
        }
    };
    match api {
        Api::Sync => {
            let stream = match limit {
                Some(limit) => connect_tcp_within(addresses, limit)?,
                None => TcpStream::connect(addresses)?,
            };
            prepare(SockRef::from(&stream)).map(|()| OpenConnection::Tcp(stream))
        }
        Api::Tokio => {
            let connecting = tokio::net::TcpStream::connect(addresses);
            let stream = match limit {
                Some(limit) => tokio::time::timeout(limit, connecting).await??,
                None => connecting.await?,
            };
            prepare(SockRef::from(&stream)).map(|()| stream.into())
        }
    }
}

/// Connects to the first address that accepts, each within the limit.
fn connect_tcp_within(addresses: &[SocketAddr], limit: Duration) -> io::Result<TcpStream> {
    let mut result = Err(ErrorKind::NotFound.into());
    for address in addresses {
        result = TcpStream::connect_timeout(address, limit);
        if result.is_ok() {
            break;
        }
    }
    result
}

impl Display for ServerAddress {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(name) => write!(f, "{name}"),
            // As on the command line; the first address stands for all.
            Self::Tcp(addresses) => match addresses.first() {
                Some(address) => write!(f, "tcp:{address}"),
                None => f.write_str("tcp:"),
            },
        }
    }
}

/// Parses a name that another process of this program has formatted.
pub(super) fn name(text: &str) -> RunResult<Name<'static>> {
    Name::parse(text).map(Name::into_owned).map_err(|error| io::Error::other(error).into())
}
