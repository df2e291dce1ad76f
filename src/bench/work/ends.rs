//! The two ends of a connection's directions, for threads that wait and for event loops.
//!
//! What is done with them is written once, as futures: those of ends that wait are done
//! when they are first asked, so that a thread can run them without an event loop.

use local_socket::traits::{SendHalf as _, Stream as _, tokio::Stream as _};
use std::{
    fmt::{self, Debug, Formatter},
    io::{self, PipeReader, PipeWriter, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    sync::Arc,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Where bytes come from. Those that wait are named one by one: behind a pointer they would
/// cost each connection an allocation and each message a detour.
pub(super) enum Reader {
    Local(local_socket::RecvHalf),
    Pipe(PipeReader),
    Tcp(Arc<TcpStream>),
    Event(Box<dyn AsyncRead + Send + Unpin>),
}

/// Where bytes go.
pub(super) enum Writer {
    Local(local_socket::SendHalf),
    Pipe(PipeWriter),
    Tcp(Arc<TcpStream>),
    Event(Box<dyn AsyncWrite + Send + Unpin>),
}

/// Both directions of a connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) reader: Reader,
    pub(super) writer: Writer,
}

impl Reader {
    pub(super) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let result = match self {
                Self::Local(half) => half.read(buffer),
                Self::Pipe(pipe) => pipe.read(buffer),
                Self::Tcp(stream) => (&**stream).read(buffer),
                Self::Event(reader) => reader.read(buffer).await,
            };
            match result {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Fills the buffer: false if the end of file comes before its first byte.
    pub(super) async fn fill(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.read(&mut buffer[filled..]).await? {
                0 if filled == 0 => return Ok(false),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => filled += count,
            }
        }
        Ok(true)
    }
}

impl Writer {
    pub(super) async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Local(half) => half.write_all(bytes),
            Self::Pipe(pipe) => pipe.write_all(bytes),
            Self::Tcp(stream) => (&**stream).write_all(bytes),
            Self::Event(writer) => writer.write_all(bytes).await,
        }
    }

    /// Tells the other end that nothing more comes. Dropping it does, too, if the reader is
    /// dropped as well.
    pub(super) async fn finish(self) -> io::Result<()> {
        match self {
            Self::Local(half) => half.close(),
            // This was the only one.
            Self::Pipe(_) => Ok(()),
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Self::Event(mut writer) => writer.shutdown().await,
        }
    }
}

impl Connection {
    pub(super) fn waiting(reader: PipeReader, writer: PipeWriter) -> Self {
        Self { reader: Reader::Pipe(reader), writer: Writer::Pipe(writer) }
    }

    pub(super) fn event(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        Self { reader: Reader::Event(Box::new(reader)), writer: Writer::Event(Box::new(writer)) }
    }
}

impl From<local_socket::Stream> for Connection {
    fn from(stream: local_socket::Stream) -> Self {
        let (reader, writer) = stream.split();
        Self { reader: Reader::Local(reader), writer: Writer::Local(writer) }
    }
}

impl From<local_socket::tokio::Stream> for Connection {
    fn from(stream: local_socket::tokio::Stream) -> Self {
        let (reader, writer) = stream.split();
        Self::event(reader, writer)
    }
}

impl From<TcpStream> for Connection {
    fn from(stream: TcpStream) -> Self {
        let stream = Arc::new(stream);
        Self { reader: Reader::Tcp(Arc::clone(&stream)), writer: Writer::Tcp(stream) }
    }
}

impl From<tokio::net::TcpStream> for Connection {
    fn from(stream: tokio::net::TcpStream) -> Self {
        let (reader, writer) = stream.into_split();
        Self::event(reader, writer)
    }
}

impl Debug for Reader {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl Debug for Writer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}
