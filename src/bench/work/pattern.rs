//! The bytes that are sent, which the receiver computes as well.
//!
//! The period is not a multiple of common sizes, so that a lost, repeated or reordered message
//! differs from the expected one.

use super::BenchError;
use crate::memory;
use std::{io, sync::Arc};

/// Small enough for the L1 cache, like a message that is sent repeatedly.
const PERIOD: usize = (16 << 10) + 65;

/// Number of bytes that are compared at both ends of a read: comparing all would take a
/// considerable part of the measured time. Lost or repeated bytes shift all bytes that follow.
const SAMPLE: usize = 32;

/// A position in the known stream of bytes.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    bytes: Arc<Vec<u8>>,
    position: usize,
    offset: u64,
}

impl Pattern {
    /// Creates the start of the stream, for messages and reads of at most `longest` bytes.
    pub(super) fn new(longest: usize) -> io::Result<Self> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let period: Vec<u8> = (0..PERIOD)
            .map(|_| {
                // Xorshift (Marsaglia).
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_le_bytes()[7]
            })
            .collect();
        let mut bytes = memory::with_capacity(PERIOD + longest)?;
        while bytes.len() < PERIOD + longest {
            let left = PERIOD + longest - bytes.len();
            bytes.extend_from_slice(&period[..left.min(PERIOD)]);
        }
        Ok(Self { bytes: Arc::new(bytes), position: 0, offset: 0 })
    }

    /// Returns the next `len` bytes, at most `longest` of [`new`](Self::new).
    pub(super) fn next(&mut self, len: usize) -> &[u8] {
        let start = self.position;
        self.offset += len as u64;
        self.position += len;
        if self.position >= PERIOD {
            self.position %= PERIOD;
        }
        &self.bytes[start..start + len]
    }

    /// Fails with `WrongBytes` if these are not the next bytes.
    pub(super) fn check(&mut self, found: &[u8]) -> Result<(), BenchError> {
        let offset = self.offset;
        let expected = self.next(found.len());
        let is_equal = if found.len() > 2 * SAMPLE {
            let end = found.len() - SAMPLE;
            found[..SAMPLE] == expected[..SAMPLE] && found[end..] == expected[end..]
        } else {
            found == expected
        };
        if is_equal { Ok(()) } else { Err(BenchError::WrongBytes { offset }) }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn reads_may_have_other_sizes_than_writes() {
        let (mut sent, mut read) = (Pattern::new(70_000).unwrap(), Pattern::new(100_000).unwrap());
        let mut stream = Vec::new();
        for len in [1, 64, 65_536, 70_000, 3, 65_601] {
            stream.extend_from_slice(sent.next(len));
        }
        let mut rest = &stream[..];
        for len in [100_000, 7, 50_000, 33] {
            let (piece, other) = rest.split_at(len);
            read.check(piece).unwrap();
            rest = other;
        }
        read.check(&rest[..65]).unwrap();
    }

    #[test]
    fn a_lost_byte_is_detected() {
        let (mut sent, mut read) = (Pattern::new(4096).unwrap(), Pattern::new(4096).unwrap());
        let mut stream = sent.next(4096).to_vec();
        stream.extend_from_slice(sent.next(4096));
        stream.remove(1000);
        read.check(&stream[..4096]).unwrap_err();
    }

    #[test]
    fn a_repeated_message_is_detected() {
        let (mut sent, mut read) = (Pattern::new(8).unwrap(), Pattern::new(8).unwrap());
        let message = sent.next(8).to_vec();
        read.check(&message).unwrap();
        read.check(&message).unwrap_err();
    }
}
