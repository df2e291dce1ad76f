use super::{
    AsSecurityDescriptor, SecurityDescriptor,
    parts::{self, AclKind, SidKind},
    sddl,
};
use std::{ffi::c_void, io};
use widestring::U16CStr;
use windows_sys::Win32::Security::{ACL, SECURITY_ATTRIBUTES, SECURITY_DESCRIPTOR_CONTROL};

/// Methods to read a security descriptor.
///
/// Pointers to parts are valid until the descriptor is changed or dropped. The flag in each result
/// is `true` if the part was chosen by default and not set explicitly.
///
/// The errors of the functions of Windows are not expected for a valid descriptor.
pub trait AsSecurityDescriptorExt: AsSecurityDescriptor {
    /// Returns the discretionary access control list: the access rights. A null pointer allows
    /// access for everyone; if there is no list (`None`), the system uses a default.
    ///
    /// # Errors
    /// An error of `GetSecurityDescriptorDacl`.
    fn dacl(&self) -> io::Result<Option<(*const ACL, bool)>> {
        // SAFETY: the implementor promises a valid descriptor.
        unsafe { parts::acl(self.as_sd(), AclKind::Dacl) }
    }

    /// Returns the system access control list: which accesses are audited.
    ///
    /// # Errors
    /// An error of `GetSecurityDescriptorSacl`.
    fn sacl(&self) -> io::Result<Option<(*const ACL, bool)>> {
        // SAFETY: as in `dacl`.
        unsafe { parts::acl(self.as_sd(), AclKind::Sacl) }
    }

    /// Returns the owner's security identifier, or null if there is none.
    ///
    /// # Errors
    /// An error of `GetSecurityDescriptorOwner`.
    fn owner(&self) -> io::Result<(*const c_void, bool)> {
        // SAFETY: as in `dacl`.
        unsafe { parts::sid(self.as_sd(), SidKind::Owner) }
    }

    /// Returns the primary group's security identifier, or null if there is none.
    ///
    /// # Errors
    /// An error of `GetSecurityDescriptorGroup`.
    fn group(&self) -> io::Result<(*const c_void, bool)> {
        // SAFETY: as in `dacl`.
        unsafe { parts::sid(self.as_sd(), SidKind::Group) }
    }

    /// Returns the control bits ([`SECURITY_DESCRIPTOR_CONTROL`][bits]) and the revision.
    ///
    /// # Errors
    /// An error of `GetSecurityDescriptorControl`.
    ///
    /// [bits]: https://learn.microsoft.com/en-us/windows/win32/secauthz/security-descriptor-control
    fn control_and_revision(&self) -> io::Result<(SECURITY_DESCRIPTOR_CONTROL, u32)> {
        // SAFETY: as in `dacl`.
        unsafe { parts::control(self.as_sd()) }
    }

    /// Copies the descriptor and all of its parts. The control bits of resource managers
    /// (`RMControl`) are not copied.
    ///
    /// # Errors
    /// `OutOfMemory`, or an error of the functions that read and set the parts.
    fn to_owned_sd(&self) -> io::Result<SecurityDescriptor> {
        // SAFETY: as in `dacl`.
        unsafe { SecurityDescriptor::copy_of(self.as_sd()) }
    }

    /// Makes security attributes point to this descriptor. The attributes must not be used after
    /// the descriptor was dropped.
    fn write_to_security_attributes(&self, attributes: &mut SECURITY_ATTRIBUTES) {
        attributes.lpSecurityDescriptor = self.as_sd().cast_mut();
    }

    /// Makes security attributes point to this descriptor, like
    /// [`write_to_security_attributes`](Self::write_to_security_attributes). The attributes can be
    /// uninitialized, or of another version of `windows-sys`.
    ///
    /// # Safety
    /// The pointer is to a `SECURITY_ATTRIBUTES` that can be written to.
    unsafe fn write_to_security_attributes_ptr(&self, attributes: *mut ()) {
        let attributes = attributes.cast::<SECURITY_ATTRIBUTES>();
        // SAFETY: by this function's condition.
        unsafe { (&raw mut (*attributes).lpSecurityDescriptor).write(self.as_sd().cast_mut()) };
    }

    /// Calls `f` with the descriptor as text in the [Security Descriptor Definition
    /// Language][sddl]. The selector ([`SECURITY_INFORMATION`][selector]) chooses the parts.
    ///
    /// # Errors
    /// An error of `ConvertSecurityDescriptorToStringSecurityDescriptorW`.
    ///
    /// [sddl]: https://learn.microsoft.com/en-us/windows/win32/secauthz/security-descriptor-string-format
    /// [selector]: https://learn.microsoft.com/en-us/windows/win32/secauthz/security-information
    fn serialize<R>(&self, selector: u32, f: impl FnOnce(&U16CStr) -> R) -> io::Result<R> {
        // SAFETY: as in `dacl`.
        unsafe { sddl::write(self.as_sd(), selector, f) }
    }
}
impl<T: AsSecurityDescriptor + ?Sized> AsSecurityDescriptorExt for T {}
