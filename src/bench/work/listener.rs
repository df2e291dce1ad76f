use super::{
    BenchError, RunResult,
    address::{ServerAddress, name},
    connection::OpenConnection,
};
use crate::{
    bench::Api,
    diag::Failure,
    system::{AcceptError, accept_error, examine, has_too_much_open},
};
use local_socket::{
    ListenerOptions, OnConflict, traits::Listener as _, traits::tokio::Listener as _,
};
use serde::{Deserialize, Serialize};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

/// Where a server listens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum ListenAddress {
    /// Name of a local socket.
    Name(String),
    /// The first address that can be bound; if there is none, any port of the loopback interface.
    Tcp(Vec<SocketAddr>),
}

/// A listener of either API.
#[derive(Debug)]
pub(super) enum BenchListener {
    Local(local_socket::Listener),
    LocalEvent(local_socket::tokio::Listener),
    Tcp(std::net::TcpListener),
    TcpEvent(tokio::net::TcpListener),
}

impl BenchListener {
    /// Listens; with `Api::Tokio` it has to be called in the event loop.
    pub(super) async fn bind(address: &ListenAddress, api: Api) -> RunResult<Self> {
        match address {
            ListenAddress::Name(text) => {
                let name = name(text)?;
                let options =
                    ListenerOptions::new().name(name).on_conflict(OnConflict::ReplaceStale);
                let listener = match api {
                    Api::Sync => options.create_sync().map(Self::Local),
                    Api::Tokio => options.create_tokio().map(Self::LocalEvent),
                };
                Ok(listener.map_err(|error| Failure::Bind(examine(error)))?)
            }
            ListenAddress::Tcp(addresses) => {
                let any = [(Ipv4Addr::LOCALHOST, 0).into()];
                let candidates = if addresses.is_empty() { &any[..] } else { &addresses[..] };
                let listener = match api {
                    Api::Sync => std::net::TcpListener::bind(candidates).map(Self::Tcp),
                    Api::Tokio => {
                        tokio::net::TcpListener::bind(candidates).await.map(Self::TcpEvent)
                    }
                };
                Ok(listener.map_err(|error| {
                    let reason = local_socket::error::reason(&error);
                    let text = format!("cannot listen on tcp:{}: {reason}", candidates[0]);
                    Failure::Bind(io::Error::new(error.kind(), text).into())
                })?)
            }
        }
    }

    /// Returns the address that clients connect to.
    pub(super) fn address(&self) -> RunResult<ServerAddress> {
        let address = match self {
            Self::Local(listener) => ServerAddress::Local(listener.local_name()?),
            Self::LocalEvent(listener) => ServerAddress::Local(listener.local_name()?),
            Self::Tcp(listener) => ServerAddress::Tcp([listener.local_addr()?].into()),
            Self::TcpEvent(listener) => ServerAddress::Tcp([listener.local_addr()?].into()),
        };
        Ok(address)
    }

    /// Waits for a client.
    pub(super) async fn accept(&self) -> RunResult<OpenConnection> {
        const ATTEMPTS: usize = 10;
        let mut attempts = 1..=ATTEMPTS;
        loop {
            match self.accept_once().await {
                // The error of a connection that has ended. A limit of the system that is reached
                // is reported.
                Err(error)
                    if attempts.next().is_some()
                        && accept_error(&error) == AcceptError::Passes
                        && !has_too_much_open(&error) => {}
                accepted => return accepted.map_err(BenchError::io("cannot accept a client")),
            }
        }
    }

    async fn accept_once(&self) -> io::Result<OpenConnection> {
        match self {
            Self::Local(listener) => listener.accept().map(OpenConnection::Local),
            Self::LocalEvent(listener) => listener.accept().await.map(OpenConnection::from),
            Self::Tcp(listener) => listener.accept().and_then(|(stream, _)| {
                stream.set_nodelay(true)?;
                Ok(OpenConnection::Tcp(stream))
            }),
            Self::TcpEvent(listener) => match listener.accept().await {
                Ok((stream, _)) => stream.set_nodelay(true).map(|()| stream.into()),
                Err(error) => Err(error),
            },
        }
    }

    /// Removes the name: no client can connect, and nothing remains if the process ends.
    pub(super) fn give_up_name(&self) {
        match self {
            Self::Local(listener) => listener.give_up_name(),
            Self::LocalEvent(listener) => listener.give_up_name(),
            Self::Tcp(_) | Self::TcpEvent(_) => {}
        }
    }

    /// Stops listening. A thread that is blocked in [`accept`](Self::accept) is woken; a task ends
    /// with its event loop.
    pub(super) fn close(&self) {
        let closed = match self {
            Self::Local(listener) => listener.close(),
            Self::Tcp(listener) => {
                listener.local_addr().and_then(std::net::TcpStream::connect).map(drop)
            }
            Self::LocalEvent(listener) => {
                listener.give_up_name();
                Ok(())
            }
            Self::TcpEvent(_) => Ok(()),
        };
        if let Err(error) = closed {
            tracing::debug!(%error, "listener not closed");
        }
    }
}
