//! A socket whose owner makes the system calls, and waits for them in an event loop.

use crate::os::runtime;
use ::tokio::io::{Interest, unix::AsyncFd};
use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    task::{Context, Poll, ready},
};

/// A connected socket that is registered with an event loop, for programs that move bytes with
/// system calls of their own, such as `splice(2)`. Other programs use [`Stream`](super::Stream).
///
/// The event loop watches for reading only, until [`poll_write_ready`](Self::poll_write_ready) is
/// called: Linux reports a socket as writable whenever its peer has read something
/// (`sock_def_write_space` of the kernel), which would wake the task for nothing.
#[derive(Debug)]
pub struct Watched {
    /// Taken out only while it is exchanged.
    socket: Option<AsyncFd<OwnedFd>>,
    watches_writing: bool,
}

impl Watched {
    /// Registers the socket with the event loop of the caller, and makes it non-blocking.
    ///
    /// # Errors
    /// `Other` outside a tokio runtime, or an error of `ioctl(2)` or `epoll_ctl(2)`.
    pub fn new(stream: impl Into<OwnedFd>) -> io::Result<Self> {
        runtime::required()?;
        let socket = stream.into();
        rustix::io::ioctl_fionbio(&socket, true)?;
        Ok(Self { socket: Some(register(socket, false)?), watches_writing: false })
    }

    /// Takes the socket out of its event loop. It stays non-blocking.
    ///
    /// # Errors
    /// As [`fd`](Self::fd).
    pub fn into_fd(self) -> io::Result<OwnedFd> {
        let socket = self.socket.ok_or(io::ErrorKind::NotConnected)?;
        Ok(socket.into_inner())
    }

    /// The socket.
    ///
    /// # Errors
    /// `NotConnected` if the event loop could not be asked for something else.
    pub fn fd(&self) -> io::Result<BorrowedFd<'_>> {
        self.socket().map(|socket| socket.get_ref().as_fd())
    }

    /// Waits until there is something to read, or the end of file.
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.socket()?.poll_read_ready(cx))?.retain_ready();
        Poll::Ready(Ok(()))
    }

    /// Waits until something can be written, or nothing ever.
    ///
    /// It can be ready although nothing can be written: try to, with
    /// [`try_write`](Self::try_write).
    ///
    /// When the event loop is asked for this for the first time, the task is woken at once:
    /// it has to wait again for what else it waits for.
    pub fn poll_write_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.watch_writing(true, cx)?;
        ready!(self.socket()?.poll_write_ready(cx))?.retain_ready();
        Poll::Ready(Ok(()))
    }

    /// Stops watching for writing until [`poll_write_ready`](Self::poll_write_ready) is called
    /// again. The task is woken at once, as there.
    ///
    /// # Errors
    /// An error of `epoll_ctl(2)`.
    pub fn stop_watching_writing(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        self.watch_writing(false, cx)
    }

    /// Reads by `read`, if there may be something to read. If that would block, the next
    /// [`poll_read_ready`](Self::poll_read_ready) waits.
    ///
    /// # Errors
    /// `WouldBlock`, and those of `read`.
    pub fn try_read<T>(&self, read: impl FnOnce(BorrowedFd<'_>) -> io::Result<T>) -> io::Result<T> {
        self.socket()?.try_io(Interest::READABLE, |socket| read(socket.as_fd()))
    }

    /// Writes by `write`, if that may be possible. If that would block, the next
    /// [`poll_write_ready`](Self::poll_write_ready) waits.
    ///
    /// # Errors
    /// `WouldBlock`, and those of `write`.
    pub fn try_write<T>(
        &self,
        write: impl FnOnce(BorrowedFd<'_>) -> io::Result<T>,
    ) -> io::Result<T> {
        self.socket()?.try_io(Interest::WRITABLE, |socket| write(socket.as_fd()))
    }

    fn socket(&self) -> io::Result<&AsyncFd<OwnedFd>> {
        self.socket.as_ref().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn watch_writing(&mut self, watches: bool, cx: &mut Context<'_>) -> io::Result<()> {
        if self.watches_writing != watches
            && let Some(socket) = self.socket.take()
        {
            self.socket = Some(register(socket.into_inner(), watches)?);
            self.watches_writing = watches;
            cx.waker().wake_by_ref();
        }
        Ok(())
    }
}

#[allow(unsafe_code, reason = "tokio cannot know that of any type")]
fn register(socket: OwnedFd, writing: bool) -> io::Result<AsyncFd<OwnedFd>> {
    let interest =
        if writing { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
    // SAFETY: the owned descriptor stays the same and open as long as it is registered: it is
    // never lent for change.
    Ok(unsafe { AsyncFd::register_with_interest(socket, interest)? })
}
