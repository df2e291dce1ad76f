//! Conversions between the asynchronous enums and handles. They are those of the variants' types.

use super::{super::convert::as_handle, Listener as PipeListener, Stream as PipeStream};
use crate::{
    error::FromHandleError,
    tokio::{Listener, RecvHalf, SendHalf, Stream},
};
use std::{io, os::windows::io::OwnedHandle};

as_handle! { Stream RecvHalf SendHalf }

/// The errors are those of the conversion to the [variant's type](PipeStream).
impl TryFrom<OwnedHandle> for Stream {
    type Error = FromHandleError;
    fn try_from(handle: OwnedHandle) -> Result<Self, FromHandleError> {
        handle.try_into().map(Self::NamedPipe)
    }
}

/// The errors are those of the conversion to the [variant's type](PipeStream).
impl TryFrom<crate::Stream> for Stream {
    type Error = io::Error;
    fn try_from(stream: crate::Stream) -> io::Result<Self> {
        let crate::Stream::NamedPipe(stream) = stream;
        PipeStream::try_from(stream).map(Self::NamedPipe)
    }
}

/// The errors are those of the conversion to the [variant's type](PipeListener).
impl TryFrom<crate::Listener> for Listener {
    type Error = io::Error;
    fn try_from(listener: crate::Listener) -> io::Result<Self> {
        let crate::Listener::NamedPipe(listener) = listener;
        PipeListener::try_from(listener).map(Self::NamedPipe)
    }
}
