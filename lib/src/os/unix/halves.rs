use super::Stream;
use crate::{
    name::sealed::Sealed,
    traits::{self, Stream as _},
};
use std::{
    io::{self, IoSlice, IoSliceMut, Read, Write},
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

impl Read for &RecvHalf {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.as_stream().read(buf)
    }
    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.as_stream().read_vectored(bufs)
    }
}

impl Read for RecvHalf {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buf)
    }
    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        (&*self).read_vectored(bufs)
    }
}

impl Write for &SendHalf {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.as_stream().write(buf)
    }
    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.as_stream().write_vectored(bufs)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for SendHalf {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        (&*self).write(buf)
    }
    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(bufs)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
