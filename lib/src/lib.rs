//! Local sockets: Unix domain sockets and Windows named pipes behind one API.
//!
//! A server listens on a [`Name`]. Each client that connects to the name gets its own
//! connection: a byte stream in both directions.
//!
//! ```
//! use local_socket::{prelude::*, GenericNamespaced, ListenerOptions};
//! use std::io::{Read, Write};
//!
//! # fn main() -> std::io::Result<()> {
//! let name = format!("example-{}", std::process::id());
//! let name = name.to_ns_name::<GenericNamespaced>()?;
//! let listener = ListenerOptions::new().name(name.borrow()).create_sync()?;
//!
//! let mut client = LocalSocketStream::connect(name)?;
//! let mut server = listener.accept()?;
//!
//! client.write_all(b"hello")?;
//! client.shutdown(std::net::Shutdown::Write)?; // the server sees an end of file
//!
//! let mut text = String::new();
//! server.read_to_string(&mut text)?;
//! assert_eq!(text, "hello");
//! # Ok(())
//! # }
//! ```
//!
//! # Choosing a name
//!
//! | | Linux, Android | other Unix | Windows |
//! |---|---|---|---|
//! | [`GenericFilePath`] | socket file | socket file | named pipe `\\.\pipe\…` |
//! | [`GenericNamespaced`] | abstract name | socket file in the user's runtime folder | named pipe |
//!
//! [`to_fs_name`](ToFsName::to_fs_name) and [`to_ns_name`](ToNsName::to_ns_name) convert
//! strings and paths to names. They fail if the text is empty, too long, or contains a NUL.
//! [`Name::parse`] reads a name as a user types it (`./app.sock`, `@app`, `app`), and
//! `Display` prints a name in the same form. [`Name::parse_for`] applies the rules of another
//! [`Platform`].
//!
//! # Listening
//!
//! [`ListenerOptions`] set who may connect ([`access`](ListenerOptions::access), or the file
//! mode and the security descriptor in [`os`]), which clients are accepted
//! ([`accept_filter`](ListenerOptions::accept_filter)), and what happens if the name is in use
//! ([`on_conflict`](ListenerOptions::on_conflict)).
//!
//! A socket file that a killed server left behind is *stale* and can be replaced. If several
//! processes try at the same time, exactly one succeeds. Files that are not sockets are never
//! replaced or removed. A dropped listener removes its socket file, unless another file has
//! taken its place.
//!
//! A [`Listener`] accepts one client at a time ([`traits::Listener::accept`]) or as an
//! iterator ([`incoming`](traits::ListenerExt::incoming)). Accepting can have a timeout, and
//! another thread can [`close`](traits::Listener::close) the listener.
//!
//! # Connecting
//!
//! [`traits::Stream::connect`] fails at once if there is no server. If the server is busy, it
//! waits; [`ConnectOptions::wait_mode`] limits the time. On Windows another program's pipe can have one
//! direction only; [`ConnectOptions::directions`] opens it.
//!
//! # Streams
//!
//! A [`Stream`] implements [`Read`](std::io::Read) and [`Write`](std::io::Write), also for
//! shared references, so that two threads can read and write at the same time. It can be
//! [split](traits::Stream::split) into two halves.
//!
//! - **No messages.** A stream carries bytes. One read can return a part of what was written
//!   in one write, or the bytes of several writes. Programs that exchange messages have to mark
//!   where each ends, for example with a length before it.
//! - **End of file.** [`shutdown`](traits::Stream::shutdown) with `Shutdown::Write` half-closes
//!   the stream: the peer reads to the end of file, and its answer can still be read. Dropping
//!   a stream closes both directions.
//! - **Closed connections.** A write fails with `BrokenPipe` if the peer has closed the
//!   connection. Rust programs ignore `SIGPIPE`; in a process that does not, for example one
//!   whose `main` is not Rust, a vectored write on Unix can raise it.
//! - **Dropping.** Data that was written before a stream is dropped can still be read by the
//!   peer. On Windows a write in non-blocking mode or with a timeout may still be in progress;
//!   [`drain`](traits::Stream::drain) waits for it.
//!
//! # Security
//!
//! Permissions differ between kinds of names. Socket files have a mode and an owner, and the
//! permissions of their folder count as well. Named pipes have a security descriptor, by
//! default for the current user. Abstract names of Linux have no permissions: every process
//! in the same network namespace can connect, or listen before the server does.
//! [`peer_creds`](traits::StreamCommon::peer_creds) returns the process of the peer and, on
//! Unix, its user, for servers and for clients. On Windows `os::windows::Stream::peer_user`
//! returns the user. [`accept_filter`](ListenerOptions::accept_filter) refuses clients by their
//! credentials.
//!
//! # Asynchronous programs
//!
//! With the feature `tokio`, the module `tokio` has asynchronous listeners and streams. Names,
//! options and errors are the same. The traits in `traits::tokio` document the cancel safety
//! of each method.
//!
//! # Errors
//!
//! Functions return [`std::io::Error`] with the kind of the system's error. Errors of listening
//! and connecting contain the action and the name:
//! `cannot connect to ./app.sock: connection refused`. [`error::SocketError`] gives access to
//! the parts, including the process that holds a name in use and the code of the system's error,
//! which [`std::io::Error::raw_os_error`] does not return for an error with a text of its own.
//!
//! # Support by system
//!
//! | | Linux, Android | macOS, FreeBSD, OpenBSD, NetBSD | Windows |
//! |---|---|---|---|
//! | half-close | yes | yes | yes, except on byte-type pipes of other programs |
//! | timeouts for reading, writing, accepting | yes | yes | yes |
//! | waiting for a busy server | if the backlog is full | no: refused at once | if all instances are busy |
//! | stale names | socket files | socket files | none |
//! | replacing a live server's name | atomic | atomic on macOS; elsewhere a check, then `rename` | no |
//! | process of the peer | yes, also as a descriptor | yes | yes |
//! | user of the peer | yes, with groups | yes (groups: not OpenBSD, NetBSD) | yes (SID) |
//! | passing descriptors | yes | yes | no |
//! | sockets from a service manager | yes | yes | no |
//! | noticing that the peer has not read everything | yes | no | only in `drain` |
//!
//! [`traits`] contains what all systems have in common, [`os`] what only one of them has.
//!
//! # For users of interprocess
//!
//! Programs for the module `local_socket` of the crate `interprocess`, versions 2.2 to 2.4,
//! compile after a change of paths:
//!
//! | `interprocess` | this crate |
//! |---|---|
//! | `interprocess::local_socket::X` | `local_socket::X` |
//! | `interprocess::os::unix::local_socket::X`, `…::uds_local_socket::X` | `local_socket::os::unix::X` |
//! | `interprocess::os::windows::local_socket::X`, `…::named_pipe::local_socket::X`, `…::security_descriptor::X` | `local_socket::os::windows::X` |
//! | `interprocess::{ConnectWaitMode, TryClone}`, `interprocess::{error, bound_util}::X` | `local_socket::{ConnectWaitMode, TryClone}`, `local_socket::{error, bound_util}::X` |
//!
//! One difference: [`PeerCreds`] has to be cloned and is not `Copy`, because it contains all groups
//! of the peer.

#![deny(missing_docs, unsafe_code)]

#[macro_use]
mod macros;

pub mod bound_util;
pub mod error;
pub mod os;
pub mod prelude;
#[cfg(feature = "tokio")]
pub mod tokio;
pub mod traits;

mod listener;
mod name;
mod options;
mod peer;
mod platform;
mod stream;
mod try_clone;

pub use crate::{
    listener::{Incoming, Listener, ListenerNonblockingMode},
    name::{
        GenericFilePath, GenericNamespaced, Name, NameType, NamespacedNameType, PathNameType,
        ToFsName, ToNsName, is_plain,
    },
    options::{Access, ConnectOptions, ConnectWaitMode, Directions, ListenerOptions, OnConflict},
    peer::PeerCreds,
    platform::Platform,
    stream::{RecvHalf, SendHalf, Stream},
    try_clone::TryClone,
};

/// Error of [`reunite`](traits::Stream::reunite); returns both halves.
pub type ReuniteError = error::ReuniteError<RecvHalf, SendHalf>;

/// Result of [`reunite`](traits::Stream::reunite).
pub type ReuniteResult = traits::ReuniteResult<Stream>;

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
