//! Conversions between the asynchronous enums and descriptors or tokio's types. They are those of
//! the variants' types.

use super::{super::convert::convert, Listener as UdListener, Stream as UdStream};
use crate::tokio::{Listener, RecvHalf, SendHalf, Stream};
use ::tokio::net::{
    UnixListener, UnixStream,
    unix::{OwnedReadHalf, OwnedWriteHalf},
};
use std::{
    io,
    os::{fd::OwnedFd, unix::net},
};

convert! {
    Stream: from UnixStream; into UnixStream; try_from OwnedFd, net::UnixStream;
    Listener: from UnixListener; into UnixListener; try_from OwnedFd, net::UnixListener;
    RecvHalf: from OwnedReadHalf; into ; try_from ;
    SendHalf: from OwnedWriteHalf; into ; try_from ;
}

/// The socket becomes non-blocking. The errors are those of the conversion to the
/// [variant's type](UdStream).
impl TryFrom<crate::Stream> for Stream {
    type Error = io::Error;
    fn try_from(stream: crate::Stream) -> io::Result<Self> {
        let crate::Stream::UdSocket(stream) = stream;
        UdStream::try_from(stream).map(Self::UdSocket)
    }
}

/// The errors are those of the conversion to the [variant's type](UdListener).
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

/// The socket file remains when the socket is closed. The socket is non-blocking.
impl TryFrom<Listener> for OwnedFd {
    type Error = io::Error;
    fn try_from(listener: Listener) -> io::Result<Self> {
        let Listener::UdSocket(listener) = listener;
        listener.try_into()
    }
}
