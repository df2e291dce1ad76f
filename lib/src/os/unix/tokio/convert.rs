//! Conversions between the asynchronous enums and descriptors or tokio's types: those
//! that their variants' types have.

use super::{Listener as UdListener, Stream as UdStream};
use crate::tokio::{Listener, RecvHalf, SendHalf, Stream};
use ::tokio::net::{
    UnixListener, UnixStream,
    unix::{OwnedReadHalf, OwnedWriteHalf},
};
use std::{
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net,
    },
};

macro_rules! convert {
    ($($type:ident: from $($from:ty),*; into $($into:ty),*; try_from $($try_from:ty),*;)*) => {$(
        impl AsFd for $type {
            fn as_fd(&self) -> BorrowedFd<'_> {
                let Self::UdSocket(inner) = self;
                inner.as_fd()
            }
        }
        $(
            impl From<$from> for $type {
                fn from(other: $from) -> Self {
                    Self::UdSocket(other.into())
                }
            }
        )*
        $(
            impl From<$type> for $into {
                fn from(this: $type) -> Self {
                    let $type::UdSocket(inner) = this;
                    inner.into()
                }
            }
        )*
        $(
            /// Fails outside a tokio runtime.
            impl TryFrom<$try_from> for $type {
                type Error = io::Error;
                fn try_from(other: $try_from) -> io::Result<Self> {
                    other.try_into().map(Self::UdSocket)
                }
            }
        )*
    )*};
}
convert! {
    Stream: from UnixStream; into UnixStream; try_from OwnedFd, net::UnixStream;
    Listener: from UnixListener; into UnixListener; try_from OwnedFd, net::UnixListener;
    RecvHalf: from OwnedReadHalf; into ; try_from ;
    SendHalf: from OwnedWriteHalf; into ; try_from ;
}

/// The socket is made non-blocking. Fails outside a tokio runtime.
impl TryFrom<crate::Stream> for Stream {
    type Error = io::Error;
    fn try_from(stream: crate::Stream) -> io::Result<Self> {
        let crate::Stream::UdSocket(stream) = stream;
        UdStream::try_from(stream).map(Self::UdSocket)
    }
}

/// The listener is made non-blocking; whether its name goes with it stays as it was.
///
/// Fails outside a tokio runtime.
impl TryFrom<crate::Listener> for Listener {
    type Error = io::Error;
    fn try_from(listener: crate::Listener) -> io::Result<Self> {
        let crate::Listener::UdSocket(listener) = listener;
        UdListener::try_from(listener).map(Self::UdSocket)
    }
}

/// The socket is non-blocking.
impl TryFrom<Stream> for OwnedFd {
    type Error = io::Error;
    fn try_from(stream: Stream) -> io::Result<Self> {
        let Stream::UdSocket(stream) = stream;
        stream.try_into()
    }
}

/// The name stays when the socket is closed. The socket is non-blocking.
impl TryFrom<Listener> for OwnedFd {
    type Error = io::Error;
    fn try_from(listener: Listener) -> io::Result<Self> {
        let Listener::UdSocket(listener) = listener;
        listener.try_into()
    }
}
