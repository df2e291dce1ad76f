//! Listening sockets that came with the process (socket activation).

use super::listening::Allowed;
use crate::{diag::Failure, system::ListenSettings};
use local_socket::{Listener, Name, error::reason, traits::Listener as _};
use lsock_startup::stop_passing_credentials;
use rustix::net::{AddressFamily, SocketType, getsockname, sockopt};
use std::{
    io, net,
    os::fd::{AsFd, OwnedFd},
};

/// A listening socket that came with the process.
#[derive(Debug)]
pub(crate) enum Inherited {
    /// Its name, if it has one, and who may connect if nothing else is said.
    Local(Box<Listener>, Option<Name<'static>>, Allowed),
    Tcp(net::TcpListener),
}

/// Takes the one with this number.
pub(crate) fn take(number: i32, listening: &ListenSettings) -> Result<Inherited, Failure> {
    let failure = |error: io::Error| {
        Failure::Usage(format!("cannot listen on fd:{number}: {}", reason(&error)))
    };
    let inherited = lsock_startup::take_inherited(number).map_err(failure)?;
    if is_tcp(&inherited) {
        let listener = net::TcpListener::from(OwnedFd::from(inherited));
        return Ok(Inherited::Tcp(listener));
    }
    let listener = Listener::try_from(inherited).map_err(failure)?;
    // The program that has made the socket may have had the system add such messages to data.
    let Listener::UdSocket(socket) = &listener;
    stop_passing_credentials(socket.as_fd()).map_err(failure)?;
    let name = listener.local_name().ok();
    let allowed = Allowed::of_inherited(name.as_ref(), listening)?;
    Ok(Inherited::Local(Box::new(listener), name, allowed))
}

fn is_tcp(socket: &impl AsFd) -> bool {
    let family = getsockname(socket).map(|address| address.address_family());
    let is_inet = matches!(family, Ok(AddressFamily::INET | AddressFamily::INET6));
    #[cfg(target_vendor = "apple")]
    let listens = rustix::net::getpeername(socket).is_err();
    #[cfg(not(target_vendor = "apple"))]
    let listens = sockopt::socket_acceptconn(socket).unwrap_or(false);
    is_inet && listens && sockopt::socket_type(socket) == Ok(SocketType::STREAM)
}
