//! The results of system calls.

use std::{
    io,
    os::windows::io::{FromRawHandle, OwnedHandle},
};
use windows_sys::Win32::Foundation::HANDLE;

/// Returns the error of a call whose result is zero if it has failed.
pub(super) fn check(result: i32) -> io::Result<()> {
    if result == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Takes ownership of the result of a call that creates a handle, or returns null if it has failed.
///
/// # Safety
/// A handle that is not null is open, and has no other owner.
pub(super) unsafe fn own(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: by this function's condition.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}
