//! Local sockets: Unix domain sockets and Windows named pipes behind one API.
//!
//! A listener stands under a [`Name`]; every client that connects to that name gets a
//! private byte stream to it. This page is a tour of five minutes.
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
//! # Names
//!
//! | | Linux, Android | other Unix | Windows |
//! |---|---|---|---|
//! | [`GenericFilePath`] | socket file | socket file | named pipe `\\.\pipe\…` |
//! | [`GenericNamespaced`] | abstract name | socket file in the user's runtime folder | named pipe |
//!
//! [`to_fs_name`](ToFsName::to_fs_name) and [`to_ns_name`](ToNsName::to_ns_name) make names
//! of all kinds of text, and refuse what cannot be one at once: what is empty, too long, or
//! holds a NUL. [`Name::parse`] reads what a person types (`./app.sock`, `@app`, `app`), and a
//! name's `Display` writes it so that it can be typed again. What each kind of system makes
//! of a text can be asked on any of them, see [`Platform`].
//!
//! # Listening
//!
//! [`ListenerOptions`] say who may connect ([`access`](ListenerOptions::access), or the mode of
//! the file and the security descriptor of the pipe in [`os`]), who of those is handed out
//! ([`accept_filter`](ListenerOptions::accept_filter)), and what happens if the name is in use
//! already ([`on_conflict`](ListenerOptions::on_conflict)): a file that a killed server has left
//! behind is taken over by exactly one of any number of processes that try, what is not a
//! socket is never touched, and a listener that is dropped removes its file only if it is still
//! its own.
//!
//! A [`Listener`] accepts one client after another ([`traits::Listener::accept`]) or as an
//! iterator ([`incoming`](traits::ListenerExt::incoming)), with a time limit if there should be
//! one, and other threads can [`close`](traits::Listener::close) it.
//!
//! # Connecting
//!
//! [`traits::Stream::connect`] waits while a server is busy; [`ConnectOptions`] can limit that
//! time ([`ConnectWaitMode`]). Where nobody listens it fails at once.
//!
//! # Streams
//!
//! A [`Stream`] is read from and written to with std's traits, also through a shared reference
//! by two threads at once, or [in two halves](traits::Stream::split). It can be
//! [half-closed](traits::Stream::shutdown) on every system: the peer reads to the end of file,
//! and its answer still comes. Who the peer is tells
//! [`peer_creds`](traits::StreamCommon::peer_creds).
//!
//! # Asynchronous programs
//!
//! With the feature `tokio` the module `tokio` has the same for them; names, options and
//! errors are shared.
//!
//! # Errors
//!
//! They are [`std::io::Error`]s of the kind that the system's error has, and say what was tried
//! with which name: `cannot connect to ./app.sock: connection refused`.
//! [`error::SocketError`] gets the parts out of them, and who holds a name that is in use.
//!
//! # What the systems can do
//!
//! | | Linux, Android | macOS, FreeBSD, OpenBSD, NetBSD | Windows |
//! |---|---|---|---|
//! | half-close | yes | yes | yes, but for byte-type pipes of other programs |
//! | time limits for reading, writing, accepting | yes | yes | yes |
//! | waiting for a busy server | backlog is full | refused at once | all instances are busy |
//! | stale names | socket files | socket files | there are none |
//! | replacing a live server's name | atomically | atomically on macOS; elsewhere another file that comes in between is lost | no |
//! | peer's process | yes, also as a descriptor | yes | yes |
//! | peer's user | yes, and its groups | yes (groups: not OpenBSD, NetBSD) | yes (its SID) |
//! | passing descriptors | yes | yes | no |
//! | sockets of a service manager | yes | yes | no |
//! | a peer that has not read everything is noticed | yes | no | while it is waited for |
//!
//! What they have in common is on the types of this page and on the [`traits`]; what only one
//! of them has is in [`os`].
//!
//! # For users of interprocess
//!
//! Programs that were written for the module `local_socket` of the crate `interprocess` 2.2 to
//! 2.4 compile after their paths were changed: `interprocess::local_socket::X` is
//! `local_socket::X`, `interprocess::os::unix::local_socket::X` and `…::uds_local_socket::X` are
//! `local_socket::os::unix::X`, those of Windows are in `local_socket::os::windows`, and
//! `interprocess::{ConnectWaitMode, TryClone, error, bound_util}` are in this crate's root.
//! [`PeerCreds`] has to be cloned, not copied: it holds all groups of a peer.

#![deny(missing_docs, unsafe_code)]

pub mod bound_util;
pub mod error;
pub mod os;
pub mod prelude;
#[cfg(feature = "tokio")]
pub mod tokio;
pub mod traits;

mod halves;
mod listener;
mod name;
mod options;
mod peer;
mod platform;
mod stream;
mod try_clone;

pub use crate::{
    halves::{RecvHalf, SendHalf},
    listener::{Incoming, Listener, ListenerNonblockingMode},
    name::{
        GenericFilePath, GenericNamespaced, Name, NameType, NamespacedNameType, PathNameType,
        ToFsName, ToNsName, is_plain,
    },
    options::{Access, ConnectOptions, ConnectWaitMode, ListenerOptions, OnConflict},
    peer::PeerCreds,
    platform::Platform,
    stream::Stream,
    try_clone::TryClone,
};

/// Two halves that are not of one stream, given back.
pub type ReuniteError = error::ReuniteError<RecvHalf, SendHalf>;

/// What reuniting gives.
pub type ReuniteResult = traits::ReuniteResult<Stream>;

/// The example in the README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
