use super::read::ReadSide;
use crate::os::windows::{completion_driver::Notifier, connection::Connection};
use std::{
    io,
    sync::{Mutex, MutexGuard, PoisonError, atomic::Ordering},
};

/// An asynchronous connection and its state, which the halves share.
#[derive(Debug)]
pub(super) struct AsyncConnection {
    // Dropped before the connection: a pending read is cancelled, and a write goes on.
    reader: Mutex<ReadSide>,
    /// The synchronous connection, in non-blocking mode.
    pub(super) connection: Connection,
}

impl AsyncConnection {
    /// Makes a synchronous connection asynchronous.
    ///
    /// # Errors
    /// `ResourceBusy` if a write is in flight. `Unsupported`, or an error of
    /// `CreateIoCompletionPort`, if the pipe belongs to another completion port.
    pub(super) fn attach(connection: Connection) -> io::Result<Self> {
        let this = Self::new(connection, &Notifier::new()?)?;
        this.reader().notifier().attach(&this.connection.pipe)?;
        Ok(this)
    }

    /// Makes a synchronous connection asynchronous whose pipe is attached to the notifier's driver
    /// already.
    pub(super) fn new(mut connection: Connection, notifier: &Notifier) -> io::Result<Self> {
        connection.nonblocking.store(true, Ordering::Relaxed);
        let writer = connection.writer.get_mut().ok_or(io::ErrorKind::ResourceBusy)?;
        writer.set_notifier(notifier.for_other_tasks())?;
        Ok(Self { reader: Mutex::new(ReadSide::new(notifier.for_other_tasks())), connection })
    }

    pub(super) fn reader(&self) -> MutexGuard<'_, ReadSide> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
