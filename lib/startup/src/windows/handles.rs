//! The standard handles of this process.

use std::{
    io::{self, stderr, stdin, stdout},
    os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle},
    ptr,
};
use windows_sys::Win32::{
    Foundation::{ERROR_INVALID_HANDLE, HANDLE_FLAG_INHERIT, SetHandleInformation},
    System::Console::{STD_OUTPUT_HANDLE, SetStdHandle},
};

/// Closes the process's own handle of standard output, so that its reader gets the end of file
/// although the process goes on. Data that is printed from then on is lost.
///
/// `lsock` borrows that handle for single calls only, and passes data on through a duplicate: std
/// can neither close nor replace it.
///
/// # Errors
/// An error of `SetStdHandle`.
pub fn close_stdout() -> io::Result<()> {
    let handle = stdout().as_raw_handle();
    if handle.is_null() {
        return Ok(());
    }
    // SAFETY: the arguments are a number and a null pointer, which stands for no standard output.
    if unsafe { SetStdHandle(STD_OUTPUT_HANDLE, ptr::null_mut()) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: no function returns the handle any more, the process owned it, and by the rule above
    // this workspace keeps no borrow of it.
    drop(unsafe { OwnedHandle::from_raw_handle(handle) });
    Ok(())
}

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
        if unsafe { SetHandleInformation(handle, HANDLE_FLAG_INHERIT, 0) } == 0 {
            let error = io::Error::last_os_error();
            if error.raw_os_error() != Some(ERROR_INVALID_HANDLE.cast_signed()) {
                return Err(error);
            }
        }
    }
    Ok(())
}
