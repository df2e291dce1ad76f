//! Copies bytes through a buffer, for any pair of source and sink.

use crate::{
    system::{Descriptors, Input, Output, Receivable, poll},
    transfer::{Gauge, ObservedDirection},
};
use local_socket::Stream;
use std::{
    cell::Cell,
    io::{self, ErrorKind, Write},
};

/// A source of bytes.
pub(crate) trait CopySource {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;
    /// Waits until the source is readable, after `WouldBlock`.
    fn wait(&mut self) -> io::Result<()>;
}

/// A destination of bytes.
pub(crate) trait CopySink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Waits until the sink is writable, after `WouldBlock`.
    fn wait(&mut self) -> io::Result<()>;
}

/// The result of a step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CopyStep {
    Moved,
    End,
}

/// The end that failed in a step.
#[derive(Debug)]
pub(crate) enum Broken {
    Source(io::Error),
    Sink(io::Error),
}

/// The receiving side of a stream.
#[derive(Debug)]
pub(super) struct StreamInput<'a> {
    pub(super) stream: &'a Stream,
    /// Descriptors that arrive are closed and recorded.
    pub(super) descriptors: Descriptors,
    pub(super) output: &'a Output,
    /// Whether the reader of the output has closed: the stream counts as ended.
    pub(super) output_is_gone: &'a Cell<bool>,
    /// Whether to wait before each read, because the read would block and not end when the reader
    /// of the output closes.
    pub(super) waits_first: bool,
}

/// Reads once and writes everything that was read. The gauge counts reads and writes at once, so
/// that the number of held bytes is known even if this function never returns.
pub(crate) fn step(
    source: &mut impl CopySource,
    sink: &mut impl CopySink,
    buffer: &mut [u8],
    gauge: &Gauge,
    observed: &ObservedDirection,
) -> Result<CopyStep, Broken> {
    gauge.wait_begins();
    let read = loop {
        match source.read(buffer) {
            Ok(read) => break read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                source.wait().map_err(Broken::Source)?;
            }
            Err(error) => return Err(Broken::Source(error)),
        }
    };
    gauge.read(read as u64);
    gauge.wait_ends();
    let bytes = &buffer[..read];
    if bytes.is_empty() {
        return Ok(CopyStep::End);
    }
    observed.chunk(bytes);
    deliver(bytes, sink, |written| gauge.moved(written)).map_err(Broken::Sink)?;
    Ok(CopyStep::Moved)
}

/// Writes all bytes, and calls the function with the number of bytes of each write.
pub(crate) fn deliver(
    mut bytes: &[u8],
    sink: &mut impl CopySink,
    mut count: impl FnMut(usize),
) -> io::Result<()> {
    while !bytes.is_empty() {
        match sink.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => {
                count(written);
                bytes = &bytes[written..];
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => sink.wait()?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl CopySource for &Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Input::read(self, buffer)
    }
    fn wait(&mut self) -> io::Result<()> {
        self.wait_readable()
    }
}

impl CopySource for StreamInput<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.waits_first {
            self.wait()?;
        }
        if self.output_is_gone.get() {
            return Ok(0);
        }
        self.descriptors.read(self.stream, buffer)
    }
    fn wait(&mut self) -> io::Result<()> {
        let ready = poll::to_receive(self.stream, self.output)?;
        self.output_is_gone.set(ready == Receivable::OutputGone);
        Ok(())
    }
}

impl CopySink for &Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(self, bytes)
    }
    fn wait(&mut self) -> io::Result<()> {
        poll::to_send(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::Meter;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    /// The result of one call.
    #[derive(Clone, Debug)]
    enum Call {
        AtMost(usize),
        WouldBlock,
        Interrupted,
        Fails,
        /// The call never returns.
        Hangs,
    }

    /// An end that follows a schedule, and then completes every call.
    struct Fake {
        schedule: VecDeque<Call>,
        bytes: VecDeque<u8>,
    }

    impl Fake {
        fn next(&mut self, wanted: usize) -> io::Result<usize> {
            match self.schedule.pop_front() {
                None => Ok(wanted),
                Some(Call::AtMost(most)) => Ok(wanted.min(most)),
                Some(Call::WouldBlock) => Err(ErrorKind::WouldBlock.into()),
                Some(Call::Interrupted) => Err(ErrorKind::Interrupted.into()),
                Some(Call::Fails) => Err(ErrorKind::BrokenPipe.into()),
                Some(Call::Hangs) => std::panic::resume_unwind(Box::new(Hung)),
            }
        }
    }

    /// Marks a call that never returns.
    struct Hung;

    impl CopySource for Fake {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let read = self.next(buffer.len().min(self.bytes.len()))?;
            for (to, from) in buffer.iter_mut().zip(self.bytes.drain(..read)) {
                *to = from;
            }
            Ok(read)
        }
        fn wait(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl CopySink for Fake {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let written = self.next(bytes.len())?;
            self.bytes.extend(&bytes[..written]);
            Ok(written)
        }
        fn wait(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn schedule() -> impl Strategy<Value = VecDeque<Call>> {
        let call = prop_oneof![
            8 => (1..40_usize).prop_map(Call::AtMost),
            2 => Just(Call::WouldBlock),
            2 => Just(Call::Interrupted),
            1 => Just(Call::Fails),
            1 => Just(Call::Hangs),
        ];
        proptest::collection::vec(call, 0..40).prop_map(Into::into)
    }

    proptest! {
        /// The bytes read are the bytes written and the bytes held, in order, however the copy
        /// ends.
        #[test]
        fn no_byte_is_lost_silently(
            data in proptest::collection::vec(any::<u8>(), 0..400),
            reads in schedule(),
            writes in schedule(),
            size in 1..64_usize,
        ) {
            let meter = Meter::new(true);
            let mut source = Fake { schedule: reads, bytes: data.iter().copied().collect() };
            let mut sink = Fake { schedule: writes, bytes: VecDeque::new() };
            let mut buffer = vec![0; size];
            let observed = ObservedDirection::none();
            loop {
                let result = catch(|| step(&mut source, &mut sink, &mut buffer, &meter.sent, &observed));
                let read = data.len() - source.bytes.len();
                let written = sink.bytes.make_contiguous();
                prop_assert_eq!(&*written, &data[..written.len()]);
                prop_assert_eq!(written.len() as u64, meter.sent.delivered());
                prop_assert_eq!(read as u64, meter.sent.delivered() + meter.sent.held());
                match result {
                    Some(Ok(CopyStep::Moved)) => prop_assert_eq!(meter.sent.held(), 0),
                    Some(Ok(CopyStep::End)) => {
                        prop_assert!(source.bytes.is_empty());
                        prop_assert_eq!(meter.sent.held(), 0);
                        break;
                    }
                    Some(Err(Broken::Source(_))) => {
                        prop_assert_eq!(meter.sent.held(), 0);
                        break;
                    }
                    Some(Err(Broken::Sink(_))) | None => break,
                }
            }
        }
    }

    /// Returns `None` if the call never returns.
    fn catch<T>(run: impl FnOnce() -> T) -> Option<T> {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
        match result {
            Ok(value) => Some(value),
            Err(panic) if panic.is::<Hung>() => None,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}
