//! Memory of the local heap, from which the system's security functions allocate.

use std::{io, ptr::NonNull};
use windows_sys::Win32::{
    Foundation::LocalFree,
    System::Memory::{LMEM_FIXED, LocalAlloc},
};

/// Owned memory that was allocated with `LocalAlloc`.
#[derive(Debug)]
pub(super) struct LocalBox<T>(NonNull<T>);

impl<T> LocalBox<T> {
    /// Takes ownership of a pointer. Returns `None` if it is null.
    ///
    /// # Safety
    /// The pointer is null or comes from `LocalAlloc`, and nothing else frees it.
    pub(super) unsafe fn own(pointer: *mut T) -> Option<Self> {
        NonNull::new(pointer).map(Self)
    }

    pub(super) fn as_ptr(&self) -> *mut T {
        self.0.as_ptr()
    }

    /// Returns the pointer; the caller has to free the memory.
    pub(super) fn into_raw(self) -> *mut T {
        let pointer = self.as_ptr();
        std::mem::forget(self);
        pointer
    }
}

impl LocalBox<u8> {
    /// Allocates a copy of `len` bytes.
    ///
    /// # Safety
    /// `len` bytes can be read at the pointer.
    pub(super) unsafe fn copy_of(bytes: *const u8, len: usize) -> io::Result<Self> {
        // SAFETY: no pointers.
        let memory = unsafe { LocalAlloc(LMEM_FIXED, len) };
        let copy = NonNull::new(memory.cast::<u8>()).ok_or_else(io::Error::last_os_error)?;
        // SAFETY: by this function's condition; the new memory has the same length.
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
