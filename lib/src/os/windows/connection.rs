use super::{
    atomic_timeout::AtomicTimeout,
    event::Event,
    linger,
    pipe::{Pipe, PipeInfo},
    timed_lock::TimedLock,
    wait_limit::WaitLimit,
    write::WriteSide,
};
use crate::Name;
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// A connection with all of its state, which every handle and half of it shares: the
/// end of file that one of them has seen is the end for all.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) pipe: Arc<Pipe>,
    pub(super) info: PipeInfo,
    /// What the listener stands under, if it is known.
    pub(super) name: Option<Arc<Name<'static>>>,
    pub(super) nonblocking: AtomicBool,
    pub(super) recv_timeout: AtomicTimeout,
    pub(super) send_timeout: AtomicTimeout,
    /// Whether there is nothing to read any more: the end of file was read, or this end
    /// was shut down for reading.
    pub(super) read_ended: AtomicBool,
    /// Set together with `read_ended`, for the reads that are waiting.
    pub(super) read_wake: Event,
    pub(super) writer: TimedLock<WriteSide>,
    /// How many writes there were, and how many of them the peer has read for sure.
    pub(super) written: AtomicU64,
    pub(super) drained: AtomicU64,
}

impl Connection {
    pub(super) fn new(
        pipe: Pipe,
        info: PipeInfo,
        name: Option<Arc<Name<'static>>>,
        nonblocking: bool,
    ) -> io::Result<Self> {
        Ok(Self {
            pipe: Arc::new(pipe),
            info,
            name,
            nonblocking: AtomicBool::new(nonblocking),
            recv_timeout: AtomicTimeout::default(),
            send_timeout: AtomicTimeout::default(),
            read_ended: AtomicBool::new(false),
            read_wake: Event::new()?,
            writer: TimedLock::new(WriteSide::default()),
            written: AtomicU64::new(0),
            drained: AtomicU64::new(0),
        })
    }

    /// The name of this end.
    pub(super) fn local_name(&self) -> Option<Name<'static>> {
        self.name.as_deref().filter(|_| self.info.is_server).cloned()
    }

    /// The name of the other end.
    pub(super) fn peer_name(&self) -> Option<Name<'static>> {
        self.name.as_deref().filter(|_| !self.info.is_server).cloned()
    }

    pub(super) fn recv_limit(&self) -> WaitLimit {
        WaitLimit::from_mode(self.nonblocking.load(Ordering::Relaxed), self.recv_timeout.get())
    }

    pub(super) fn send_limit(&self) -> WaitLimit {
        WaitLimit::from_mode(self.nonblocking.load(Ordering::Relaxed), self.send_timeout.get())
    }
}

impl Drop for Connection {
    /// Closing a pipe loses nothing that is in it: the other end reads it all and then
    /// the end of file, as the reader behind `|` in a shell does when the writer has
    /// ended (only DisconnectNamedPipe throws data away). What must not be lost is a
    /// write that the pipe has not taken yet.
    fn drop(&mut self) {
        if let Some(in_flight) = self.writer.get_mut().and_then(WriteSide::take_in_flight) {
            linger::deliver(in_flight);
        }
    }
}
