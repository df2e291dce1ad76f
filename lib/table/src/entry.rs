/// A Unix domain socket of this network namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketEntry {
    /// The number in `socket:[NUMBER]` of `/proc/PID/fd`.
    pub inode: u32,
    /// The type of the socket.
    pub kind: SocketKind,
    /// What the socket does.
    pub state: EntryState,
    /// The address. A connection that was accepted has the address of its listener.
    pub name: Option<EntryName>,
    /// The file that the socket is bound to. A connection that was accepted has the file of its
    /// listener.
    pub file: Option<FileNumbers>,
    /// The user who created the socket (Linux 5.3).
    pub uid: Option<u32>,
    /// The inode number of the other end. `None` if there is none, if it has been closed, or if it
    /// waits to be accepted.
    pub peer: Option<u32>,
    /// What waits in the socket.
    pub queue: Option<SocketQueue>,
}

impl SocketEntry {
    /// Returns what identifies the name. A path can lead to several files one after another, so its
    /// file decides, if it is known. A listener and the connections that it has accepted have the
    /// same address.
    #[must_use]
    pub fn address(&self) -> Option<EntryAddress> {
        match (self.file, &self.name) {
            (Some(file), Some(_)) => Some(EntryAddress::File(file)),
            (_, name) => name.clone().map(EntryAddress::Name),
        }
    }
}

/// What identifies the name of a socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EntryAddress {
    /// The file of a path.
    File(FileNumbers),
    /// An abstract name, or a path whose file is not known.
    Name(EntryName),
}

/// The address of a socket (`unix(7)`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EntryName {
    /// A path, as the process gave it to `bind(2)`.
    Path(Vec<u8>),
    /// An abstract name without its leading NUL. It can be empty.
    Abstract(Vec<u8>),
}

/// The type of a socket.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SocketKind {
    /// `SOCK_STREAM`
    Stream,
    /// `SOCK_SEQPACKET`
    SeqPacket,
    /// `SOCK_DGRAM`
    Datagram,
}

/// What a socket does.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum EntryState {
    /// It accepts connections.
    Listening,
    /// It is one end of a connection, or a datagram socket that sends to one other.
    Connected,
    /// It is neither listening nor connected. A datagram socket with a name receives nevertheless.
    Unconnected,
}

/// What waits in a socket.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum SocketQueue {
    /// A listening socket.
    Backlog {
        /// Number of connections that wait to be accepted.
        used: u32,
        /// The backlog of `listen(2)`. Linux lets one more connection wait.
        limit: u32,
    },
    /// Any other socket.
    Bytes {
        /// Number of bytes that can be received.
        received: u32,
    },
}

/// A file by the numbers that the kernel uses internally: the device of its file system and the
/// lower half of its inode number.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileNumbers {
    /// The device, in the kernel's format.
    pub device: u32,
    /// The lower half of the inode number.
    pub inode: u32,
}

/// Where the entries of a table come from.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum TableSource {
    /// The kernel has answered with all that it knows.
    Netlink,
    /// The list `/proc/net/unix`, which shows neither users, files, peers nor queues. A name with a
    /// line break is cut off there, and can forge an entry.
    List,
    /// The pipes of Windows, of which only the names are known.
    Pipes,
}
