use super::Stream;
use crate::{
    name::sealed::Sealed,
    traits::{self, Stream as _},
};
use std::{
    io,
    net::Shutdown,
    os::fd::{AsFd, BorrowedFd},
    sync::Arc,
    time::Duration,
};

/// The receiving half of a [`Stream`].
#[derive(Clone, Debug)]
pub struct RecvHalf {
    stream: Arc<Stream>,
}

/// The sending half of a [`Stream`].
#[derive(Clone, Debug)]
pub struct SendHalf {
    stream: Arc<Stream>,
}

macro_rules! half {
    ($half:ty) => {
        impl $half {
            pub(super) fn new(stream: Arc<Stream>) -> Self {
                Self { stream }
            }

            /// Returns the stream that this half belongs to.
            #[must_use]
            pub fn as_stream(&self) -> &Stream {
                &self.stream
            }

            /// Returns the stream that both halves share.
            #[must_use]
            pub fn as_arc(&self) -> &Arc<Stream> {
                &self.stream
            }

            /// Returns the stream that both halves share.
            #[must_use]
            pub fn into_arc(self) -> Arc<Stream> {
                self.stream
            }
        }

        impl AsFd for $half {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.stream.as_fd()
            }
        }

        impl Sealed for $half {}
    };
}
half!(RecvHalf);
half!(SendHalf);

impl traits::RecvHalf for RecvHalf {
    type Stream = Stream;
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.stream.set_recv_timeout(timeout)
    }
}

impl traits::SendHalf for SendHalf {
    type Stream = Stream;
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.stream.set_send_timeout(timeout)
    }
    fn close(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }
}

delegate! {
    impl Read for RecvHalf, via |half| half.as_stream();
    impl Write for SendHalf, via |half| half.as_stream();
}
