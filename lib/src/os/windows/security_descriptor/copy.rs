use super::{
    AsSecurityDescriptor as _, AsSecurityDescriptorExt as _, AsSecurityDescriptorMut as _,
    SecurityDescriptor,
    parts::{self, AclKind, SETTABLE, SidKind},
};
use crate::os::windows::{Sid, local_heap::LocalBox};
use std::{ffi::c_void, io, ptr};

/// Parts as values.
impl SecurityDescriptor {
    /// Whose object it is, if that is said.
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn owner_sid(&self) -> io::Result<Option<Sid>> {
        // SAFETY: the identifier is null or valid, since the descriptor is valid.
        self.owner().map(|(sid, _)| unsafe { Sid::from_ptr(sid) })
    }

    /// The primary group of the object, if that is said.
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn group_sid(&self) -> io::Result<Option<Sid>> {
        // SAFETY: as in `owner_sid`.
        self.group().map(|(sid, _)| unsafe { Sid::from_ptr(sid) })
    }

    /// Says whose object it is. The system lets a process give objects only to its user
    /// and to some of the user's groups.
    ///
    /// # Errors
    /// That there is no memory.
    pub fn set_owner_sid(&mut self, sid: Sid) -> io::Result<()> {
        // SAFETY: the identifier is valid.
        unsafe { self.put_copy_of_sid(SidKind::Owner, sid.as_ptr(), false) }
    }

    /// Says what the primary group of the object is.
    ///
    /// # Errors
    /// That there is no memory.
    pub fn set_group_sid(&mut self, sid: Sid) -> io::Result<()> {
        // SAFETY: the identifier is valid.
        unsafe { self.put_copy_of_sid(SidKind::Group, sid.as_ptr(), false) }
    }

    /// # Safety
    /// The pointer is to a valid descriptor of either kind.
    pub(super) unsafe fn copy_of(sd: *const c_void) -> io::Result<Self> {
        let mut copy = Self::default();
        for which in [AclKind::Dacl, AclKind::Sacl] {
            // SAFETY: by this function's condition.
            if let Some((acl, defaulted)) = unsafe { parts::acl(sd, which)? } {
                // SAFETY: a part of a valid descriptor is null or valid.
                let part = unsafe { parts::copy_acl(acl)? };
                let acl = part.as_ref().map_or(ptr::null(), |part| part.as_ptr().cast());
                // SAFETY: the part is valid, and kept until the copy frees it.
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

    /// Puts a copy in, instead of what was there.
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
            // SAFETY: the part is valid, and kept until the descriptor frees it; the former
            // one was the descriptor's own.
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
