//! What child processes inherit.

use super::call::check;
use std::{
    io::{self, stderr, stdin, stdout},
    os::windows::io::AsRawHandle,
};
use windows_sys::Win32::Foundation::{
    ERROR_INVALID_HANDLE, HANDLE_FLAG_INHERIT, SetHandleInformation,
};

/// Keeps child processes from inheriting the standard handles of this process, which it has
/// inherited itself. What a child gets as its own standard handles is a duplicate.
///
/// A process that is started with redirected streams inherits all inheritable handles
/// (`CreateProcess`). Without this, a process that a child has left running keeps the output of this
/// process open after its end.
///
/// # Errors
/// An error of `SetHandleInformation`. Handles that are not open are left out.
pub fn keep_standard_handles() -> io::Result<()> {
    let handles = [stdin().as_raw_handle(), stdout().as_raw_handle(), stderr().as_raw_handle()];
    for handle in handles.into_iter().filter(|handle| !handle.is_null()) {
        // SAFETY: the call changes a flag, and fails if the handle is not open.
        match check(unsafe { SetHandleInformation(handle, HANDLE_FLAG_INHERIT, 0) }) {
            Err(error) if error.raw_os_error() == Some(ERROR_INVALID_HANDLE.cast_signed()) => {}
            result => result?,
        }
    }
    Ok(())
}
