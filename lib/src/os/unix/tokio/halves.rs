use super::{Stream, stream::SharedSocket};
use crate::{name::sealed::Sealed, traits::tokio as traits};
use ::tokio::net::{
    UnixStream,
    unix::{OwnedReadHalf, OwnedWriteHalf},
};
use std::{
    os::fd::{AsFd, BorrowedFd},
    pin::Pin,
};

/// The receiving half of a [`Stream`].
#[derive(Debug)]
pub struct RecvHalf {
    half: OwnedReadHalf,
}

/// The sending half of a [`Stream`].
///
/// Dropping it does not shut down its direction, as dropping tokio's type does.
#[derive(Debug)]
pub struct SendHalf {
    /// `None` only while this is dropped or converted.
    half: Option<OwnedWriteHalf>,
}

impl RecvHalf {
    /// Returns the half as tokio's type.
    #[must_use]
    pub fn as_tokio(&self) -> &OwnedReadHalf {
        &self.half
    }

    /// Returns the half as tokio's type.
    #[must_use]
    pub fn into_tokio(self) -> OwnedReadHalf {
        self.half
    }

    fn socket(&self) -> &UnixStream {
        self.half.as_ref()
    }
}

impl SendHalf {
    /// Returns the half as tokio's type.
    #[must_use]
    pub fn as_tokio(&self) -> &OwnedWriteHalf {
        match &self.half {
            Some(half) => half,
            None => unreachable!("only what consumes this takes it"),
        }
    }

    /// Returns the half as tokio's type, which shuts down its direction when it is dropped.
    #[must_use]
    pub fn into_tokio(mut self) -> OwnedWriteHalf {
        match self.half.take() {
            Some(half) => half,
            None => unreachable!("only what consumes this takes it"),
        }
    }

    fn as_tokio_mut(&mut self) -> &mut OwnedWriteHalf {
        match &mut self.half {
            Some(half) => half,
            None => unreachable!("only what consumes this takes it"),
        }
    }

    fn socket(&self) -> &UnixStream {
        self.as_tokio().as_ref()
    }
}

impl Drop for SendHalf {
    fn drop(&mut self) {
        if let Some(half) = self.half.take() {
            half.forget();
        }
    }
}

impl From<OwnedReadHalf> for RecvHalf {
    fn from(half: OwnedReadHalf) -> Self {
        Self { half }
    }
}

impl From<OwnedWriteHalf> for SendHalf {
    fn from(half: OwnedWriteHalf) -> Self {
        Self { half: Some(half) }
    }
}

impl Sealed for RecvHalf {}
impl traits::RecvHalf for RecvHalf {
    type Stream = Stream;
}

impl Sealed for SendHalf {}
impl traits::SendHalf for SendHalf {
    type Stream = Stream;
}

impl AsFd for RecvHalf {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket().as_fd()
    }
}

impl AsFd for SendHalf {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket().as_fd()
    }
}

delegate! {
    impl AsyncRead for &RecvHalf, via |half| SharedSocket(half.socket());
    impl AsyncRead for RecvHalf, via |half| Pin::new(&mut half.half);
    impl AsyncWrite for &SendHalf, via |half| SharedSocket(half.socket());
    impl AsyncWrite for SendHalf, via |half| Pin::new(half.as_tokio_mut());
}
