use super::{
    AsSecurityDescriptor as _, AsSecurityDescriptorExt as _, AsSecurityDescriptorMut as _,
    SecurityDescriptor,
    parts::{self, AclKind, SETTABLE, SidKind},
};
use crate::os::windows::{Sid, local_heap::LocalBox};
use std::{ffi::c_void, io, ptr};

/// Owner and group as values instead of pointers.
impl SecurityDescriptor {
    /// Returns the owner of the object, if the descriptor has one.
    ///
    /// # Errors
    /// An error of `GetSecurityDescriptorOwner`; it is not expected for a valid descriptor.
    pub fn owner_sid(&self) -> io::Result<Option<Sid>> {
        // SAFETY: the identifier is null or valid, since the descriptor is valid.
        self.owner().map(|(sid, _)| unsafe { Sid::from_ptr(sid) })
    }

    /// Returns the primary group of the object, if the descriptor has one.
    ///
    /// # Errors
    /// An error of `GetSecurityDescriptorGroup`; it is not expected for a valid descriptor.
    pub fn group_sid(&self) -> io::Result<Option<Sid>> {
        // SAFETY: as in `owner_sid`.
        self.group().map(|(sid, _)| unsafe { Sid::from_ptr(sid) })
    }

    /// Sets the owner of the object. When an object is created, the system accepts only the
    /// process's user and some of its groups as the owner.
    ///
    /// # Errors
    /// `OutOfMemory`.
    pub fn set_owner_sid(&mut self, sid: Sid) -> io::Result<()> {
        // SAFETY: the identifier is valid.
        unsafe { self.put_copy_of_sid(SidKind::Owner, sid.as_ptr(), false) }
    }

    /// Sets the primary group of the object.
    ///
    /// # Errors
    /// `OutOfMemory`.
    pub fn set_group_sid(&mut self, sid: Sid) -> io::Result<()> {
        // SAFETY: the identifier is valid.
        unsafe { self.put_copy_of_sid(SidKind::Group, sid.as_ptr(), false) }
    }

    /// Copies a descriptor and its parts.
    ///
    /// # Safety
    /// The pointer is to a valid descriptor, absolute or self-relative.
    pub(super) unsafe fn copy_of(sd: *const c_void) -> io::Result<Self> {
        let mut copy = Self::default();
        for which in [AclKind::Dacl, AclKind::Sacl] {
            // SAFETY: by this function's condition.
            if let Some((acl, defaulted)) = unsafe { parts::acl(sd, which)? } {
                // SAFETY: a part of a valid descriptor is null or valid.
                let part = unsafe { parts::copy_acl(acl)? };
                let acl = part.as_ref().map_or(ptr::null(), |part| part.as_ptr().cast());
                // SAFETY: the part is valid; the copy owns it and frees it.
                unsafe { parts::put_acl(copy.as_sd_mut(), which, Some(acl), defaulted)? };
                part.map(LocalBox::into_raw);
            }
        }
        for which in [SidKind::Owner, SidKind::Group] {
            // SAFETY: by this function's condition; its parts are null or valid.
            unsafe {
                let (sid, defaulted) = parts::sid(sd, which)?;
                copy.put_copy_of_sid(which, sid, defaulted)?;
            }
        }
        // SAFETY: both are valid.
        unsafe {
            let (control, _) = parts::control(sd)?;
            parts::set_control(copy.as_sd_mut(), SETTABLE, control & SETTABLE)?;
        }
        Ok(copy)
    }

    /// Replaces an identifier by a copy of the given one.
    ///
    /// # Safety
    /// The identifier is null or valid.
    unsafe fn put_copy_of_sid(
        &mut self,
        which: SidKind,
        sid: *const c_void,
        defaulted: bool,
    ) -> io::Result<()> {
        // SAFETY: by this function's condition.
        if let Some(part) = unsafe { parts::copy_sid(sid)? } {
            // SAFETY: the part is valid; the descriptor owns it and frees it. The former part was
            // owned by the descriptor.
            unsafe {
                let (former, _) = parts::sid(self.as_sd(), which)?;
                parts::put_sid(self.as_sd_mut(), which, part.as_ptr().cast(), defaulted)?;
                drop(LocalBox::own(former.cast_mut()));
            }
            part.into_raw();
        }
        Ok(())
    }
}
