//! Local sockets: Unix domain sockets and Windows named pipes behind one API.
//!
//! A listener stands under a [`Name`]; every client that connects to that name
//! gets a private byte stream to it.
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
//! # What stands behind a name
//!
//! | | Linux, Android | other Unix | Windows |
//! |---|---|---|---|
//! | [`GenericFilePath`] | socket file | socket file | named pipe `\\.\pipe\…` |
//! | [`GenericNamespaced`] | abstract name | socket file in the user's runtime folder | named pipe |
//!
//! What the systems have in common is on the types of this page and on the
//! [`traits`]; what only one of them has is in [`os`].

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
