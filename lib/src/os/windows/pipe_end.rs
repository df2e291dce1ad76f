//! Processes and sessions of the two ends of a pipe.

use super::pipe::Pipe;
use std::{
    io,
    os::windows::io::{AsHandle, AsRawHandle},
};
use windows_sys::Win32::System::Pipes::{
    GetNamedPipeClientProcessId, GetNamedPipeClientSessionId, GetNamedPipeServerProcessId,
    GetNamedPipeServerSessionId,
};

/// An end of a pipe.
#[derive(Copy, Clone, Debug)]
pub(super) enum PipeEnd {
    Client,
    Server,
}

impl Pipe {
    /// Returns the identifier of the process that opened or created the end.
    pub(super) fn process_of(&self, end: PipeEnd) -> io::Result<u32> {
        self.number(match end {
            PipeEnd::Client => GetNamedPipeClientProcessId,
            PipeEnd::Server => GetNamedPipeServerProcessId,
        })
    }

    /// Returns the session of that process.
    pub(super) fn session_of(&self, end: PipeEnd) -> io::Result<u32> {
        self.number(match end {
            PipeEnd::Client => GetNamedPipeClientSessionId,
            PipeEnd::Server => GetNamedPipeServerSessionId,
        })
    }

    fn number(
        &self,
        ask: unsafe extern "system" fn(*mut std::ffi::c_void, *mut u32) -> i32,
    ) -> io::Result<u32> {
        let mut number = 0;
        // SAFETY: the handle is open, the pointer valid.
        if unsafe { ask(self.as_handle().as_raw_handle(), &raw mut number) } == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(number)
    }
}
