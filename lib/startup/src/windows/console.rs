use std::{
    io,
    os::windows::io::{AsRawHandle, BorrowedHandle},
    ptr,
};
use windows_sys::Win32::{
    Foundation::{ERROR_OPERATION_ABORTED, GetLastError, NO_ERROR, SetLastError},
    System::Console::{
        CONSOLE_READCONSOLE_CONTROL, ENABLE_LINE_INPUT, GetConsoleMode, ReadConsoleW, WriteConsoleW,
    },
};

/// Ctrl+Z, which ends the input of a console.
const CTRL_Z: u16 = 0x1a;

/// Waits until a line was typed, and reads UTF-16. Returns 0 at the end of file: Ctrl+Z at the
/// beginning of a line. Ctrl+Z after other characters returns them at once, like Ctrl+D at a Unix
/// terminal.
///
/// # Errors
/// An error of `ReadConsoleW`.
pub fn read_console(console: BorrowedHandle<'_>, buffer: &mut [u16]) -> io::Result<usize> {
    let handle = console.as_raw_handle();
    let control = CONSOLE_READCONSOLE_CONTROL {
        nLength: size_of::<CONSOLE_READCONSOLE_CONTROL>() as u32,
        dwCtrlWakeupMask: 1 << CTRL_Z,
        ..CONSOLE_READCONSOLE_CONTROL::default()
    };
    let length = length(buffer);
    let mut count = 0;
    loop {
        // SAFETY: the handle is open, the pointers are valid.
        let (ok, code) = unsafe {
            SetLastError(NO_ERROR);
            let buffer = buffer.as_mut_ptr().cast();
            let ok = ReadConsoleW(handle, buffer, length, &raw mut count, &raw const control);
            (ok, GetLastError())
        };
        match (ok, count, code) {
            (0, ..) => return Err(io::Error::from_raw_os_error(code.cast_signed())),
            // Ctrl+C interrupts the call, which succeeds then.
            (_, 0, ERROR_OPERATION_ABORTED) => {}
            _ => break,
        }
    }
    let count = count as usize;
    if buffer[..count].last() == Some(&CTRL_Z) && reads_lines(console) {
        return Ok(count - 1);
    }
    Ok(count)
}

/// Writes UTF-16. Returns how many units were written.
///
/// # Errors
/// An error of `WriteConsoleW`.
pub fn write_console(console: BorrowedHandle<'_>, text: &[u16]) -> io::Result<usize> {
    let mut count = 0;
    // SAFETY: the handle is open, the pointers are valid or null.
    let ok = unsafe {
        let (text, length) = (text.as_ptr(), length(text));
        WriteConsoleW(console.as_raw_handle(), text, length, &raw mut count, ptr::null())
    };
    if ok == 0 { Err(io::Error::last_os_error()) } else { Ok(count as usize) }
}

/// Returns whether the console edits lines. Otherwise Ctrl+Z is a character like any other.
fn reads_lines(console: BorrowedHandle<'_>) -> bool {
    let mut mode = 0;
    // SAFETY: the handle is open, the pointer is valid.
    let ok = unsafe { GetConsoleMode(console.as_raw_handle(), &raw mut mode) };
    ok == 0 || mode & ENABLE_LINE_INPUT != 0
}

/// Returns the length of a buffer in 32 bits. A longer buffer is used in part.
fn length(buffer: &[u16]) -> u32 {
    u32::try_from(buffer.len()).unwrap_or(u32::MAX)
}
