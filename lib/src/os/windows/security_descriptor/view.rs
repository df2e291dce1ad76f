use std::ffi::c_void;

/// A type that can be read as a security descriptor.
///
/// # Safety
/// While the value is borrowed, [`as_sd`](Self::as_sd) returns a pointer to a valid descriptor
/// (`IsValidSecurityDescriptor`), absolute or self-relative. Its parts are valid as well, and
/// nothing changes it.
pub unsafe trait AsSecurityDescriptor {
    /// Returns a pointer for functions of Windows that read a descriptor.
    fn as_sd(&self) -> *const c_void;
}

/// A type that can be changed as a security descriptor.
///
/// # Safety
/// In addition to the conditions of [`AsSecurityDescriptor`], [`as_sd_mut`](Self::as_sd_mut)
/// returns a pointer to the same descriptor. It is absolute ([`SECURITY_DESCRIPTOR`][abs]), nothing
/// else uses it, and it owns its parts: each is a separate allocation of `LocalAlloc`, which may be
/// freed when the part is removed.
///
/// [abs]: https://learn.microsoft.com/en-us/windows/win32/secauthz/absolute-and-self-relative-security-descriptors
pub unsafe trait AsSecurityDescriptorMut: AsSecurityDescriptor {
    /// Returns a pointer for functions of Windows that change a descriptor.
    fn as_sd_mut(&mut self) -> *mut c_void;
}
