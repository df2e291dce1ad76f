use super::pipe::Pipe;
use std::{
    io,
    marker::PhantomData,
    os::windows::io::{AsHandle, AsRawHandle},
    process,
};
use windows_sys::Win32::{Security::RevertToSelf, System::Pipes::ImpersonateNamedPipeClient};

/// A guard during whose lifetime the thread impersonates the client of a pipe.
/// [`Stream::impersonate_client`](super::Stream::impersonate_client) creates it.
///
/// Dropping it calls `RevertToSelf`: the thread acts as its process again, even if it
/// impersonated another user before. If that call fails, the process is aborted, because it
/// would go on with the client's rights ([`RevertToSelf`][revert], "Remarks").
///
/// [revert]: https://learn.microsoft.com/en-us/windows/win32/api/securitybaseapi/nf-securitybaseapi-reverttoself
#[derive(Debug)]
#[must_use = "dropping the guard ends the impersonation"]
pub struct ImpersonationGuard {
    /// The guard must be dropped in the thread that created it.
    not_send: PhantomData<*const ()>,
}

impl ImpersonationGuard {
    /// Starts impersonating the client at the other end of a server's pipe.
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
