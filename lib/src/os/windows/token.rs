//! Access tokens: the user, the group and the default owner of a process or thread.

use super::{
    impersonation::ImpersonationGuard,
    pipe::{Pipe, code},
    sid::Sid,
};
use std::{
    io,
    os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle},
    ptr, thread,
};
use windows_sys::Win32::{
    Foundation::{ERROR_NO_TOKEN, HANDLE},
    Security::{
        DuplicateToken, GetTokenInformation, PSID, SecurityIdentification, TOKEN_ACCESS_MASK,
        TOKEN_DUPLICATE, TOKEN_INFORMATION_CLASS, TOKEN_OWNER, TOKEN_PRIMARY_GROUP, TOKEN_QUERY,
        TOKEN_USER, TokenOwner, TokenPrimaryGroup, TokenUser,
    },
    System::Threading::{
        GetCurrentProcess, GetCurrentThread, OpenProcess, OpenProcessToken, OpenThreadToken,
        PROCESS_QUERY_LIMITED_INFORMATION,
    },
};

/// An access token that can be queried.
#[derive(Debug)]
pub(super) struct Token(OwnedHandle);

/// Returns the user of a token.
pub(super) fn user(token: &Token) -> io::Result<Sid> {
    let buffer = information(token, TokenUser)?;
    // SAFETY: the system has written a TOKEN_USER, whose SID lies in the same buffer.
    unsafe { sid((*buffer.as_ptr().cast::<TOKEN_USER>()).User.Sid) }
}

/// Returns the default owner of the objects that are created with a token.
pub(super) fn owner(token: &Token) -> io::Result<Sid> {
    let buffer = information(token, TokenOwner)?;
    // SAFETY: the same with a TOKEN_OWNER.
    unsafe { sid((*buffer.as_ptr().cast::<TOKEN_OWNER>()).Owner) }
}

/// Returns the primary group of a token.
pub(super) fn group(token: &Token) -> io::Result<Sid> {
    let buffer = information(token, TokenPrimaryGroup)?;
    // SAFETY: the same with a TOKEN_PRIMARY_GROUP.
    unsafe { sid((*buffer.as_ptr().cast::<TOKEN_PRIMARY_GROUP>()).PrimaryGroup) }
}

/// Queries information of a token. The returned buffer is aligned for pointers.
fn information(token: &Token, class: TOKEN_INFORMATION_CLASS) -> io::Result<Vec<usize>> {
    let token = token.0.as_raw_handle();
    let mut bytes = 0;
    // SAFETY: the call has no buffer; it fails and returns the length of the buffer it needs.
    unsafe {
        GetTokenInformation(token, class, ptr::null_mut(), 0, &raw mut bytes);
    }
    let mut buffer = vec![0_usize; (bytes as usize).div_ceil(size_of::<usize>()).max(4)];
    let size = u32::try_from(size_of_val(buffer.as_slice())).unwrap_or(bytes);
    // SAFETY: the buffer has the given length.
    let ok = unsafe {
        GetTokenInformation(token, class, buffer.as_mut_ptr().cast(), size, &raw mut bytes)
    };
    if ok == 0 { Err(io::Error::last_os_error()) } else { Ok(buffer) }
}

impl Token {
    /// Opens the token of this process.
    pub(super) fn own() -> io::Result<Self> {
        // SAFETY: the function returns a constant.
        Self::of(unsafe { GetCurrentProcess() }, TOKEN_QUERY)
    }

    /// Opens the token that decides what this thread may access, for `AccessCheck`: that of the user
    /// whom the thread impersonates, or else a copy of that of the process.
    pub(super) fn for_check() -> io::Result<Self> {
        match Self::of_thread() {
            Err(error) if code(&error) == Some(ERROR_NO_TOKEN) => {}
            result => return result,
        }
        // SAFETY: the function returns a constant.
        let own = Self::of(unsafe { GetCurrentProcess() }, TOKEN_QUERY | TOKEN_DUPLICATE)?;
        let mut copy: HANDLE = ptr::null_mut();
        // SAFETY: the handle is open, the pointer is valid.
        let ok = unsafe { DuplicateToken(own.as_raw(), SecurityIdentification, &raw mut copy) };
        Self::own_result(ok, copy)
    }

    pub(super) fn as_raw(&self) -> HANDLE {
        self.0.as_raw_handle()
    }

    /// Opens the token of a process.
    pub(super) fn of_process(pid: u32) -> io::Result<Self> {
        // SAFETY: no pointers.
        let process = unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid) };
        if process.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle is new and has no other owner.
        let process = unsafe { OwnedHandle::from_raw_handle(process) };
        Self::of(process.as_raw_handle(), TOKEN_QUERY)
    }

    fn of(process: HANDLE, access: TOKEN_ACCESS_MASK) -> io::Result<Self> {
        let mut token: HANDLE = ptr::null_mut();
        // SAFETY: the handle of the process is open, the pointer is valid.
        let ok = unsafe { OpenProcessToken(process, access, &raw mut token) };
        Self::own_result(ok, token)
    }

    /// Opens the token that the client at the other end of a pipe had when it connected.
    pub(super) fn of_client(pipe: &Pipe) -> io::Result<Self> {
        // A new thread impersonates the client, so that no other code can run as the client, even
        // if reverting fails.
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

    /// Opens the token with which this thread impersonates a user.
    pub(super) fn of_thread() -> io::Result<Self> {
        let mut token: HANDLE = ptr::null_mut();
        // The check is made with the process's rights (1), because the client may not have the
        // right to open the token.
        // SAFETY: the handle of the thread is a constant; the pointer is valid.
        let ok = unsafe { OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, 1, &raw mut token) };
        Self::own_result(ok, token)
    }

    fn own_result(ok: i32, token: HANDLE) -> io::Result<Self> {
        if ok == 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the callers have opened the handle, and it has no other owner.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(token) }))
    }
}

/// Copies an identifier from a token.
///
/// # Safety
/// The identifier is null or valid.
unsafe fn sid(sid: PSID) -> io::Result<Sid> {
    let missing = || io::Error::other("the access token has no security identifier");
    // SAFETY: by this function's condition.
    unsafe { Sid::from_ptr(sid) }.ok_or_else(missing)
}
