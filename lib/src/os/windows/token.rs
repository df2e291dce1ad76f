//! Who a process or a thread runs as.

use super::{pipe::Pipe, security_descriptor::Local};
use std::{
    io,
    os::windows::io::{AsHandle, AsRawHandle, FromRawHandle, OwnedHandle},
    ptr, thread,
};
use windows_sys::Win32::{
    Foundation::HANDLE,
    Security::{
        Authorization::ConvertSidToStringSidW, GetTokenInformation, PSID, RevertToSelf,
        TOKEN_INFORMATION_CLASS, TOKEN_PRIMARY_GROUP, TOKEN_QUERY, TOKEN_USER, TokenPrimaryGroup,
        TokenUser,
    },
    System::{
        Pipes::ImpersonateNamedPipeClient,
        Threading::{
            GetCurrentProcess, GetCurrentThread, OpenProcess, OpenProcessToken, OpenThreadToken,
            PROCESS_QUERY_LIMITED_INFORMATION,
        },
    },
};

/// A token that can be asked.
#[derive(Debug)]
pub(super) struct Token(OwnedHandle);

/// The user of a token, as `S-1-5-...`.
pub(super) fn user_sid(token: &Token) -> io::Result<String> {
    let buffer = information(token, TokenUser)?;
    // SAFETY: the system has written a TOKEN_USER, whose SID lies in the same buffer.
    unsafe { sid_text((*buffer.as_ptr().cast::<TOKEN_USER>()).User.Sid) }
}

/// The primary group of a token, as `S-1-5-...`.
pub(super) fn group_sid(token: &Token) -> io::Result<String> {
    let buffer = information(token, TokenPrimaryGroup)?;
    // SAFETY: the same with a TOKEN_PRIMARY_GROUP.
    unsafe { sid_text((*buffer.as_ptr().cast::<TOKEN_PRIMARY_GROUP>()).PrimaryGroup) }
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
                    let mut token: HANDLE = ptr::null_mut();
                    // SAFETY: the pipe's handle is open, the pointer valid.
                    let ok = unsafe {
                        if ImpersonateNamedPipeClient(pipe.as_handle().as_raw_handle()) == 0 {
                            return Err(io::Error::last_os_error());
                        }
                        OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, 1, &raw mut token)
                    };
                    let token = Self::own_result(ok, token);
                    // SAFETY: no arguments.
                    unsafe { RevertToSelf() };
                    token
                })?;
            helper.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
        })
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
/// The SID is valid.
unsafe fn sid_text(sid: PSID) -> io::Result<String> {
    let mut text = ptr::null_mut();
    // SAFETY: by this function's condition; the result pointer is valid.
    if unsafe { ConvertSidToStringSidW(sid, &raw mut text) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the result is allocated with LocalAlloc, for us to free, and ends with
    // a NUL.
    Ok(unsafe { Local::own(text).map(|text| text.to_text()) }.unwrap_or_default())
}
