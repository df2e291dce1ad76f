//! Sockets that an event loop watches.

use super::{
    Core,
    inbox::Inbox,
    sockets::{Key, Place, Readiness},
    with_current,
};
use lsock_startup::Readable;
use rustix::event::epoll::{self, EventFlags};
use std::{
    io::{self, ErrorKind},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::Arc,
    task::{Context, Poll, ready},
};

/// A socket that is watched by the event loop in which it was made. Only one task can wait for it: the
/// last one that has asked.
///
/// It is watched for reading at first, and for writing only once something has to wait for that: Linux
/// reports a socket as writable whenever its peer has read something (`sock_def_write_space` of the
/// kernel), which would wake the task for nothing.
#[derive(Debug)]
pub(crate) struct WatchedSocket {
    /// `None` only while this is taken apart or dropped.
    socket: Option<OwnedFd>,
    key: Key,
    /// The inbox of the event loop, to know it again.
    inbox: Arc<Inbox>,
    /// `false` only if it is not watched for writing.
    watches_writing: bool,
}

/// The events of a socket that can be read.
const READING: EventFlags = EventFlags::IN.union(EventFlags::PRI).union(EventFlags::RDHUP);

impl WatchedSocket {
    /// Has the event loop of this thread watch the socket, and makes it non-blocking.
    ///
    /// # Errors
    /// `Other` if this thread runs no event loop, or an error of `ioctl(2)` or `epoll_ctl(2)`.
    pub(crate) fn new(socket: impl Into<OwnedFd>) -> io::Result<Self> {
        Self::register(nonblocking(socket.into())?, READING)
    }

    /// Does the same as [`new`](Self::new), and watches for writing from the start. This is for sockets, such as those of
    /// TCP, that the system reports as writable only after a write would have blocked.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub(crate) fn for_writing(socket: impl Into<OwnedFd>) -> io::Result<Self> {
        Self::register(nonblocking(socket.into())?, READING | EventFlags::OUT)
    }

    /// Does the same as [`new`](Self::new) without a system call for the mode. If the socket blocks,
    /// calls on it block the event loop.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub(crate) fn of_nonblocking(socket: impl Into<OwnedFd>) -> io::Result<Self> {
        Self::register(socket.into(), READING)
    }

    fn register(socket: OwnedFd, interest: EventFlags) -> io::Result<Self> {
        with_current(|core| {
            let key = core.sockets.borrow_mut().add(interest);
            let added = epoll::add(&*core.epoll, &socket, key.into(), interest | EventFlags::ET);
            if let Err(error) = added {
                core.sockets.borrow_mut().remove(key);
                return Err(error.into());
            }
            let watches_writing = interest.contains(EventFlags::OUT);
            let inbox = Arc::clone(&core.inbox);
            Ok(Self { socket: Some(socket), key, inbox, watches_writing })
        })?
    }

    /// Takes the socket out of its event loop. It stays non-blocking.
    ///
    /// # Errors
    /// `Other` outside of its event loop, or an error of `epoll_ctl(2)`.
    pub(crate) fn into_fd(mut self) -> io::Result<OwnedFd> {
        self.with_loop(|core, socket| Ok(epoll::delete(&*core.epoll, socket)?))?;
        self.socket.take().ok_or_else(closed)
    }

    /// Closes the socket, but first lets the event loop poll the tasks that the next events wake: see
    /// [`Closing`](super::closing::Closing).
    pub(crate) fn close_soon(mut self) {
        let mut socket = self.socket.take();
        // Outside of its event loop it is closed at once.
        let _ = with_current(|core| {
            if core.has(&self.inbox) {
                socket = socket.take().and_then(|socket| core.closing.borrow_mut().add(socket));
            }
        });
        drop(socket);
    }

    /// Returns the socket.
    ///
    /// # Errors
    /// `NotConnected`, but only while this is dropped.
    pub(crate) fn fd(&self) -> io::Result<BorrowedFd<'_>> {
        self.socket.as_ref().map(AsFd::as_fd).ok_or_else(closed)
    }

    /// Waits until there is something to read, or the end of file.
    pub(crate) fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Readable>> {
        self.poll(cx, READING, |readiness| {
            let readable = if readiness.has_ended { Readable::Rest } else { Readable::Data };
            readiness.may_read().then_some(readable)
        })
    }

    /// Waits for the same, without counting how often it is ready. This is for a caller that then calls
    /// [`poll_read_ready`](Self::poll_read_ready), which counts.
    pub(crate) fn poll_may_read(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        self.wait(cx, READING, |readiness| readiness.may_read().then_some(()))
    }

    /// Waits until something can be written, or the peer has closed.
    ///
    /// It can return although nothing can be written: [`try_write`](Self::try_write) fails with
    /// `WouldBlock` then.
    pub(crate) fn poll_write_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.watches_writing = true;
        self.poll(cx, EventFlags::OUT, |readiness| readiness.may_write().then_some(()))
    }

    /// Waits until the peer has closed the socket or shut down both directions, or until both ends
    /// have shut down sending (EPOLLHUP, `epoll_ctl(2)`).
    pub(crate) fn poll_hung_up(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(cx, EventFlags::empty(), |readiness| readiness.has_hung_up.then_some(()))
    }

    /// Stops watching for input until [`poll_read_ready`](Self::poll_read_ready) has to wait.
    ///
    /// # Errors
    /// As [`into_fd`](Self::into_fd).
    pub(crate) fn stop_watching_reading(&mut self) -> io::Result<()> {
        self.watch(|interest| interest - READING)
    }

    /// Stops watching for writing until [`poll_write_ready`](Self::poll_write_ready) has to wait. Does not
    /// wake the task, which the same function of other systems does.
    ///
    /// # Errors
    /// As [`into_fd`](Self::into_fd).
    pub(crate) fn stop_watching_writing(&mut self, _: &mut Context<'_>) -> io::Result<()> {
        if self.watches_writing {
            self.watch(|interest| interest - EventFlags::OUT)?;
            self.watches_writing = false;
        }
        Ok(())
    }

    /// Calls `read` if there may be something to read. If it would block, the next
    /// [`poll_read_ready`](Self::poll_read_ready) waits.
    ///
    /// # Errors
    /// `WouldBlock`, and those of `read`.
    pub(crate) fn try_read<T>(
        &self,
        read: impl FnOnce(BorrowedFd<'_>) -> io::Result<T>,
    ) -> io::Result<T> {
        self.try_if(Readiness::may_read, read, |readiness| readiness.can_read = false)
    }

    /// Calls `write` if it may be possible to write. If it would block, the next
    /// [`poll_write_ready`](Self::poll_write_ready) waits.
    ///
    /// # Errors
    /// `WouldBlock`, and those of `write`.
    pub(crate) fn try_write<T>(
        &self,
        write: impl FnOnce(BorrowedFd<'_>) -> io::Result<T>,
    ) -> io::Result<T> {
        self.try_if(Readiness::may_write, write, |readiness| readiness.can_write = false)
    }

    /// Returns whether urgent data has arrived (`MSG_OOB` of `send(2)`) since the socket was
    /// registered. Makes no system call.
    pub(crate) fn has_urgent(&self) -> bool {
        self.with_place(|place| place.readiness.has_urgent).unwrap_or(false)
    }

    /// Is ready if the readiness is as needed, but not too often before others get a turn.
    fn poll<T>(
        &self,
        cx: &Context<'_>,
        needed: EventFlags,
        ready: impl FnOnce(Readiness) -> Option<T>,
    ) -> Poll<io::Result<T>> {
        let ready = ready!(self.wait(cx, needed, ready))?;
        if with_current(Core::spend)? {
            return Poll::Ready(Ok(ready));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Is ready if the readiness is as needed. Otherwise the next event wakes the task, and the socket
    /// is watched for `needed`.
    fn wait<T>(
        &self,
        cx: &Context<'_>,
        needed: EventFlags,
        ready: impl FnOnce(Readiness) -> Option<T>,
    ) -> Poll<io::Result<T>> {
        let (ready, is_watched, earlier) = self.with_place(|place| {
            let ready = ready(place.readiness);
            let earlier = if ready.is_none() { place.wait(cx) } else { None };
            (ready, place.interest.contains(needed), earlier)
        })?;
        drop(earlier);
        if let Some(ready) = ready {
            return Poll::Ready(Ok(ready));
        }
        if !is_watched {
            self.watch(|interest| interest | needed)?;
        }
        Poll::Pending
    }

    fn try_if<T>(
        &self,
        is_ready: impl FnOnce(Readiness) -> bool,
        call: impl FnOnce(BorrowedFd<'_>) -> io::Result<T>,
        clear: impl FnOnce(&mut Readiness),
    ) -> io::Result<T> {
        if !self.with_place(|place| is_ready(place.readiness))? {
            return Err(ErrorKind::WouldBlock.into());
        }
        let result = call(self.fd()?);
        if matches!(&result, Err(error) if error.kind() == ErrorKind::WouldBlock) {
            self.with_place(|place| clear(&mut place.readiness))?;
        }
        result
    }

    /// Changes what the socket is watched for. If it is ready for that already, an event reports it.
    fn watch(&self, change: impl FnOnce(EventFlags) -> EventFlags) -> io::Result<()> {
        let (before, interest) =
            self.with_place(|place| (place.interest, change(place.interest)))?;
        if before == interest {
            return Ok(());
        }
        self.with_loop(|core, socket| {
            let events = interest | EventFlags::ET;
            Ok(epoll::modify(&*core.epoll, socket, self.key.into(), events)?)
        })?;
        self.with_place(|place| place.interest = interest)
    }

    fn with_place<T>(&self, function: impl FnOnce(&mut Place) -> T) -> io::Result<T> {
        self.with_loop(|core, _| {
            core.sockets.borrow_mut().place(self.key).map(function).ok_or_else(closed)
        })
    }

    fn with_loop<T>(
        &self,
        function: impl FnOnce(&Core, BorrowedFd<'_>) -> io::Result<T>,
    ) -> io::Result<T> {
        let socket = self.fd()?;
        with_current(|core| {
            if core.has(&self.inbox) {
                function(core, socket)
            } else {
                Err(io::Error::other("the socket belongs to another event loop"))
            }
        })?
    }
}

impl Drop for WatchedSocket {
    fn drop(&mut self) {
        // Closing it ends its registration. If it is closed later, or other processes have the socket too,
        // later events find nobody.
        self.socket = None;
        let waker = with_current(|core| {
            if core.has(&self.inbox) { core.sockets.borrow_mut().remove(self.key) } else { None }
        });
        drop(waker);
    }
}

fn nonblocking(socket: OwnedFd) -> io::Result<OwnedFd> {
    rustix::io::ioctl_fionbio(&socket, true)?;
    Ok(socket)
}

fn closed() -> io::Error {
    ErrorKind::NotConnected.into()
}
