//! A connection in an event loop, and the steps by which bytes pass through it.

use super::{super::PeerState, descriptors::Descriptors, local_pipe::LocalPipe};
use local_socket::{ConnectOptions, PeerCreds, tokio::Stream, traits::StreamCommon as _};
use std::{
    future::poll_fn,
    io,
    pin::{Pin, pin},
    task::{Context, Poll, Waker, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    process::{ChildStdin, ChildStdout},
    task::unconstrained,
};

/// A connection that is registered with the event loop of its task.
#[derive(Debug)]
pub(crate) enum Socket {
    Local(LocalPipe),
    Tcp(TcpStream),
    /// The standard streams of a command.
    Command {
        input: Option<ChildStdin>,
        /// Number of bytes of the last write, which a thread may not have done yet.
        written: usize,
        output: Option<ChildStdout>,
    },
}

/// A connection that is not in the event loop of its task.
#[derive(Debug)]
pub(crate) enum Detached {
    /// A pipe that the completion driver of the library serves, in any event loop.
    Pipe(Stream),
    /// A pipe for blocking calls.
    Local(local_socket::Stream),
    Tcp(std::net::TcpStream),
}

impl From<local_socket::Stream> for Detached {
    fn from(stream: local_socket::Stream) -> Self {
        Self::Local(stream)
    }
}

impl From<std::net::TcpStream> for Detached {
    fn from(stream: std::net::TcpStream) -> Self {
        Self::Tcp(stream)
    }
}

impl Socket {
    /// Returns the process at the other end of a pipe.
    ///
    /// # Errors
    /// `Unsupported` for other connections, or an error of the system.
    pub(crate) fn peer_creds(&self) -> io::Result<PeerCreds> {
        match self {
            Self::Local(pipe) => pipe.stream().peer_creds(),
            Self::Tcp(_) | Self::Command { .. } => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Connects to a pipe as the options say.
    pub(crate) async fn connect(options: ConnectOptions<'_>) -> io::Result<Stream> {
        options.connect_tokio().await
    }

    /// Takes the connection out of its event loop.
    ///
    /// # Errors
    /// `Unsupported` for the standard streams of a command.
    pub(crate) fn detach(self) -> io::Result<Detached> {
        match self {
            Self::Local(pipe) => Ok(Detached::Pipe(pipe.into())),
            Self::Tcp(stream) => stream.into_std().map(Detached::Tcp),
            Self::Command { .. } => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Does nothing: the system does not wake a task whenever the peer reads.
    #[expect(clippy::unused_self, reason = "other systems wake it")]
    pub(crate) fn rest_writing(&mut self, _: &mut Context<'_>) {}

    /// Does nothing: input wakes a task only if it waits for that.
    #[expect(clippy::unused_self, reason = "other systems wake it")]
    pub(crate) fn rest_reading(&mut self) {}

    /// Reads the bytes that have arrived; 0 is the end of file.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        _: &mut Descriptors,
    ) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        let result = ready!(match self {
            Self::Local(pipe) => pipe.poll_read(cx, &mut buffer),
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, &mut buffer),
            Self::Command { output: Some(output), .. } => {
                Pin::new(output).poll_read(cx, &mut buffer)
            }
            Self::Command { output: None, .. } => Poll::Ready(Ok(())),
        });
        match result {
            // All writers of the pipe have closed it: this is the end of file.
            Err(error)
                if error.kind() == io::ErrorKind::BrokenPipe
                    && matches!(self, Self::Command { .. }) =>
            {
                Poll::Ready(Ok(0))
            }
            result => Poll::Ready(result.map(|()| buffer.filled().len())),
        }
    }

    /// Writes as many bytes as the connection takes.
    pub(crate) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        _: &mut Descriptors,
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Local(pipe) => pipe.poll_write(cx, bytes),
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Command { input: Some(input), written, .. } => {
                let result = Pin::new(input).poll_write(cx, bytes);
                if let Poll::Ready(Ok(count)) = result {
                    *written = count;
                }
                result
            }
            Self::Command { input: None, .. } => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    /// Ends sending: the peer reads the end of file.
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Local(pipe) => pipe.poll_shutdown(cx),
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Command { input, .. } => {
                if let Some(open) = input {
                    let result = ready!(Pin::new(open).poll_shutdown(cx));
                    *input = None;
                    return Poll::Ready(result);
                }
                Poll::Ready(Ok(()))
            }
        }
    }

    /// Does nothing: a pipe has no half-close of receiving.
    #[expect(clippy::unused_self, reason = "other systems have one")]
    pub(crate) fn stop_reading(&self) {}

    /// Makes messages of zero bytes mean nothing, instead of the end of file, if this is a pipe.
    pub(crate) fn ignore_empty_messages(&self) {
        if let Self::Local(pipe) = self {
            pipe.ignore_empty_messages();
        }
    }

    /// Waits until the peer has closed both directions.
    pub(crate) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Local(pipe) => pipe.poll_gone(cx),
            // The system reports no such event.
            Self::Tcp(_) | Self::Command { .. } => Poll::Pending,
        }
    }

    /// Does nothing: the system reports no event when a TCP connection is reset.
    #[expect(clippy::unused_self, reason = "other systems report it")]
    pub(crate) fn probe_peer(&mut self, _: &mut Context<'_>) {}

    /// Returns `true`: a pipe cannot report unread data, so there may be some.
    #[expect(clippy::unused_self, reason = "other systems report it")]
    pub(crate) fn has_left_something(&self) -> bool {
        true
    }

    /// Closes the socket of an ended connection.
    pub(crate) fn close_soon(self) {
        drop(self);
    }

    /// Returns the number of bytes, at most, that were written here and that the system has not taken:
    /// they are lost if this process ends.
    pub(crate) fn in_flight(&mut self) -> u64 {
        match self {
            Self::Local(pipe) => pipe.in_flight() as u64,
            Self::Command { input: Some(input), written, .. } => {
                if is_writing(input) {
                    *written as u64
                } else {
                    0
                }
            }
            Self::Tcp(_) | Self::Command { input: None, .. } => 0,
        }
    }

    pub(crate) fn is_tcp(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }

    /// Returns the state of the peer. The system reports nothing about the peer of a TCP connection.
    pub(crate) fn peer_state(&self, _refuses: bool) -> PeerState {
        match self {
            Self::Local(pipe) => pipe.peer_state(),
            Self::Tcp(_) | Self::Command { .. } => PeerState::default(),
        }
    }
}

/// Returns whether the thread for the input of a command has not finished its last write.
fn is_writing(input: &mut ChildStdin) -> bool {
    // A write of nothing waits for the last one. Without a budget of the task, that is all that it
    // waits for.
    let write = poll_fn(|cx| Pin::new(&mut *input).poll_write(cx, &[]));
    pin!(unconstrained(write)).poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

impl Detached {
    /// Takes a pipe that was accepted or connected for an event loop.
    pub(crate) fn for_loop(stream: Stream) -> Self {
        Self::Pipe(stream)
    }

    /// Registers the connection with the event loop of the caller.
    pub(crate) fn attach(self) -> io::Result<Socket> {
        Ok(match self {
            Self::Pipe(stream) => Socket::Local(stream.into()),
            Self::Local(stream) => Socket::Local(Stream::try_from(stream)?.into()),
            Self::Tcp(stream) => Socket::Tcp(TcpStream::from_std(stream)?),
        })
    }
}
