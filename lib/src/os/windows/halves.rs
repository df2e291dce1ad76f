use super::{connection::Connection, stream::Stream};
use crate::{name::sealed::Sealed, traits};
use std::{
    io,
    os::windows::io::{AsHandle, BorrowedHandle},
    sync::Arc,
    time::Duration,
};

/// The receiving half of a [`Stream`].
#[derive(Debug)]
pub struct RecvHalf(pub(super) Arc<Connection>);

/// The sending half of a [`Stream`].
///
/// Dropping it does not shut down its direction; [`close`](traits::SendHalf::close) does.
#[derive(Debug)]
pub struct SendHalf(pub(super) Arc<Connection>);

impl Sealed for RecvHalf {}
impl traits::RecvHalf for RecvHalf {
    type Stream = Stream;
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.recv_timeout.set(timeout)
    }
}

impl Sealed for SendHalf {}
impl traits::SendHalf for SendHalf {
    type Stream = Stream;
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.send_timeout.set(timeout)
    }
    fn close(&self) -> io::Result<()> {
        self.0.end_writing()
    }
}

delegate! {
    impl Read for RecvHalf, via |half| half.0;
    impl Write for SendHalf, via |half| half.0;
}

impl AsHandle for RecvHalf {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.0.pipe.as_handle()
    }
}

impl AsHandle for SendHalf {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.0.pipe.as_handle()
    }
}
