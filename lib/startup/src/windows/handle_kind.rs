use std::{
    io::{stderr, stdin, stdout},
    os::windows::io::{AsRawHandle, RawHandle},
    ptr,
};
use windows_sys::Win32::{
    Foundation::{GetLastError, NO_ERROR, SetLastError},
    Storage::FileSystem::{FILE_TYPE_CHAR, FILE_TYPE_DISK, FILE_TYPE_UNKNOWN, GetFileType},
    System::Console::{GetConsoleMode, WriteConsoleW},
};

/// What a standard handle refers to, as far as reading and writing differ.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum HandleKind {
    /// A file, whose handle has a position.
    File,
    /// A console: text in UTF-16.
    Console,
    /// A pipe, a socket or another device. Its handle may be overlapped (`FILE_FLAG_OVERLAPPED`).
    Stream,
}

impl HandleKind {
    /// Returns what a handle refers to; `None` if it is not open or not a file: null of a service or a
    /// process without a console, `INVALID_HANDLE_VALUE`, or a number that was not inherited.
    pub(super) fn of(handle: RawHandle) -> Option<Self> {
        // SAFETY: the calls take any value; they fail for one that is not the handle of a file.
        unsafe {
            SetLastError(NO_ERROR);
            match GetFileType(handle) {
                FILE_TYPE_UNKNOWN if GetLastError() != NO_ERROR => None,
                FILE_TYPE_DISK => Some(Self::File),
                FILE_TYPE_CHAR if is_console(handle) => Some(Self::Console),
                _ => Some(Self::Stream),
            }
        }
    }
}

/// Returns what standard input refers to; `None` if the process has none.
pub fn stdin_kind() -> Option<HandleKind> {
    HandleKind::of(stdin().as_raw_handle())
}

/// Returns what standard output refers to; `None` if the process has none.
pub fn stdout_kind() -> Option<HandleKind> {
    HandleKind::of(stdout().as_raw_handle())
}

/// Returns what standard error refers to; `None` if the process has none.
pub fn stderr_kind() -> Option<HandleKind> {
    HandleKind::of(stderr().as_raw_handle())
}

/// Returns whether a handle is that of a console.
fn is_console(handle: RawHandle) -> bool {
    // SAFETY: the calls fail for any other handle; the pointers are valid or null. The second call
    // writes nothing: `cmd /c ... > CON` opens the console for writing only, and then its mode cannot
    // be queried.
    unsafe {
        GetConsoleMode(handle, &mut 0) != 0
            || WriteConsoleW(handle, [0].as_ptr(), 0, &mut 0, ptr::null()) != 0
    }
}
