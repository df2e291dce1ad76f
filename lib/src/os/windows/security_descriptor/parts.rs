//! System calls for the parts of a descriptor: two access control lists and two security
//! identifiers.

use super::super::local_heap::LocalBox;
use std::{ffi::c_void, io, ptr};
use windows_sys::Win32::Security::{
    ACL, GetLengthSid, GetSecurityDescriptorControl, GetSecurityDescriptorDacl,
    GetSecurityDescriptorGroup, GetSecurityDescriptorOwner, GetSecurityDescriptorSacl,
    SE_DACL_AUTO_INHERIT_REQ, SE_DACL_AUTO_INHERITED, SE_DACL_PROTECTED, SE_SACL_AUTO_INHERIT_REQ,
    SE_SACL_AUTO_INHERITED, SE_SACL_PROTECTED, SECURITY_DESCRIPTOR_CONTROL,
    SetSecurityDescriptorControl, SetSecurityDescriptorDacl, SetSecurityDescriptorGroup,
    SetSecurityDescriptorOwner, SetSecurityDescriptorSacl,
};

/// One of the two access control lists.
#[derive(Copy, Clone, Debug)]
pub(super) enum AclKind {
    Dacl,
    Sacl,
}

/// One of the two security identifiers.
#[derive(Copy, Clone, Debug)]
pub(super) enum SidKind {
    Owner,
    Group,
}

/// The control bits that can be changed. The others describe which parts exist and how they are
/// stored.
pub(super) const SETTABLE: SECURITY_DESCRIPTOR_CONTROL = SE_DACL_AUTO_INHERIT_REQ
    | SE_DACL_AUTO_INHERITED
    | SE_DACL_PROTECTED
    | SE_SACL_AUTO_INHERIT_REQ
    | SE_SACL_AUTO_INHERITED
    | SE_SACL_PROTECTED;

/// Returns a list, if the descriptor has it, and its `defaulted` flag.
///
/// # Safety
/// The descriptor is valid.
pub(super) unsafe fn acl(
    sd: *const c_void,
    which: AclKind,
) -> io::Result<Option<(*const ACL, bool)>> {
    let get = match which {
        AclKind::Dacl => GetSecurityDescriptorDacl,
        AclKind::Sacl => GetSecurityDescriptorSacl,
    };
    let (mut present, mut acl, mut defaulted) = (0, ptr::null_mut(), 0);
    // SAFETY: by this function's condition; it only reads. The pointers are valid.
    check(unsafe { get(sd.cast_mut(), &raw mut present, &raw mut acl, &raw mut defaulted) })?;
    Ok((present != 0).then_some((acl.cast_const(), defaulted != 0)))
}

/// Returns an identifier, which is null if the descriptor has none, and its `defaulted` flag.
///
/// # Safety
/// The descriptor is valid.
pub(super) unsafe fn sid(sd: *const c_void, which: SidKind) -> io::Result<(*const c_void, bool)> {
    let get = match which {
        SidKind::Owner => GetSecurityDescriptorOwner,
        SidKind::Group => GetSecurityDescriptorGroup,
    };
    let (mut sid, mut defaulted) = (ptr::null_mut(), 0);
    // SAFETY: by this function's condition; it only reads. The pointers are valid.
    check(unsafe { get(sd.cast_mut(), &raw mut sid, &raw mut defaulted) })?;
    Ok((sid.cast_const(), defaulted != 0))
}

/// Sets or removes a list. Nothing is freed.
///
/// # Safety
/// The descriptor is valid and absolute. The list is null, which allows access for everyone, or
/// stays valid while it is in the descriptor.
pub(super) unsafe fn put_acl(
    sd: *mut c_void,
    which: AclKind,
    acl: Option<*const ACL>,
    defaulted: bool,
) -> io::Result<()> {
    let put = match which {
        AclKind::Dacl => SetSecurityDescriptorDacl,
        AclKind::Sacl => SetSecurityDescriptorSacl,
    };
    let (present, acl) = (acl.is_some(), acl.unwrap_or_default());
    // SAFETY: by this function's condition.
    check(unsafe { put(sd, present.into(), acl, defaulted.into()) })
}

/// Sets an identifier, or removes it if the pointer is null. Nothing is freed.
///
/// # Safety
/// The descriptor is valid and absolute. The identifier is null or stays valid while it is in the
/// descriptor.
pub(super) unsafe fn put_sid(
    sd: *mut c_void,
    which: SidKind,
    sid: *const c_void,
    defaulted: bool,
) -> io::Result<()> {
    let put = match which {
        SidKind::Owner => SetSecurityDescriptorOwner,
        SidKind::Group => SetSecurityDescriptorGroup,
    };
    // SAFETY: by this function's condition. The identifier is stored and not written to.
    check(unsafe { put(sd, sid.cast_mut(), defaulted.into()) })
}

/// Returns the control bits and the revision.
///
/// # Safety
/// The descriptor is valid.
pub(super) unsafe fn control(sd: *const c_void) -> io::Result<(SECURITY_DESCRIPTOR_CONTROL, u32)> {
    let (mut control, mut revision) = (0, 0);
    // SAFETY: by this function's condition; it only reads. The pointers are valid.
    check(unsafe {
        GetSecurityDescriptorControl(sd.cast_mut(), &raw mut control, &raw mut revision)
    })?;
    Ok((control, revision))
}

/// Changes the control bits in the mask.
///
/// # Safety
/// The descriptor is valid.
pub(super) unsafe fn set_control(
    sd: *mut c_void,
    mask: SECURITY_DESCRIPTOR_CONTROL,
    value: SECURITY_DESCRIPTOR_CONTROL,
) -> io::Result<()> {
    // SAFETY: by this function's condition. The system refuses the bits that describe the parts,
    // so the descriptor stays valid.
    check(unsafe { SetSecurityDescriptorControl(sd, mask, value) })
}

/// Copies a list. Returns `None` for a null pointer.
///
/// # Safety
/// The list is null or valid.
pub(super) unsafe fn copy_acl(acl: *const ACL) -> io::Result<Option<LocalBox<u8>>> {
    if acl.is_null() {
        return Ok(None);
    }
    // SAFETY: a valid list has the length in its header, including unused space at its end.
    unsafe { LocalBox::copy_of(acl.cast(), (*acl).AclSize.into()) }.map(Some)
}

/// Copies an identifier. Returns `None` for a null pointer.
///
/// # Safety
/// The identifier is null or valid.
pub(super) unsafe fn copy_sid(sid: *const c_void) -> io::Result<Option<LocalBox<u8>>> {
    if sid.is_null() {
        return Ok(None);
    }
    // SAFETY: a valid identifier has the length that the system returns.
    unsafe { LocalBox::copy_of(sid.cast(), GetLengthSid(sid.cast_mut()) as usize) }.map(Some)
}

fn check(ok: i32) -> io::Result<()> {
    if ok == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
