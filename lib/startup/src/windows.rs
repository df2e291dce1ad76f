use std::{
    io::{self, stdout},
    os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle},
    ptr,
};
use windows_sys::Win32::System::Console::{STD_OUTPUT_HANDLE, SetStdHandle};

/// Closes the process's own handle of standard output, so that whoever reads it sees the
/// end of file although the process goes on. What is printed from then on goes nowhere.
///
/// `lsock` borrows that handle for single calls only, and passes data on through a
/// duplicate: std can neither close nor replace it.
///
/// # Errors
/// Those of `SetStdHandle`.
pub fn close_stdout() -> io::Result<()> {
    let handle = stdout().as_raw_handle();
    if handle.is_null() {
        return Ok(());
    }
    // SAFETY: a number and a null pointer, which stands for no standard output.
    if unsafe { SetStdHandle(STD_OUTPUT_HANDLE, ptr::null_mut()) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: nobody finds the handle any more, it was the process's to close, and by this
    // workspace's rule above nothing has kept a borrow of it.
    drop(unsafe { OwnedHandle::from_raw_handle(handle) });
    Ok(())
}
