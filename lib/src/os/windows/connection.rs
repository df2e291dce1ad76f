use super::{
    atomic_timeout::AtomicTimeout,
    delivery::PipeDelivery,
    event::Event,
    linger, peer,
    pipe::{Pipe, PipeInfo},
    timed_lock::TimedLock,
    wait_limit::WaitLimit,
    write::WriteSide,
    write_gate::WriteGate,
};
use crate::{Name, PeerCreds, name::sealed::Sealed, traits::StreamCommon};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// A connection and its state. All clones and halves of a stream share it; if one of them reads
/// the end of file, the others find it as well.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) pipe: Arc<Pipe>,
    pub(super) info: PipeInfo,
    /// Name of the listener, if it is known.
    pub(super) name: Option<Arc<Name<'static>>>,
    pub(super) nonblocking: AtomicBool,
    pub(super) recv_timeout: AtomicTimeout,
    pub(super) send_timeout: AtomicTimeout,
    /// Whether reads return the end of file: it was read, or this end was shut down for reading or
    /// opened for sending only.
    pub(super) read_ended: AtomicBool,
    /// Set together with `read_ended`; wakes the reads that are waiting.
    pub(super) read_wake: Event,
    /// Whether messages of zero bytes are skipped, and not the end of file.
    pub(super) ignores_empty_messages: AtomicBool,
    pub(super) writer: TimedLock<WriteSide>,
    /// Closed when the sending direction is shut down, and from the start if this end was opened for
    /// receiving only.
    pub(super) write_gate: WriteGate,
    pub(super) delivery: Arc<PipeDelivery>,
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
            read_ended: AtomicBool::new(!info.directions.receives()),
            read_wake: Event::new()?,
            ignores_empty_messages: AtomicBool::new(false),
            writer: TimedLock::new(WriteSide::default()),
            write_gate: WriteGate::new(info.directions.sends()),
            delivery: Arc::default(),
        })
    }

    pub(super) fn recv_limit(&self) -> WaitLimit {
        WaitLimit::from_mode(self.nonblocking.load(Ordering::Relaxed), self.recv_timeout.get())
    }

    pub(super) fn send_limit(&self) -> WaitLimit {
        WaitLimit::from_mode(self.nonblocking.load(Ordering::Relaxed), self.send_timeout.get())
    }
}

impl Sealed for Connection {}
impl StreamCommon for Connection {
    fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.note_in_flight();
        Ok(self.delivery.take_error(&self.pipe))
    }
    fn peer_creds(&self) -> io::Result<PeerCreds> {
        peer::creds(self)
    }
    fn peer_creds_with_groups(&self) -> io::Result<PeerCreds> {
        peer::creds(self)
    }
    fn peer_hung_up(&self) -> io::Result<bool> {
        self.pipe.is_hung_up()
    }
    fn local_name(&self) -> io::Result<Option<Name<'static>>> {
        Ok(self.name.as_deref().filter(|_| self.info.is_server).cloned())
    }
    fn peer_name(&self) -> io::Result<Option<Name<'static>>> {
        Ok(self.name.as_deref().filter(|_| !self.info.is_server).cloned())
    }
}

impl Drop for Connection {
    /// Completes a write that is in flight.
    ///
    /// Closing the handle does not discard data in the pipe's buffer: the peer reads it, and then
    /// the end of file (only DisconnectNamedPipe discards data). A write that the buffer has not
    /// taken yet would be cancelled.
    fn drop(&mut self) {
        // The thread keeps the pipe open. Closing it is an end of file for the peer.
        self.delivery.stop(false);
        if let Some(in_flight) = self.writer.get_mut().and_then(WriteSide::take_in_flight) {
            linger::deliver(in_flight);
        }
    }
}
