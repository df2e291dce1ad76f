use super::super::{
    address::{abstract_address, file_address},
    probe::connect_datagram,
};
use rustix::{io::Errno, net::SocketAddrUnix};
use std::{io, path::Path};

/// The state of a socket, found without connecting to it: its server does not notice anything.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum SocketState {
    /// There is no socket: a socket file whose socket is closed, or a name that nobody has.
    Closed,
    /// A datagram socket.
    Datagram,
    /// A stream socket.
    Stream {
        /// Whether it accepts connections, perhaps with a full backlog.
        listens: bool,
    },
    /// A socket for sequenced packets.
    SeqPacket {
        /// Whether it accepts connections, perhaps with a full backlog.
        listens: bool,
    },
    /// A socket for connections. Systems other than Linux report neither its type, which most likely
    /// is that of a stream socket, nor whether it listens.
    Open,
}

impl SocketState {
    /// Returns the state of the socket of a file. Symbolic links are followed.
    ///
    /// # Errors
    /// `NotFound` if there is no file, `PermissionDenied` if this process may not connect to the
    /// socket, or another error of `socket(2)` or `connect(2)`.
    pub fn of_file(path: &Path) -> io::Result<Self> {
        let address = file_address(path)?;
        match connect_datagram(&address)? {
            Ok(()) | Err(Errno::PERM) => Ok(Self::Datagram),
            Err(Errno::CONNREFUSED) => Ok(Self::Closed),
            Err(Errno::PROTOTYPE) => of_connections(&address),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the state of the socket of an abstract name (Linux). Each type of sockets has names
    /// of its own; a socket for connections that listens is preferred to one for datagrams.
    ///
    /// # Errors
    /// `Unsupported` on systems without abstract names, `InvalidFilename` if the name is too long, or
    /// an error of `socket(2)`.
    pub fn of_abstract_name(name: &[u8]) -> io::Result<Self> {
        let address = abstract_address(name)?;
        match of_connections(&address)? {
            // A socket of one type that does not listen, or no socket: both refuse connections of
            // both types.
            Self::Closed => {}
            state => return Ok(state),
        }
        match connect_datagram(&address)? {
            Ok(()) | Err(Errno::PERM) => Ok(Self::Datagram),
            Err(_) => Ok(Self::Closed),
        }
    }
}

/// Returns whether nobody has the socket of a file open, whatever its type. It costs less than
/// [`SocketState::of_file`].
///
/// # Errors
/// As [`SocketState::of_file`].
pub fn is_stale(path: &Path) -> io::Result<bool> {
    match connect_datagram(&file_address(path)?)? {
        Ok(()) | Err(Errno::PROTOTYPE | Errno::PERM) => Ok(false),
        Err(Errno::CONNREFUSED) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// Returns the state of a socket for connections; `Closed` if it is closed by now.
///
/// On Linux a socket that is connected already is not connected again, and the system checks that
/// after it has found a listening socket with room in its backlog (`unix_stream_connect` in
/// `net/unix/af_unix.c`). So the error says what was found, and its server does not notice anything.
#[cfg(linux_like)]
pub(super) fn of_connections(address: &SocketAddrUnix) -> io::Result<SocketState> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socketpair};
    let mut state = SocketState::Open;
    for socket_type in [SocketType::STREAM, SocketType::SEQPACKET] {
        let state_of = |listens| match socket_type {
            SocketType::STREAM => SocketState::Stream { listens },
            _ => SocketState::SeqPacket { listens },
        };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (connected, _peer) = socketpair(AddressFamily::UNIX, socket_type, flags, None)?;
        match connect(&connected, address) {
            Err(Errno::ISCONN | Errno::AGAIN) => return Ok(state_of(true)),
            // The system refuses the wrong type in another way (`EPROTOTYPE`) if the socket is open.
            Err(Errno::CONNREFUSED) if state != SocketState::Open => state = SocketState::Closed,
            Err(Errno::CONNREFUSED) => state = state_of(false),
            _ => {}
        }
    }
    Ok(state)
}

/// Returns `Open`: other systems look at the state of the socket that connects first.
#[cfg(not(linux_like))]
#[allow(clippy::unnecessary_wraps, reason = "as on Linux")]
fn of_connections(_: &SocketAddrUnix) -> io::Result<SocketState> {
    Ok(SocketState::Open)
}
