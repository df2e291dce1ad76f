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

/// What `InitializeSecurityDescriptor` takes as SECURITY_DESCRIPTOR_REVISION.
const REVISION: u8 = 1;

/// Who may do what with a pipe: a security descriptor of Windows.
///
/// It is usually made of text in Microsoft's [Security Descriptor Definition
/// Language][sddl]; the parts can be changed with
/// [`AsSecurityDescriptorMutExt`](super::AsSecurityDescriptorMutExt).
///
/// It is absolute, and owns its parts, each of which is an allocation of the local heap.
///
/// [sddl]: https://learn.microsoft.com/en-us/windows/win32/secauthz/security-descriptor-string-format
pub struct SecurityDescriptor(SECURITY_DESCRIPTOR);

// SAFETY: its memory belongs to the process, not to a thread.
unsafe impl Send for SecurityDescriptor {}
// SAFETY: shared references to it only read.
unsafe impl Sync for SecurityDescriptor {}

// SAFETY: it is valid by its constructors and by the conditions of the functions that
// change it, which need a mutable reference.
unsafe impl AsSecurityDescriptor for SecurityDescriptor {
    fn as_sd(&self) -> *const c_void {
        (&raw const self.0).cast()
    }
}

// SAFETY: the same; it is absolute, and its parts are its own.
unsafe impl AsSecurityDescriptorMut for SecurityDescriptor {
    fn as_sd_mut(&mut self) -> *mut c_void {
        (&raw mut self.0).cast()
    }
}

impl SecurityDescriptor {
    /// A descriptor without any parts.
    ///
    /// # Errors
    /// None; it is a `Result` because that is what programs expect.
    pub fn new() -> io::Result<Self> {
        Ok(Self::default())
    }

    /// Takes over a descriptor.
    ///
    /// # Safety
    /// It is absolute and valid, and its parts are its own: see
    /// [`AsSecurityDescriptorMut`].
    #[must_use]
    pub unsafe fn from_owned(descriptor: SECURITY_DESCRIPTOR) -> Self {
        Self(descriptor)
    }

    /// The descriptor, to be read.
    #[must_use]
    pub fn borrow(&self) -> BorrowedSecurityDescriptor<'_> {
        // SAFETY: it is valid as long as it is borrowed.
        unsafe { BorrowedSecurityDescriptor::from_ref(&self.0) }
    }

    /// The descriptor, to be changed.
    pub fn borrow_mut(&mut self) -> MutBorrowedSecurityDescriptor<'_> {
        // SAFETY: it is valid as long as it is borrowed, absolute, and owns its parts.
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
        // It fails for what is no descriptor, and this is one.
        let _ = self.free_contents();
    }
}
