use std::{
    error::Error,
    fmt::{self, Display, Formatter},
    io,
};

/// Error of receiving descriptors, in an [`io::Error`] of kind `InvalidData`: the peer sent more
/// descriptors than could be received. Unix only.
///
/// The descriptors that were received are closed. The bytes that came with them are in the
/// buffer.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct LostFds {
    bytes: usize,
}

impl LostFds {
    pub(crate) fn with_bytes(bytes: usize) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, Self { bytes })
    }

    /// Returns the `LostFds` that an I/O error contains, if any.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// Returns how many bytes were received into the buffer.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Display for LostFds {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(
            "descriptors were lost: more came than were asked for, or this process may not open \
             more",
        )
    }
}

impl Error for LostFds {}
