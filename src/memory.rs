//! Allocates buffers whose size the user chooses, and which may be too large.

use std::{
    fmt::{self, Display, Formatter},
    io::{Error, ErrorKind, Result},
};

/// Returns a buffer of zeros. The system provides its memory at the first write.
///
/// # Errors
/// `OutOfMemory` if the address space, or its limit for this process, is used up.
pub(crate) fn zeroed(size: usize) -> Result<Box<[u8]>> {
    bytemuck::allocation::try_zeroed_slice_box(size).map_err(|()| out_of_memory(size))
}

/// Returns an empty vector with this capacity in bytes.
///
/// # Errors
/// As [`zeroed`].
pub(crate) fn with_capacity(size: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size).map_err(|_| out_of_memory(size))?;
    Ok(bytes)
}

fn out_of_memory(size: usize) -> Error {
    Error::new(
        ErrorKind::OutOfMemory,
        format!("cannot get a buffer of {}: out of memory", Size(size)),
    )
}

/// A size in bytes, printed in the largest unit of which it is a whole number.
struct Size(usize);

impl Display for Size {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
        let unit = units.iter().find(|(shift, _)| self.0 > 0 && self.0.is_multiple_of(1 << shift));
        match unit {
            Some((shift, unit)) => write!(f, "{} {unit}", self.0 >> shift),
            None => write!(f, "{} bytes", self.0),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn memory_that_is_not_there_is_an_error() {
        assert_eq!(*zeroed(3).unwrap(), [0; 3]);
        for size in [usize::MAX, usize::MAX / 2, usize::MAX / 2 - 100] {
            assert_eq!(zeroed(size).unwrap_err().kind(), ErrorKind::OutOfMemory);
            assert_eq!(with_capacity(size).unwrap_err().kind(), ErrorKind::OutOfMemory);
        }
    }

    #[test]
    fn sizes_are_written_in_the_largest_unit_that_fits() {
        let text = |size| out_of_memory(size).to_string();
        assert_eq!(text(1 << 30), "cannot get a buffer of 1 GiB: out of memory");
        assert_eq!(text(640 << 10), "cannot get a buffer of 640 KiB: out of memory");
        assert_eq!(text(1025), "cannot get a buffer of 1025 bytes: out of memory");
    }
}
