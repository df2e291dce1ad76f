use super::{
    AsSecurityDescriptorExt as _, AsSecurityDescriptorMut,
    parts::{self, AclKind, SidKind},
};
use crate::os::windows::local_heap::LocalBox;
use std::{ffi::c_void, io, ptr};
use windows_sys::Win32::Security::{ACL, SECURITY_DESCRIPTOR_CONTROL};

/// What can be done to security descriptors.
///
/// There are three verbs. `set_` puts a part in, which from then on belongs to the
/// descriptor; what was there before is not freed. `unset_` takes a part out without
/// freeing it, so that it belongs to the caller. `remove_` takes it out and frees it.
///
/// The `defaulted` flag says that the part was chosen by default. None of the calls has
/// errors but what the system says, which has reason to fail only for what is no
/// descriptor.
pub trait AsSecurityDescriptorMutExt: AsSecurityDescriptorMut {
    /// Puts a discretionary access control list in. A null pointer is a list that
    /// admits everybody.
    ///
    /// # Errors
    /// Whatever the system says.
    ///
    /// # Safety
    /// The pointer is null, or it is to a valid list in an allocation of its own, made
    /// with `LocalAlloc`, that nobody else uses.
    unsafe fn set_dacl(&mut self, acl: *mut ACL, defaulted: bool) -> io::Result<()> {
        // SAFETY: by this function's condition.
        unsafe { parts::put_acl(self.as_sd_mut(), AclKind::Dacl, Some(acl), defaulted) }
    }

    /// Puts a system access control list in.
    ///
    /// # Errors
    /// Whatever the system says.
    ///
    /// # Safety
    /// The pointer is null, or it is to a valid list in an allocation of its own, made
    /// with `LocalAlloc`, that nobody else uses.
    unsafe fn set_sacl(&mut self, acl: *mut ACL, defaulted: bool) -> io::Result<()> {
        // SAFETY: by this function's condition.
        unsafe { parts::put_acl(self.as_sd_mut(), AclKind::Sacl, Some(acl), defaulted) }
    }

    /// Says what the owner is.
    ///
    /// # Errors
    /// `InvalidInput` for a null pointer; [`unset_owner`](Self::unset_owner) says that
    /// there is none. Whatever the system says.
    ///
    /// # Safety
    /// The pointer is null, or it is to a valid identifier in an allocation of its own,
    /// made with `LocalAlloc`, that nobody else uses.
    unsafe fn set_owner(&mut self, sid: *mut c_void, defaulted: bool) -> io::Result<()> {
        refuse_null(sid)?;
        // SAFETY: by this function's condition.
        unsafe { parts::put_sid(self.as_sd_mut(), SidKind::Owner, sid, defaulted) }
    }

    /// Says what the primary group is.
    ///
    /// # Errors
    /// `InvalidInput` for a null pointer; [`unset_group`](Self::unset_group) says that
    /// there is none. Whatever the system says.
    ///
    /// # Safety
    /// The pointer is null, or it is to a valid identifier in an allocation of its own,
    /// made with `LocalAlloc`, that nobody else uses.
    unsafe fn set_group(&mut self, sid: *mut c_void, defaulted: bool) -> io::Result<()> {
        refuse_null(sid)?;
        // SAFETY: by this function's condition.
        unsafe { parts::put_sid(self.as_sd_mut(), SidKind::Group, sid, defaulted) }
    }

    /// Takes the discretionary access control list out without freeing it.
    ///
    /// # Errors
    /// Whatever the system says.
    fn unset_dacl(&mut self) -> io::Result<()> {
        // SAFETY: the implementor promises a valid descriptor.
        unsafe { parts::put_acl(self.as_sd_mut(), AclKind::Dacl, None, false) }
    }

    /// Takes the system access control list out without freeing it.
    ///
    /// # Errors
    /// Whatever the system says.
    fn unset_sacl(&mut self) -> io::Result<()> {
        // SAFETY: the implementor promises a valid descriptor.
        unsafe { parts::put_acl(self.as_sd_mut(), AclKind::Sacl, None, false) }
    }

    /// Takes the owner out without freeing it.
    ///
    /// # Errors
    /// Whatever the system says.
    fn unset_owner(&mut self) -> io::Result<()> {
        // SAFETY: as in `unset_dacl`.
        unsafe { parts::put_sid(self.as_sd_mut(), SidKind::Owner, ptr::null(), false) }
    }

    /// Takes the primary group out without freeing it.
    ///
    /// # Errors
    /// Whatever the system says.
    fn unset_group(&mut self) -> io::Result<()> {
        // SAFETY: as in `unset_dacl`.
        unsafe { parts::put_sid(self.as_sd_mut(), SidKind::Group, ptr::null(), false) }
    }

    /// Takes the discretionary access control list out and frees it.
    ///
    /// # Errors
    /// Whatever the system says.
    fn remove_dacl(&mut self) -> io::Result<()> {
        let part = self.dacl()?.map_or(ptr::null(), |(acl, _)| acl);
        self.unset_dacl()?;
        // SAFETY: the implementor promises that the part is the descriptor's own, which
        // does not point to it any more.
        drop(unsafe { LocalBox::own(part.cast_mut()) });
        Ok(())
    }

    /// Takes the system access control list out and frees it.
    ///
    /// # Errors
    /// Whatever the system says.
    fn remove_sacl(&mut self) -> io::Result<()> {
        let part = self.sacl()?.map_or(ptr::null(), |(acl, _)| acl);
        self.unset_sacl()?;
        // SAFETY: the implementor promises that the part is the descriptor's own, which
        // does not point to it any more.
        drop(unsafe { LocalBox::own(part.cast_mut()) });
        Ok(())
    }

    /// Takes the owner out and frees it.
    ///
    /// # Errors
    /// Whatever the system says.
    fn remove_owner(&mut self) -> io::Result<()> {
        let (part, _) = self.owner()?;
        self.unset_owner()?;
        // SAFETY: as in `remove_dacl`.
        drop(unsafe { LocalBox::own(part.cast_mut()) });
        Ok(())
    }

    /// Takes the primary group out and frees it.
    ///
    /// # Errors
    /// Whatever the system says.
    fn remove_group(&mut self) -> io::Result<()> {
        let (part, _) = self.group()?;
        self.unset_group()?;
        // SAFETY: as in `remove_dacl`.
        drop(unsafe { LocalBox::own(part.cast_mut()) });
        Ok(())
    }

    /// Changes those control bits that are in the mask
    /// ([`SECURITY_DESCRIPTOR_CONTROL`][bits]): whether lists are protected from being
    /// inherited, and how they are.
    ///
    /// # Errors
    /// `InvalidInput` for bits that say which parts there are and how they are stored.
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

    /// Takes both lists out and frees them.
    ///
    /// # Errors
    /// Whatever the system says.
    fn remove_acls(&mut self) -> io::Result<()> {
        self.remove_dacl()?;
        self.remove_sacl()
    }

    /// Takes owner and group out and frees them.
    ///
    /// # Errors
    /// Whatever the system says.
    fn remove_sids(&mut self) -> io::Result<()> {
        self.remove_owner()?;
        self.remove_group()
    }

    /// Takes all parts out and frees them.
    ///
    /// # Errors
    /// Whatever the system says.
    fn free_contents(&mut self) -> io::Result<()> {
        self.remove_acls()?;
        self.remove_sids()
    }
}
impl<T: AsSecurityDescriptorMut + ?Sized> AsSecurityDescriptorMutExt for T {}

fn refuse_null(sid: *const c_void) -> io::Result<()> {
    if sid.is_null() {
        let text = "a null pointer is no security identifier";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    Ok(())
}
