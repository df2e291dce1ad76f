//! Who a process or a thread runs as.

use super::{impersonation::ImpersonationGuard, pipe::Pipe, sid::Sid};
use std::{
    io,
    os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle},
    ptr, thread,
};
use windows_sys::Win32::{
    Foundation::HANDLE,
    Security::{
        GetTokenInformation, PSID, TOKEN_INFORMATION_CLASS, TOKEN_PRIMARY_GROUP, TOKEN_QUERY,
        TOKEN_USER, TokenPrimaryGroup, TokenUser,
    },
    System::Threading::{
        GetCurrentProcess, GetCurrentThread, OpenProcess, OpenProcessToken, OpenThreadToken,
        PROCESS_QUERY_LIMITED_INFORMATION,
    },
};

/// A token that can be asked.
#[derive(Debug)]
pub(super) struct Token(OwnedHandle);

/// The user of a token.
pub(super) fn user(token: &Token) -> io::Result<Sid> {
    let buffer = information(token, TokenUser)?;
    // SAFETY: the system has written a TOKEN_USER, whose SID lies in the same buffer.
    unsafe { sid((*buffer.as_ptr().cast::<TOKEN_USER>()).User.Sid) }
}

/// The primary group of a token.
pub(super) fn group(token: &Token) -> io::Result<Sid> {
    let buffer = information(token, TokenPrimaryGroup)?;
    // SAFETY: the same with a TOKEN_PRIMARY_GROUP.
    unsafe { sid((*buffer.as_ptr().cast::<TOKEN_PRIMARY_GROUP>()).PrimaryGroup) }
}

/// What a token says, in a buffer that is aligned for pointers.
fn information(token: &Token, class: TOKEN_INFORMATION_CLASS) -> io::Result<Vec<usize>> {
    let token = token.0.as_raw_handle();
    let mut bytes = 0;
    // SAFETY: a call without a buffer, which fails and says how long it has to be.
    unsafe {
        GetTokenInformation(token, class, ptr::null_mut(), 0, &raw mut bytes);
    }
    let mut buffer = vec![0_usize; (bytes as usize).div_ceil(size_of::<usize>()).max(4)];
    let size = u32::try_from(size_of_val(buffer.as_slice())).unwrap_or(bytes);
    // SAFETY: the buffer is as long as is said.
    let ok = unsafe {
        GetTokenInformation(token, class, buffer.as_mut_ptr().cast(), size, &raw mut bytes)
    };
    if ok == 0 { Err(io::Error::last_os_error()) } else { Ok(buffer) }
}

impl Token {
    /// That of this process.
    pub(super) fn own() -> io::Result<Self> {
        // SAFETY: a constant, in fact.
        Self::of(unsafe { GetCurrentProcess() })
    }

    /// That of a process.
    pub(super) fn of_process(pid: u32) -> io::Result<Self> {
        // SAFETY: no pointers.
        let process = unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid) };
        if process.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle is new and nobody else's.
        let process = unsafe { OwnedHandle::from_raw_handle(process) };
        Self::of(process.as_raw_handle())
    }

    fn of(process: HANDLE) -> io::Result<Self> {
        let mut token: HANDLE = ptr::null_mut();
        // SAFETY: the process's handle is open, the pointer valid.
        let ok = unsafe { OpenProcessToken(process, TOKEN_QUERY, &raw mut token) };
        Self::own_result(ok, token)
    }

    /// That of the client at the other end of a pipe, as it was when it connected.
    pub(super) fn of_client(pipe: &Pipe) -> io::Result<Self> {
        // In a thread of its own: whatever happens, nothing else ever runs as the client.
        thread::scope(|scope| {
            let helper = thread::Builder::new()
                .name("local_socket peer".to_owned())
                .stack_size(64 * 1024)
                .spawn_scoped(scope, || {
                    let _guard = ImpersonationGuard::of_client(pipe)?;
                    Self::of_thread()
                })?;
            helper.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
        })
    }

    /// That which this thread acts with instead of its process's.
    pub(super) fn of_thread() -> io::Result<Self> {
        let mut token: HANDLE = ptr::null_mut();
        // SAFETY: the thread's handle is a constant, in fact; the pointer is valid. The
        // process asks, since as the client the thread may not be allowed to.
        let ok = unsafe { OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, 1, &raw mut token) };
        Self::own_result(ok, token)
    }

    fn own_result(ok: i32, token: HANDLE) -> io::Result<Self> {
        if ok == 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the callers' functions have made the handle, for us to close.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(token) }))
    }
}

/// # Safety
/// The identifier is null or valid.
unsafe fn sid(sid: PSID) -> io::Result<Sid> {
    // SAFETY: by this function's condition.
    unsafe { Sid::from_ptr(sid) }.ok_or_else(|| io::Error::other("the token names nobody"))
}
