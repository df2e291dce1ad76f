use super::Stream;
use crate::{os::imp::tokio as imp, traits::tokio as traits};
use std::pin::Pin;

backend_enum! {
    /// The receiving half of a [`Stream`].
    ///
    /// [`split`](crate::traits::tokio::Stream::split) creates it. Dropping it does not shut down
    /// the receiving direction.
    pub enum RecvHalf(imp::RecvHalf);
}

backend_enum! {
    /// The sending half of a [`Stream`].
    ///
    /// [`split`](crate::traits::tokio::Stream::split) creates it. Dropping it does not shut down
    /// the sending direction; `AsyncWriteExt::shutdown` does.
    pub enum SendHalf(imp::SendHalf);
}

impl traits::RecvHalf for RecvHalf {
    type Stream = Stream;
}

impl traits::SendHalf for SendHalf {
    type Stream = Stream;
}

delegate! {
    impl AsyncRead for &RecvHalf, via |half| Pin::new(&mut half.backend());
    impl AsyncRead for RecvHalf, via |half| Pin::new(half.backend_mut());
    impl AsyncWrite for &SendHalf, via |half| Pin::new(&mut half.backend());
    impl AsyncWrite for SendHalf, via |half| Pin::new(half.backend_mut());
}
