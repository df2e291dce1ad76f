//! One direction of a connection: what it holds, where it stands, and its next step.

use super::buffers::Buffer;
use crate::system::{Descriptors, KernelPipe, Socket};
use std::{
    io::{self, ErrorKind},
    task::{Context, Poll, ready},
};

/// One direction, from socket to socket.
#[derive(Debug)]
pub(super) struct RelayDirection {
    /// How many bytes were delivered.
    pub(super) bytes: u64,
    pub(super) descriptors: Descriptors,
    held: HeldBytes,
    state: DirectionState,
    /// The last read filled what it was given: more is to be expected at once.
    is_bulk: bool,
    /// This system cannot splice from or to these sockets.
    cannot_splice: bool,
    /// It is to end as soon as it holds nothing.
    stops: bool,
}

/// What was read and is not delivered yet.
#[derive(Debug)]
enum HeldBytes {
    Nothing,
    Bytes { buffer: Buffer, from: usize, to: usize },
    Piped(KernelPipe),
}

#[derive(Debug)]
enum DirectionState {
    Moves,
    /// The output is being told of the end.
    Tells(RelayEnd),
    Ended(RelayEnd),
}

/// How a direction ended.
#[derive(Debug)]
pub(crate) enum RelayEnd {
    /// Its input came to an end, and everything was delivered.
    Eof,
    /// Whoever it was for has gone while nothing was under way.
    PeerGone,
    /// Its input could not be read.
    InputFailed(io::Error),
    /// Its output could not be written; that many bytes are lost.
    OutputFailed { error: io::Error, lost: u64 },
    /// It was told to end; that many bytes are lost.
    Stopped { lost: u64 },
    /// It was not asked for.
    Unused,
}

/// How one direction moves bytes.
#[derive(Copy, Clone, Debug)]
pub(super) struct RelayMode {
    pub(super) splices: bool,
    /// An error where that is not possible.
    pub(super) splices_only: bool,
    pub(super) buffer: usize,
    /// How much is spliced at a time.
    pub(super) piece: usize,
    /// Whether the output is told of the end of the input.
    pub(super) tells: bool,
}

/// Fewer bytes at once than that are no longer a part of something large.
const SMALL: usize = 16 << 10;

/// How often a direction moves bytes before others have their turn.
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

    /// Whether it waits for its input, and not for its output.
    pub(super) fn waits_for_input(&self) -> bool {
        matches!(self.state, DirectionState::Moves) && self.held() == 0
    }

    /// How many bytes were read and are not delivered.
    fn held(&self) -> u64 {
        self.held.amount() + u64::from(self.descriptors.hold_a_byte())
    }

    /// How it ended, once it has.
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

    /// Ends it once what it holds is delivered.
    pub(super) fn stop(&mut self) {
        self.stops = true;
    }

    /// Ends it now.
    pub(super) fn end(&mut self, ending: RelayEnd) {
        self.held = HeldBytes::Nothing;
        self.state = DirectionState::Ended(ending);
    }

    /// Moves what can be moved; ready once the direction has ended.
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
                    // A peer that has gone needs not be told.
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

    /// Delivers what it holds, then fetches more and tries to deliver that.
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
                // These two cannot be spliced: nothing has been moved.
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

    /// Nothing if bytes that wait are to be read.
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

    /// Writes all that is held.
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
