use super::{Stream, connection::AsyncConnection};
use crate::{name::sealed::Sealed, traits::tokio as traits};
use std::{
    os::windows::io::{AsHandle, BorrowedHandle},
    sync::Arc,
};

/// The receiving half of a [`Stream`].
#[derive(Debug)]
pub struct RecvHalf(pub(super) Arc<AsyncConnection>);

/// The sending half of a [`Stream`].
///
/// Dropping it does not shut down its direction; `AsyncWriteExt::shutdown` does.
#[derive(Debug)]
pub struct SendHalf(pub(super) Arc<AsyncConnection>);

impl Sealed for RecvHalf {}
impl traits::RecvHalf for RecvHalf {
    type Stream = Stream;
}

impl Sealed for SendHalf {}
impl traits::SendHalf for SendHalf {
    type Stream = Stream;
}

delegate! {
    impl AsyncRead for &RecvHalf, via |half| half.0;
    impl AsyncRead for RecvHalf, via |half| half.0;
    impl AsyncWrite for &SendHalf, via |half| half.0;
    impl AsyncWrite for SendHalf, via |half| half.0;
}

impl AsHandle for RecvHalf {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.0.connection.pipe.as_handle()
    }
}

impl AsHandle for SendHalf {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.0.connection.pipe.as_handle()
    }
}
