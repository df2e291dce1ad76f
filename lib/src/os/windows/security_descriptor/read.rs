use super::{
    AsSecurityDescriptor, SecurityDescriptor,
    parts::{self, AclKind, SidKind},
    sddl,
};
use std::{ffi::c_void, io};
use widestring::U16CStr;
use windows_sys::Win32::Security::{ACL, SECURITY_ATTRIBUTES, SECURITY_DESCRIPTOR_CONTROL};

/// What can be asked of any security descriptor.
///
/// Pointers to its parts are valid as long as the descriptor is and nothing changes it.
/// The flag beside them says that the part was not given by anybody but chosen by
/// default.
pub trait AsSecurityDescriptorExt: AsSecurityDescriptor {
    /// The discretionary access control list: who may do what. A null pointer is a list
    /// that admits everybody; without a list the system chooses one.
    ///
    /// # Errors
    /// Whatever `GetSecurityDescriptorDacl` says.
    fn dacl(&self) -> io::Result<Option<(*const ACL, bool)>> {
        // SAFETY: the implementor promises a valid descriptor.
        unsafe { parts::acl(self.as_sd(), AclKind::Dacl) }
    }

    /// The system access control list: what is audited.
    ///
    /// # Errors
    /// Whatever `GetSecurityDescriptorSacl` says.
    fn sacl(&self) -> io::Result<Option<(*const ACL, bool)>> {
        // SAFETY: as in `dacl`.
        unsafe { parts::acl(self.as_sd(), AclKind::Sacl) }
    }

    /// The owner's security identifier, or null.
    ///
    /// # Errors
    /// Whatever `GetSecurityDescriptorOwner` says.
    fn owner(&self) -> io::Result<(*const c_void, bool)> {
        // SAFETY: as in `dacl`.
        unsafe { parts::sid(self.as_sd(), SidKind::Owner) }
    }

    /// The primary group's security identifier, or null.
    ///
    /// # Errors
    /// Whatever `GetSecurityDescriptorGroup` says.
    fn group(&self) -> io::Result<(*const c_void, bool)> {
        // SAFETY: as in `dacl`.
        unsafe { parts::sid(self.as_sd(), SidKind::Group) }
    }

    /// The control bits ([`SECURITY_DESCRIPTOR_CONTROL`][bits]) and the revision.
    ///
    /// # Errors
    /// Whatever `GetSecurityDescriptorControl` says.
    ///
    /// [bits]: https://learn.microsoft.com/en-us/windows/win32/secauthz/security-descriptor-control
    fn control_and_revision(&self) -> io::Result<(SECURITY_DESCRIPTOR_CONTROL, u32)> {
        // SAFETY: as in `dacl`.
        unsafe { parts::control(self.as_sd()) }
    }

    /// A copy with copies of all parts, which needs nothing of this one. Not copied is
    /// what resource managers add (the `RMControl` bits).
    ///
    /// # Errors
    /// Whatever the system says; that there is no memory.
    fn to_owned_sd(&self) -> io::Result<SecurityDescriptor> {
        // SAFETY: as in `dacl`.
        unsafe { SecurityDescriptor::copy_of(self.as_sd()) }
    }

    /// Lets security attributes point to this descriptor. Whoever uses them after it has
    /// gone uses what is not there.
    fn write_to_security_attributes(&self, attributes: &mut SECURITY_ATTRIBUTES) {
        attributes.lpSecurityDescriptor = self.as_sd().cast_mut();
    }

    /// The same for attributes that are not initialized yet, or of another version of
    /// `windows-sys`.
    ///
    /// # Safety
    /// The pointer is to a `SECURITY_ATTRIBUTES` that can be written to.
    unsafe fn write_to_security_attributes_ptr(&self, attributes: *mut ()) {
        let attributes = attributes.cast::<SECURITY_ATTRIBUTES>();
        // SAFETY: by this function's condition.
        unsafe { (&raw mut (*attributes).lpSecurityDescriptor).write(self.as_sd().cast_mut()) };
    }

    /// Hands over the descriptor as text in the [Security Descriptor Definition
    /// Language][sddl]. The selector says which parts
    /// ([`SECURITY_INFORMATION`][selector]).
    ///
    /// # Errors
    /// Whatever `ConvertSecurityDescriptorToStringSecurityDescriptorW` says.
    ///
    /// [sddl]: https://learn.microsoft.com/en-us/windows/win32/secauthz/security-descriptor-string-format
    /// [selector]: https://learn.microsoft.com/en-us/windows/win32/secauthz/security-information
    fn serialize<R>(&self, selector: u32, f: impl FnOnce(&U16CStr) -> R) -> io::Result<R> {
        // SAFETY: as in `dacl`.
        unsafe { sddl::write(self.as_sd(), selector, f) }
    }
}
impl<T: AsSecurityDescriptor + ?Sized> AsSecurityDescriptorExt for T {}
