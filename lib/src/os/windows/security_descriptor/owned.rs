use super::{
    AsSecurityDescriptor, AsSecurityDescriptorExt as _, AsSecurityDescriptorMut,
    AsSecurityDescriptorMutExt as _, BorrowedSecurityDescriptor, MutBorrowedSecurityDescriptor,
};
use crate::TryClone;
use std::{
    ffi::c_void,
    fmt::{self, Debug, Formatter},
    io,
};
use windows_sys::Win32::Security::SECURITY_DESCRIPTOR;

/// SECURITY_DESCRIPTOR_REVISION
const REVISION: u8 = 1;

/// A security descriptor: the access rights to a pipe.
///
/// [`from_sddl`](Self::from_sddl) creates it from text in Microsoft's [Security Descriptor
/// Definition Language][sddl]. The methods of
/// [`AsSecurityDescriptorMutExt`](super::AsSecurityDescriptorMutExt) change its parts.
///
/// The descriptor is absolute and owns its parts. Each part is an allocation of the local heap.
///
/// [sddl]: https://learn.microsoft.com/en-us/windows/win32/secauthz/security-descriptor-string-format
pub struct SecurityDescriptor(SECURITY_DESCRIPTOR);

// SAFETY: its memory is not bound to a thread.
unsafe impl Send for SecurityDescriptor {}
// SAFETY: shared references to it only read.
unsafe impl Sync for SecurityDescriptor {}

// SAFETY: the constructors, and the conditions of the functions that change it, ensure that it is
// valid. Those functions need a mutable reference.
unsafe impl AsSecurityDescriptor for SecurityDescriptor {
    fn as_sd(&self) -> *const c_void {
        (&raw const self.0).cast()
    }
}

// SAFETY: as above; it is absolute and owns its parts.
unsafe impl AsSecurityDescriptorMut for SecurityDescriptor {
    fn as_sd_mut(&mut self) -> *mut c_void {
        (&raw mut self.0).cast()
    }
}

impl SecurityDescriptor {
    /// Creates a descriptor without parts.
    ///
    /// # Errors
    /// None. The result type is that of `interprocess`.
    pub fn new() -> io::Result<Self> {
        Ok(Self::default())
    }

    /// Takes ownership of a descriptor.
    ///
    /// # Safety
    /// The descriptor is absolute and valid, and owns its parts; see
    /// [`AsSecurityDescriptorMut`].
    #[must_use]
    pub unsafe fn from_owned(descriptor: SECURITY_DESCRIPTOR) -> Self {
        Self(descriptor)
    }

    /// Borrows the descriptor for reading.
    #[must_use]
    pub fn borrow(&self) -> BorrowedSecurityDescriptor<'_> {
        // SAFETY: it is valid while it is borrowed.
        unsafe { BorrowedSecurityDescriptor::from_ref(&self.0) }
    }

    /// Borrows the descriptor for changes.
    pub fn borrow_mut(&mut self) -> MutBorrowedSecurityDescriptor<'_> {
        // SAFETY: it is valid while it is borrowed, absolute, and owns its parts.
        unsafe { MutBorrowedSecurityDescriptor::from_ref(&mut self.0) }
    }
}

impl Default for SecurityDescriptor {
    fn default() -> Self {
        Self(SECURITY_DESCRIPTOR { Revision: REVISION, ..SECURITY_DESCRIPTOR::default() })
    }
}

impl TryClone for SecurityDescriptor {
    fn try_clone(&self) -> io::Result<Self> {
        self.to_owned_sd()
    }
}

impl Debug for SecurityDescriptor {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let text = self.to_sddl().unwrap_or_else(|error| format!("{error}"));
        f.debug_tuple("SecurityDescriptor").field(&text).finish()
    }
}

impl Drop for SecurityDescriptor {
    fn drop(&mut self) {
        // It fails only for an invalid descriptor.
        let _ = self.free_contents();
    }
}
