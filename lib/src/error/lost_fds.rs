use std::{
    error::Error,
    fmt::{self, Display, Formatter},
    io,
};

/// Descriptors were sent, but not all of them could be received; inside an [`io::Error`]
/// of the kind `InvalidData`. Unix only.
///
/// Those that did come are closed. The bytes that came with them are in the buffer.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct LostFds {
    bytes: usize,
}

impl LostFds {
    pub(crate) fn with_bytes(bytes: usize) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, Self { bytes })
    }

    /// The error of this type inside an I/O error, if there is one.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// How many bytes were received all the same.
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
