//! Where servers are.

use super::connection::OpenConnection;
use crate::{bench::Api, diag::Failure, endpoint::Patience};
use local_socket::{ConnectOptions, Name};
use socket2::SockRef;
use std::{
    fmt::{self, Display, Formatter},
    io,
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ServerAddress {
    Local(Name<'static>),
    /// Those of a host, of which the first one that answers counts.
    Tcp(Arc<[SocketAddr]>),
}

impl ServerAddress {
    /// Connects.
    pub(super) async fn connect(&self, api: Api) -> anyhow::Result<OpenConnection> {
        match self {
            Self::Local(name) => connect_local(name, api).await,
            Self::Tcp(address) => connect_tcp(address, api, false).await,
        }
    }

    /// Connects for a moment. Closing leaves nothing behind then, which with TCP means that
    /// what had not been sent would be lost: otherwise ports run out after some ten thousand
    /// connections (TIME_WAIT, RFC 9293 3.6).
    pub(super) async fn visit(&self, api: Api) -> anyhow::Result<OpenConnection> {
        match self {
            Self::Local(name) => connect_local(name, api).await,
            Self::Tcp(address) => connect_tcp(address, api, true).await,
        }
    }
}

async fn connect_local(name: &Name<'static>, api: Api) -> anyhow::Result<OpenConnection> {
    let options = ConnectOptions::new().name(name.borrow());
    let connected = match api {
        Api::Sync => options.connect_sync().map(OpenConnection::from),
        Api::Tokio => options.connect_tokio().await.map(OpenConnection::from),
    };
    connected.map_err(|error| match Patience::NONE.begin().failed(error, Some(name)) {
        Err(failure) => failure.into(),
        // Nobody is waited for.
        Ok(_) => anyhow::Error::from(io::Error::from(io::ErrorKind::NotFound)),
    })
}

async fn connect_tcp(
    address: &[SocketAddr],
    api: Api,
    briefly: bool,
) -> anyhow::Result<OpenConnection> {
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
        Failure::Connect { error, file: None }.into()
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

/// The first one of a host's, as it is typed.
fn tcp_text(addresses: &[SocketAddr]) -> String {
    addresses.first().map_or_else(|| "tcp:".to_owned(), |address| format!("tcp:{address}"))
}

/// The name that was written by another process of this program.
pub(super) fn name(text: &str) -> anyhow::Result<Name<'static>> {
    Ok(Name::parse(text)?.into_owned())
}
