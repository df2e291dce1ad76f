//! Addresses of servers.

use super::{RunResult, connection::OpenConnection};
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
    /// Connects.
    pub(super) async fn connect(
        &self,
        api: Api,
        connection_use: ConnectionUse,
    ) -> RunResult<OpenConnection> {
        match self {
            Self::Local(name) => connect_local(name, api).await,
            Self::Tcp(addresses) => {
                connect_tcp(addresses, api, connection_use).await.map_err(|error| {
                    let reason = local_socket::error::reason(&error);
                    let text = format!("cannot connect to {self}: {reason}");
                    let error = io::Error::new(error.kind(), text);
                    Failure::Connect { error: error.into(), file: None }.into()
                })
            }
        }
    }
}

async fn connect_local(name: &Name<'static>, api: Api) -> RunResult<OpenConnection> {
    let options = ConnectOptions::new().name(name.borrow());
    let connected = match api {
        Api::Sync => options.connect_sync().map(OpenConnection::Local),
        Api::Tokio => options.connect_tokio().await.map(OpenConnection::from),
    };
    connected.map_err(|error| match RetryPolicy::NONE.begin().failed(error, Some(name)) {
        Err(failure) => failure.into(),
        // The policy has no retries.
        Ok(_) => io::Error::from(io::ErrorKind::NotFound).into(),
    })
}

async fn connect_tcp(
    addresses: &[SocketAddr],
    api: Api,
    connection_use: ConnectionUse,
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
            let stream = std::net::TcpStream::connect(addresses)?;
            prepare(SockRef::from(&stream)).map(|()| OpenConnection::Tcp(stream))
        }
        Api::Tokio => {
            let stream = tokio::net::TcpStream::connect(addresses).await?;
            prepare(SockRef::from(&stream)).map(|()| stream.into())
        }
    }
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
