//! Copies bytes through a buffer, for any pair of source and sink.

use crate::{
    system::{Descriptors, Input, Output, waiting},
    transfer::{Gauge, Meter, ObservedDirection, TransferOptions, ended},
};
use local_socket::Stream;
use std::{
    io::{self, ErrorKind, Write},
    sync::atomic::{AtomicBool, Ordering},
};

/// A source of bytes.
pub(super) trait CopySource {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;
    /// Waits until the source is readable, after `WouldBlock`.
    fn wait(&mut self) -> io::Result<()>;
}

/// A destination of bytes.
pub(super) trait CopySink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Waits until the sink is writable, after `WouldBlock`.
    fn wait(&mut self) -> io::Result<()>;
}

/// The result of a step.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CopyStep {
    Moved,
    End,
}

/// The end that failed in a step.
#[derive(Debug)]
pub(super) enum Broken {
    Source(io::Error),
    Sink(io::Error),
}

/// The receiving side of a stream.
#[derive(Debug)]
pub(super) struct Incoming<'a> {
    pub(super) stream: &'a Stream,
    /// Descriptors that arrive are closed and recorded.
    pub(super) descriptors: Descriptors,
}

/// The output of a transfer.
#[derive(Debug)]
pub(super) struct Outgoing<'a> {
    output: &'a Output,
    /// Set if the transfer can end while the output is blocked. Then each write waits until the
    /// output is writable and is limited to this number of bytes, because a write that blocks does
    /// not report how much it has written.
    gives_up: Option<(&'a AtomicBool, usize)>,
}

impl<'a> Outgoing<'a> {
    pub(super) fn new(output: &'a Output, options: &TransferOptions, meter: &'a Meter) -> Self {
        let room = options.is_timed().then(|| output.room()).filter(|room| *room < usize::MAX);
        Self { output, gives_up: room.map(|room| (&meter.gives_up, room)) }
    }
}

/// Reads once and writes everything that was read. The gauge counts reads and writes at once, so
/// that the number of held bytes is known even if this function never returns.
pub(super) fn step(
    source: &mut impl CopySource,
    sink: &mut impl CopySink,
    buffer: &mut [u8],
    gauge: &Gauge,
    observed: &ObservedDirection,
) -> Result<CopyStep, Broken> {
    gauge.waiting();
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
    gauge.read(read);
    gauge.delivering();
    let mut rest = &buffer[..read];
    if !rest.is_empty() {
        observed.chunk(rest);
    }
    while !rest.is_empty() {
        let error = match sink.write(rest) {
            Ok(0) => ErrorKind::WriteZero.into(),
            Ok(written) => {
                gauge.moved(written);
                rest = &rest[written..];
                continue;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::WouldBlock => match sink.wait() {
                Ok(()) => continue,
                Err(error) => error,
            },
            Err(error) => error,
        };
        return Err(Broken::Sink(error));
    }
    Ok(if read == 0 { CopyStep::End } else { CopyStep::Moved })
}

impl CopySource for &Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Input::read(self, buffer)
    }
    fn wait(&mut self) -> io::Result<()> {
        self.wait_readable()
    }
}

impl CopySink for Outgoing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some((gives_up, room)) = self.gives_up else { return self.output.write(bytes) };
        self.output.wait_writable()?;
        if gives_up.load(Ordering::SeqCst) {
            return Err(ended());
        }
        self.output.write(&bytes[..bytes.len().min(room)])
    }
    fn wait(&mut self) -> io::Result<()> {
        self.output.wait_writable()
    }
}

impl CopySource for Incoming<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.descriptors.read(self.stream, buffer)
    }
    fn wait(&mut self) -> io::Result<()> {
        waiting::to_receive(self.stream)
    }
}

impl CopySink for &Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(self, bytes)
    }
    fn wait(&mut self) -> io::Result<()> {
        waiting::to_send(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::Direction;
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
            let observed = ObservedDirection::new(None, 1, Direction::Forth);
            loop {
                let result = catch(|| step(&mut source, &mut sink, &mut buffer, &meter.sent, &observed));
                let read = data.len() - source.bytes.len();
                let written = sink.bytes.make_contiguous();
                prop_assert_eq!(&*written, &data[..written.len()]);
                prop_assert_eq!(written.len() as u64, meter.sent.bytes());
                prop_assert_eq!(read as u64, meter.sent.bytes() + meter.sent.held());
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
