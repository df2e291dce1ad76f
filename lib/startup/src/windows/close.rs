use super::{call::check, handle_kind::stdout_kind};
use std::{
    io::{self, stderr, stdin, stdout},
    os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle},
    ptr,
};
use windows_sys::Win32::System::Console::{STD_OUTPUT_HANDLE, SetStdHandle};

/// Closes the process's own handle of standard output, so that its reader gets the end of file
/// although the process goes on. Data that is printed from then on is lost.
///
/// A handle that is standard error or standard input as well stays open for that.
///
/// `lsock` borrows that handle for single calls only, and passes data on through a duplicate: std
/// can neither close nor replace it.
///
/// # Errors
/// An error of `SetStdHandle`.
pub fn close_stdout() -> io::Result<()> {
    if stdout_kind().is_none() {
        return Ok(());
    }
    let handle = stdout().as_raw_handle();
    // SAFETY: the arguments are a number and a null pointer, which stands for no standard output.
    check(unsafe { SetStdHandle(STD_OUTPUT_HANDLE, ptr::null_mut()) })?;
    if [stderr().as_raw_handle(), stdin().as_raw_handle()].contains(&handle) {
        return Ok(());
    }
    // SAFETY: no function returns the handle any more, the process owned it, and by the rule above
    // this workspace keeps no borrow of it.
    drop(unsafe { OwnedHandle::from_raw_handle(handle) });
    Ok(())
}
