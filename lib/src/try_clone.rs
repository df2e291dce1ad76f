use std::io;

/// Types that can be duplicated by a system call that may fail.
pub trait TryClone: Sized {
    /// Creates another handle to the same object.
    ///
    /// # Errors
    /// For a [`Stream`](crate::Stream) on Unix an error of `dup(2)`, usually because the process
    /// has no descriptors left; on Windows none. For a `SecurityDescriptor` `OutOfMemory`, or
    /// another error of the system's functions for its parts. For types that implement
    /// [`Clone`] none.
    fn try_clone(&self) -> io::Result<Self>;
}

impl<T: Clone> TryClone for T {
    fn try_clone(&self) -> io::Result<Self> {
        Ok(self.clone())
    }
}
