use super::{
    call::own,
    synchronous_pipe::{is_synchronous, reads_block_writes, wait_for_data},
};
use std::{
    io::{self, ErrorKind},
    os::windows::io::{AsHandle, AsRawHandle, OwnedHandle, RawHandle},
    ptr,
};
use windows_sys::Win32::{
    Foundation::{
        ERROR_CONNECTION_ABORTED, ERROR_HANDLE_EOF, ERROR_IO_PENDING, ERROR_MORE_DATA,
        ERROR_NETNAME_DELETED, ERROR_PIPE_NOT_CONNECTED, GetLastError,
    },
    Storage::FileSystem::{ReadFile, WriteFile},
    System::{
        IO::{GetOverlappedResult, OVERLAPPED},
        Threading::CreateEventW,
    },
};

/// Reads or writes a pipe, a socket or a device, whether or not its handle is overlapped.
///
/// A call without an `OVERLAPPED` on an overlapped handle waits for the handle, which any other
/// operation on the same file object signals; `std` aborts the process then. So each value has an
/// event, and does one operation at a time. A synchronous handle needs no event.
#[derive(Debug)]
pub struct StreamIo {
    handle: OwnedHandle,
    event: Option<OwnedHandle>,
    /// Whether a read starts only when there is data, because it would block writes.
    waits_for_data: bool,
}

impl StreamIo {
    /// Takes a handle, and creates an event if it is overlapped.
    ///
    /// # Errors
    /// An error of `CreateEventW`.
    pub fn new(handle: OwnedHandle) -> io::Result<Self> {
        if is_synchronous(handle.as_handle()) {
            return Ok(Self { handle, event: None, waits_for_data: false });
        }
        // SAFETY: all pointers are null, which means the default values. The handle is new.
        let event = unsafe { own(CreateEventW(ptr::null(), 1, 0, ptr::null())) }?;
        Ok(Self { handle, event: Some(event), waits_for_data: false })
    }

    /// Takes a duplicate of standard input, so that a read which waits does not block writes to
    /// standard output.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn of_stdin(handle: OwnedHandle) -> io::Result<Self> {
        let waits_for_data = reads_block_writes(handle.as_handle());
        Ok(Self { waits_for_data, ..Self::new(handle)? })
    }

    /// Waits for data and reads it. Returns 0 for an empty message, and at the end of a device.
    ///
    /// # Errors
    /// `BrokenPipe` if the other end of a pipe was closed, `ConnectionReset` of a socket whose peer
    /// has closed without reading everything, or another error of `ReadFile`.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.waits_for_data {
            wait_for_data(self.handle.as_handle());
        }
        let result = self.run(|handle, overlapped| {
            let length = length(buffer);
            // SAFETY: the handle is open, and `run` keeps the buffer and the OVERLAPPED until the
            // operation has completed.
            unsafe { ReadFile(handle, buffer.as_mut_ptr(), length, ptr::null_mut(), overlapped) }
        });
        result.or_else(|code| match code {
            ERROR_HANDLE_EOF => Ok(0),
            ERROR_PIPE_NOT_CONNECTED => Err(error(ErrorKind::BrokenPipe, code)),
            _ if is_reset(code) => Err(error(ErrorKind::ConnectionReset, code)),
            _ => Err(io::Error::from_raw_os_error(code.cast_signed())),
        })
    }

    /// Writes data, and waits until the system has taken it.
    ///
    /// # Errors
    /// `BrokenPipe` if the other end was closed, or another error of `WriteFile`.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.run(|handle, overlapped| {
            let length = length(bytes);
            // SAFETY: as in `read`.
            unsafe { WriteFile(handle, bytes.as_ptr(), length, ptr::null_mut(), overlapped) }
        });
        result.map_err(|code| match code {
            _ if code == ERROR_PIPE_NOT_CONNECTED || is_reset(code) => {
                error(ErrorKind::BrokenPipe, code)
            }
            _ => io::Error::from_raw_os_error(code.cast_signed()),
        })
    }

    /// Starts an operation and waits until it has completed. An error is the code of the system.
    fn run(&mut self, start: impl FnOnce(RawHandle, *mut OVERLAPPED) -> i32) -> Result<usize, u32> {
        let handle = self.handle.as_raw_handle();
        // With the lowest bit set, the completion is not queued to a completion port of the program
        // that opened the handle (GetQueuedCompletionStatus, "Remarks").
        let event = self.event.as_ref().map(|event| event.as_raw_handle().map_addr(|raw| raw | 1));
        let mut overlapped =
            OVERLAPPED { hEvent: event.unwrap_or_default(), ..OVERLAPPED::default() };
        let overlapped = &raw mut overlapped;
        if start(handle, overlapped) == 0 {
            match last_error() {
                ERROR_IO_PENDING | ERROR_MORE_DATA => {}
                code => return Err(code),
            }
        }
        let mut count = 0;
        // SAFETY: the OVERLAPPED belongs to an operation on this handle. Nothing else uses its event;
        // on a synchronous handle the operation has completed.
        let ok = unsafe { GetOverlappedResult(handle, overlapped, &raw mut count, 1) };
        if ok != 0 {
            return Ok(count as usize);
        }
        match last_error() {
            // The buffer was shorter than the message; the rest follows.
            ERROR_MORE_DATA => Ok(count as usize),
            code => Err(code),
        }
    }
}

/// Returns whether a code means that the peer of a socket has closed without reading everything.
fn is_reset(code: u32) -> bool {
    matches!(code, ERROR_NETNAME_DELETED | ERROR_CONNECTION_ABORTED)
}

fn error(kind: ErrorKind, code: u32) -> io::Error {
    io::Error::new(kind, io::Error::from_raw_os_error(code.cast_signed()))
}

fn last_error() -> u32 {
    // SAFETY: no arguments.
    unsafe { GetLastError() }
}

/// Returns the length of a buffer in 32 bits. A longer buffer is used in part.
fn length(buffer: &[u8]) -> u32 {
    u32::try_from(buffer.len()).unwrap_or(u32::MAX)
}
