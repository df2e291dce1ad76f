//! Who this process runs as.

use super::security_descriptor::Local;
use std::{
    io,
    os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle},
    ptr,
};
use windows_sys::Win32::{
    Foundation::HANDLE,
    Security::{
        Authorization::ConvertSidToStringSidW, GetTokenInformation, PSID, TOKEN_INFORMATION_CLASS,
        TOKEN_PRIMARY_GROUP, TOKEN_QUERY, TOKEN_USER, TokenPrimaryGroup, TokenUser,
    },
    System::Threading::{GetCurrentProcess, OpenProcessToken},
};

/// The user, as `S-1-5-...`.
pub(super) fn user_sid() -> io::Result<String> {
    let buffer = information(TokenUser)?;
    // SAFETY: the system has written a TOKEN_USER, whose SID lies in the same buffer.
    unsafe { sid_text((*buffer.as_ptr().cast::<TOKEN_USER>()).User.Sid) }
}

/// The user's primary group, as `S-1-5-...`.
pub(super) fn group_sid() -> io::Result<String> {
    let buffer = information(TokenPrimaryGroup)?;
    // SAFETY: the same with a TOKEN_PRIMARY_GROUP.
    unsafe { sid_text((*buffer.as_ptr().cast::<TOKEN_PRIMARY_GROUP>()).PrimaryGroup) }
}

/// What the process's token says, in a buffer that is aligned for pointers.
fn information(class: TOKEN_INFORMATION_CLASS) -> io::Result<Vec<usize>> {
    let token = process_token()?;
    let mut bytes = 0;
    // SAFETY: a call without a buffer, which fails and says how long it has to be.
    unsafe {
        GetTokenInformation(token.as_raw_handle(), class, ptr::null_mut(), 0, &raw mut bytes);
    }
    let mut buffer = vec![0_usize; (bytes as usize).div_ceil(size_of::<usize>()).max(4)];
    let size = u32::try_from(size_of_val(buffer.as_slice())).unwrap_or(bytes);
    // SAFETY: the buffer is as long as is said.
    let ok = unsafe {
        let (token, buffer) = (token.as_raw_handle(), buffer.as_mut_ptr());
        GetTokenInformation(token, class, buffer.cast(), size, &raw mut bytes)
    };
    if ok == 0 { Err(io::Error::last_os_error()) } else { Ok(buffer) }
}

fn process_token() -> io::Result<OwnedHandle> {
    let mut token: HANDLE = ptr::null_mut();
    // SAFETY: the pointer is valid.
    let ok = unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &raw mut token) };
    if ok == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the handle is new and nobody else's.
    Ok(unsafe { OwnedHandle::from_raw_handle(token) })
}

/// # Safety
/// The SID is valid.
unsafe fn sid_text(sid: PSID) -> io::Result<String> {
    let mut text = ptr::null_mut();
    // SAFETY: by this function's condition; the result pointer is valid.
    if unsafe { ConvertSidToStringSidW(sid, &raw mut text) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the result is allocated with LocalAlloc, for us to free, and ends with
    // a NUL.
    Ok(unsafe { Local::own(text).map(|text| text.to_text()) }.unwrap_or_default())
}
