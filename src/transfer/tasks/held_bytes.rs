use super::buffers::Buffer;
use crate::system::KernelPipe;

/// Bytes that were read and are not delivered yet.
#[derive(Debug, Default)]
pub(super) enum HeldBytes {
    #[default]
    Nothing,
    Bytes {
        buffer: Buffer,
        from: usize,
        to: usize,
    },
    Piped(KernelPipe),
}

impl HeldBytes {
    /// Returns bytes that were just read into a buffer.
    pub(super) fn of(buffer: Buffer, amount: usize) -> Self {
        Self::Bytes { buffer, from: 0, to: amount }
    }

    /// Gives the buffer back if it holds little: many connections can wait for their outputs.
    pub(super) fn shrink(&mut self) {
        if let Self::Bytes { buffer, from, to } = self
            && let Some(small) = buffer.shrunk(&buffer[*from..*to])
        {
            (*from, *to) = (0, small.len());
            *buffer = small;
        }
    }

    pub(super) fn amount(&self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::Bytes { from, to, .. } => (to - from) as u64,
            Self::Piped(pipe) => pipe.amount() as u64,
        }
    }
}
