//! Overlapped operations that complete within one call.
//!
//! The system writes to the OVERLAPPED and the buffer until the operation has completed. So a
//! function that has started an operation must not return before the operation, or its
//! cancellation, has completed.

use super::{
    event::{Event, wait_any, with_event},
    pipe::code,
    wait_limit::WaitLimit,
    write_gate::WriteGate,
};
use std::{
    io,
    os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle},
    ptr,
};
use windows_sys::Win32::{
    Foundation::{ERROR_IO_PENDING, ERROR_MORE_DATA, ERROR_OPERATION_ABORTED, GetLastError},
    Storage::FileSystem::{ReadFile, WriteFile},
    System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED},
};

/// Reads into the buffer. Returns `None` if the time limit ends, or `wake` is set, before there is
/// data.
pub(super) fn read(
    pipe: BorrowedHandle<'_>,
    buf: &mut [u8],
    wake: &Event,
    limit: WaitLimit,
) -> io::Result<Option<usize>> {
    with_event(|event| {
        let mut overlapped = overlapped(event);
        // SAFETY: the handle is open; the buffer and the OVERLAPPED are kept until `end` has waited
        // for the operation.
        let started = started(unsafe {
            let len = len(buf);
            ReadFile(
                pipe.as_raw_handle(),
                buf.as_mut_ptr(),
                len,
                ptr::null_mut(),
                &raw mut overlapped,
            )
        });
        end(pipe, &mut overlapped, started, event, Some((wake, limit)))
    })
}

/// The result of [`write`].
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// All of this number of bytes.
    All(usize),
    /// Nothing: the gate was closed before.
    Nothing,
    /// The gate was closed meanwhile. The system does not report how much the peer has read; it
    /// does not get the rest.
    Unknown,
}

/// Writes the buffer, and waits without a limit until the gate is closed.
pub(super) fn write(pipe: BorrowedHandle<'_>, buf: &[u8], gate: &WriteGate) -> io::Result<Written> {
    with_event(|event| {
        let mut overlapped = overlapped(event);
        let pointer = &raw mut overlapped;
        // SAFETY: as in `read`.
        let start = || unsafe {
            let len = len(buf);
            started(WriteFile(pipe.as_raw_handle(), buf.as_ptr(), len, ptr::null_mut(), pointer))
        };
        let Some(started) = gate.start(pointer, start) else { return Ok(Written::Nothing) };
        let result = end(pipe, pointer, started, event, None);
        let is_closed = gate.end();
        match result {
            Ok(count) => Ok(Written::All(count.unwrap_or_default())),
            Err(error) if is_closed && code(&error) == Some(ERROR_OPERATION_ABORTED) => {
                Ok(Written::Unknown)
            }
            Err(error) => Err(error),
        }
    })
}

/// Returns the error code of a call that has started an operation, if it has not completed it.
fn started(done: i32) -> Result<(), u32> {
    // SAFETY: no arguments.
    if done == 0 { Err(unsafe { GetLastError() }) } else { Ok(()) }
}

/// Waits until an operation that was just started has completed, or cancels it when a limit ends.
fn end(
    pipe: BorrowedHandle<'_>,
    overlapped: *mut OVERLAPPED,
    started: Result<(), u32>,
    event: &Event,
    limits: Option<(&Event, WaitLimit)>,
) -> io::Result<Option<usize>> {
    let mut cancelled = false;
    if let Err(code) = started {
        match code {
            ERROR_IO_PENDING => {
                if let Some((wake, limit)) = limits {
                    let waited = limit != WaitLimit::NoWait
                        && wait_any(&[event.as_handle(), wake.as_handle()], limit).unwrap_or(false);
                    if !waited || !is_complete(overlapped) {
                        cancelled = true;
                        // SAFETY: the handle is open and the OVERLAPPED is valid. The call fails
                        // only if the operation has completed meanwhile.
                        unsafe { CancelIoEx(pipe.as_raw_handle(), overlapped) };
                    }
                }
            }
            ERROR_MORE_DATA => {}
            code => return Err(error_of(code)),
        }
    }
    let mut count = 0;
    // SAFETY: the handle is open and the OVERLAPPED belongs to an operation on it.
    let ok = unsafe { GetOverlappedResult(pipe.as_raw_handle(), overlapped, &raw mut count, 1) };
    if ok != 0 {
        return Ok(Some(count as usize));
    }
    // SAFETY: no arguments.
    match unsafe { GetLastError() } {
        // The buffer was shorter than the message. A stream has no messages, so this is a success.
        ERROR_MORE_DATA => Ok(Some(count as usize)),
        ERROR_OPERATION_ABORTED if cancelled => Ok(None),
        code => Err(error_of(code)),
    }
}

/// Returns whether an operation has completed, like the macro `HasOverlappedIoCompleted`.
pub(super) fn is_complete(overlapped: *const OVERLAPPED) -> bool {
    const STATUS_PENDING: usize = 0x103;
    // SAFETY: callers pass valid pointers. The read is volatile because the system writes to the
    // field at any time.
    unsafe { (&raw const (*overlapped).Internal).read_volatile() != STATUS_PENDING }
}

pub(super) fn overlapped(event: &Event) -> OVERLAPPED {
    OVERLAPPED { hEvent: event.handle_without_port(), ..OVERLAPPED::default() }
}

/// Returns the length of a buffer in 32 bits, as the system takes it. A longer buffer is used in
/// part.
pub(super) fn len(buf: &[u8]) -> u32 {
    u32::try_from(buf.len()).unwrap_or(u32::MAX)
}

pub(super) fn error_of(code: u32) -> io::Error {
    io::Error::from_raw_os_error(code.cast_signed())
}
