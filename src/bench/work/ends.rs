//! The two ends of a connection's directions, for threads that wait and for event loops.
//!
//! What is done with them is written once, as futures: those of ends that wait are done
//! when they are first asked, so that a thread can run them without an event loop.

use local_socket::traits::{SendHalf as _, Stream as _, tokio::Stream as _};
use std::{
    fmt::{self, Debug, Formatter},
    io::{self, PipeWriter, Read, Write},
    net::{Shutdown, TcpStream},
    sync::Arc,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Where bytes come from.
pub(super) enum Reader {
    Waiting(Box<dyn Read + Send>),
    Event(Box<dyn AsyncRead + Send + Unpin>),
}

/// Where bytes go.
pub(super) enum Writer {
    Waiting(Box<dyn Finish + Send>),
    Event(Box<dyn AsyncWrite + Send + Unpin>),
}

/// Both directions of a connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) reader: Reader,
    pub(super) writer: Writer,
}

/// What can tell the other end that nothing more comes. Dropping it does, too.
pub(super) trait Finish: Write {
    fn finish(&mut self) -> io::Result<()>;
}

impl Finish for local_socket::SendHalf {
    fn finish(&mut self) -> io::Result<()> {
        self.close()
    }
}

impl Finish for PipeWriter {
    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A direction of a TCP connection.
struct TcpHalf(Arc<TcpStream>);

impl Read for TcpHalf {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(buffer)
    }
}

impl Write for TcpHalf {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Finish for TcpHalf {
    fn finish(&mut self) -> io::Result<()> {
        self.0.shutdown(Shutdown::Write)
    }
}

impl Reader {
    pub(super) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Waiting(reader) => loop {
                match reader.read(buffer) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    result => return result,
                }
            },
            Self::Event(reader) => reader.read(buffer).await,
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
            Self::Waiting(writer) => writer.write_all(bytes),
            Self::Event(writer) => writer.write_all(bytes).await,
        }
    }

    /// Tells the other end that nothing more comes.
    pub(super) async fn finish(mut self) -> io::Result<()> {
        match &mut self {
            Self::Waiting(writer) => writer.finish(),
            Self::Event(writer) => writer.shutdown().await,
        }
    }
}

impl Connection {
    pub(super) fn waiting(
        reader: impl Read + Send + 'static,
        writer: impl Finish + Send + 'static,
    ) -> Self {
        Self {
            reader: Reader::Waiting(Box::new(reader)),
            writer: Writer::Waiting(Box::new(writer)),
        }
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
        Self::waiting(reader, writer)
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
        Self::waiting(TcpHalf(Arc::clone(&stream)), TcpHalf(stream))
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
