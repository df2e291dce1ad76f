//! A connected socket that an event loop watches, and the steps that bytes take through it.

use super::descriptors::Descriptors;
#[cfg(target_os = "linux")]
use super::kernel_pipe::KernelPipe;
use local_socket::{os::unix::tokio::Stream, traits::StreamCommon as _};
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown};
use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    process,
    task::{Context, Poll, ready},
};
use tokio::{
    io::Interest,
    net::{TcpStream, UnixStream},
};

/// One end of a connection, in the event loop that it was made in.
#[derive(Debug)]
pub(crate) enum Socket {
    Local(Stream),
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

/// A socket between two event loops.
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

impl From<local_socket::tokio::Stream> for Socket {
    fn from(stream: local_socket::tokio::Stream) -> Self {
        let local_socket::tokio::Stream::UdSocket(stream) = stream;
        Self::Local(stream)
    }
}

impl From<TcpStream> for Socket {
    fn from(stream: TcpStream) -> Self {
        Self::Tcp(stream)
    }
}

impl Socket {
    /// Both ends of a connection between this process and a command that is given the
    /// other end; that end blocks, as standard streams do.
    pub(crate) fn pair_with_command(command: &mut process::Command) -> io::Result<Self> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        let output = theirs.try_clone()?;
        command.stdin(OwnedFd::from(theirs)).stdout(OwnedFd::from(output));
        Ok(Self::Local(Stream::try_from(ours)?))
    }

    /// Takes it out of its event loop.
    pub(crate) fn detach(self) -> io::Result<Detached> {
        Ok(match self {
            Self::Local(stream) => Detached::Local(OwnedFd::try_from(stream)?),
            Self::Tcp(stream) => Detached::Tcp(stream.into_std()?),
        })
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Local(stream) => stream.as_fd(),
            Self::Tcp(stream) => stream.as_fd(),
        }
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
            let result = match self {
                Self::Local(stream) if descriptors.are_passed() => {
                    ready!(stream.inner().poll_read_ready(cx))?;
                    descriptors.receive_with(stream, buffer)
                }
                Self::Local(stream) => {
                    ready!(stream.inner().poll_read_ready(cx))?;
                    self.try_input(|| {
                        let (read, has_lost) = descriptors.receive(stream, buffer)?;
                        // A read ends at descriptors, whatever comes after them.
                        Ok((read, 0 < read && read < size && !has_lost))
                    })
                }
                Self::Tcp(stream) => {
                    ready!(stream.poll_read_ready(cx))?;
                    self.try_input(|| {
                        let (read, _) = recv(stream, &mut *buffer, RecvFlags::empty())?;
                        Ok((read, 0 < read && read < size))
                    })
                }
            };
            if !would_block(&result) {
                return Poll::Ready(result);
            }
        }
    }

    /// Writes what there is room for.
    pub(crate) fn poll_write(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        descriptors: &mut Descriptors,
    ) -> Poll<io::Result<usize>> {
        if let (Self::Local(stream), true) = (self, descriptors.are_held()) {
            loop {
                ready!(stream.inner().poll_write_ready(cx))?;
                let result = descriptors.send(stream, bytes);
                if !would_block(&result) {
                    return Poll::Ready(result);
                }
            }
        }
        self.poll_output(cx, |fd| Ok(send(fd, bytes, SEND)?))
    }

    /// Waits until there is something to read; gives how much of it can be spliced, at most
    /// so much, or nothing if it is to be read.
    #[cfg(target_os = "linux")]
    pub(crate) fn poll_spliceable(
        &self,
        cx: &mut Context<'_>,
        most: usize,
        descriptors: &mut Descriptors,
    ) -> Poll<io::Result<Option<Spliceable>>> {
        Poll::Ready(Ok(match self {
            Self::Local(stream) => {
                ready!(stream.inner().poll_read_ready(cx))?;
                let waiting = descriptors.without(stream);
                waiting.map(|size| Spliceable { most: size.min(most), is_all: size <= most })
            }
            Self::Tcp(stream) => {
                ready!(stream.poll_read_ready(cx))?;
                Some(Spliceable { most, is_all: false })
            }
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
            ready!(match self {
                Self::Local(stream) => stream.inner().poll_read_ready(cx),
                Self::Tcp(stream) => stream.poll_read_ready(cx),
            })?;
            let result = self.try_input(|| {
                let moved = pipe.fill(self.as_fd(), size.most)?;
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
        &self,
        cx: &mut Context<'_>,
        pipe: &mut KernelPipe,
    ) -> Poll<io::Result<usize>> {
        self.poll_output(cx, |fd| pipe.drain(fd))
    }

    /// Ends what is sent through it: the peer reads to the end of file.
    pub(crate) fn poll_shutdown(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(shutdown(self.as_fd(), Shutdown::Write)?))
    }

    /// Tells a peer that writes that nothing is read any more.
    pub(crate) fn stop_reading(&self) {
        // A peer that has gone is told enough.
        let _ = shutdown(self.as_fd(), Shutdown::Read);
    }

    /// Waits until the peer has closed both directions.
    pub(crate) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // The readiness to write is forgotten, so that the next event wakes the task: it is
        // not asked for before writing.
        for _ in 0..2 {
            let forget = || -> io::Result<()> { Err(io::ErrorKind::WouldBlock.into()) };
            let _ = self.try_io(Interest::WRITABLE, forget);
            if self.has_hung_up() {
                return Poll::Ready(());
            }
            let ready = match self {
                Self::Local(stream) => stream.inner().poll_write_ready(cx),
                Self::Tcp(stream) => stream.poll_write_ready(cx),
            };
            if ready.is_pending() {
                return Poll::Pending;
            }
        }
        // An error that somebody has taken already.
        Poll::Ready(())
    }

    /// Whether there is something to read that the peer has sent.
    pub(crate) fn has_left_something(&self) -> bool {
        rustix::io::ioctl_fionread(self.as_fd()).is_ok_and(|bytes| bytes > 0)
    }

    /// Whether the peer has closed without having read everything.
    pub(crate) fn was_reset(&self) -> bool {
        let error = match self {
            Self::Local(stream) => stream.take_error(),
            Self::Tcp(stream) => stream.take_error(),
        };
        matches!(error, Ok(Some(error)) if error.kind() == io::ErrorKind::ConnectionReset)
    }

    fn has_hung_up(&self) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec};
        let fd = self.as_fd();
        let mut fds = [PollFd::new(&fd, PollFlags::empty())];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        super::wait(&mut fds, Some(&now)).is_ok() && fds[0].revents().intersects(super::ended())
    }

    /// Tries at once, and waits for the socket only if that would block.
    fn poll_output(
        &self,
        cx: &mut Context<'_>,
        mut write: impl FnMut(BorrowedFd<'_>) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let mut result = write(self.as_fd());
        while would_block(&result) {
            ready!(match self {
                Self::Local(stream) => stream.inner().poll_write_ready(cx),
                Self::Tcp(stream) => stream.poll_write_ready(cx),
            })?;
            result = self.try_io(Interest::WRITABLE, || write(self.as_fd()));
        }
        Poll::Ready(result)
    }

    /// Reads; if that has taken all that was there, the readiness is forgotten, which saves
    /// the call that would find nothing: what comes later wakes the task.
    ///
    /// All that was there is what fits into a buffer that is not filled, as tokio itself has
    /// it. Only out-of-band data ends a read before that, and waits for what comes after it.
    fn try_input(&self, input: impl FnOnce() -> io::Result<(usize, bool)>) -> io::Result<usize> {
        let mut all = None;
        let result = self.try_io(Interest::READABLE, || match input()? {
            (read, true) => {
                all = Some(read);
                Err(io::ErrorKind::WouldBlock.into())
            }
            (read, false) => Ok(read),
        });
        all.map_or(result, Ok)
    }

    fn try_io<T>(&self, interest: Interest, io: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        match self {
            Self::Local(stream) => stream.inner().try_io(interest, io),
            Self::Tcp(stream) => stream.try_io(interest, io),
        }
    }
}

impl Detached {
    /// Puts it into the event loop that runs this.
    pub(crate) fn attach(self) -> io::Result<Socket> {
        Ok(match self {
            Self::Local(fd) => Socket::Local(
                UnixStream::from_std(std::os::unix::net::UnixStream::from(fd))?.into(),
            ),
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
