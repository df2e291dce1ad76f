use super::{AsSecurityDescriptor, AsSecurityDescriptorMut};
use std::{ffi::c_void, marker::PhantomData};
use windows_sys::Win32::Security::SECURITY_DESCRIPTOR;

/// A security descriptor that belongs to somebody else, to be read.
///
/// It may be absolute or self-relative.
#[derive(Copy, Clone, Debug)]
pub struct BorrowedSecurityDescriptor<'a> {
    pointer: *const c_void,
    lifetime: PhantomData<&'a SECURITY_DESCRIPTOR>,
}

/// An absolute security descriptor that belongs to somebody else, to be changed.
#[derive(Debug)]
pub struct MutBorrowedSecurityDescriptor<'a> {
    pointer: *mut SECURITY_DESCRIPTOR,
    lifetime: PhantomData<&'a mut SECURITY_DESCRIPTOR>,
}

impl<'a> BorrowedSecurityDescriptor<'a> {
    /// Borrows an absolute descriptor.
    ///
    /// # Safety
    /// It is as [`AsSecurityDescriptor`] wants it.
    #[must_use]
    pub unsafe fn from_ref(descriptor: &'a SECURITY_DESCRIPTOR) -> Self {
        // SAFETY: by this function's condition.
        unsafe { Self::from_ptr((&raw const *descriptor).cast()) }
    }

    /// Borrows a descriptor of either kind.
    ///
    /// # Safety
    /// During the lifetime the pointer is as [`AsSecurityDescriptor`] wants it.
    #[must_use]
    pub unsafe fn from_ptr(descriptor: *const c_void) -> Self {
        debug_assert!(!descriptor.is_null());
        Self { pointer: descriptor, lifetime: PhantomData }
    }
}

impl<'a> MutBorrowedSecurityDescriptor<'a> {
    /// Borrows a descriptor.
    ///
    /// # Safety
    /// It is as [`AsSecurityDescriptorMut`] wants it.
    #[must_use]
    pub unsafe fn from_ref(descriptor: &'a mut SECURITY_DESCRIPTOR) -> Self {
        // SAFETY: by this function's condition.
        unsafe { Self::from_ptr(descriptor) }
    }

    /// Borrows a descriptor.
    ///
    /// # Safety
    /// During the lifetime the pointer is as [`AsSecurityDescriptorMut`] wants it.
    #[must_use]
    pub unsafe fn from_ptr(descriptor: *mut SECURITY_DESCRIPTOR) -> Self {
        debug_assert!(!descriptor.is_null());
        Self { pointer: descriptor, lifetime: PhantomData }
    }
}

// SAFETY: it is a shared reference to memory of the process, which no thread owns.
unsafe impl Send for BorrowedSecurityDescriptor<'_> {}
// SAFETY: the same.
unsafe impl Sync for BorrowedSecurityDescriptor<'_> {}
// SAFETY: it is a mutable reference to such memory.
unsafe impl Send for MutBorrowedSecurityDescriptor<'_> {}
// SAFETY: shared references to it only read.
unsafe impl Sync for MutBorrowedSecurityDescriptor<'_> {}

// SAFETY: by the constructors' conditions.
unsafe impl AsSecurityDescriptor for BorrowedSecurityDescriptor<'_> {
    fn as_sd(&self) -> *const c_void {
        self.pointer
    }
}

// SAFETY: by the constructors' conditions.
unsafe impl AsSecurityDescriptor for MutBorrowedSecurityDescriptor<'_> {
    fn as_sd(&self) -> *const c_void {
        self.pointer.cast()
    }
}

// SAFETY: by the constructors' conditions.
unsafe impl AsSecurityDescriptorMut for MutBorrowedSecurityDescriptor<'_> {
    fn as_sd_mut(&mut self) -> *mut c_void {
        self.pointer.cast()
    }
}
