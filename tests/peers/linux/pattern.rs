//! The bytes that are sent, which the receiver can compute.
//!
//! They repeat after a number of bytes that is not a multiple of any block size, so that a
//! block that is missing, doubled or moved does not look like the one that belongs there.

use anyhow::{Result, bail, ensure};

const PERIOD: usize = (64 << 10) + 64;

/// Number of bytes that are compared at both ends of a block that is not compared as a whole.
const SAMPLE: usize = 64;

/// Which of the received bytes are compared. All of them are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    Whole,
    /// The first and the last bytes of every block that is read: comparing all of them would take a
    /// large part of the measured time. Lost or doubled bytes shift all that follow.
    Samples,
}

impl Check {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Samples => "samples",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        match text {
            "whole" => Ok(Self::Whole),
            "samples" => Ok(Self::Samples),
            _ => bail!("no way to check: {text}"),
        }
    }
}

#[derive(Debug)]
pub(super) struct Pattern {
    bytes: Vec<u8>,
}

impl Pattern {
    /// Creates the pattern for blocks of at most this many bytes.
    pub(super) fn new(longest: usize) -> Self {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let period: Vec<u8> = (0..PERIOD)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_le_bytes()[7]
            })
            .collect();
        Self { bytes: period.iter().copied().cycle().take(PERIOD + longest).collect() }
    }

    /// Returns the bytes at this position of the stream.
    pub(super) fn at(&self, offset: u64, len: usize) -> &[u8] {
        let start = (offset % PERIOD as u64) as usize;
        &self.bytes[start..start + len]
    }

    /// Fails if these are not the bytes at this position of the stream.
    pub(super) fn compare(&self, offset: u64, found: &[u8], check: Check) -> Result<()> {
        let expected = self.at(offset, found.len());
        let is_same = match check {
            Check::Samples if found.len() > 2 * SAMPLE => {
                let end = found.len() - SAMPLE;
                found[..SAMPLE] == expected[..SAMPLE] && found[end..] == expected[end..]
            }
            _ => found == expected,
        };
        ensure!(is_same, "wrong bytes arrived at or after {offset}");
        Ok(())
    }
}
