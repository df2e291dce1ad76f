//! Memory of a size that the user chooses: there may be less.

use std::{
    fmt::{self, Display, Formatter},
    io::{Error, ErrorKind, Result},
};

/// Returns a buffer full of zeros, whose memory the system gives when it is first written to.
///
/// # Errors
/// `OutOfMemory` if the address space, or what this process may have of it, is used up.
pub(crate) fn zeroed(size: usize) -> Result<Box<[u8]>> {
    bytemuck::allocation::try_zeroed_slice_box(size).map_err(|()| out_of_memory(size))
}

/// Returns an empty vector that has room for so many bytes.
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

/// A size as it is typed, where it is a whole number of larger units.
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
