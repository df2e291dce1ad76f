//! A connection that an event loop watches, and the steps that bytes take through it.

use super::{super::PeerState, descriptors::Descriptors};
use local_socket::{
    ConnectOptions, ConnectWaitMode, Name, tokio::Stream, traits::StreamCommon as _,
};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    process::{ChildStdin, ChildStdout},
    time::{Sleep, sleep},
};

/// One end of a connection.
#[derive(Debug)]
pub(crate) enum Socket {
    /// A pipe, and what looks from time to time whether its other end is still there.
    Local(Stream, Option<Pin<Box<Sleep>>>),
    Tcp(TcpStream),
    /// A command's standard streams.
    Command {
        input: Option<ChildStdin>,
        output: Option<ChildStdout>,
    },
}

/// A connection that is in no event loop.
#[derive(Debug)]
pub(crate) enum Detached {
    /// What the library watches on its own.
    Pipe(Stream),
    /// A pipe that is not watched yet.
    Local(local_socket::Stream),
    Tcp(std::net::TcpStream),
}

/// How often it is looked whether a peer that has ended one direction has gone.
const INTERVAL: Duration = Duration::from_millis(50);

impl From<Stream> for Detached {
    fn from(stream: Stream) -> Self {
        Self::Pipe(stream)
    }
}

impl From<local_socket::Stream> for Detached {
    fn from(stream: local_socket::Stream) -> Self {
        Self::Local(stream)
    }
}

impl From<TcpStream> for Socket {
    fn from(stream: TcpStream) -> Self {
        Self::Tcp(stream)
    }
}

impl Socket {
    /// Connects to a pipe.
    pub(crate) async fn connect(name: Name<'_>, wait_mode: ConnectWaitMode) -> io::Result<Self> {
        let options = ConnectOptions::new().name(name).wait_mode(wait_mode);
        options.connect_tokio().await.map(|stream| Self::Local(stream, None))
    }

    /// Takes it out of its event loop. A command's streams are in the one that started it.
    pub(crate) fn detach(self) -> io::Result<Detached> {
        match self {
            Self::Local(stream, _) => Ok(Detached::Pipe(stream)),
            Self::Tcp(stream) => stream.into_std().map(Detached::Tcp),
            Self::Command { .. } => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Nothing is watched that would have to rest.
    #[expect(clippy::unused_self, reason = "other systems watch")]
    pub(crate) fn rest(&mut self, _: &mut Context<'_>) {}

    /// Reads what is there; 0 is the end of file.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        _: &mut Descriptors,
    ) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        let result = ready!(match self {
            Self::Local(stream, _) => Pin::new(stream).poll_read(cx, &mut buffer),
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, &mut buffer),
            Self::Command { output: Some(output), .. } => {
                Pin::new(output).poll_read(cx, &mut buffer)
            }
            Self::Command { output: None, .. } => Poll::Ready(Ok(())),
        });
        match result {
            // A pipe whose writers have gone is at its end.
            Err(error)
                if error.kind() == io::ErrorKind::BrokenPipe
                    && matches!(self, Self::Command { .. }) =>
            {
                Poll::Ready(Ok(0))
            }
            result => Poll::Ready(result.map(|()| buffer.filled().len())),
        }
    }

    /// Writes what there is room for.
    pub(crate) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        _: &mut Descriptors,
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Local(stream, _) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Command { input: Some(input), .. } => Pin::new(input).poll_write(cx, bytes),
            Self::Command { input: None, .. } => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    /// Ends what is sent through it: the peer reads to the end of file.
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Local(stream, _) => Pin::new(stream).poll_shutdown(cx),
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

    /// There is no way to tell a peer that.
    #[expect(clippy::unused_self, reason = "other systems have one")]
    pub(crate) fn stop_reading(&self) {}

    /// Waits until the peer has closed both directions.
    pub(crate) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self::Local(stream, timer) = self else { return Poll::Pending };
        loop {
            if stream.peer_hung_up().unwrap_or(true) {
                return Poll::Ready(());
            }
            // Nothing tells of it.
            let pause = timer.get_or_insert_with(|| Box::pin(sleep(INTERVAL)));
            ready!(pause.as_mut().poll(cx));
            *timer = None;
        }
    }

    /// Nothing tells that of a pipe: there may be.
    #[expect(clippy::unused_self, reason = "other systems can tell")]
    pub(crate) fn has_left_something(&self) -> bool {
        true
    }

    /// Looks at what the pipe shows of its peer: nothing.
    #[expect(clippy::unused_self, reason = "other systems can tell")]
    pub(crate) fn peer_state(&self) -> PeerState {
        PeerState::default()
    }
}

impl Detached {
    /// Puts it into the event loop that runs this.
    pub(crate) fn attach(self) -> io::Result<Socket> {
        Ok(match self {
            Self::Pipe(stream) => Socket::Local(stream, None),
            Self::Local(stream) => Socket::Local(stream.try_into()?, None),
            Self::Tcp(stream) => Socket::Tcp(TcpStream::from_std(stream)?),
        })
    }
}
