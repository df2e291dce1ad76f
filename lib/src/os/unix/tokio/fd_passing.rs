//! Passes descriptors with bytes, asynchronously.

use super::Stream;
use crate::os::unix::fd_passing;
use ::tokio::io::Interest;
use std::{
    io::{self, IoSlice, IoSliceMut},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

impl Stream {
    /// Waits until the socket is writable, writes bytes, and sends descriptors with the first of
    /// them: see the synchronous [`send_with_fds`](crate::os::unix::Stream::send_with_fds).
    ///
    /// # Cancel safety
    /// Cancel safe: if the future is dropped before it is ready, nothing has been sent.
    ///
    /// # Errors
    /// Those of the synchronous method, except `WouldBlock`.
    pub async fn send_with_fds(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        let send = || fd_passing::send(self.as_fd(), &[IoSlice::new(bytes)], fds);
        let sent = self.inner().async_io(Interest::WRITABLE, send).await;
        self.sending_reset().note_written(bytes.len(), sent)
    }

    /// Waits until the socket is readable, reads bytes, and receives the descriptors that arrive
    /// with them: see the synchronous [`recv_with_fds`](crate::os::unix::Stream::recv_with_fds).
    ///
    /// # Cancel safety
    /// Cancel safe: if the future is dropped before it is ready, nothing has been received.
    ///
    /// # Errors
    /// Those of the synchronous method, except `WouldBlock`.
    pub async fn recv_with_fds(
        &self,
        buf: &mut [u8],
        fds: &mut Vec<OwnedFd>,
        limit: usize,
    ) -> io::Result<usize> {
        let recv = || fd_passing::recv(self.as_fd(), &mut [IoSliceMut::new(buf)], fds, limit);
        self.receiving_reset().note(self.inner().async_io(Interest::READABLE, recv).await)
    }

    /// Like [`send_with_fds`](Self::send_with_fds), without waiting.
    ///
    /// # Errors
    /// Those of the synchronous method; `WouldBlock` if nothing can be sent now.
    pub fn try_send_with_fds(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        let send = || fd_passing::send(self.as_fd(), &[IoSlice::new(bytes)], fds);
        let sent = self.inner().try_io(Interest::WRITABLE, send);
        self.sending_reset().note_written(bytes.len(), sent)
    }

    /// Like [`recv_with_fds`](Self::recv_with_fds), without waiting.
    ///
    /// # Errors
    /// Those of the synchronous method; `WouldBlock` if nothing can be read now.
    pub fn try_recv_with_fds(
        &self,
        buf: &mut [u8],
        fds: &mut Vec<OwnedFd>,
        limit: usize,
    ) -> io::Result<usize> {
        let recv = || fd_passing::recv(self.as_fd(), &mut [IoSliceMut::new(buf)], fds, limit);
        self.receiving_reset().note(self.inner().try_io(Interest::READABLE, recv))
    }
}
