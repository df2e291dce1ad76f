//! A connected socket in an event loop, and the steps by which bytes pass through it.

mod detached;

pub(crate) use detached::Detached;

#[cfg(target_os = "linux")]
use super::splice_guard::SpliceGuard;
use super::{
    super::PeerState, NOW, WatchedSocket, descriptors::Descriptors, linked_pty::TerminalInput,
    probing::Probing,
};
use local_socket::{
    ConnectOptions, ConnectWaitMode, PeerCreds, Stream, os::unix::unread_by_peer,
    traits::StreamCommon as _,
};
use lsock_startup::Readable;
use rustix::{
    event::{PollFd, PollFlags},
    io::Errno,
    net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown, sockopt},
};
use std::{
    io,
    os::{
        fd::{BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
    process,
    sync::Arc,
    task::{Context, Poll, ready},
};

/// A connected socket that is registered with the event loop of its task.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(super) watched: WatchedSocket,
    /// Whether this is a local socket: data can come with descriptors, the system reports what the
    /// peer has not read, and wakes a task that watches for writing whenever the peer reads.
    pub(super) is_local: bool,
    /// Whether urgent data is received in line.
    reads_in_line: bool,
    /// Whether the next read can come without a new event, so that urgent data that has arrived is not
    /// reported yet.
    reads_on: bool,
    /// Whether bytes were written that the peer may not have read.
    has_written: bool,
    /// Whether the system probes the peer.
    probing: Probing,
    #[cfg(target_os = "linux")]
    pub(super) splice_guard: SpliceGuard,
    /// The terminal that the socket leads to, if it does.
    terminal: Option<Arc<TerminalInput>>,
}

/// Makes writing to a closed peer an error instead of a signal. Apple's systems do not have the
/// flag; there it is sufficient that the runtime of Rust ignores SIGPIPE.
#[cfg(not(target_vendor = "apple"))]
const SEND: SendFlags = SendFlags::NOSIGNAL;
#[cfg(target_vendor = "apple")]
const SEND: SendFlags = SendFlags::empty();

impl Socket {
    /// Creates a pair of sockets, and makes one the standard input and output of a command. That
    /// end blocks, as standard streams do. Returns the other end.
    pub(crate) fn pair_with_command(command: &mut process::Command) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let output = theirs.try_clone()?;
        command.stdin(OwnedFd::from(theirs)).stdout(OwnedFd::from(output));
        Detached { fd: ours.into(), is_local: true, blocks: true, terminal: None }.attach()
    }

    /// Connects to a local socket as the options say. The result is non-blocking, and in no event
    /// loop.
    pub(crate) async fn connect(options: ConnectOptions<'_>) -> io::Result<Stream> {
        let options = options.nonblocking_stream(true);
        let at_once = options.clone().wait_mode(ConnectWaitMode::Deferred).connect_sync();
        match at_once {
            // The backlog is full: wait without blocking the event loop.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let stream = options.connect_tokio().await?;
                Ok(Stream::from(OwnedFd::try_from(stream)?))
            }
            stream => stream,
        }
    }

    pub(crate) fn is_tcp(&self) -> bool {
        !self.is_local
    }

    /// Returns the process and user at the other end of a local socket.
    ///
    /// # Errors
    /// `Unsupported` for other sockets and for terminals, or an error of the system.
    pub(crate) fn peer_creds(&self) -> io::Result<PeerCreds> {
        if !self.is_local || self.terminal.is_some() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        Stream::from(self.watched.fd()?.try_clone_to_owned()?).peer_creds()
    }

    /// Closes the socket of an ended connection. The event loop may do something for others before.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) fn close_soon(self) {
        self.watched.close_soon();
    }

    /// Closes the socket of an ended connection.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(crate) fn close_soon(self) {
        drop(self);
    }

    /// Takes the socket out of its event loop.
    pub(crate) fn detach(self) -> io::Result<Detached> {
        let Self { watched, is_local, terminal, .. } = self;
        Ok(Detached { fd: watched.into_fd()?, is_local, blocks: false, terminal })
    }

    /// Waits until there may be something to read, or the end of file.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.watched.poll_may_read(cx)
    }

    /// Reads the bytes that have arrived; 0 is the end of file.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        descriptors: &mut Descriptors,
    ) -> Poll<io::Result<usize>> {
        let (size, is_local) = (buffer.len(), self.is_local);
        let passes = is_local && descriptors.are_passed();
        self.reads_on |= passes;
        loop {
            let readable = ready!(self.poll_read_ready(cx))?;
            let is_delivered = readable == Readable::Rest && self.is_delivered_at_end();
            let result = if passes {
                self.watched.try_read(|fd| descriptors.receive_with(fd, buffer))
            } else {
                self.try_input(|fd| {
                    let (read, has_lost) = if is_local {
                        descriptors.receive(fd, buffer)?
                    } else {
                        (recv(fd, &mut *buffer, RecvFlags::empty())?.0, false)
                    };
                    // A read ends at descriptors, even if more bytes follow.
                    Ok((read, 0 < read && read < size && !has_lost))
                })
            };
            if !would_block(&result) {
                if is_delivered && matches!(result, Ok(0)) {
                    self.has_written = false;
                }
                return Poll::Ready(result);
            }
        }
    }

    /// Returns whether a peer that has ended its direction has nothing left to read. If the next read
    /// returns the end of file, the peer has read everything: if it has closed before without doing so,
    /// the read fails with `ConnectionReset`. This says nothing about the programs at a terminal.
    fn is_delivered_at_end(&self) -> bool {
        self.is_local
            && self.terminal.is_none()
            && self.has_written
            && self.watched.fd().is_ok_and(|fd| matches!(unread_by_peer(fd), Ok(0)))
    }

    /// Writes as many bytes as the socket takes.
    pub(crate) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        descriptors: &mut Descriptors,
    ) -> Poll<io::Result<usize>> {
        if descriptors.are_held() {
            return self.poll_send(cx, bytes, descriptors);
        }
        self.poll_try(cx, |fd| Ok(send(fd, bytes, SEND)?))
    }

    /// Writes with descriptors. As long as too many of them are in flight, it tries again after
    /// pauses. If the peer has closed, the next attempt fails.
    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        descriptors: &mut Descriptors,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(descriptors.poll_pause(cx));
            match ready!(self.poll_try(cx, |fd| descriptors.send(fd, bytes))) {
                Err(error) if descriptors.pauses_after(&error) => {}
                sent => return Poll::Ready(sent),
            }
        }
    }

    /// Prepares for a time in which little is written. The event loop no longer watches a local
    /// socket for writing, which would wake the task whenever the peer reads.
    pub(crate) fn rest_writing(&mut self, cx: &mut Context<'_>) {
        if self.is_local
            && let Err(error) = self.watched.stop_watching_writing(cx)
        {
            tracing::debug!(%error, "cannot change what a socket is watched for");
        }
    }

    /// Prepares for a time in which nothing is read: more input does not wake the task. Urgent data is
    /// not reported either, so the next read is like one without a new event.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) fn rest_reading(&mut self) {
        self.reads_on = true;
        if let Err(error) = self.watched.stop_watching_reading() {
            tracing::debug!(%error, "cannot change what a socket is watched for");
        }
    }

    /// Does nothing: the event loop would have to register the socket anew each time.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    #[expect(clippy::unused_self, reason = "other systems change what is watched")]
    pub(crate) fn rest_reading(&mut self) {}

    /// Shuts down sending: the peer reads the end of file.
    pub(crate) fn poll_shutdown(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.watched.fd().and_then(|fd| Ok(shutdown(fd, Shutdown::Write)?)))
    }

    /// Shuts down receiving: writing is an error for the peer.
    pub(crate) fn stop_reading(&self) {
        // It fails if the peer has closed, which ends writing as well.
        let _ = self.watched.fd().map(|fd| shutdown(fd, Shutdown::Read));
    }

    /// Does nothing: sockets have no messages.
    #[expect(clippy::unused_self, reason = "other systems have messages")]
    pub(crate) fn ignore_empty_messages(&self) {}

    /// Waits until the peer has closed both directions.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.watched.poll_hung_up(cx).map(|_| ())
    }

    /// Waits until the peer has closed both directions.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(crate) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // Clears the readiness to write, so that the next event wakes the task. Writing does not
        // depend on it.
        for _ in 0..2 {
            let _ = self.watched.try_write(|_| Err::<(), _>(io::ErrorKind::WouldBlock.into()));
            if self.watched.fd().map_or(true, has_hung_up) {
                return Poll::Ready(());
            }
            if self.watched.poll_write_ready(cx).is_pending() {
                return Poll::Pending;
            }
        }
        // An error that was reported before, to another call.
        Poll::Ready(())
    }

    /// Has the system probe a TCP peer that has ended its direction, so that
    /// [`poll_gone`](Self::poll_gone) is ready when the peer has closed the connection.
    pub(crate) fn probe_peer(&mut self, cx: &mut Context<'_>) {
        if !self.is_local
            && let Ok(fd) = self.watched.fd()
        {
            self.probing.poll(cx, fd);
        }
    }

    /// Returns whether the peer has sent bytes that are not read yet.
    pub(crate) fn has_left_something(&self) -> bool {
        let bytes = self.watched.fd().and_then(|fd| Ok(rustix::io::ioctl_fionread(fd)?));
        bytes.is_ok_and(|bytes| bytes > 0)
    }

    /// Returns 0: the system has all bytes that were written, and keeps them when the socket is closed.
    #[expect(clippy::unused_self, reason = "other systems leave bytes with this process")]
    pub(crate) fn in_flight(&mut self) -> u64 {
        0
    }

    /// Returns the state of the peer; `refuses` is whether writing has failed because it reads no
    /// more than it has. The system does not report what the peer of a TCP connection has not read.
    pub(crate) fn peer_state(&self, refuses: bool) -> PeerState {
        if self.is_local && !self.has_written {
            return PeerState::default();
        }
        let state = self.watched.fd().map(|fd| match &self.terminal {
            Some(terminal) => terminal.peer_state(fd),
            None => peer_state(fd, self.is_local, refuses),
        });
        state.unwrap_or_default()
    }

    /// Writes at once, and waits for the socket only if that would block.
    pub(super) fn poll_try(
        &mut self,
        cx: &mut Context<'_>,
        mut write: impl FnMut(BorrowedFd<'_>) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.has_written = true;
        let mut result = self.watched.fd().and_then(&mut write);
        while would_block(&result) {
            ready!(self.watched.poll_write_ready(cx))?;
            result = self.watched.try_write(&mut write);
        }
        Poll::Ready(result)
    }

    /// Waits until there is something to read, or the end of file. Makes urgent data ordinary data
    /// (RFC 6093), because the system discards it otherwise. A command that is given a socket that was
    /// never read gets the socket as it was.
    ///
    /// For a local socket the option is set only when it is needed: an event reports urgent data, and a
    /// read after an event without it ends before urgent data that arrives later.
    pub(super) fn poll_read_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Readable>> {
        let readable = ready!(self.watched.poll_read_ready(cx))?;
        if !self.reads_in_line && (self.reads_on || self.has_urgent()) {
            receive_urgent_in_line(self.watched.fd()?);
            self.reads_in_line = true;
        }
        Poll::Ready(Ok(readable))
    }

    /// Reads by `input`, which returns the number of bytes and whether these are all bytes that the
    /// socket had. If so, the readiness is cleared, which saves the call that would find nothing:
    /// later bytes wake the task.
    ///
    /// A read that does not fill its buffer has taken all bytes, unless urgent data has arrived: a
    /// read ends before it. What arrives after the last event causes another event.
    pub(super) fn try_input(
        &mut self,
        input: impl FnOnce(BorrowedFd<'_>) -> io::Result<(usize, bool)>,
    ) -> io::Result<usize> {
        let mut all = None;
        let result = self.watched.try_read(|fd| match input(fd)? {
            (read, true) if self.ends_reads_at_last_byte() => {
                all = Some(read);
                Err(io::ErrorKind::WouldBlock.into())
            }
            (read, _) => Ok(read),
        });
        self.reads_on |= all.is_none() && !would_block(&result);
        all.map_or(result, Ok)
    }

    /// Returns whether an event has reported urgent data.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn has_urgent(&self) -> bool {
        self.watched.has_urgent()
    }

    /// Returns `false`: these systems do not report urgent data.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    #[expect(clippy::unused_self, reason = "other systems report it")]
    pub(super) fn has_urgent(&self) -> bool {
        false
    }

    /// Returns whether a read of this socket ends only where its data ends.
    fn ends_reads_at_last_byte(&self) -> bool {
        // Other systems do not report urgent data, which only TCP has there.
        (self.is_local || cfg!(any(target_os = "linux", target_os = "android")))
            && !self.has_urgent()
    }
}

/// Returns the state of the peer of a socket; `refuses` is whether it is known to take no more bytes.
pub(super) fn peer_state(socket: BorrowedFd<'_>, is_local: bool, refuses: bool) -> PeerState {
    // A peer that closes resets the connection before it discards what it has not read, so this
    // order misses neither.
    let unread = if is_local { unread_by_peer(socket).unwrap_or(0) } else { 0 };
    let unread = if unread > 0 && (refuses || has_hung_up(socket)) { unread } else { 0 };
    let was_reset = matches!(sockopt::socket_error(socket), Ok(Err(Errno::CONNRESET)));
    PeerState { was_reset, unread, is_open: false }
}

/// Makes urgent data (`MSG_OOB` of `send(2)`) ordinary data that is read in its place.
pub(super) fn receive_urgent_in_line(socket: BorrowedFd<'_>) {
    // It fails for sockets that have no urgent data.
    let _ = sockopt::set_socket_oobinline(socket, true);
}

/// Returns whether the peer has closed, or both directions were shut down.
pub(super) fn has_hung_up(socket: BorrowedFd<'_>) -> bool {
    let mut fds = [PollFd::new(&socket, PollFlags::empty())];
    super::wait(&mut fds, Some(&NOW)).is_ok() && fds[0].revents().intersects(super::ended())
}

pub(super) fn would_block<T>(result: &io::Result<T>) -> bool {
    matches!(result, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}
