//! One direction of a transfer, from its first byte to its end.

use super::{
    copy::{self, Broken, CopySink, CopySource, CopyStep, Incoming, Outgoing},
    meter::{Gauge, Meter},
    options::TransferOptions,
    passing::Passing,
};
use crate::{
    memory,
    system::{Descriptors, Either, Input, Output, Ready, Splicer, waiting},
    transfer::CopyMode,
};
use local_socket::Stream;
use std::{
    io::{self, ErrorKind},
    sync::atomic::Ordering,
};

/// The reason why a direction ended.
#[derive(Debug)]
pub(super) enum DirectionEnd {
    /// End of file; everything was delivered.
    Eof,
    /// The peer has closed; `left` bytes of the input remain, if the number is known.
    PeerGone { left: Option<u64> },
    /// The peer has shut down both directions and does not read what was sent.
    Unread,
    /// The input could not be read.
    InputFailed(io::Error),
    /// The output could not be written; `lost` bytes were not delivered, if the number is known.
    OutputFailed { error: io::Error, lost: Option<u64> },
    /// The direction was stopped.
    Stopped,
}

/// Bytes copied at a time.
const BUFFER_SIZE: usize = 256 << 10;

/// Moves bytes by splicing if the ends allow it, otherwise by copying.
#[derive(Debug)]
struct CopyPath {
    splicer: Option<Splicer>,
    /// Empty until something is copied.
    buffer: Box<[u8]>,
}

impl CopyPath {
    fn new(
        splicer: impl FnOnce() -> Option<Splicer>,
        options: &TransferOptions,
    ) -> io::Result<Self> {
        let splicer = if options.copy == CopyMode::Buffer { None } else { splicer() };
        if splicer.is_none() && options.copy == CopyMode::Splice {
            return Err(cannot_splice());
        }
        Ok(Self { splicer, buffer: Box::default() })
    }

    /// Moves at most `most` bytes once. `splice` splices them, or returns `None` if they must be
    /// copied.
    fn step(
        &mut self,
        source: &mut impl CopySource,
        sink: &mut impl CopySink,
        gauge: &Gauge,
        options: &TransferOptions,
        most: usize,
        splice: impl FnOnce(&mut Splicer) -> io::Result<Option<usize>>,
    ) -> Result<CopyStep, Broken> {
        if let Some(splicer) = &mut self.splicer {
            match splice(splicer) {
                Ok(None) => {}
                Ok(Some(0)) => return Ok(CopyStep::End),
                Ok(Some(moved)) => {
                    gauge.read(moved);
                    gauge.moved(moved);
                    return Ok(CopyStep::Moved);
                }
                // These ends cannot be spliced; nothing has been moved.
                Err(error) if error.kind() == ErrorKind::InvalidInput => {
                    if options.copy == CopyMode::Splice {
                        return Err(Broken::Source(cannot_splice()));
                    }
                    self.splicer = None;
                }
                Err(error) => return Err(Broken::Sink(error)),
            }
        }
        if self.buffer.is_empty() {
            let size = options.buffer.unwrap_or(BUFFER_SIZE);
            self.buffer = memory::zeroed(size).map_err(Broken::Source)?;
        }
        let size = self.buffer.len().min(most);
        copy::step(source, sink, &mut self.buffer[..size], gauge)
    }
}

fn cannot_splice() -> io::Error {
    io::Error::new(ErrorKind::Unsupported, "--copy splice needs a pipe on this side")
}

/// The sending direction.
#[derive(Debug)]
pub(super) struct Sending<'a> {
    input: &'a Input,
    stream: &'a Stream,
    options: &'a TransferOptions,
    meter: &'a Meter,
    way: CopyPath,
}

impl<'a> Sending<'a> {
    pub(super) fn new(
        input: &'a Input,
        stream: &'a Stream,
        options: &'a TransferOptions,
        meter: &'a Meter,
    ) -> Result<Self, DirectionEnd> {
        let way = CopyPath::new(|| Splicer::sending(input, stream, options.buffer), options)
            .map_err(DirectionEnd::InputFailed)?;
        Ok(Self { input, stream, options, meter, way })
    }

    /// Sends a short input without a thread: while nothing can be received, and at most as much as
    /// a stream takes without waiting for its peer. Returns the end if that was the whole input.
    pub(super) fn send_short(&mut self) -> Option<DirectionEnd> {
        const MOST: u64 = 64 << 10;
        const STEPS: usize = 16;
        for _ in 0..STEPS {
            let rest = MOST.saturating_sub(self.meter.sent.bytes());
            if rest == 0 {
                break;
            }
            match self.input.wait_for_either(self.stream) {
                Ok(Either::Input) => {}
                Ok(Either::Stream) => break,
                Err(error) => return Some(DirectionEnd::InputFailed(error)),
            }
            if let Some(ending) = self.step(usize::try_from(rest).unwrap_or(usize::MAX)) {
                return Some(ending);
            }
        }
        None
    }

    /// Sends the input until it ends.
    pub(super) fn send(&mut self) -> DirectionEnd {
        let gauge = &self.meter.sent;
        loop {
            gauge.waiting();
            let ready = self.input.wait(self.stream, &self.meter.stop);
            if self.meter.stop.load(Ordering::SeqCst) {
                return DirectionEnd::Stopped;
            }
            match ready {
                Ok(Ready::Input) => {}
                Ok(Ready::PeerGone) => {
                    return DirectionEnd::PeerGone { left: self.input.pending() };
                }
                Err(error) => return DirectionEnd::InputFailed(error),
            }
            gauge.delivering();
            if let Some(ending) = self.step(usize::MAX) {
                return ending;
            }
        }
    }

    fn step(&mut self, most: usize) -> Option<DirectionEnd> {
        let Self { input, stream, options, meter, ref mut way } = *self;
        let splice = |splicer: &mut Splicer| splicer.send(input, stream, most).map(Some);
        match way.step(&mut { input }, &mut { stream }, &meter.sent, options, most, splice) {
            Ok(CopyStep::Moved) => None,
            Ok(CopyStep::End) => Some(DirectionEnd::Eof),
            Err(_) if meter.stop.load(Ordering::SeqCst) => Some(DirectionEnd::Stopped),
            Err(Broken::Source(error)) => Some(DirectionEnd::InputFailed(error)),
            Err(Broken::Sink(error)) => {
                let lost = input.pending().map(|left| meter.sent.held() + left);
                Some(DirectionEnd::OutputFailed { error, lost })
            }
        }
    }
}

/// Receives what the peer sends until it ends.
pub(super) fn receive(
    stream: &Stream,
    output: &Output,
    options: &TransferOptions,
    meter: &Meter,
) -> DirectionEnd {
    let gauge = &meter.received;
    let mut way =
        match CopyPath::new(|| Splicer::receiving(stream, output, options.buffer), options) {
            Ok(way) => way,
            Err(error) => return DirectionEnd::OutputFailed { error, lost: Some(0) },
        };
    let mut source = Incoming { stream, descriptors: Descriptors::new(false) };
    let mut sink = Outgoing::new(output, options, meter);
    loop {
        let step = way.step(&mut source, &mut sink, gauge, options, usize::MAX, |splicer| {
            loop {
                if !splicer.is_bulk() {
                    gauge.waiting();
                    waiting::to_receive(stream)?;
                    gauge.delivering();
                }
                match splicer.receive(stream, output) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    result => return result,
                }
            }
        });
        if source.descriptors.were_lost() {
            tracing::warn!("{}", Passing::NotHere.warning());
        }
        match step {
            Ok(CopyStep::Moved) => {}
            Ok(CopyStep::End) if meter.stop.load(Ordering::SeqCst) => return DirectionEnd::Stopped,
            Ok(CopyStep::End) => return DirectionEnd::Eof,
            Err(Broken::Source(error)) => return DirectionEnd::InputFailed(error),
            // Splicing does not report which end failed; only a socket can be reset.
            Err(Broken::Sink(error)) if error.kind() == ErrorKind::ConnectionReset => {
                return DirectionEnd::InputFailed(error);
            }
            Err(Broken::Sink(_)) if meter.gives_up.load(Ordering::SeqCst) => {
                return DirectionEnd::Stopped;
            }
            Err(Broken::Sink(error)) => {
                return DirectionEnd::OutputFailed { error, lost: Some(gauge.held()) };
            }
        }
    }
}
