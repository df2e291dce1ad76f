//! Descriptors that travel with bytes (`SCM_RIGHTS`: `unix(7)`, `cmsg(3)`).

use super::{RecvHalf, SendHalf, Stream, control::receive_message};
use crate::error::LostFds;
use rustix::{
    cmsg_space,
    net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg},
};
use std::{
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

/// The most descriptors that can travel together (`SCM_MAX_FD` of Linux, `unix(7)`).
pub const MAX_PASSED_FDS: usize = 253;

impl Stream {
    /// Writes, and sends descriptors along with the first of the bytes. The peer gets
    /// descriptors of its own for the same open files; these here stay open.
    ///
    /// As with `write`, fewer bytes may be sent than were given. The descriptors are on
    /// their way then: what is left is to be written without them. Without descriptors
    /// it is a plain `write`.
    ///
    /// # Errors
    /// Those of `write`, in non-blocking mode and after the
    /// [timeout](crate::traits::Stream::set_send_timeout) too; like `write`, it fails
    /// with `Interrupted` when a signal comes, and nothing has been sent then.
    /// `InvalidInput` for more than [`MAX_PASSED_FDS`] descriptors, and without a byte
    /// that carries them. Whatever `sendmsg(2)` says, such as `ETOOMANYREFS`: too many
    /// descriptors are on their way.
    pub fn send_with_fds(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        self.send_vectored_with_fds(&[IoSlice::new(bytes)], fds)
    }

    /// As [`send_with_fds`](Self::send_with_fds), from several buffers.
    ///
    /// # Errors
    /// As there.
    pub fn send_vectored_with_fds(
        &self,
        bufs: &[IoSlice<'_>],
        fds: &[BorrowedFd<'_>],
    ) -> io::Result<usize> {
        send(self.as_fd(), bufs, fds)
    }

    /// Reads, and receives the descriptors that come with the bytes: they are put behind
    /// those that are in `fds` already, at most `limit` of them. All of them close when
    /// this process starts another program. It gives the count of bytes; 0 is the end of
    /// file.
    ///
    /// Never are the descriptors of two calls of
    /// [`send_with_fds`](Self::send_with_fds) received at once; bytes that were sent
    /// before them may be. Descriptors of bytes that are read with a plain `read` are
    /// closed by the system.
    ///
    /// The peer decides how many descriptors it sends and what they are: a server should
    /// ask for no more than it expects (the most is [`MAX_PASSED_FDS`]) and rely on
    /// nothing that it has not checked.
    ///
    /// # Errors
    /// Those of `read`, in non-blocking mode and after the
    /// [timeout](crate::traits::Stream::set_recv_timeout) too; like `read`, it fails
    /// with `Interrupted` when a signal comes. `InvalidInput` for an empty buffer.
    ///
    /// `InvalidData` if descriptors were lost, because more came than `limit` or because
    /// this process may not open more. Those that came are closed then and `fds` is as it
    /// was, but bytes have been read: [`LostFds::bytes`] tells how many.
    ///
    /// # Platform-specific behaviour
    /// Another thread that starts a program at the same moment can leave a descriptor to
    /// it on macOS, where close-on-exec cannot be a part of receiving.
    pub fn recv_with_fds(
        &self,
        buf: &mut [u8],
        fds: &mut Vec<OwnedFd>,
        limit: usize,
    ) -> io::Result<usize> {
        self.recv_vectored_with_fds(&mut [IoSliceMut::new(buf)], fds, limit)
    }

    /// As [`recv_with_fds`](Self::recv_with_fds), into several buffers.
    ///
    /// # Errors
    /// As there.
    pub fn recv_vectored_with_fds(
        &self,
        bufs: &mut [IoSliceMut<'_>],
        fds: &mut Vec<OwnedFd>,
        limit: usize,
    ) -> io::Result<usize> {
        recv(self.as_fd(), bufs, fds, limit)
    }
}

impl SendHalf {
    /// See [`Stream::send_with_fds`].
    ///
    /// # Errors
    /// As there.
    pub fn send_with_fds(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        self.as_stream().send_with_fds(bytes, fds)
    }

    /// See [`Stream::send_vectored_with_fds`].
    ///
    /// # Errors
    /// As [`Stream::send_with_fds`].
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
    /// As there.
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
    /// As [`Stream::recv_with_fds`].
    pub fn recv_vectored_with_fds(
        &self,
        bufs: &mut [IoSliceMut<'_>],
        fds: &mut Vec<OwnedFd>,
        limit: usize,
    ) -> io::Result<usize> {
        self.as_stream().recv_vectored_with_fds(bufs, fds, limit)
    }
}

/// As [`Stream::send_with_fds`], with any connected Unix stream socket.
///
/// # Errors
/// As there.
pub fn send_with_fds(
    socket: BorrowedFd<'_>,
    bytes: &[u8],
    fds: &[BorrowedFd<'_>],
) -> io::Result<usize> {
    send(socket, &[IoSlice::new(bytes)], fds)
}

/// As [`Stream::recv_with_fds`], with any connected Unix stream socket.
///
/// # Errors
/// As there.
pub fn recv_with_fds(
    socket: BorrowedFd<'_>,
    buf: &mut [u8],
    fds: &mut Vec<OwnedFd>,
    limit: usize,
) -> io::Result<usize> {
    recv(socket, &mut [IoSliceMut::new(buf)], fds, limit)
}

/// `sendmsg(2)`
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
    Ok(sendmsg(socket, bufs, &mut control, without_signal(socket)?)?)
}

/// A peer that has gone is an error and no signal.
#[cfg(not(target_vendor = "apple"))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
fn without_signal(_: BorrowedFd<'_>) -> io::Result<SendFlags> {
    Ok(SendFlags::NOSIGNAL)
}

/// As above: here it is the socket's to say.
#[cfg(target_vendor = "apple")]
fn without_signal(socket: BorrowedFd<'_>) -> io::Result<SendFlags> {
    rustix::net::sockopt::set_socket_nosigpipe(socket, true)?;
    Ok(SendFlags::empty())
}

/// `recvmsg(2)`
pub(super) fn recv(
    socket: BorrowedFd<'_>,
    bufs: &mut [IoSliceMut<'_>],
    fds: &mut Vec<OwnedFd>,
    limit: usize,
) -> io::Result<usize> {
    if bufs.iter().all(|buf| buf.is_empty()) {
        // That would take descriptors without their bytes.
        return Err(invalid("a stream delivers descriptors only with at least one byte"));
    }
    let limit = limit.min(MAX_PASSED_FDS);
    let message = receive_message(socket, bufs, limit)?;
    if message.is_cut_off || message.fds.len() > limit {
        return Err(LostFds::with_bytes(message.bytes));
    }
    #[cfg(target_vendor = "apple")]
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
