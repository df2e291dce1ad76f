//! Whether the peer has read everything that was written to it.

use super::sys;
use rustix::event::PollFlags;
use std::{
    io::{self, IoSlice},
    os::fd::BorrowedFd,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

/// First and maximum pause between two queries. The system does not report when the peer reads.
const PAUSES: (Duration, Duration) = (Duration::from_micros(100), Duration::from_millis(10));

/// Returns the memory, in bytes, of the data that was written to a Unix stream socket and that its
/// peer has not read yet; 0 if the peer has read everything, or has closed. It is larger than the
/// number of these bytes. [`drain`](crate::traits::Stream::drain) waits until it is 0.
///
/// If the peer closes while it is not 0, [`take_error`](crate::traits::StreamCommon::take_error) of
/// the stream returns `ConnectionReset`. While the peer has only shut down both directions, this
/// function is the only way to find out.
///
/// # Errors
/// An error of `ioctl(2)`. `Unsupported` where the system does not count unread data.
///
/// # Platform-specific behaviour
/// Linux and Android only (`SIOCOUTQ`). The other systems move data to the peer's buffer when it is
/// written, and do not report how much is left there.
pub fn unread_by_peer(socket: BorrowedFd<'_>) -> io::Result<usize> {
    sys::unread(socket)
}

/// Remembers that the peer has closed the connection without reading everything.
///
/// The system reports that by an error of the socket, which only the first call that finds it
/// returns (`SO_ERROR`, `socket(7)`). An error that another descriptor of the same socket has
/// returned is not known here.
#[derive(Debug, Default)]
pub(super) struct PeerReset {
    was_returned: AtomicBool,
    /// Whether the last write has written only a part of its data. If the peer closes while a write
    /// is in progress, the system returns the length of that part, and drops the error.
    is_partly_written: AtomicBool,
}

impl PeerReset {
    /// Returns the result of a call unchanged, and remembers whether it is that error.
    pub(super) fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if matches!(&result, Err(error) if error.kind() == io::ErrorKind::ConnectionReset) {
            self.was_returned.store(true, Ordering::Relaxed);
        }
        result
    }

    /// Returns the result of writing `len` bytes unchanged, and remembers whether it is that error or
    /// the length of a part.
    pub(super) fn note_written(&self, len: usize, result: io::Result<usize>) -> io::Result<usize> {
        if let Ok(count) = result {
            self.is_partly_written.store(count < len, Ordering::Relaxed);
        }
        self.note(result)
    }

    /// Writes several buffers, see [`sys::send_vectored`].
    pub(super) fn send_vectored(
        &self,
        socket: BorrowedFd<'_>,
        bufs: &[IoSlice<'_>],
    ) -> io::Result<usize> {
        let len = bufs.iter().map(|buf| buf.len()).sum();
        self.note_written(len, sys::send_vectored(socket, bufs))
    }

    /// Returns the result of `take_error` unchanged, and remembers whether it is that error.
    pub(super) fn note_taken(
        &self,
        taken: io::Result<Option<io::Error>>,
    ) -> io::Result<Option<io::Error>> {
        match self.note(taken?.map_or(Ok(()), Err)) {
            Ok(()) => Ok(None),
            Err(error) => Ok(Some(error)),
        }
    }
}

impl Clone for PeerReset {
    fn clone(&self) -> Self {
        let copy = |flag: &AtomicBool| AtomicBool::new(flag.load(Ordering::Relaxed));
        Self {
            was_returned: copy(&self.was_returned),
            is_partly_written: copy(&self.is_partly_written),
        }
    }
}

/// Waiting until the peer has read everything, for a thread or a task that makes the pauses.
#[derive(Debug)]
pub(super) struct Draining {
    /// Without a deadline the limit is beyond the range of the clock.
    deadline: Option<Instant>,
    pause: Duration,
}

impl Draining {
    pub(super) fn within(limit: Duration) -> Self {
        Self { deadline: Instant::now().checked_add(limit), pause: PAUSES.0 }
    }

    /// Returns `None` if the peer has read everything, or the time after which to query again. What
    /// reads and writes have noted is in `resets`.
    pub(super) fn next_pause(
        &mut self,
        socket: BorrowedFd<'_>,
        resets: &[&PeerReset],
    ) -> io::Result<Option<Duration>> {
        // A peer that closes sets the error before it discards what it has not read, so this order
        // misses neither. `poll` leaves the error to the next read.
        let unread = sys::unread(socket)?;
        let events = sys::wait(socket, PollFlags::empty(), Duration::ZERO)?;
        let is_reset = events.contains(PollFlags::ERR)
            || resets.iter().any(|reset| reset.was_returned.load(Ordering::Relaxed));
        // The peer has closed, or both ends have shut down.
        let has_ended = unread == 0 && events.contains(PollFlags::HUP);
        let is_partly_written =
            || resets.iter().any(|reset| reset.is_partly_written.load(Ordering::Relaxed));
        if is_reset || has_ended && is_partly_written() {
            let text = "the peer has closed the connection without reading everything";
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, text));
        }
        if unread == 0 {
            return Ok(None);
        }
        let now = Instant::now();
        let rest = self.deadline.map_or(Duration::MAX, |end| end.saturating_duration_since(now));
        if rest.is_zero() {
            let text = "the peer has not read everything";
            return Err(io::Error::new(io::ErrorKind::TimedOut, text));
        }
        let pause = self.pause.min(rest);
        self.pause = (self.pause * 2).min(PAUSES.1);
        Ok(Some(pause))
    }
}

/// Waits until the peer has read everything.
pub(super) fn drain(socket: BorrowedFd<'_>, reset: &PeerReset, limit: Duration) -> io::Result<()> {
    let mut draining = Draining::within(limit);
    while let Some(pause) = draining.next_pause(socket, &[reset])? {
        thread::sleep(pause);
    }
    Ok(())
}
