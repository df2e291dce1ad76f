//! Listening sockets and connections of TCP in an event loop.

use std::{
    io,
    net::{SocketAddr, TcpListener, TcpStream},
};

/// A TCP listener that is registered with an event loop.
#[derive(Debug)]
pub(crate) struct LoopTcpListener(tokio::net::TcpListener);

impl LoopTcpListener {
    /// Registers the listener with the event loop of the caller.
    pub(crate) fn new(listener: TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        tokio::net::TcpListener::from_std(listener).map(Self)
    }

    /// Waits for a client, which is in no event loop. Cancel safe: no accepted client is lost.
    pub(crate) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, from) = self.0.accept().await?;
        Ok((stream.into_std()?, from))
    }
}

/// Connects to the first of the addresses that accepts, in the event loop of the caller. The connection
/// is in no event loop.
///
/// # Errors
/// That of the last address, or `InvalidInput` if there is none.
pub(crate) async fn connect_tcp(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    tokio::net::TcpStream::connect(addresses).await?.into_std()
}
