use super::{
    connect,
    connection::Connection,
    halves::{RecvHalf, SendHalf},
    linger::LINGER,
    pair, peer,
    pipe::{Pipe, PipeInfo},
    wait_limit::WaitLimit,
};
use crate::{
    ConnectOptions, Name, PeerCreds, TryClone,
    error::{FromHandleError, ReuniteError},
    name::sealed::Sealed,
    traits,
};
use std::{
    io::{self, IoSlice, IoSliceMut, Read, Write},
    net::Shutdown,
    os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle},
    sync::{Arc, atomic::Ordering},
    thread,
    time::Duration,
};

/// A connection through a named pipe.
///
/// Clones made with [`TryClone`] are handles to the same connection: modes, timeouts
/// and the end of file are common to all of them.
///
/// In non-blocking mode, and with a send timeout, a write is finished by the system
/// after it was reported; its error is that of the next write, `flush` or `drain`. When
/// the stream is dropped, such a write goes on in the background for at most 30
/// seconds; a process that ends before that should
/// [`drain`](traits::Stream::drain) the stream.
#[derive(Debug)]
pub struct Stream(pub(super) Arc<Connection>);

impl Stream {
    /// Two streams that are connected to each other and have no name.
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn pair() -> io::Result<(Self, Self)> {
        pair::pair().map(|(one, other)| (Self::new(one), Self::new(other)))
    }

    /// The pipe, which this type stands for itself.
    #[must_use]
    pub fn inner(&self) -> &Self {
        self
    }

    /// The pipe, which this type stands for itself.
    pub fn inner_mut(&mut self) -> &mut Self {
        self
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.0
    }

    pub(super) fn new(connection: Connection) -> Self {
        Self(Arc::new(connection))
    }
}

impl Sealed for Stream {}
impl traits::Stream for Stream {
    type RecvHalf = RecvHalf;
    type SendHalf = SendHalf;

    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.0.nonblocking.store(nonblocking, Ordering::Relaxed);
        Ok(())
    }
    fn set_recv_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.recv_timeout.set(timeout)
    }
    fn set_send_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.send_timeout.set(timeout)
    }
    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        if how != Shutdown::Write {
            self.0.end_reading();
        }
        if how != Shutdown::Read { self.0.end_writing() } else { Ok(()) }
    }
    fn drain(&self, deadline: Duration) -> io::Result<()> {
        self.0.drain(deadline)
    }
    fn split(self) -> (RecvHalf, SendHalf) {
        (RecvHalf(Arc::clone(&self.0)), SendHalf(self.0))
    }
    fn reunite(rh: RecvHalf, sh: SendHalf) -> traits::ReuniteResult<Self> {
        if !Arc::ptr_eq(&rh.0, &sh.0) {
            return Err(ReuniteError { rh, sh });
        }
        drop(rh);
        Ok(Self(sh.0))
    }
    fn from_options(options: &ConnectOptions<'_>) -> io::Result<Self> {
        connect::connect(options).map(Self::new)
    }
}

impl traits::StreamCommon for Stream {
    fn take_error(&self) -> io::Result<Option<io::Error>> {
        Ok(None)
    }
    fn peer_creds(&self) -> io::Result<PeerCreds> {
        peer::creds(&self.0)
    }
    fn peer_hung_up(&self) -> io::Result<bool> {
        self.0.pipe.is_hung_up()
    }
    fn local_name(&self) -> io::Result<Option<Name<'static>>> {
        Ok(self.0.local_name())
    }
    fn peer_name(&self) -> io::Result<Option<Name<'static>>> {
        Ok(self.0.peer_name())
    }
}

impl TryClone for Stream {
    fn try_clone(&self) -> io::Result<Self> {
        Ok(Self(Arc::clone(&self.0)))
    }
}

impl Read for &Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.0.read_vectored(bufs)
    }
}

impl Write for &Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }
    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(bufs)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.0.read_vectored(bufs)
    }
}

impl Write for Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }
    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(bufs)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl AsHandle for Stream {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.0.pipe.as_handle()
    }
}

impl TryFrom<OwnedHandle> for Stream {
    type Error = FromHandleError;

    /// Takes over either end of a connected pipe. Its handle has to be overlapped
    /// (`FILE_FLAG_OVERLAPPED`): with another one nothing could time out, and a read
    /// would hold up writes.
    ///
    /// # Errors
    /// Gives the handle back with `InvalidInput` if it is not overlapped, `Unsupported` if
    /// it cannot be both read from and written to, and what the system says if it is not
    /// a pipe's. Only where the system has no more handles for the stream's own needs is
    /// the handle closed.
    fn try_from(handle: OwnedHandle) -> Result<Self, FromHandleError> {
        let pipe = Pipe::from(handle);
        match check_foreign(&pipe) {
            Ok(info) => Connection::new(pipe, info, None, false)
                .map(Self::new)
                .map_err(FromHandleError::from_cause),
            Err(error) => Err(FromHandleError::from_source_and_cause(pipe.into(), error)),
        }
    }
}

impl From<Stream> for OwnedHandle {
    /// Gives the handle away, after what is in flight (for at most 30 seconds). If there
    /// are clones or halves, it is a duplicate.
    ///
    /// The handle reads by messages where the pipe has them: a read of no bytes is the
    /// end of file, and `ERROR_MORE_DATA` says nothing but that there is more to read.
    /// After writes in non-blocking mode or with a timeout it belongs to a completion
    /// port and cannot be given to another.
    fn from(stream: Stream) -> Self {
        let _ = stream.0.finish_in_flight(WaitLimit::at_most(LINGER));
        let mut pipe = Arc::clone(&stream.0.pipe);
        drop(stream);
        loop {
            pipe = match Arc::try_unwrap(pipe) {
                Ok(pipe) => return pipe.into(),
                Err(pipe) => pipe,
            };
            if let Ok(duplicate) = pipe.duplicate() {
                return duplicate.into();
            }
            // All of the process's 16 million handles are in use, or memory is.
            thread::yield_now();
        }
    }
}

/// Finds out whether a handle from elsewhere can be a stream, and what kind of pipe's it
/// is.
fn check_foreign(pipe: &Pipe) -> io::Result<PipeInfo> {
    let info = pipe.info()?;
    if !pipe.is_overlapped()? {
        let text = "the pipe's handle is not overlapped (FILE_FLAG_OVERLAPPED)";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    if !pipe.has_both_directions()? {
        let text = "the pipe's handle is for one direction only";
        return Err(io::Error::new(io::ErrorKind::Unsupported, text));
    }
    if info.has_messages {
        pipe.set_message_read_mode()?;
    }
    Ok(info)
}
