use super::call::check;
use std::{
    io,
    os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle},
    ptr,
};
use windows_sys::Win32::{
    Foundation::{ERROR_OPERATION_ABORTED, GetLastError, NO_ERROR, SetLastError},
    System::Console::{
        CONSOLE_READCONSOLE_CONTROL, ENABLE_LINE_INPUT, ENABLE_PROCESSED_OUTPUT,
        ENABLE_VIRTUAL_TERMINAL_PROCESSING, GetConsoleMode, ReadConsoleW, SetConsoleMode,
        WriteConsoleW,
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
    check(unsafe {
        let (text, length) = (text.as_ptr(), length(text));
        WriteConsoleW(console.as_raw_handle(), text, length, &raw mut count, ptr::null())
    })?;
    Ok(count as usize)
}

/// Returns whether standard error takes escape sequences, such as those of colours. A console is made
/// to interpret them, which fails before Windows 10; other files get them as they are.
pub fn stderr_takes_escapes() -> bool {
    enable_escapes(&io::stderr())
}

/// Returns whether standard output takes escape sequences, like [`stderr_takes_escapes`].
pub fn stdout_takes_escapes() -> bool {
    enable_escapes(&io::stdout())
}

/// Makes a console interpret escape sequences ("Console Virtual Terminal Sequences"). Returns `false`
/// if it cannot, `true` for a handle that is no console.
fn enable_escapes(output: &impl AsHandle) -> bool {
    const WANTED: u32 = ENABLE_PROCESSED_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING;
    let handle = output.as_handle().as_raw_handle();
    let mut mode = 0;
    // SAFETY: the pointer is valid. The handle is open or null, which is an error of the call.
    if unsafe { GetConsoleMode(handle, &raw mut mode) } == 0 || mode & WANTED == WANTED {
        return true;
    }
    // SAFETY: the handle is that of a console.
    unsafe { SetConsoleMode(handle, mode | WANTED) != 0 }
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
