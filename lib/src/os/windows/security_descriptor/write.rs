use super::{
    AsSecurityDescriptorExt as _, AsSecurityDescriptorMut,
    parts::{self, AclKind, SidKind},
};
use crate::os::windows::local_heap::LocalBox;
use std::{ffi::c_void, io, ptr};
use windows_sys::Win32::Security::{ACL, SECURITY_DESCRIPTOR_CONTROL};

/// Methods to change a security descriptor.
///
/// - `set_` sets a part, which the descriptor owns from then on. The former part is not freed.
/// - `unset_` removes a part without freeing it. The caller owns it from then on.
/// - `remove_` removes a part and frees it.
///
/// The `defaulted` flag marks a part that was chosen by default and not set explicitly.
///
/// The errors of the functions of Windows are not expected for a valid descriptor.
pub trait AsSecurityDescriptorMutExt: AsSecurityDescriptorMut {
    /// Sets the discretionary access control list. A null pointer allows access for everyone.
    ///
    /// # Errors
    /// An error of `SetSecurityDescriptorDacl`.
    ///
    /// # Safety
    /// The pointer is null, or to a valid list in a separate allocation of `LocalAlloc` that
    /// nothing else uses.
    unsafe fn set_dacl(&mut self, acl: *mut ACL, defaulted: bool) -> io::Result<()> {
        // SAFETY: by this function's condition.
        unsafe { parts::put_acl(self.as_sd_mut(), AclKind::Dacl, Some(acl), defaulted) }
    }

    /// Sets the system access control list.
    ///
    /// # Errors
    /// An error of `SetSecurityDescriptorSacl`.
    ///
    /// # Safety
    /// The pointer is null, or to a valid list in a separate allocation of `LocalAlloc` that
    /// nothing else uses.
    unsafe fn set_sacl(&mut self, acl: *mut ACL, defaulted: bool) -> io::Result<()> {
        // SAFETY: by this function's condition.
        unsafe { parts::put_acl(self.as_sd_mut(), AclKind::Sacl, Some(acl), defaulted) }
    }

    /// Sets the owner.
    ///
    /// # Errors
    /// `InvalidInput` for a null pointer; use [`unset_owner`](Self::unset_owner) to remove the
    /// owner. An error of `SetSecurityDescriptorOwner`.
    ///
    /// # Safety
    /// The pointer is null, or to a valid identifier in a separate allocation of `LocalAlloc` that
    /// nothing else uses.
    unsafe fn set_owner(&mut self, sid: *mut c_void, defaulted: bool) -> io::Result<()> {
        refuse_null(sid)?;
        // SAFETY: by this function's condition.
        unsafe { parts::put_sid(self.as_sd_mut(), SidKind::Owner, sid, defaulted) }
    }

    /// Sets the primary group.
    ///
    /// # Errors
    /// `InvalidInput` for a null pointer; use [`unset_group`](Self::unset_group) to remove the
    /// primary group. An error of `SetSecurityDescriptorGroup`.
    ///
    /// # Safety
    /// The pointer is null, or to a valid identifier in a separate allocation of `LocalAlloc` that
    /// nothing else uses.
    unsafe fn set_group(&mut self, sid: *mut c_void, defaulted: bool) -> io::Result<()> {
        refuse_null(sid)?;
        // SAFETY: by this function's condition.
        unsafe { parts::put_sid(self.as_sd_mut(), SidKind::Group, sid, defaulted) }
    }

    /// Removes the discretionary access control list without freeing it.
    ///
    /// # Errors
    /// An error of `SetSecurityDescriptorDacl`.
    fn unset_dacl(&mut self) -> io::Result<()> {
        // SAFETY: the implementor promises a valid descriptor.
        unsafe { parts::put_acl(self.as_sd_mut(), AclKind::Dacl, None, false) }
    }

    /// Removes the system access control list without freeing it.
    ///
    /// # Errors
    /// An error of `SetSecurityDescriptorSacl`.
    fn unset_sacl(&mut self) -> io::Result<()> {
        // SAFETY: the implementor promises a valid descriptor.
        unsafe { parts::put_acl(self.as_sd_mut(), AclKind::Sacl, None, false) }
    }

    /// Removes the owner without freeing it.
    ///
    /// # Errors
    /// An error of `SetSecurityDescriptorOwner`.
    fn unset_owner(&mut self) -> io::Result<()> {
        // SAFETY: as in `unset_dacl`.
        unsafe { parts::put_sid(self.as_sd_mut(), SidKind::Owner, ptr::null(), false) }
    }

    /// Removes the primary group without freeing it.
    ///
    /// # Errors
    /// An error of `SetSecurityDescriptorGroup`.
    fn unset_group(&mut self) -> io::Result<()> {
        // SAFETY: as in `unset_dacl`.
        unsafe { parts::put_sid(self.as_sd_mut(), SidKind::Group, ptr::null(), false) }
    }

    /// Removes and frees the discretionary access control list.
    ///
    /// # Errors
    /// An error of `GetSecurityDescriptorDacl` or `SetSecurityDescriptorDacl`.
    fn remove_dacl(&mut self) -> io::Result<()> {
        let part = self.dacl()?.map_or(ptr::null(), |(acl, _)| acl);
        self.unset_dacl()?;
        // SAFETY: the implementor promises that the descriptor owns the part. It does not
        // point to it any more.
        drop(unsafe { LocalBox::own(part.cast_mut()) });
        Ok(())
    }

    /// Removes and frees the system access control list.
    ///
    /// # Errors
    /// An error of `GetSecurityDescriptorSacl` or `SetSecurityDescriptorSacl`.
    fn remove_sacl(&mut self) -> io::Result<()> {
        let part = self.sacl()?.map_or(ptr::null(), |(acl, _)| acl);
        self.unset_sacl()?;
        // SAFETY: the implementor promises that the descriptor owns the part. It does not
        // point to it any more.
        drop(unsafe { LocalBox::own(part.cast_mut()) });
        Ok(())
    }

    /// Removes and frees the owner.
    ///
    /// # Errors
    /// An error of `GetSecurityDescriptorOwner` or `SetSecurityDescriptorOwner`.
    fn remove_owner(&mut self) -> io::Result<()> {
        let (part, _) = self.owner()?;
        self.unset_owner()?;
        // SAFETY: as in `remove_dacl`.
        drop(unsafe { LocalBox::own(part.cast_mut()) });
        Ok(())
    }

    /// Removes and frees the primary group.
    ///
    /// # Errors
    /// An error of `GetSecurityDescriptorGroup` or `SetSecurityDescriptorGroup`.
    fn remove_group(&mut self) -> io::Result<()> {
        let (part, _) = self.group()?;
        self.unset_group()?;
        // SAFETY: as in `remove_dacl`.
        drop(unsafe { LocalBox::own(part.cast_mut()) });
        Ok(())
    }

    /// Changes the control bits in the mask ([`SECURITY_DESCRIPTOR_CONTROL`][bits]), which set
    /// whether and how lists are inherited.
    ///
    /// # Errors
    /// `InvalidInput` for bits that describe which parts exist and how they are stored.
    ///
    /// [bits]: https://learn.microsoft.com/en-us/windows/win32/api/securitybaseapi/nf-securitybaseapi-setsecuritydescriptorcontrol
    fn set_control(
        &mut self,
        mask: SECURITY_DESCRIPTOR_CONTROL,
        value: SECURITY_DESCRIPTOR_CONTROL,
    ) -> io::Result<()> {
        // SAFETY: as in `unset_dacl`.
        unsafe { parts::set_control(self.as_sd_mut(), mask, value) }
    }

    /// Removes and frees both access control lists.
    ///
    /// # Errors
    /// As [`remove_dacl`](Self::remove_dacl) and [`remove_sacl`](Self::remove_sacl).
    fn remove_acls(&mut self) -> io::Result<()> {
        self.remove_dacl()?;
        self.remove_sacl()
    }

    /// Removes and frees the owner and the primary group.
    ///
    /// # Errors
    /// As [`remove_owner`](Self::remove_owner) and [`remove_group`](Self::remove_group).
    fn remove_sids(&mut self) -> io::Result<()> {
        self.remove_owner()?;
        self.remove_group()
    }

    /// Removes and frees all parts.
    ///
    /// # Errors
    /// As [`remove_acls`](Self::remove_acls) and [`remove_sids`](Self::remove_sids).
    fn free_contents(&mut self) -> io::Result<()> {
        self.remove_acls()?;
        self.remove_sids()
    }
}
impl<T: AsSecurityDescriptorMut + ?Sized> AsSecurityDescriptorMutExt for T {}

fn refuse_null(sid: *const c_void) -> io::Result<()> {
    if sid.is_null() {
        let text = "the pointer to the security identifier is null";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    Ok(())
}
