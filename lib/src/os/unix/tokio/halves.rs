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

/// The half of a [`Stream`] that receives.
#[derive(Debug)]
pub struct RecvHalf {
    half: OwnedReadHalf,
}

/// The half of a [`Stream`] that sends.
///
/// Dropping it does not end its direction, as it would with tokio's own.
#[derive(Debug)]
pub struct SendHalf {
    /// Until this is dropped or taken apart.
    half: Option<OwnedWriteHalf>,
}

impl RecvHalf {
    /// The half as tokio's type.
    #[must_use]
    pub fn as_tokio(&self) -> &OwnedReadHalf {
        &self.half
    }

    /// The half as tokio's type.
    #[must_use]
    pub fn into_tokio(self) -> OwnedReadHalf {
        self.half
    }

    fn socket(&self) -> &UnixStream {
        self.half.as_ref()
    }
}

impl SendHalf {
    /// The half as tokio's type.
    #[must_use]
    pub fn as_tokio(&self) -> &OwnedWriteHalf {
        match &self.half {
            Some(half) => half,
            None => unreachable!("only what consumes this takes it"),
        }
    }

    /// The half as tokio's type, which ends its direction when it is dropped.
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
