use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    task::{Context, Poll, ready},
};
use tokio::{
    io::{Interest, unix::AsyncFd},
    runtime::Handle,
};

/// What there may be to read.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Readable {
    /// Data, or the end of file, or nothing after all.
    Data,
    /// The peer has ended its direction, as the system has reported (`EPOLLRDHUP` of `epoll_ctl(2)`):
    /// nothing follows what is there. Other systems than Linux report it with the end of file.
    Rest,
}

/// A descriptor that is registered with an event loop of tokio, for system calls that tokio does not
/// have: a terminal, a descriptor of a process (`pidfd_open(2)`), a watch of files (`inotify(7)`), or a
/// socket on systems where `lsock` has no event loop of its own.
///
/// By default the event loop watches for reading only, until
/// [`poll_write_ready`](Self::poll_write_ready) is called: Linux reports a socket as writable whenever
/// its peer has read something (`sock_def_write_space` of the kernel), which would wake the task for
/// nothing.
#[derive(Debug)]
pub struct Watched {
    /// `None` only while the registration is replaced.
    registered: Option<AsyncFd<OwnedFd>>,
    watches_writing: bool,
}

impl Watched {
    /// Registers the descriptor with the event loop of the caller, and makes it non-blocking.
    ///
    /// # Errors
    /// `Other` outside a tokio runtime, or an error of `ioctl(2)` or `epoll_ctl(2)`.
    pub fn new(fd: impl Into<OwnedFd>) -> io::Result<Self> {
        Self::of_nonblocking(nonblocking(fd.into())?)
    }

    /// Does the same, and watches for writing from the start. This is for sockets, such as those of
    /// TCP, that the system reports as writable only after a write would have blocked.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn for_writing(fd: impl Into<OwnedFd>) -> io::Result<Self> {
        Self::register(nonblocking(fd.into())?, true)
    }

    /// Does the same as [`new`](Self::new) without a system call for the mode. If the descriptor
    /// blocks, calls on it block the event loop.
    ///
    /// # Errors
    /// `Other` outside a tokio runtime, or an error of `epoll_ctl(2)`.
    pub fn of_nonblocking(fd: impl Into<OwnedFd>) -> io::Result<Self> {
        Self::register(fd.into(), false)
    }

    fn register(fd: OwnedFd, watches_writing: bool) -> io::Result<Self> {
        Handle::try_current().map_err(io::Error::other)?;
        Ok(Self { registered: Some(register(fd, watches_writing)?), watches_writing })
    }

    /// Takes the descriptor out of its event loop. It stays non-blocking.
    ///
    /// # Errors
    /// As [`fd`](Self::fd).
    pub fn into_fd(self) -> io::Result<OwnedFd> {
        let registered = self.registered.ok_or(io::ErrorKind::NotConnected)?;
        Ok(registered.into_inner())
    }

    /// Returns the descriptor.
    ///
    /// # Errors
    /// `NotConnected` if replacing the registration has failed.
    pub fn fd(&self) -> io::Result<BorrowedFd<'_>> {
        self.registered().map(|registered| registered.get_ref().as_fd())
    }

    /// Waits until there is something to read, or the end of file.
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Readable>> {
        let mut guard = ready!(self.registered()?.poll_read_ready(cx))?;
        guard.retain_ready();
        let is_reported = cfg!(any(target_os = "linux", target_os = "android"));
        let has_ended = is_reported && guard.ready().is_read_closed();
        Poll::Ready(Ok(if has_ended { Readable::Rest } else { Readable::Data }))
    }

    /// Waits until something can be written, or the other end has closed.
    ///
    /// It can return although nothing can be written: [`try_write`](Self::try_write) fails with
    /// `WouldBlock` then.
    ///
    /// The first call replaces the registration and wakes the task at once: the task has to wait
    /// again for everything else that it waits for.
    pub fn poll_write_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.watch_writing(true, cx)?;
        ready!(self.registered()?.poll_write_ready(cx))?.retain_ready();
        Poll::Ready(Ok(()))
    }

    /// Stops watching for writing until [`poll_write_ready`](Self::poll_write_ready) is called
    /// again. It replaces the registration and wakes the task at once.
    ///
    /// # Errors
    /// An error of `epoll_ctl(2)`.
    pub fn stop_watching_writing(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        self.watch_writing(false, cx)
    }

    /// Calls `read` if there may be something to read. If it would block, the next
    /// [`poll_read_ready`](Self::poll_read_ready) waits.
    ///
    /// # Errors
    /// `WouldBlock`, and those of `read`.
    pub fn try_read<T>(&self, read: impl FnOnce(BorrowedFd<'_>) -> io::Result<T>) -> io::Result<T> {
        self.registered()?.try_io(Interest::READABLE, |fd| read(fd.as_fd()))
    }

    /// Calls `write` if it may be possible to write. If it would block, the next
    /// [`poll_write_ready`](Self::poll_write_ready) waits.
    ///
    /// # Errors
    /// `WouldBlock`, and those of `write`.
    pub fn try_write<T>(
        &self,
        write: impl FnOnce(BorrowedFd<'_>) -> io::Result<T>,
    ) -> io::Result<T> {
        self.registered()?.try_io(Interest::WRITABLE, |fd| write(fd.as_fd()))
    }

    fn registered(&self) -> io::Result<&AsyncFd<OwnedFd>> {
        self.registered.as_ref().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn watch_writing(&mut self, watches: bool, cx: &mut Context<'_>) -> io::Result<()> {
        if self.watches_writing != watches
            && let Some(registered) = self.registered.take()
        {
            self.registered = Some(register(registered.into_inner(), watches)?);
            self.watches_writing = watches;
            cx.waker().wake_by_ref();
        }
        Ok(())
    }
}

fn nonblocking(fd: OwnedFd) -> io::Result<OwnedFd> {
    rustix::io::ioctl_fionbio(&fd, true)?;
    Ok(fd)
}

fn register(fd: OwnedFd, writing: bool) -> io::Result<AsyncFd<OwnedFd>> {
    // Terminals report changes of their state as urgent.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let reading = Interest::READABLE | Interest::PRIORITY;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let reading = Interest::READABLE;
    let interest = if writing { reading | Interest::WRITABLE } else { reading };
    // SAFETY: an `OwnedFd` is an open descriptor, and it stays the same as long as it is
    // registered, because it is only lent by shared reference.
    Ok(unsafe { AsyncFd::register_with_interest(fd, interest)? })
}

/// Waits until the reader of a pipe or the peer of a socket has closed, or a terminal has hung up.
/// The descriptor may be shared with other processes; its mode is not changed.
///
/// # Errors
/// `Other` outside a tokio runtime, or an error of `epoll_ctl(2)`, such as `PermissionDenied` for a
/// file that the system does not watch.
pub async fn hung_up(fd: OwnedFd) -> io::Result<()> {
    // A pipe reports an error, a socket that it is closed for reading.
    let events = Interest::READABLE | Interest::ERROR;
    // SAFETY: as in `register`.
    let watched = unsafe { AsyncFd::register_with_interest(fd, events)? };
    loop {
        let mut guard = watched.ready(events).await?;
        let mut fds = [PollFd::new(watched.get_ref(), PollFlags::empty())];
        poll(&mut fds, Some(&Timespec::default()))?;
        if fds[0].revents().intersects(PollFlags::HUP | PollFlags::ERR) {
            return Ok(());
        }
        guard.clear_ready();
    }
}
