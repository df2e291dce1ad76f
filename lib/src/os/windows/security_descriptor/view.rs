use std::ffi::c_void;

/// What can be read as a security descriptor.
///
/// # Safety
/// As long as the value is borrowed, [`as_sd`](Self::as_sd) gives a pointer to a valid
/// descriptor (`IsValidSecurityDescriptor`), absolute or self-relative, whose parts are
/// valid, too, and which nothing changes meanwhile.
pub unsafe trait AsSecurityDescriptor {
    /// A pointer for the system's functions that read a descriptor.
    fn as_sd(&self) -> *const c_void;
}

/// What can be changed as a security descriptor.
///
/// # Safety
/// As for [`AsSecurityDescriptor`], and [`as_sd_mut`](Self::as_sd_mut) gives a pointer
/// to the same descriptor. It is absolute ([`SECURITY_DESCRIPTOR`][abs]), nobody else
/// uses it, and each of its parts is an allocation of its own, made with `LocalAlloc`,
/// that belongs to the descriptor: it may be freed when it is removed.
///
/// [abs]: https://learn.microsoft.com/en-us/windows/win32/secauthz/absolute-and-self-relative-security-descriptors
pub unsafe trait AsSecurityDescriptorMut: AsSecurityDescriptor {
    /// A pointer for the system's functions that change a descriptor.
    fn as_sd_mut(&mut self) -> *mut c_void;
}
