//! Listening sockets and connections of TCP in an event loop.
//!
//! They receive urgent data in line from the start: the system discards an urgent byte that was not read
//! when the next one arrives (`tcp_check_urg` of Linux).

use super::{WatchedSocket, accepting::Accepting, socket::receive_urgent_in_line};
use rustix::io::Errno;
use socket2::{Domain, Socket, Type};
use std::{
    future::poll_fn,
    io::{self, ErrorKind},
    net::{SocketAddr, TcpListener, TcpStream},
    os::fd::{AsFd as _, OwnedFd},
};

/// A TCP listener that is registered with an event loop.
#[derive(Debug)]
pub(crate) struct LoopTcpListener {
    accepting: Accepting,
    listener: TcpListener,
}

impl LoopTcpListener {
    /// Registers the listener with the event loop of the caller. Clients inherit its options.
    pub(crate) fn new(listener: TcpListener) -> io::Result<Self> {
        receive_urgent_in_line(listener.as_fd());
        listener.set_nonblocking(true)?;
        let accepting = Accepting::new(listener.try_clone()?.into())?;
        Ok(Self { accepting, listener })
    }

    /// Waits for a client, which is in no event loop. Cancel safe: no accepted client is lost.
    pub(crate) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.accepting.next(|| self.listener.accept()).await
    }
}

/// Connects to the first of the addresses that accepts, in the event loop of the caller. The connection
/// is in no event loop.
///
/// # Errors
/// That of the last address, or `InvalidInput` if there is none.
pub(crate) async fn connect_tcp(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut error = ErrorKind::InvalidInput.into();
    for address in addresses {
        match connect_to(*address).await {
            Ok(stream) => return Ok(stream),
            Err(failed) => error = failed,
        }
    }
    Err(error)
}

async fn connect_to(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    receive_urgent_in_line(socket.as_fd());
    socket.set_nonblocking(true)?;
    match socket.connect(&address.into()) {
        Err(error) if Errno::from_io_error(&error) == Some(Errno::INPROGRESS) => {}
        Err(error) => return Err(error),
        Ok(()) => return Ok(socket.into()),
    }
    let mut watched = WatchedSocket::for_writing(OwnedFd::from(socket))?;
    // It is writable when it is connected, or when that has failed (`connect(2)`).
    poll_fn(|cx| watched.poll_write_ready(cx)).await?;
    let stream = TcpStream::from(watched.into_fd()?);
    match stream.take_error()? {
        Some(error) => Err(error),
        None => Ok(stream),
    }
}
