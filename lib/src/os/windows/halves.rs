use super::{connection::Connection, stream::Stream};
use crate::{name::sealed::Sealed, traits};
use std::{
    io::{self, IoSlice, IoSliceMut, Read, Write},
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

impl Read for &RecvHalf {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.0.read_vectored(bufs)
    }
}

impl Read for RecvHalf {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.0.read_vectored(bufs)
    }
}

impl Write for &SendHalf {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }
    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(bufs)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Write for SendHalf {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }
    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(bufs)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
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
