//! Memory of the local heap, which the system's functions for security allocate from.

use std::{io, ptr::NonNull};
use windows_sys::Win32::{
    Foundation::LocalFree,
    System::Memory::{LMEM_FIXED, LocalAlloc},
};

/// Memory that was allocated with `LocalAlloc`.
#[derive(Debug)]
pub(super) struct LocalBox<T>(NonNull<T>);

impl<T> LocalBox<T> {
    /// # Safety
    /// The pointer is null or comes from `LocalAlloc`, and nobody else frees it.
    pub(super) unsafe fn own(pointer: *mut T) -> Option<Self> {
        NonNull::new(pointer).map(Self)
    }

    pub(super) fn as_ptr(&self) -> *mut T {
        self.0.as_ptr()
    }

    /// Gives the memory away.
    pub(super) fn into_raw(self) -> *mut T {
        let pointer = self.as_ptr();
        std::mem::forget(self);
        pointer
    }
}

impl LocalBox<u8> {
    /// # Safety
    /// So many bytes can be read there.
    pub(super) unsafe fn copy_of(bytes: *const u8, len: usize) -> io::Result<Self> {
        // SAFETY: no pointers.
        let memory = unsafe { LocalAlloc(LMEM_FIXED, len) };
        let copy = NonNull::new(memory.cast::<u8>()).ok_or_else(io::Error::last_os_error)?;
        // SAFETY: by this function's condition; the memory is new and as long.
        unsafe { copy.as_ptr().copy_from_nonoverlapping(bytes, len) };
        Ok(Self(copy))
    }
}

impl<T> Drop for LocalBox<T> {
    fn drop(&mut self) {
        // SAFETY: see `own`.
        unsafe { LocalFree(self.0.as_ptr().cast()) };
    }
}
