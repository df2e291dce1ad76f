use super::{AsSecurityDescriptor, AsSecurityDescriptorMut};
use std::{ffi::c_void, marker::PhantomData};
use windows_sys::Win32::Security::SECURITY_DESCRIPTOR;

/// A borrowed security descriptor that can be read.
///
/// It may be absolute or self-relative.
#[derive(Copy, Clone, Debug)]
pub struct BorrowedSecurityDescriptor<'a> {
    pointer: *const c_void,
    lifetime: PhantomData<&'a SECURITY_DESCRIPTOR>,
}

/// A borrowed, absolute security descriptor that can be changed.
#[derive(Debug)]
pub struct MutBorrowedSecurityDescriptor<'a> {
    pointer: *mut SECURITY_DESCRIPTOR,
    lifetime: PhantomData<&'a mut SECURITY_DESCRIPTOR>,
}

impl<'a> BorrowedSecurityDescriptor<'a> {
    /// Borrows an absolute descriptor.
    ///
    /// # Safety
    /// The descriptor meets the conditions of [`AsSecurityDescriptor`].
    #[must_use]
    pub unsafe fn from_ref(descriptor: &'a SECURITY_DESCRIPTOR) -> Self {
        // SAFETY: by this function's condition.
        unsafe { Self::from_ptr((&raw const *descriptor).cast()) }
    }

    /// Borrows an absolute or self-relative descriptor.
    ///
    /// # Safety
    /// During the lifetime the pointer meets the conditions of [`AsSecurityDescriptor`].
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
    /// The descriptor meets the conditions of [`AsSecurityDescriptorMut`].
    #[must_use]
    pub unsafe fn from_ref(descriptor: &'a mut SECURITY_DESCRIPTOR) -> Self {
        // SAFETY: by this function's condition.
        unsafe { Self::from_ptr(descriptor) }
    }

    /// Borrows a descriptor.
    ///
    /// # Safety
    /// During the lifetime the pointer meets the conditions of [`AsSecurityDescriptorMut`].
    #[must_use]
    pub unsafe fn from_ptr(descriptor: *mut SECURITY_DESCRIPTOR) -> Self {
        debug_assert!(!descriptor.is_null());
        Self { pointer: descriptor, lifetime: PhantomData }
    }
}

// SAFETY: it is a shared reference to memory that is not bound to a thread.
unsafe impl Send for BorrowedSecurityDescriptor<'_> {}
// SAFETY: the same.
unsafe impl Sync for BorrowedSecurityDescriptor<'_> {}
// SAFETY: it is a mutable reference to memory that is not bound to a thread.
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
