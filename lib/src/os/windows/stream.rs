use super::{
    connect,
    connection::Connection,
    linger::LINGER,
    pair,
    pipe::{Pipe, PipeInfo},
    wait_limit::WaitLimit,
};
use crate::{
    ConnectOptions, TryClone,
    error::{FromHandleError, ReuniteError},
    name::sealed::Sealed,
    traits,
};
use std::{
    io,
    net::Shutdown,
    os::windows::io::OwnedHandle,
    sync::{Arc, atomic::Ordering},
    thread,
    time::Duration,
};

/// A connection through a named pipe.
///
/// Clones that [`TryClone`] creates share the connection, its modes, its timeouts and its end of
/// file.
///
/// In non-blocking mode, and with a send timeout, a write can still be in progress after it was
/// reported as done. If it fails, the next write, `flush` or `drain` returns the error. If the
/// stream is dropped, the write goes on in the background for at most 30 seconds. A process that
/// exits before has to [`drain`](traits::Stream::drain) the stream, or the data is lost.
///
/// The system reports that the peer has read everything only to a thread that waits for it
/// (`FlushFileBuffers`). Draining and half-closing start one thread for the stream while data is
/// unread; dropping the stream ends it.
#[derive(Debug)]
pub struct Stream(pub(super) Arc<Connection>);

impl Stream {
    /// Creates two streams that are connected to each other. They have no name.
    ///
    /// # Errors
    /// An error of `CreateNamedPipeW`, `CreateFileW` or `CreateEventW`, usually because the process
    /// has no handles left.
    pub fn pair() -> io::Result<(Self, Self)> {
        pair::pair().map(|(one, other)| (Self::new(one), Self::new(other)))
    }

    /// Returns the stream itself. It exists for programs that were written for `interprocess`.
    #[must_use]
    pub fn inner(&self) -> &Self {
        self
    }

    /// Returns the stream itself. It exists for programs that were written for `interprocess`.
    pub fn inner_mut(&mut self) -> &mut Self {
        self
    }

    /// Returns the number of bytes, at most, that were reported as written in non-blocking mode or with
    /// a timeout and that the pipe has not taken: if the process exits, the peer does not get them. 0
    /// while another thread writes.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.0.in_flight()
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
        if how != Shutdown::Read { self.0.end_writing(how) } else { Ok(()) }
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

impl TryClone for Stream {
    fn try_clone(&self) -> io::Result<Self> {
        Ok(Self(Arc::clone(&self.0)))
    }
}

delegate! {
    impl AsHandle for Stream, via |stream| stream.0.pipe;
    impl StreamCommon for Stream, via |stream| stream.connection();
    impl Read for Stream, via |stream| stream.connection();
    impl Write for Stream, via |stream| stream.connection();
}

impl TryFrom<OwnedHandle> for Stream {
    type Error = FromHandleError;

    /// Takes over either end of a connected pipe. The handle has to be overlapped
    /// (`FILE_FLAG_OVERLAPPED`): otherwise timeouts do not work, and a read blocks writes. A
    /// direction that the handle does not allow counts as shut down, as with
    /// [`Directions`](crate::Directions).
    ///
    /// # Errors
    /// `InvalidInput` if the handle is not overlapped, `Unsupported` if it allows neither reading nor
    /// writing, or an error of `GetNamedPipeInfo` if it is not the handle of a pipe, or does not
    /// allow reading attributes.
    /// The error contains the handle. Only if no event can be created for the stream, the handle
    /// is closed.
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
    /// Returns the handle. It waits for at most 30 seconds for a write that is in progress. If
    /// there are clones or halves, the result is a duplicate.
    ///
    /// If the pipe is message-type, the handle is in message-read mode: a read of zero bytes is
    /// the end of file, and `ERROR_MORE_DATA` only means that there is more to read. After writes
    /// in non-blocking mode or with a timeout the handle belongs to a completion port, and cannot
    /// be associated with another one.
    fn from(stream: Stream) -> Self {
        let _ = stream.0.finish_in_flight(WaitLimit::at_most(LINGER));
        if Arc::strong_count(&stream.0) == 1 {
            stream.0.delivery.stop(true);
        }
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
            // The process has no handles or no memory left. `From` cannot fail, so try again.
            thread::yield_now();
        }
    }
}

/// Checks whether a handle that another library has created can be used, and returns the end and
/// the type of its pipe.
fn check_foreign(pipe: &Pipe) -> io::Result<PipeInfo> {
    let info = pipe.info()?;
    if !pipe.is_overlapped()? {
        let text = "the pipe's handle is not overlapped (FILE_FLAG_OVERLAPPED)";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    pipe.prepare_reading(info)?;
    Ok(info)
}

/// The receiving half of a [`Stream`].
#[derive(Debug)]
pub struct RecvHalf(pub(super) Arc<Connection>);

/// The sending half of a [`Stream`].
///
/// Dropping it does not shut down its direction; [`close`](traits::SendHalf::close) does.
#[derive(Debug)]
pub struct SendHalf(pub(super) Arc<Connection>);

impl Sealed for RecvHalf {}
impl traits::RecvHalf for RecvHalf {
    type Stream = Stream;
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.recv_timeout.set(timeout)
    }
}

impl Sealed for SendHalf {}
impl traits::SendHalf for SendHalf {
    type Stream = Stream;
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.send_timeout.set(timeout)
    }
    fn close(&self) -> io::Result<()> {
        self.0.end_writing(Shutdown::Write)
    }
}

delegate! {
    impl AsHandle for RecvHalf, via |half| half.0.pipe;
    impl AsHandle for SendHalf, via |half| half.0.pipe;
    impl Read for RecvHalf, via |half| half.0;
    impl Write for SendHalf, via |half| half.0;
}
