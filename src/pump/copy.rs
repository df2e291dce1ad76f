//! One step of moving bytes through a buffer, the same for every pair of ends.

use super::meter::Gauge;
use crate::system::{Input, Output, waiting};
use local_socket::Stream;
use std::io::{self, ErrorKind, Read, Write};

/// Where bytes come from.
pub(super) trait Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;
    /// Waits until there is something to read, after an attempt would have blocked.
    fn wait(&mut self) -> io::Result<()>;
}

/// Where bytes go.
pub(super) trait Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Waits until something can be written, after an attempt would have blocked.
    fn wait(&mut self) -> io::Result<()>;
}

/// What a step came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Moved,
    End,
}

/// What broke in a step, and how many bytes that were read are lost.
#[derive(Debug)]
pub(super) enum Broken {
    Source(io::Error),
    Sink { error: io::Error, lost: u64 },
}

/// Reads once and writes all of that.
pub(super) fn step(
    source: &mut impl Source,
    sink: &mut impl Sink,
    buffer: &mut [u8],
    gauge: &Gauge,
) -> Result<Step, Broken> {
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
    gauge.delivering();
    let mut rest = &buffer[..read];
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
        return Err(Broken::Sink { error, lost: rest.len() as u64 });
    }
    Ok(if read == 0 { Step::End } else { Step::Moved })
}

impl Source for &Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Input::read(self, buffer)
    }
    fn wait(&mut self) -> io::Result<()> {
        self.wait_readable()
    }
}

impl Sink for &Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Output::write(self, bytes)
    }
    fn wait(&mut self) -> io::Result<()> {
        self.wait_writable()
    }
}

impl Source for &Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Read::read(self, buffer)
    }
    fn wait(&mut self) -> io::Result<()> {
        waiting::to_receive(self)
    }
}

impl Sink for &Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(self, bytes)
    }
    fn wait(&mut self) -> io::Result<()> {
        waiting::to_send(self)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{super::meter::Meter, *};
    use proptest::prelude::*;
    use std::collections::VecDeque;

    /// What one call comes to.
    #[derive(Clone, Debug)]
    enum Call {
        AtMost(usize),
        WouldBlock,
        Interrupted,
        Fails,
    }

    /// An end that does as a schedule says, and then everything that is asked of it.
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
            }
        }
    }

    impl Source for Fake {
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

    impl Sink for Fake {
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
        ];
        proptest::collection::vec(call, 0..40).prop_map(Into::into)
    }

    proptest! {
        /// What was read is what was written and what is reported lost, in order.
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
            let lost = loop {
                match step(&mut source, &mut sink, &mut buffer, &meter.sent) {
                    Ok(Step::Moved) => {}
                    Ok(Step::End) => {
                        prop_assert!(source.bytes.is_empty());
                        break 0;
                    }
                    Err(Broken::Source(_)) => break 0,
                    Err(Broken::Sink { lost, .. }) => break lost,
                }
            };
            let written: Vec<u8> = sink.bytes.into();
            let read = data.len() - source.bytes.len();
            prop_assert_eq!(&written[..], &data[..written.len()]);
            prop_assert_eq!(written.len() as u64, meter.sent.bytes());
            prop_assert_eq!(read, written.len() + usize::try_from(lost).unwrap());
        }
    }
}
