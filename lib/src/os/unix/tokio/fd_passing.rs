//! Descriptors that travel with bytes, for asynchronous programs; see
//! [`fd_passing`](super::super::fd_passing) for the rules.

use super::Stream;
use crate::os::unix::fd_passing;
use ::tokio::io::Interest;
use std::{
    io::{self, IoSlice, IoSliceMut},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

impl Stream {
    /// Waits until it can write, writes, and sends descriptors along with the first of the
    /// bytes: see the synchronous
    /// [`send_with_fds`](crate::os::unix::Stream::send_with_fds). Cancelling before it is
    /// done has sent nothing.
    ///
    /// # Errors
    /// As there, but for what has to do with waiting.
    pub async fn send_with_fds(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        let send = || fd_passing::send(self.as_fd(), &[IoSlice::new(bytes)], fds);
        self.inner().async_io(Interest::WRITABLE, send).await
    }

    /// Waits until there is something to read, reads, and receives the descriptors that
    /// come with the bytes: see the synchronous
    /// [`recv_with_fds`](crate::os::unix::Stream::recv_with_fds). Cancelling before it is
    /// done has received nothing.
    ///
    /// # Errors
    /// As there, but for what has to do with waiting.
    pub async fn recv_with_fds(
        &self,
        buf: &mut [u8],
        fds: &mut Vec<OwnedFd>,
        limit: usize,
    ) -> io::Result<usize> {
        let recv = || fd_passing::recv(self.as_fd(), &mut [IoSliceMut::new(buf)], fds, limit);
        self.inner().async_io(Interest::READABLE, recv).await
    }

    /// As [`send_with_fds`](Self::send_with_fds), without waiting.
    ///
    /// # Errors
    /// As there; `WouldBlock` if it can send nothing now.
    pub fn try_send_with_fds(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        let send = || fd_passing::send(self.as_fd(), &[IoSlice::new(bytes)], fds);
        self.inner().try_io(Interest::WRITABLE, send)
    }

    /// As [`recv_with_fds`](Self::recv_with_fds), without waiting.
    ///
    /// # Errors
    /// As there; `WouldBlock` if there is nothing to read now.
    pub fn try_recv_with_fds(
        &self,
        buf: &mut [u8],
        fds: &mut Vec<OwnedFd>,
        limit: usize,
    ) -> io::Result<usize> {
        let recv = || fd_passing::recv(self.as_fd(), &mut [IoSliceMut::new(buf)], fds, limit);
        self.inner().try_io(Interest::READABLE, recv)
    }
}
