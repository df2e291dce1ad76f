use super::token::{self, Token};
use crate::Access;
use std::{
    ffi::c_void,
    io,
    ptr::{self, NonNull},
    sync::Arc,
};
use windows_sys::Win32::{
    Foundation::LocalFree,
    Security::{
        Authorization::{
            ConvertSecurityDescriptorToStringSecurityDescriptorW,
            ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1,
        },
        DACL_SECURITY_INFORMATION, GROUP_SECURITY_INFORMATION, OWNER_SECURITY_INFORMATION,
        SACL_SECURITY_INFORMATION,
    },
};

/// Who may do what with a pipe: a security descriptor of Windows.
///
/// It is made of text in Microsoft's Security Descriptor Definition Language, and
/// never changes.
#[derive(Clone, Debug)]
pub struct SecurityDescriptor(Arc<Local<c_void>>);

/// Memory that the system has allocated with `LocalAlloc`.
#[derive(Debug)]
pub(super) struct Local<T>(NonNull<T>);

// SAFETY: the memory belongs to the process, not to a thread, and nothing changes it.
unsafe impl<T: Send> Send for Local<T> {}
// SAFETY: the same.
unsafe impl<T: Sync> Sync for Local<T> {}

impl<T> Local<T> {
    /// # Safety
    /// The pointer is null or comes from `LocalAlloc`, and nobody else frees it.
    pub(super) unsafe fn own(pointer: *mut T) -> Option<Self> {
        NonNull::new(pointer).map(Self)
    }
}

impl<T> Drop for Local<T> {
    fn drop(&mut self) {
        // SAFETY: see `own`.
        unsafe { LocalFree(self.0.as_ptr().cast()) };
    }
}

impl Local<u16> {
    /// The text up to its NUL.
    ///
    /// # Safety
    /// There is a NUL.
    pub(super) unsafe fn to_text(&self) -> String {
        let start = self.0.as_ptr();
        let mut len = 0;
        // SAFETY: everything up to the NUL can be read.
        let units = unsafe {
            while *start.add(len) != 0 {
                len += 1;
            }
            std::slice::from_raw_parts(start, len)
        };
        String::from_utf16_lossy(units)
    }
}

impl SecurityDescriptor {
    /// Reads a descriptor in the Security Descriptor Definition Language, such as
    /// `D:P(A;;GA;;;SY)`.
    ///
    /// # Errors
    /// `InvalidInput` with the system's reason where the text is no descriptor.
    pub fn from_sddl(sddl: &str) -> io::Result<Self> {
        let invalid = |reason: &dyn std::fmt::Display| {
            let text = format!("invalid security descriptor `{}`: {reason}", sddl.escape_debug());
            io::Error::new(io::ErrorKind::InvalidInput, text)
        };
        if sddl.contains('\0') {
            return Err(invalid(&"it holds a NUL"));
        }
        let wide: Vec<u16> = sddl.encode_utf16().chain([0]).collect();
        let mut descriptor = ptr::null_mut();
        // SAFETY: the text ends with a NUL, the result pointer is valid, the length is
        // not asked for.
        let ok = unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                wide.as_ptr(),
                SDDL_REVISION_1,
                &raw mut descriptor,
                ptr::null_mut(),
            )
        };
        if ok == 0 {
            return Err(invalid(&crate::error::reason(&io::Error::last_os_error())));
        }
        // SAFETY: the function allocates its result with LocalAlloc, for us to free.
        let local = unsafe { Local::own(descriptor) };
        local
            .map(|local| Self(Arc::new(local)))
            .ok_or_else(|| invalid(&"the system made nothing of it"))
    }

    /// The descriptor in the Security Descriptor Definition Language.
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn to_sddl(&self) -> io::Result<String> {
        let parts = OWNER_SECURITY_INFORMATION
            | GROUP_SECURITY_INFORMATION
            | DACL_SECURITY_INFORMATION
            | SACL_SECURITY_INFORMATION;
        let mut text = ptr::null_mut();
        // SAFETY: the descriptor is valid, the result pointer too, the length is not
        // asked for.
        let ok = unsafe {
            ConvertSecurityDescriptorToStringSecurityDescriptorW(
                self.as_ptr(),
                SDDL_REVISION_1,
                parts,
                &raw mut text,
                ptr::null_mut(),
            )
        };
        if ok == 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the result is allocated with LocalAlloc, for us to free, and ends
        // with a NUL.
        Ok(unsafe { Local::own(text).map(|text| text.to_text()) }.unwrap_or_default())
    }

    /// Full access for the system, the administrators and whom the word says, and
    /// nothing that would be inherited.
    pub(super) fn of_access(access: Access) -> io::Result<Self> {
        let token = Token::own()?;
        let user = token::user_sid(&token)?;
        let more = match access {
            Access::CurrentUser => String::new(),
            Access::Group => format!("(A;;GA;;;{})", token::group_sid(&token)?),
            Access::Everyone => "(A;;GA;;;WD)".to_owned(),
        };
        Self::from_sddl(&format!("D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;{user}){more}"))
    }

    pub(super) fn as_ptr(&self) -> *mut c_void {
        self.0.0.as_ptr()
    }
}
