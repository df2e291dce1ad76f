use std::io;

/// Types that can be duplicated by a system call that may fail.
pub trait TryClone: Sized {
    /// Makes another handle to the same object.
    ///
    /// # Errors
    /// What the system says; usually that there are no more descriptors or handles.
    fn try_clone(&self) -> io::Result<Self>;
}

impl<T: Clone> TryClone for T {
    fn try_clone(&self) -> io::Result<Self> {
        Ok(self.clone())
    }
}
