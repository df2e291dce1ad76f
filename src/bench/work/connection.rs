//! Connections, for threads with blocking calls and for event loops.
//!
//! All functions are `async`, so that each loop is written once. With blocking calls the futures
//! are ready at the first poll, and a thread can run them without an event loop.

use local_socket::traits::{SendHalf as _, Stream as _, tokio::Stream as _};
use std::{
    io::{self, PipeReader, PipeWriter, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    sync::Arc,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Reads from a connection. The blocking kinds are variants and not trait objects: a box would
/// cost an allocation per connection and an indirection per message.
pub(super) enum ConnectionReader {
    Local(local_socket::RecvHalf),
    Pipe(PipeReader),
    Tcp(Arc<TcpStream>),
    Event(Box<dyn AsyncRead + Send + Unpin>),
}

/// Writes to a connection.
pub(super) enum ConnectionWriter {
    Local(local_socket::SendHalf),
    Pipe(PipeWriter),
    Tcp(Arc<TcpStream>),
    Event(Box<dyn AsyncWrite + Send + Unpin>),
}

/// A connection before it is split. Short connections are used as they are, because splitting
/// allocates, which is noticeable if a connection lasts a few microseconds.
pub(super) enum OpenConnection {
    Local(local_socket::Stream),
    Tcp(TcpStream),
    Event(SplitConnection),
}

/// Both directions of a connection, for two workers.
pub(super) struct SplitConnection {
    pub(super) reader: ConnectionReader,
    pub(super) writer: ConnectionWriter,
}

/// Reads bytes and whole messages.
pub(super) trait MessageReader {
    /// Reads once; may fail with `Interrupted`.
    async fn read_once(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.read_once(buffer).await {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Fills the buffer. Returns false at an end of file before the first byte; an end of file
    /// after it is `UnexpectedEof`.
    async fn fill(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
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

impl MessageReader for ConnectionReader {
    async fn read_once(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Local(half) => half.read(buffer),
            Self::Pipe(pipe) => pipe.read(buffer),
            Self::Tcp(stream) => (&**stream).read(buffer),
            Self::Event(reader) => reader.read(buffer).await,
        }
    }
}

impl MessageReader for OpenConnection {
    async fn read_once(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Local(stream) => stream.read(buffer),
            Self::Tcp(stream) => stream.read(buffer),
            Self::Event(connection) => connection.reader.read(buffer).await,
        }
    }
}

impl ConnectionWriter {
    pub(super) async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Local(half) => half.write_all(bytes),
            Self::Pipe(pipe) => pipe.write_all(bytes),
            Self::Tcp(stream) => (&**stream).write_all(bytes),
            Self::Event(writer) => writer.write_all(bytes).await,
        }
    }

    /// Shuts down the sending direction. Dropping reader and writer has the same effect.
    pub(super) async fn finish(self) -> io::Result<()> {
        match self {
            Self::Local(half) => half.close(),
            // Dropping the only writer closes the pipe.
            Self::Pipe(_) => Ok(()),
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Self::Event(mut writer) => writer.shutdown().await,
        }
    }
}

impl SplitConnection {
    pub(super) fn event(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        Self {
            reader: ConnectionReader::Event(Box::new(reader)),
            writer: ConnectionWriter::Event(Box::new(writer)),
        }
    }
}

impl OpenConnection {
    /// Splits the connection into two directions.
    pub(super) fn split(self) -> SplitConnection {
        match self {
            Self::Local(stream) => {
                let (reader, writer) = stream.split();
                SplitConnection {
                    reader: ConnectionReader::Local(reader),
                    writer: ConnectionWriter::Local(writer),
                }
            }
            Self::Tcp(stream) => {
                let stream = Arc::new(stream);
                SplitConnection {
                    reader: ConnectionReader::Tcp(Arc::clone(&stream)),
                    writer: ConnectionWriter::Tcp(stream),
                }
            }
            Self::Event(connection) => connection,
        }
    }

    pub(super) async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Local(stream) => stream.write_all(bytes),
            Self::Tcp(stream) => stream.write_all(bytes),
            Self::Event(connection) => connection.writer.write_all(bytes).await,
        }
    }
}

impl From<local_socket::tokio::Stream> for OpenConnection {
    fn from(stream: local_socket::tokio::Stream) -> Self {
        let (reader, writer) = stream.split();
        Self::Event(SplitConnection::event(reader, writer))
    }
}

impl From<tokio::net::TcpStream> for OpenConnection {
    fn from(stream: tokio::net::TcpStream) -> Self {
        let (reader, writer) = stream.into_split();
        Self::Event(SplitConnection::event(reader, writer))
    }
}
