//! One direction of a relayed connection.

use super::buffers::Buffer;
use crate::system::{Descriptors, KernelPipe, Socket};
use std::{
    io::{self, ErrorKind},
    task::{Context, Poll, ready},
};

/// One direction, from socket to socket: its held bytes, its state, and its next step.
#[derive(Debug)]
pub(super) struct RelayDirection {
    /// Number of delivered bytes.
    pub(super) bytes: u64,
    pub(super) descriptors: Descriptors,
    held: HeldBytes,
    state: DirectionState,
    /// Whether the last read filled the buffer, so that more data is likely.
    is_bulk: bool,
    /// Whether these sockets cannot be spliced.
    cannot_splice: bool,
    /// Whether the direction ends as soon as it holds no bytes.
    stops: bool,
}

/// Bytes that were read and are not delivered yet.
#[derive(Debug)]
enum HeldBytes {
    Nothing,
    Bytes { buffer: Buffer, from: usize, to: usize },
    Piped(KernelPipe),
}

#[derive(Debug)]
enum DirectionState {
    Moves,
    /// The end of file is being sent to the output.
    Tells(RelayEnd),
    Ended(RelayEnd),
}

/// The reason why a direction ended.
#[derive(Debug)]
pub(crate) enum RelayEnd {
    /// End of file; everything was delivered.
    Eof,
    /// The receiver closed while no bytes were held.
    PeerGone,
    /// The input could not be read.
    InputFailed(io::Error),
    /// The output could not be written; `lost` bytes were not delivered.
    OutputFailed { error: io::Error, lost: u64 },
    /// The direction was stopped; `lost` bytes were not delivered.
    Stopped { lost: u64 },
    /// The direction is not used.
    Unused,
}

/// How one direction moves bytes.
#[derive(Copy, Clone, Debug)]
pub(super) struct RelayMode {
    pub(super) splices: bool,
    /// Whether failing to splice is an error.
    pub(super) splices_only: bool,
    pub(super) buffer: usize,
    /// Bytes spliced at a time.
    pub(super) piece: usize,
    /// Whether the end of file is sent to the output.
    pub(super) tells: bool,
}

/// A splice of fewer bytes ends the bulk mode.
const SMALL: usize = 16 << 10;

/// Number of steps before other tasks get a turn.
const TURNS: usize = 4;

impl RelayDirection {
    pub(super) fn new(is_used: bool, descriptors: Descriptors) -> Self {
        Self {
            bytes: 0,
            descriptors,
            held: HeldBytes::Nothing,
            state: if is_used {
                DirectionState::Moves
            } else {
                DirectionState::Ended(RelayEnd::Unused)
            },
            is_bulk: false,
            cannot_splice: false,
            stops: false,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.state, DirectionState::Ended(_))
    }

    /// Returns whether the direction waits for its input, not for its output.
    pub(super) fn waits_for_input(&self) -> bool {
        matches!(self.state, DirectionState::Moves) && self.held() == 0
    }

    /// Returns the number of bytes that were read and not delivered.
    fn held(&self) -> u64 {
        self.held.amount() + u64::from(self.descriptors.hold_a_byte())
    }

    /// Returns the reason of the end, if the direction has ended.
    pub(super) fn ending(&self) -> Option<&RelayEnd> {
        match &self.state {
            DirectionState::Ended(ending) => Some(ending),
            _ => None,
        }
    }

    pub(super) fn into_ending(self) -> RelayEnd {
        match self.state {
            DirectionState::Ended(ending) => ending,
            _ => RelayEnd::Stopped { lost: self.held() },
        }
    }

    /// Ends the direction once the held bytes are delivered.
    pub(super) fn stop(&mut self) {
        self.stops = true;
    }

    /// Ends the direction now.
    pub(super) fn end(&mut self, ending: RelayEnd) {
        self.held = HeldBytes::Nothing;
        self.state = DirectionState::Ended(ending);
    }

    /// Moves what can be moved. Is ready when the direction has ended.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        input: &mut Socket,
        output: &mut Socket,
        way: &RelayMode,
    ) -> Poll<()> {
        for _ in 0..TURNS {
            match &self.state {
                DirectionState::Ended(_) => return Poll::Ready(()),
                DirectionState::Tells(_) => {
                    // It fails if the peer has closed, which needs no end of file.
                    let _ = ready!(output.poll_shutdown(cx));
                    self.state = match std::mem::replace(&mut self.state, DirectionState::Moves) {
                        DirectionState::Tells(ending) => DirectionState::Ended(ending),
                        state => state,
                    };
                }
                DirectionState::Moves => {
                    if let Some(ending) = ready!(self.poll_step(cx, input, output, way)) {
                        let tells =
                            way.tells && matches!(ending, RelayEnd::Eof | RelayEnd::InputFailed(_));
                        if matches!(ending, RelayEnd::OutputFailed { .. }) {
                            input.stop_reading();
                        }
                        self.held = HeldBytes::Nothing;
                        self.state = if tells {
                            DirectionState::Tells(ending)
                        } else {
                            DirectionState::Ended(ending)
                        };
                    }
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Delivers the held bytes, then reads more and tries to deliver them.
    fn poll_step(
        &mut self,
        cx: &mut Context<'_>,
        input: &mut Socket,
        output: &mut Socket,
        way: &RelayMode,
    ) -> Poll<Option<RelayEnd>> {
        if let Err(ending) = ready!(self.poll_deliver(cx, output)) {
            return Poll::Ready(Some(ending));
        }
        if self.stops && self.held() == 0 {
            return Poll::Ready(Some(RelayEnd::Stopped { lost: 0 }));
        }
        match ready!(self.poll_fetch(cx, input, output, way)) {
            Ok(0) => Poll::Ready(Some(RelayEnd::Eof)),
            Ok(_) => self.poll_deliver(cx, output).map(Result::err),
            Err(error) => Poll::Ready(Some(RelayEnd::InputFailed(error))),
        }
    }

    fn poll_fetch(
        &mut self,
        cx: &mut Context<'_>,
        input: &mut Socket,
        output: &mut Socket,
        way: &RelayMode,
    ) -> Poll<io::Result<usize>> {
        if way.splices && !self.cannot_splice && (self.is_bulk || way.splices_only) {
            match ready!(self.poll_splice(cx, input, way)) {
                // These sockets cannot be spliced; nothing has been moved.
                Err(error) if error.kind() == ErrorKind::InvalidInput && !way.splices_only => {
                    self.cannot_splice = true;
                }
                Ok(None) => {}
                Ok(Some(moved)) => return Poll::Ready(Ok(moved)),
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        self.poll_read(cx, input, output, way.buffer)
    }

    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        input: &mut Socket,
        output: &mut Socket,
        size: usize,
    ) -> Poll<io::Result<usize>> {
        let mut buffer = Buffer::take(size)?;
        let read = ready!(input.poll_read(cx, &mut buffer, &mut self.descriptors))?;
        self.is_bulk = read == size;
        if !self.is_bulk {
            output.rest(cx);
        }
        self.held = HeldBytes::Bytes { buffer, from: 0, to: read };
        Poll::Ready(Ok(read))
    }

    /// Splices waiting bytes. Returns `None` if they must be read instead.
    fn poll_splice(
        &mut self,
        cx: &mut Context<'_>,
        input: &mut Socket,
        way: &RelayMode,
    ) -> Poll<io::Result<Option<usize>>> {
        let size = ready!(input.poll_spliceable(cx, way.piece))?;
        let Some(size) = size else { return Poll::Ready(Ok(None)) };
        let Some(mut pipe) = KernelPipe::take() else { return Poll::Ready(Ok(None)) };
        let moved = ready!(input.poll_splice_in(cx, &mut pipe, size))?;
        self.is_bulk = moved >= SMALL;
        self.held = HeldBytes::Piped(pipe);
        Poll::Ready(Ok(Some(moved)))
    }

    /// Writes all held bytes.
    fn poll_deliver(
        &mut self,
        cx: &mut Context<'_>,
        output: &mut Socket,
    ) -> Poll<Result<(), RelayEnd>> {
        while self.held.amount() > 0 {
            let written = match &mut self.held {
                HeldBytes::Bytes { buffer, from, to } => {
                    output.poll_write(cx, &buffer[*from..*to], &mut self.descriptors)
                }
                HeldBytes::Piped(pipe) => output.poll_splice_out(cx, pipe),
                HeldBytes::Nothing => Poll::Ready(Ok(0)),
            };
            let error = match ready!(written) {
                Ok(0) => ErrorKind::WriteZero.into(),
                Ok(written) => {
                    self.bytes += written as u64;
                    if let HeldBytes::Bytes { from, .. } = &mut self.held {
                        *from += written;
                    }
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => error,
            };
            return Poll::Ready(Err(RelayEnd::OutputFailed { error, lost: self.held() }));
        }
        self.held = HeldBytes::Nothing;
        Poll::Ready(Ok(()))
    }
}

impl HeldBytes {
    fn amount(&self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::Bytes { from, to, .. } => (to - from) as u64,
            Self::Piped(pipe) => pipe.amount() as u64,
        }
    }
}
