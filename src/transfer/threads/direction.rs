//! One direction of a transfer, from its first byte to its end.

use super::{
    copy::{self, Broken, CopySink, CopySource, CopyStep, StreamInput},
    output::Outgoing,
};
use crate::{
    memory,
    system::{Descriptors, Either, Input, Output, Ready, Receivable, Splicer, poll},
    transfer::{CopyMode, DirectionEnd, Gauge, Meter, ObservedDirection, Passing, TransferOptions},
};
use local_socket::Stream;
use std::{
    cell::Cell,
    io::{self, ErrorKind},
    sync::atomic::Ordering,
};

/// The end of a direction.
#[derive(Debug)]
pub(super) struct ThreadEnd {
    pub(super) reason: DirectionEnd,
    /// Number of bytes that are left in the input and can no longer be delivered; `None` if it is
    /// not known.
    pub(super) left: Option<u64>,
}

impl From<DirectionEnd> for ThreadEnd {
    /// Creates the end of a direction that leaves nothing in its input.
    fn from(reason: DirectionEnd) -> Self {
        Self { reason, left: Some(0) }
    }
}

/// Bytes copied at a time.
const BUFFER_SIZE: usize = 256 << 10;

/// Size of the buffer until a read has filled it.
const FIRST_BUFFER_SIZE: usize = 16 << 10;

/// Moves bytes by splicing if the ends allow it, otherwise by copying.
#[derive(Debug)]
struct CopyPath<'a> {
    options: &'a TransferOptions,
    gauge: &'a Gauge,
    observed: &'a ObservedDirection,
    splicer: Option<Splicer>,
    /// Empty until something is copied.
    buffer: Box<[u8]>,
    /// Whether the last read filled the buffer.
    is_filled: bool,
}

impl<'a> CopyPath<'a> {
    fn new(
        splicer: impl FnOnce() -> Option<Splicer>,
        options: &'a TransferOptions,
        gauge: &'a Gauge,
        observed: &'a ObservedDirection,
    ) -> io::Result<Self> {
        let splices = options.may_splice() && !observed.is_observed();
        let splicer = if splices { splicer() } else { None };
        if splicer.is_none() && options.copy == CopyMode::Splice && !observed.is_observed() {
            return Err(cannot_splice());
        }
        Ok(Self { options, gauge, observed, splicer, buffer: Box::default(), is_filled: false })
    }

    /// Moves at most `most` bytes once. `splice` splices them, or returns `None` if they must be
    /// copied.
    fn step(
        &mut self,
        source: &mut impl CopySource,
        sink: &mut impl CopySink,
        most: usize,
        splice: impl FnOnce(&mut Splicer) -> io::Result<Option<usize>>,
    ) -> Result<CopyStep, Broken> {
        if let Some(splicer) = &mut self.splicer {
            match splice(splicer) {
                Ok(None) => {}
                Ok(Some(0)) => return Ok(CopyStep::End),
                Ok(Some(moved)) => {
                    self.gauge.read(moved as u64);
                    self.gauge.moved(moved);
                    return Ok(CopyStep::Moved);
                }
                // These ends cannot be spliced; nothing has been moved.
                Err(error) if error.kind() == ErrorKind::InvalidInput => {
                    if self.options.copy == CopyMode::Splice {
                        return Err(Broken::Source(cannot_splice()));
                    }
                    self.splicer = None;
                }
                Err(error) => return Err(Broken::Sink(error)),
            }
        }
        self.provide_buffer().map_err(Broken::Source)?;
        let size = self.buffer.len().min(most);
        let before = self.gauge.delivered();
        let step = copy::step(source, sink, &mut self.buffer[..size], self.gauge, self.observed);
        self.is_filled = self.gauge.delivered() - before == self.buffer.len() as u64;
        step
    }

    /// Allocates the buffer. The first one is small, unless its size was chosen: most short transfers
    /// need no more, and every page of a buffer takes time.
    fn provide_buffer(&mut self) -> io::Result<()> {
        let size = match self.options.buffer {
            Some(size) => size,
            None if self.is_filled => BUFFER_SIZE,
            None => FIRST_BUFFER_SIZE,
        };
        if self.buffer.len() < size {
            self.buffer = memory::zeroed(size)?;
        }
        Ok(())
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
    meter: &'a Meter,
    path: CopyPath<'a>,
}

impl<'a> Sending<'a> {
    pub(super) fn new(
        input: &'a Input,
        stream: &'a Stream,
        options: &'a TransferOptions,
        meter: &'a Meter,
        observed: &'a ObservedDirection,
    ) -> Result<Self, ThreadEnd> {
        let splicer = || Splicer::sending(input, stream, options.buffer);
        let path = CopyPath::new(splicer, options, &meter.sent, observed)
            .map_err(DirectionEnd::InputFailed)?;
        Ok(Self { input, stream, meter, path })
    }

    /// Sends a short input without a thread: while nothing can be received, and at most as much as
    /// a stream takes without waiting for its peer. Returns the end if that was the whole input.
    pub(super) fn send_short(&mut self, output: &Output) -> Option<ThreadEnd> {
        const MOST: u64 = 64 << 10;
        const STEPS: usize = 16;
        for _ in 0..STEPS {
            let rest = MOST.saturating_sub(self.meter.sent.delivered());
            if rest == 0 {
                break;
            }
            match self.input.wait_for_either(self.stream, output) {
                Ok(Either::Input) => {}
                Ok(Either::Stream) => break,
                Err(error) => return Some(DirectionEnd::InputFailed(error).into()),
            }
            if let Some(end) = self.step(usize::try_from(rest).unwrap_or(usize::MAX)) {
                return Some(end);
            }
        }
        None
    }

    /// Sends the input until it ends.
    pub(super) fn send(&mut self) -> ThreadEnd {
        let gauge = &self.meter.sent;
        let mut receives = self.path.options.receives;
        loop {
            gauge.wait_begins();
            let ready = self.input.wait(self.stream, receives, &self.meter.stop);
            if self.meter.stop.load(Ordering::SeqCst) {
                return DirectionEnd::Stopped.into();
            }
            if self.meter.output_is_gone.load(Ordering::SeqCst) {
                return self.send_arrived();
            }
            match ready {
                Ok(Ready::Input) => {}
                Ok(Ready::ReceivingEnded) => {
                    receives = false;
                    continue;
                }
                Ok(Ready::PeerGone) => {
                    return ThreadEnd {
                        reason: DirectionEnd::ReceiverGone,
                        left: self.input.pending(),
                    };
                }
                Err(error) => return DirectionEnd::InputFailed(error).into(),
            }
            gauge.wait_ends();
            if let Some(end) = self.step(usize::MAX) {
                return end;
            }
        }
    }

    /// Sends what has already arrived on the input, after the reader of the output has closed.
    fn send_arrived(&mut self) -> ThreadEnd {
        let sent = || self.meter.sent.delivered();
        let (before, arrived) = (sent(), self.input.pending().unwrap_or(0));
        loop {
            let left = arrived.saturating_sub(sent() - before);
            if left == 0 {
                return DirectionEnd::Stopped.into();
            }
            if let Some(end) = self.step(usize::try_from(left).unwrap_or(usize::MAX)) {
                return end;
            }
        }
    }

    fn step(&mut self, most: usize) -> Option<ThreadEnd> {
        let Self { input, stream, meter, ref mut path } = *self;
        let splice = |splicer: &mut Splicer| splicer.send(input, stream, most).map(Some);
        Some(match path.step(&mut { input }, &mut { stream }, most, splice) {
            Ok(CopyStep::Moved) => return None,
            Ok(CopyStep::End) => DirectionEnd::Eof.into(),
            Err(_)
                if meter.stop.load(Ordering::SeqCst)
                    || meter.output_is_gone.load(Ordering::SeqCst) =>
            {
                // Keys that were pressed before the one that leaves are not counted.
                let has_left = input.leaving().is_some_and(|leaving| leaving.has_left());
                let left = (!has_left).then_some(0);
                ThreadEnd { reason: DirectionEnd::Stopped, left }
            }
            Err(Broken::Source(error)) => DirectionEnd::InputFailed(error).into(),
            Err(Broken::Sink(error)) => {
                ThreadEnd { reason: DirectionEnd::OutputFailed(error), left: input.pending() }
            }
        })
    }
}

/// Receives what the peer sends until it ends.
pub(super) fn receive(
    stream: &Stream,
    output: &Output,
    options: &TransferOptions,
    meter: &Meter,
    observed: &ObservedDirection,
    number: Option<u64>,
) -> DirectionEnd {
    let gauge = &meter.received;
    let always = options.copy == CopyMode::Splice;
    let splicer = || Splicer::receiving(stream, output, options.buffer, always);
    let mut path = match CopyPath::new(splicer, options, gauge, observed) {
        Ok(path) => path,
        Err(error) => return DirectionEnd::OutputFailed(error),
    };
    poll::receive_urgent_in_line(stream);
    let output_is_gone = Cell::new(false);
    let mut source = StreamInput {
        stream,
        descriptors: Descriptors::new(false),
        output,
        output_is_gone: &output_is_gone,
        waits_first: path.splicer.is_none() && output.has_reader(),
    };
    let stop = options.is_timed().then_some(&meter.write_stop);
    let mut sink = Outgoing::new(output, stop);
    loop {
        let splice = |splicer: &mut Splicer| loop {
            if !splicer.is_bulk() {
                gauge.wait_begins();
                if poll::to_receive(stream, output)? == Receivable::OutputGone {
                    output_is_gone.set(true);
                    return Ok(Some(0));
                }
                gauge.wait_ends();
            }
            match splicer.receive(stream, output) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                result => return result,
            }
        };
        let step = path.step(&mut source, &mut sink, usize::MAX, splice);
        if source.descriptors.were_lost() {
            Passing::NotHere.warn(number);
        }
        match step {
            Ok(CopyStep::Moved) => {}
            Ok(CopyStep::End) if meter.stop.load(Ordering::SeqCst) => return DirectionEnd::Stopped,
            Ok(CopyStep::End) if output_is_gone.get() => return DirectionEnd::ReceiverGone,
            Ok(CopyStep::End) => return DirectionEnd::Eof,
            Err(Broken::Source(error)) => return DirectionEnd::InputFailed(error),
            // Splicing does not report which end failed; only a socket can be reset.
            Err(Broken::Sink(error)) if error.kind() == ErrorKind::ConnectionReset => {
                return DirectionEnd::InputFailed(error);
            }
            Err(Broken::Sink(_)) if meter.write_stop.is_stopped() => {
                return DirectionEnd::Stopped;
            }
            Err(Broken::Sink(error)) => return DirectionEnd::OutputFailed(error),
        }
    }
}
