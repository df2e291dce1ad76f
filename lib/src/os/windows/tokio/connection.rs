use super::read::ReadSide;
use crate::os::windows::{driver::Signals, shared::Shared};
use std::{
    io,
    sync::{Mutex, MutexGuard, PoisonError, atomic::Ordering},
};

/// A connection with all of its state, which the halves share.
#[derive(Debug)]
pub(super) struct Connection {
    // Dropped first: a read is cancelled, a write goes on.
    reader: Mutex<ReadSide>,
    /// The synchronous stream, in non-blocking mode.
    pub(super) shared: Shared,
}

impl Connection {
    /// Takes over a synchronous stream.
    ///
    /// # Errors
    /// If something is in flight, or the pipe belongs to another completion port.
    pub(super) fn attach(shared: Shared) -> io::Result<Self> {
        let connection = Self::new(shared, &Signals::new()?)?;
        connection.reader().signals().attach(&connection.shared.pipe)?;
        Ok(connection)
    }

    /// Takes over a stream whose pipe belongs to the driver already.
    pub(super) fn new(mut shared: Shared, signals: &Signals) -> io::Result<Self> {
        shared.nonblocking.store(true, Ordering::Relaxed);
        let writer = shared.writer.get_mut().ok_or(io::ErrorKind::ResourceBusy)?;
        writer.signal(signals.for_others())?;
        Ok(Self { reader: Mutex::new(ReadSide::new(signals.for_others())), shared })
    }

    pub(super) fn reader(&self) -> MutexGuard<'_, ReadSide> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
