//! A connected socket that an event loop watches, and the steps that bytes take through it.

#[cfg(target_os = "linux")]
use super::kernel_pipe::KernelPipe;
use super::{super::PeerState, descriptors::Descriptors};
use local_socket::{ConnectOptions, ConnectWaitMode, Name, Stream};
use lsock_startup::{Watched, unread};
use rustix::{
    io::Errno,
    net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown, sockopt},
};
use std::{
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
    process,
    task::{Context, Poll, ready},
};
use tokio::{io::Interest, net::TcpStream};

/// One end of a connection, in the event loop that it was made in.
#[derive(Debug)]
pub(crate) enum Socket {
    Local(Watched),
    Tcp(TcpStream),
}

/// How much can be spliced from a socket.
#[cfg(target_os = "linux")]
#[derive(Copy, Clone, Debug)]
pub(crate) struct Spliceable {
    most: usize,
    /// That is everything that was there.
    is_all: bool,
}

/// A socket that no event loop watches yet.
#[derive(Debug)]
pub(crate) enum Detached {
    Local(OwnedFd),
    Tcp(std::net::TcpStream),
}

/// What is written to a peer that has gone is an error, and no signal: Rust's runtime has
/// SIGPIPE ignored, which Apple's systems, that lack the flag, rely on.
#[cfg(not(target_vendor = "apple"))]
const SEND: SendFlags = SendFlags::NOSIGNAL;
#[cfg(target_vendor = "apple")]
const SEND: SendFlags = SendFlags::empty();

impl From<TcpStream> for Socket {
    fn from(stream: TcpStream) -> Self {
        Self::Tcp(stream)
    }
}

impl Socket {
    /// Both ends of a connection between this process and a command that is given the
    /// other end; that end blocks, as standard streams do.
    pub(crate) fn pair_with_command(command: &mut process::Command) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let output = theirs.try_clone()?;
        command.stdin(OwnedFd::from(theirs)).stdout(OwnedFd::from(output));
        Ok(Self::Local(Watched::new(ours)?))
    }

    /// Connects to a local socket.
    pub(crate) async fn connect(name: Name<'_>, wait_mode: ConnectWaitMode) -> io::Result<Self> {
        let options = ConnectOptions::new().name(name);
        let at_once = options.clone().wait_mode(ConnectWaitMode::Deferred).connect_sync();
        let socket = match at_once {
            // Now it has to be waited for, and the thread has other things to do.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                OwnedFd::try_from(options.wait_mode(wait_mode).connect_tokio().await?)?
            }
            stream => OwnedFd::from(stream?),
        };
        Ok(Self::Local(Watched::new(socket)?))
    }

    /// Takes it out of its event loop.
    pub(crate) fn detach(self) -> io::Result<Detached> {
        Ok(match self {
            Self::Local(socket) => Detached::Local(socket.into_fd()?),
            Self::Tcp(stream) => Detached::Tcp(stream.into_std()?),
        })
    }

    /// Reads what is there; 0 is the end of file.
    pub(crate) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        descriptors: &mut Descriptors,
    ) -> Poll<io::Result<usize>> {
        let size = buffer.len();
        loop {
            ready!(self.poll_input(cx))?;
            let result = match self {
                Self::Local(socket) if descriptors.are_passed() => {
                    socket.try_read(|fd| descriptors.receive_with(fd, buffer))
                }
                Self::Local(_) => self.try_input(|fd| {
                    let (read, has_lost) = descriptors.receive(fd, buffer)?;
                    // A read ends at descriptors, whatever comes after them.
                    Ok((read, 0 < read && read < size && !has_lost))
                }),
                Self::Tcp(_) => self.try_input(|fd| {
                    let (read, _) = recv(fd, &mut *buffer, RecvFlags::empty())?;
                    Ok((read, 0 < read && read < size))
                }),
            };
            if !would_block(&result) {
                return Poll::Ready(result);
            }
        }
    }

    /// Writes what there is room for.
    pub(crate) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        descriptors: &mut Descriptors,
    ) -> Poll<io::Result<usize>> {
        if descriptors.are_held() {
            return self.poll_try(cx, |fd| descriptors.send(fd, bytes));
        }
        self.poll_try(cx, |fd| Ok(send(fd, bytes, SEND)?))
    }

    /// Little is written to it for the time being.
    pub(crate) fn rest(&mut self, cx: &mut Context<'_>) {
        if let Self::Local(socket) = self
            && let Err(error) = socket.stop_watching_writing(cx)
        {
            tracing::debug!(%error, "socket not watched any more");
        }
    }

    /// Waits until there is something to read; gives how much of it can be spliced, at most
    /// so much, or nothing if it is to be read.
    #[cfg(target_os = "linux")]
    pub(crate) fn poll_spliceable(
        &self,
        cx: &mut Context<'_>,
        most: usize,
    ) -> Poll<io::Result<Option<Spliceable>>> {
        ready!(self.poll_input(cx))?;
        Poll::Ready(Ok(match self {
            Self::Local(socket) => {
                let waiting = Descriptors::without(socket.fd()?);
                waiting.map(|size| Spliceable { most: size.min(most), is_all: size <= most })
            }
            Self::Tcp(_) => Some(Spliceable { most, is_all: false }),
        }))
    }

    /// Moves at most so many bytes from the socket into the empty pipe, within the kernel;
    /// these may be known to be all that there was.
    #[cfg(target_os = "linux")]
    pub(crate) fn poll_splice_in(
        &self,
        cx: &mut Context<'_>,
        pipe: &mut KernelPipe,
        size: Spliceable,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.poll_input(cx))?;
            let result = self.try_input(|fd| {
                let moved = pipe.fill(fd, size.most)?;
                Ok((moved, size.is_all && moved == size.most))
            });
            if !would_block(&result) {
                return Poll::Ready(result);
            }
        }
    }

    /// Moves bytes from the pipe into the socket, within the kernel.
    #[cfg(target_os = "linux")]
    pub(crate) fn poll_splice_out(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &mut KernelPipe,
    ) -> Poll<io::Result<usize>> {
        self.poll_try(cx, |fd| pipe.drain(fd))
    }

    /// Ends what is sent through it: the peer reads to the end of file.
    pub(crate) fn poll_shutdown(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.fd().and_then(|fd| Ok(shutdown(fd, Shutdown::Write)?)))
    }

    /// Tells a peer that writes that nothing is read any more.
    pub(crate) fn stop_reading(&self) {
        // A peer that has gone is told enough.
        let _ = self.fd().map(|fd| shutdown(fd, Shutdown::Read));
    }

    /// Waits until the peer has closed both directions.
    pub(crate) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // The readiness to write is forgotten, so that the next event wakes the task: it is
        // not asked for before writing.
        for _ in 0..2 {
            let _ = self.try_output(|_| Err::<(), _>(io::ErrorKind::WouldBlock.into()));
            if self.has_hung_up() {
                return Poll::Ready(());
            }
            if self.poll_output(cx).is_pending() {
                return Poll::Pending;
            }
        }
        // An error that somebody has taken already.
        Poll::Ready(())
    }

    /// Whether there is something to read that the peer has sent.
    pub(crate) fn has_left_something(&self) -> bool {
        let bytes = self.fd().and_then(|fd| Ok(rustix::io::ioctl_fionread(fd)?));
        bytes.is_ok_and(|bytes| bytes > 0)
    }

    /// Looks at what the socket shows of its peer. A TCP socket cannot tell what is unread.
    pub(crate) fn peer_state(&self) -> PeerState {
        // A peer that closes resets the connection before it discards what it has not read,
        // so that this order misses neither.
        let unread = match self {
            Self::Local(socket) if self.has_hung_up() => socket.fd().and_then(unread).unwrap_or(0),
            _ => 0,
        };
        let error = self.fd().and_then(|fd| Ok(sockopt::socket_error(fd)?));
        PeerState { was_reset: matches!(error, Ok(Err(Errno::CONNRESET))), unread }
    }

    fn has_hung_up(&self) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec};
        let Ok(fd) = self.fd() else { return true };
        let mut fds = [PollFd::new(&fd, PollFlags::empty())];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        super::wait(&mut fds, Some(&now)).is_ok() && fds[0].revents().intersects(super::ended())
    }

    fn fd(&self) -> io::Result<BorrowedFd<'_>> {
        match self {
            Self::Local(socket) => socket.fd(),
            Self::Tcp(stream) => Ok(stream.as_fd()),
        }
    }

    fn poll_input(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Local(socket) => socket.poll_read_ready(cx),
            Self::Tcp(stream) => stream.poll_read_ready(cx),
        }
    }

    fn poll_output(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Local(socket) => socket.poll_write_ready(cx),
            Self::Tcp(stream) => stream.poll_write_ready(cx),
        }
    }

    /// Tries at once, and waits for the socket only if that would block.
    fn poll_try(
        &mut self,
        cx: &mut Context<'_>,
        mut write: impl FnMut(BorrowedFd<'_>) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let mut result = self.fd().and_then(&mut write);
        while would_block(&result) {
            ready!(self.poll_output(cx))?;
            result = self.try_output(&mut write);
        }
        Poll::Ready(result)
    }

    /// Reads; if that has taken all that was there, the readiness is forgotten, which saves
    /// the call that would find nothing: what comes later wakes the task.
    ///
    /// All that was there is what fits into a buffer that is not filled, as tokio itself has
    /// it. Only out-of-band data ends a read before that, and waits for what comes after it.
    fn try_input(
        &self,
        input: impl FnOnce(BorrowedFd<'_>) -> io::Result<(usize, bool)>,
    ) -> io::Result<usize> {
        let mut all = None;
        let read = |fd: BorrowedFd<'_>| match input(fd)? {
            (read, true) => {
                all = Some(read);
                Err(io::ErrorKind::WouldBlock.into())
            }
            (read, false) => Ok(read),
        };
        let result = match self {
            Self::Local(socket) => socket.try_read(read),
            Self::Tcp(stream) => stream.try_io(Interest::READABLE, || read(stream.as_fd())),
        };
        all.map_or(result, Ok)
    }

    fn try_output<T>(&self, write: impl FnOnce(BorrowedFd<'_>) -> io::Result<T>) -> io::Result<T> {
        match self {
            Self::Local(socket) => socket.try_write(write),
            Self::Tcp(stream) => stream.try_io(Interest::WRITABLE, || write(stream.as_fd())),
        }
    }
}

impl From<Stream> for Detached {
    fn from(stream: Stream) -> Self {
        Self::Local(stream.into())
    }
}

impl Detached {
    /// Puts it into the event loop that runs this.
    pub(crate) fn attach(self) -> io::Result<Socket> {
        Ok(match self {
            Self::Local(fd) => Socket::Local(Watched::new(fd)?),
            Self::Tcp(stream) => Socket::Tcp(TcpStream::from_std(stream)?),
        })
    }

    /// The socket as a command can have it.
    pub(crate) fn give_to(self, command: &mut process::Command) -> io::Result<()> {
        let fd = match self {
            Self::Local(fd) => fd,
            Self::Tcp(stream) => OwnedFd::from(stream),
        };
        rustix::io::ioctl_fionbio(&fd, false)?;
        command.stdin(fd.try_clone()?).stdout(fd);
        Ok(())
    }
}

fn would_block<T>(result: &io::Result<T>) -> bool {
    matches!(result, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}
