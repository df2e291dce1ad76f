//! Processes and sessions of the two ends of a pipe, and its owner.

use super::{local_heap::LocalBox, pipe::Pipe, sid::Sid};
use std::{
    io,
    os::windows::io::{AsHandle, AsRawHandle},
    ptr,
};
use windows_sys::Win32::{
    Foundation::ERROR_SUCCESS,
    Security::{
        Authorization::{GetSecurityInfo, SE_KERNEL_OBJECT},
        OWNER_SECURITY_INFORMATION,
    },
    System::Pipes::{
        GetNamedPipeClientProcessId, GetNamedPipeClientSessionId, GetNamedPipeServerProcessId,
        GetNamedPipeServerSessionId,
    },
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

    /// Returns the owner of the pipe. The handle needs READ_CONTROL, which is among the rights of
    /// a client.
    pub(super) fn owner(&self) -> io::Result<Sid> {
        let (none, mut owner, mut descriptor) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        // SAFETY: the handle is open, the pointers are valid or null.
        let code = unsafe {
            GetSecurityInfo(
                self.as_handle().as_raw_handle(),
                SE_KERNEL_OBJECT,
                OWNER_SECURITY_INFORMATION,
                &raw mut owner,
                none,
                ptr::null_mut(),
                ptr::null_mut(),
                &raw mut descriptor,
            )
        };
        if code != ERROR_SUCCESS {
            return Err(io::Error::from_raw_os_error(code.cast_signed()));
        }
        // SAFETY: the system has allocated the descriptor with LocalAlloc, and the caller has to
        // free it. The owner is a part of it, null or valid, and is copied before.
        let (owner, _descriptor) = unsafe { (Sid::from_ptr(owner), LocalBox::own(descriptor)) };
        owner.ok_or_else(|| io::Error::other("the system returned no owner of the pipe"))
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
