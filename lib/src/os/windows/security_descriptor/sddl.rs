//! Conversions between descriptors and text.

use super::{
    super::{access_rights::CLIENT_ACCESS, local_heap::LocalBox},
    AsSecurityDescriptorExt as _, SecurityDescriptor,
};
use crate::{Access, os::windows::Sid};
use std::{ffi::c_void, fmt::Display, io, ptr};
use widestring::{U16CStr, U16CString};
use windows_sys::Win32::Security::{
    Authorization::{
        ConvertSecurityDescriptorToStringSecurityDescriptorW,
        ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1,
    },
    DACL_SECURITY_INFORMATION, GROUP_SECURITY_INFORMATION, OWNER_SECURITY_INFORMATION,
    SACL_SECURITY_INFORMATION,
};

impl SecurityDescriptor {
    /// Parses a descriptor in the Security Descriptor Definition Language, such as
    /// `D:P(A;;GA;;;SY)`.
    ///
    /// # Errors
    /// `InvalidInput` with the system's reason if the text is not a descriptor.
    pub fn from_sddl(sddl: &str) -> io::Result<Self> {
        if sddl.contains('\0') {
            return Err(invalid(sddl, "it holds a NUL"));
        }
        Self::deserialize(&U16CString::from_str_truncate(sddl))
    }

    /// Parses a descriptor in UTF-16, like [`from_sddl`](Self::from_sddl).
    ///
    /// # Errors
    /// As [`from_sddl`](Self::from_sddl).
    pub fn deserialize(sddl: &U16CStr) -> io::Result<Self> {
        read(sddl).map_err(|error| {
            invalid(&sddl.to_string_lossy(), &crate::error::reason(&error).to_string())
        })
    }

    /// Returns all parts of the descriptor in the Security Descriptor Definition Language.
    ///
    /// # Errors
    /// An error of `ConvertSecurityDescriptorToStringSecurityDescriptorW`.
    pub fn to_sddl(&self) -> io::Result<String> {
        let parts = OWNER_SECURITY_INFORMATION
            | GROUP_SECURITY_INFORMATION
            | DACL_SECURITY_INFORMATION
            | SACL_SECURITY_INFORMATION;
        self.serialize(parts, U16CStr::to_string_lossy)
    }

    /// Returns a descriptor of a pipe whose clients are these accounts and the current user. The
    /// current user is its owner and has full access, which a listener needs to create further
    /// instances; the accounts have the rights of a client (0x12019b). Nobody else has access.
    ///
    /// # Errors
    /// An error of `OpenProcessToken` or `GetTokenInformation`.
    pub fn for_clients(accounts: &[Sid]) -> io::Result<Self> {
        let user = Sid::current_user()?;
        let clients: String = accounts.iter().map(client).collect();
        Self::from_sddl(&format!("O:{user}D:P(A;;GA;;;{user}){clients}"))
    }

    /// Returns a descriptor with full access for SYSTEM, the administrators and the current user, and
    /// the rights of a client for the others that `access` names. Nothing is inherited. The current
    /// user is the owner, also of a process with the rights of the administrators.
    pub(in crate::os::windows) fn of_access(access: Access) -> io::Result<Self> {
        let user = Sid::current_user()?;
        let more = match access {
            Access::CurrentUser => String::new(),
            Access::Group => client(Sid::current_group()?),
            Access::Everyone => client("WD"),
        };
        Self::from_sddl(&format!("O:{user}D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;{user}){more}"))
    }
}

/// Returns the entry that gives an account the rights of a client.
fn client(account: impl Display) -> String {
    format!("(A;;{CLIENT_ACCESS:#x};;;{account})")
}

fn invalid(sddl: &str, reason: &str) -> io::Error {
    let text = format!("invalid security descriptor `{}`: {reason}", sddl.escape_debug());
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

/// Converts text to a descriptor.
fn read(text: &U16CStr) -> io::Result<SecurityDescriptor> {
    let mut descriptor = ptr::null_mut();
    // SAFETY: the text ends with a NUL, the result pointer is valid, and the pointer for the length
    // may be null.
    let ok = unsafe {
        ConvertStringSecurityDescriptorToSecurityDescriptorW(
            text.as_ptr(),
            SDDL_REVISION_1,
            &raw mut descriptor,
            ptr::null_mut(),
        )
    };
    if ok == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the result is allocated with LocalAlloc, and the caller has to free it.
    let Some(local) = (unsafe { LocalBox::own(descriptor) }) else {
        return Err(io::Error::other("the system returned no security descriptor"));
    };
    // SAFETY: it is a valid, self-relative descriptor, and is freed after the copy.
    unsafe { SecurityDescriptor::copy_of(local.as_ptr()) }
}

/// Calls `f` with the text of the parts of a descriptor that the selector chooses.
///
/// # Safety
/// The descriptor is valid.
pub(super) unsafe fn write<R>(
    sd: *const c_void,
    selector: u32,
    f: impl FnOnce(&U16CStr) -> R,
) -> io::Result<R> {
    let mut text = ptr::null_mut();
    // SAFETY: by this function's condition; the call only reads. The result pointer is valid, and
    // the pointer for the length may be null.
    let ok = unsafe {
        ConvertSecurityDescriptorToStringSecurityDescriptorW(
            sd.cast_mut(),
            SDDL_REVISION_1,
            selector,
            &raw mut text,
            ptr::null_mut(),
        )
    };
    if ok == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the result is allocated with LocalAlloc, and the caller has to free it.
    let Some(local) = (unsafe { LocalBox::own(text) }) else {
        return Err(io::Error::other("the system returned no text of the security descriptor"));
    };
    // SAFETY: the text ends with a NUL, and nothing changes it.
    Ok(f(unsafe { U16CStr::from_ptr_str(local.as_ptr()) }))
}
