use super::pipe::Pipe;
use std::{
    io,
    marker::PhantomData,
    os::windows::io::{AsHandle, AsRawHandle},
    process,
};
use windows_sys::Win32::{Security::RevertToSelf, System::Pipes::ImpersonateNamedPipeClient};

/// As long as it lives, the thread that has made it acts as the client: see
/// [`Stream::impersonate_client`](super::Stream::impersonate_client).
///
/// Dropping it is `RevertToSelf`: the thread acts as its process again, also if it acted
/// as somebody else before. Should the system refuse that, the process is aborted, since
/// nothing that it went on to do would be its own ([`RevertToSelf`][revert], "Remarks").
///
/// [revert]: https://learn.microsoft.com/en-us/windows/win32/api/securitybaseapi/nf-securitybaseapi-reverttoself
#[derive(Debug)]
#[must_use = "the thread stops acting as the client when it is dropped"]
pub struct ImpersonationGuard {
    /// It belongs to its thread.
    not_send: PhantomData<*const ()>,
}

impl ImpersonationGuard {
    /// Lets this thread act as the client at the other end of a server's pipe.
    pub(super) fn of_client(pipe: &Pipe) -> io::Result<Self> {
        // SAFETY: the handle is open.
        if unsafe { ImpersonateNamedPipeClient(pipe.as_handle().as_raw_handle()) } == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { not_send: PhantomData })
    }
}

impl Drop for ImpersonationGuard {
    fn drop(&mut self) {
        // SAFETY: no arguments.
        if unsafe { RevertToSelf() } == 0 {
            process::abort();
        }
    }
}
