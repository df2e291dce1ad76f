//! The bytes that are sent, which whoever receives them knows, too.
//!
//! They repeat after a number of bytes that is not a multiple of any block size, so that a
//! block that is missing, doubled or moved does not look like the one that belongs there.

use anyhow::{Result, bail, ensure};

const PERIOD: usize = (64 << 10) + 64;

/// What is compared at either end of a block that is not compared as a whole.
const SAMPLE: usize = 64;

/// How much of what arrives is compared. Everything is counted either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    Whole,
    /// The first and the last bytes of every block that is read: all of it would be a good
    /// part of the time that is measured. Bytes that are lost or doubled move all that follow.
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
    /// For blocks of at most so many bytes.
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

    /// The bytes at this place of the stream.
    pub(super) fn at(&self, offset: u64, len: usize) -> &[u8] {
        let start = (offset % PERIOD as u64) as usize;
        &self.bytes[start..start + len]
    }

    /// Fails if these are not the bytes at this place of the stream.
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
