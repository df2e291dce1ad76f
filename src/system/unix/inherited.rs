//! Sockets that the process inherited (socket activation).

use super::listening::Allowed;
use crate::{diag::Failure, system::ListenSettings};
use local_socket::{Listener, error::reason, os::unix::inherited, traits::Listener as _};
use lsock_startup::stop_passing_credentials;
use rustix::net::{AddressFamily, SocketType, getpeername, getsockname, sockopt};
use std::{
    io, net,
    os::fd::{AsFd, OwnedFd},
};

/// A socket that the process inherited.
#[derive(Debug)]
pub(crate) enum InheritedSocket {
    /// A local socket that listens, and the rules for its clients.
    Local(Box<Listener>, Allowed),
    /// A TCP socket that listens.
    Tcp(net::TcpListener),
    /// A connected socket. It is closed.
    Connection,
}

/// Returns the numbers of the descriptors that a service manager has passed to this process.
///
/// # Errors
/// `Usage` for variables that do not follow the protocol (`sd_listen_fds(3)`).
pub(crate) fn passed() -> Result<Vec<i32>, Failure> {
    lsock_startup::passed().map_err(|error| Failure::Usage(reason(&error)))
}

/// Returns the names of all sockets that a service manager has passed to this process, in the order
/// of their numbers, whether they are open or not. `None` stands for a socket without a name.
///
/// # Errors
/// As [`passed`].
pub(crate) fn passed_with_names() -> Result<Vec<Option<String>>, Failure> {
    let count = inherited::count().map_err(|error| Failure::Usage(reason(&error)))?;
    let names = inherited::names().map_err(|error| Failure::Usage(reason(&error)))?;
    Ok(match names {
        Some(names) => names.into_iter().map(Some).collect(),
        // Taking the first socket fails whose number is too large.
        None => vec![None; count.min(u32::from(u8::MAX)) as usize],
    })
}

/// Takes the inherited socket with this number.
///
/// # Errors
/// `Usage` if the descriptor is not open, neither listens nor is connected, or was taken before.
pub(crate) fn take(number: i32, listening: &ListenSettings) -> Result<InheritedSocket, Failure> {
    let failure = |error: io::Error| {
        Failure::Usage(format!("cannot listen on fd:{number}: {}", reason(&error)))
    };
    let inherited = lsock_startup::take_inherited(number).map_err(failure)?;
    if is_tcp(&inherited) {
        let listener = net::TcpListener::from(OwnedFd::from(inherited));
        return Ok(InheritedSocket::Tcp(listener));
    }
    if getpeername(&inherited).is_ok() {
        return Ok(InheritedSocket::Connection);
    }
    let listener = Listener::try_from(inherited).map_err(failure)?;
    // The program that created the socket may have set `SO_PASSCRED` (`unix(7)`).
    let Listener::UdSocket(socket) = &listener;
    stop_passing_credentials(socket.as_fd()).map_err(failure)?;
    let allowed = Allowed::of_inherited(listener.local_name().ok().as_ref(), listening)?;
    Ok(InheritedSocket::Local(Box::new(listener), allowed))
}

fn is_tcp(socket: &impl AsFd) -> bool {
    let family = getsockname(socket).map(|address| address.address_family());
    let is_inet = matches!(family, Ok(AddressFamily::INET | AddressFamily::INET6));
    #[cfg(target_vendor = "apple")]
    let listens = getpeername(socket).is_err();
    #[cfg(not(target_vendor = "apple"))]
    let listens = sockopt::socket_acceptconn(socket).unwrap_or(false);
    is_inet && listens && sockopt::socket_type(socket) == Ok(SocketType::STREAM)
}
