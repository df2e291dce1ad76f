use super::handle_kind::{HandleKind, stdout_kind};
use std::{
    io::stdout,
    os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle},
    ptr, thread,
    time::Duration,
};
use windows_sys::{
    Wdk::Storage::FileSystem::{
        FILE_MODE_INFORMATION, FILE_SYNCHRONOUS_IO_ALERT, FILE_SYNCHRONOUS_IO_NONALERT,
        FSCTL_PIPE_PEEK, FileModeInformation, NtFsControlFile, NtQueryInformationFile,
    },
    Win32::System::{IO::IO_STATUS_BLOCK, Pipes::PeekNamedPipe},
};

/// Longest time between two checks whether a pipe has data.
const INTERVAL: Duration = Duration::from_millis(20);

/// Returns whether a read from standard input that waits blocks every write to standard output: both
/// are pipes in both directions, and the handle is not overlapped. The system does one operation
/// after another on such a handle (CreateFile, "Synchronous and Asynchronous I/O Handles").
pub(super) fn reads_block_writes(stdin: BorrowedHandle<'_>) -> bool {
    let is_read_pipe = |handle: BorrowedHandle<'_>| {
        let none = ptr::null_mut::<u32>();
        // SAFETY: the handle is open, the pointers are null. It fails for anything but the reading
        // end of a pipe.
        unsafe { PeekNamedPipe(handle.as_raw_handle(), ptr::null_mut(), 0, none, none, none) != 0 }
    };
    stdout_kind() == Some(HandleKind::Stream)
        && is_synchronous(stdin)
        && is_read_pipe(stdin)
        && is_read_pipe(stdout().as_handle())
}

/// Returns whether a handle is not overlapped; `false` if the system does not report it.
pub(super) fn is_synchronous(handle: BorrowedHandle<'_>) -> bool {
    let (mut status, mut mode) = (IO_STATUS_BLOCK::default(), FILE_MODE_INFORMATION::default());
    // SAFETY: the handle is open; both structures outlive the call, and belong to it.
    let result = unsafe {
        let (raw, size) = (handle.as_raw_handle(), size_of::<FILE_MODE_INFORMATION>() as u32);
        let mode = (&raw mut mode).cast();
        NtQueryInformationFile(raw, &raw mut status, mode, size, FileModeInformation)
    };
    result >= 0 && mode.Mode & (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT) != 0
}

/// Waits until a read from a pipe returns at once: there is data, an empty message, or the end.
/// Meanwhile other operations on the same handle are not blocked.
pub(super) fn wait_for_data(pipe: BorrowedHandle<'_>) {
    let mut pause = Duration::from_millis(1);
    while !has_data(pipe) {
        thread::sleep(pause);
        pause = (pause * 2).min(INTERVAL);
    }
}

/// Returns whether there is data or an empty message, which `PeekNamedPipe` does not report, or the
/// pipe has ended.
pub(super) fn has_data(pipe: BorrowedHandle<'_>) -> bool {
    /// The smallest code of an error. Those of warnings, as that there is more data, are smaller.
    const FIRST_ERROR: u32 = 0xc000_0000;
    // The beginning of FILE_PIPE_PEEK_BUFFER, up to the data.
    let mut peeked = [0_u32; 4];
    let mut status = IO_STATUS_BLOCK::default();
    let none = ptr::null_mut();
    // SAFETY: the handle is open, and both structures belong to the call. It is never pending: the
    // file system of pipes completes it at once.
    let result = unsafe {
        let (out, size) = ((&raw mut peeked).cast(), size_of_val(&peeked) as u32);
        let (raw, status) = (pipe.as_raw_handle(), &raw mut status);
        NtFsControlFile(raw, none, None, none, status, FSCTL_PIPE_PEEK, none, 0, out, size)
    };
    let [_state, available, messages, _length] = peeked;
    result.cast_unsigned() >= FIRST_ERROR || available > 0 || messages > 0
}
