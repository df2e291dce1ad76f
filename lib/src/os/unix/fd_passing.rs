//! Passing of descriptors with bytes (`SCM_RIGHTS`: `unix(7)`, `cmsg(3)`).

use super::{
    RecvHalf, SendHalf, Stream,
    control::{MAX_PASSED_FDS, receive_message},
    sys,
};
use crate::error::LostFds;
use rustix::{
    cmsg_space,
    net::{SendAncillaryBuffer, SendAncillaryMessage, sendmsg},
};
use std::{
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

impl Stream {
    /// Writes bytes, and sends descriptors with the first of them. The peer gets its own
    /// descriptors of the same open files; the descriptors here stay open.
    ///
    /// Like `write`, it may send fewer bytes than given, and returns their number. The descriptors
    /// have been sent then: write the rest without them. Without descriptors it is a plain `write`.
    ///
    /// # Errors
    /// `WouldBlock` in non-blocking mode or after the
    /// [timeout](crate::traits::Stream::set_send_timeout), `Interrupted` after a signal; nothing
    /// has been sent then. `BrokenPipe` if the peer has closed. `InvalidInput` for more than
    /// [`MAX_PASSED_FDS`] descriptors, or for descriptors without a byte. Another error of
    /// `sendmsg(2)`.
    ///
    /// `ETOOMANYREFS`, which has no kind and is found with [`io::Error::raw_os_error`], if too many
    /// descriptors of this user have been sent by any process and not been received yet: on Linux
    /// more than a process may open (`unix(7)`). Nothing has been sent then. No event reports that
    /// there are fewer: try again after a pause.
    pub fn send_with_fds(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        self.send_vectored_with_fds(&[IoSlice::new(bytes)], fds)
    }

    /// Like [`send_with_fds`](Self::send_with_fds), from several buffers.
    ///
    /// # Errors
    /// Those of [`send_with_fds`](Self::send_with_fds).
    pub fn send_vectored_with_fds(
        &self,
        bufs: &[IoSlice<'_>],
        fds: &[BorrowedFd<'_>],
    ) -> io::Result<usize> {
        let len = bufs.iter().map(|buf| buf.len()).sum();
        self.reset().note_written(len, send(self.as_fd(), bufs, fds))
    }

    /// Reads bytes, and receives the descriptors that arrive with them. At most `limit` descriptors
    /// are appended to `fds`. They are closed when this process executes another program. Returns
    /// the number of bytes; 0 is the end of file.
    ///
    /// The descriptors of two calls of [`send_with_fds`](Self::send_with_fds) are never received
    /// together, but bytes that were sent before them may be. The system closes the descriptors of
    /// bytes that are read with a plain `read`.
    ///
    /// The peer decides how many descriptors it sends and what they are. A server should set
    /// `limit` to what it expects (at most [`MAX_PASSED_FDS`]) and check each descriptor.
    ///
    /// # Errors
    /// `WouldBlock` in non-blocking mode or after the
    /// [timeout](crate::traits::Stream::set_recv_timeout), `Interrupted` after a signal.
    /// `InvalidInput` for an empty buffer. Another error of `recvmsg(2)`.
    ///
    /// `InvalidData` if descriptors were lost, because more arrived than `limit` or because this
    /// process may not open more. All descriptors of that call are closed and `fds` is unchanged,
    /// but bytes were read: [`LostFds::bytes`] returns their number.
    ///
    /// # Platform-specific behaviour
    /// On macOS close-on-exec is set after receiving: another thread that executes a program at
    /// that moment can pass a descriptor on to it.
    pub fn recv_with_fds(
        &self,
        buf: &mut [u8],
        fds: &mut Vec<OwnedFd>,
        limit: usize,
    ) -> io::Result<usize> {
        self.recv_vectored_with_fds(&mut [IoSliceMut::new(buf)], fds, limit)
    }

    /// Like [`recv_with_fds`](Self::recv_with_fds), into several buffers.
    ///
    /// # Errors
    /// Those of [`recv_with_fds`](Self::recv_with_fds).
    pub fn recv_vectored_with_fds(
        &self,
        bufs: &mut [IoSliceMut<'_>],
        fds: &mut Vec<OwnedFd>,
        limit: usize,
    ) -> io::Result<usize> {
        self.reset().note(recv(self.as_fd(), bufs, fds, limit))
    }
}

impl SendHalf {
    /// See [`Stream::send_with_fds`].
    ///
    /// # Errors
    /// Those of [`Stream::send_with_fds`].
    pub fn send_with_fds(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        self.as_stream().send_with_fds(bytes, fds)
    }

    /// See [`Stream::send_vectored_with_fds`].
    ///
    /// # Errors
    /// Those of [`Stream::send_vectored_with_fds`].
    pub fn send_vectored_with_fds(
        &self,
        bufs: &[IoSlice<'_>],
        fds: &[BorrowedFd<'_>],
    ) -> io::Result<usize> {
        self.as_stream().send_vectored_with_fds(bufs, fds)
    }
}

impl RecvHalf {
    /// See [`Stream::recv_with_fds`].
    ///
    /// # Errors
    /// Those of [`Stream::recv_with_fds`].
    pub fn recv_with_fds(
        &self,
        buf: &mut [u8],
        fds: &mut Vec<OwnedFd>,
        limit: usize,
    ) -> io::Result<usize> {
        self.as_stream().recv_with_fds(buf, fds, limit)
    }

    /// See [`Stream::recv_vectored_with_fds`].
    ///
    /// # Errors
    /// Those of [`Stream::recv_vectored_with_fds`].
    pub fn recv_vectored_with_fds(
        &self,
        bufs: &mut [IoSliceMut<'_>],
        fds: &mut Vec<OwnedFd>,
        limit: usize,
    ) -> io::Result<usize> {
        self.as_stream().recv_vectored_with_fds(bufs, fds, limit)
    }
}

/// Like [`Stream::send_with_fds`], for any connected Unix stream socket.
///
/// # Errors
/// Those of [`Stream::send_with_fds`].
pub fn send_with_fds(
    socket: BorrowedFd<'_>,
    bytes: &[u8],
    fds: &[BorrowedFd<'_>],
) -> io::Result<usize> {
    send(socket, &[IoSlice::new(bytes)], fds)
}

/// Like [`Stream::recv_with_fds`], for any connected Unix stream socket.
///
/// # Errors
/// Those of [`Stream::recv_with_fds`].
pub fn recv_with_fds(
    socket: BorrowedFd<'_>,
    buf: &mut [u8],
    fds: &mut Vec<OwnedFd>,
    limit: usize,
) -> io::Result<usize> {
    recv(socket, &mut [IoSliceMut::new(buf)], fds, limit)
}

/// Calls `sendmsg(2)`.
pub(super) fn send(
    socket: BorrowedFd<'_>,
    bufs: &[IoSlice<'_>],
    fds: &[BorrowedFd<'_>],
) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MAX_PASSED_FDS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() {
        if bufs.iter().all(|buf| buf.is_empty()) {
            return Err(invalid("a stream carries descriptors only with at least one byte"));
        }
        if fds.len() > MAX_PASSED_FDS || !control.push(SendAncillaryMessage::ScmRights(fds)) {
            return Err(invalid("more than 253 descriptors cannot be sent at once"));
        }
    }
    // The socket may come from elsewhere.
    sys::prevent_signal(socket)?;
    Ok(sendmsg(socket, sys::within_iov_max(bufs), &mut control, sys::NO_SIGNAL)?)
}

/// Calls `recvmsg(2)`.
pub(super) fn recv(
    socket: BorrowedFd<'_>,
    bufs: &mut [IoSliceMut<'_>],
    fds: &mut Vec<OwnedFd>,
    limit: usize,
) -> io::Result<usize> {
    if bufs.iter().all(|buf| buf.is_empty()) {
        // The call would receive descriptors without their bytes.
        return Err(invalid("a stream delivers descriptors only with at least one byte"));
    }
    let limit = limit.min(MAX_PASSED_FDS);
    let message = receive_message(socket, bufs, limit)?;
    if message.is_cut_off || message.fds.len() > limit {
        return Err(LostFds::with_bytes(message.bytes));
    }
    #[cfg(apple)]
    message
        .fds
        .iter()
        .try_for_each(|fd| rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::CLOEXEC))?;
    fds.extend(message.fds);
    Ok(message.bytes)
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}
