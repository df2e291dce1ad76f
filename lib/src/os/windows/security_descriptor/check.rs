//! Checks what a descriptor lets this process do.

use super::{
    super::{
        access_rights::SERVER_ACCESS,
        token::{self, Token},
    },
    AsSecurityDescriptor as _, AsSecurityDescriptorExt as _, SecurityDescriptor,
};
use std::io;
use windows_sys::Win32::{
    Security::{AccessCheck, GENERIC_MAPPING, PRIVILEGE_SET},
    Storage::FileSystem::{
        FILE_ALL_ACCESS, FILE_CREATE_PIPE_INSTANCE, FILE_GENERIC_EXECUTE, FILE_GENERIC_READ,
        FILE_GENERIC_WRITE,
    },
    System::SystemServices::MAXIMUM_ALLOWED,
};

/// What generic rights mean for files and pipes.
static MAPPING: GENERIC_MAPPING = GENERIC_MAPPING {
    GenericRead: FILE_GENERIC_READ,
    GenericWrite: FILE_GENERIC_WRITE,
    GenericExecute: FILE_GENERIC_EXECUTE,
    GenericAll: FILE_ALL_ACCESS,
};

impl SecurityDescriptor {
    /// Checks that this process can listen on a pipe that has this descriptor.
    ///
    /// The rights are not needed for the first instance of a pipe, but for all others, so a server
    /// without them would serve one client. Listening makes the same check.
    ///
    /// # Errors
    /// `PermissionDenied` if the descriptor does not grant this process the rights to read, to write
    /// and to create instances (`FILE_GENERIC_READ`, `FILE_GENERIC_WRITE` and, as a part of it,
    /// `FILE_CREATE_PIPE_INSTANCE`). An error of `OpenProcessToken`, `DuplicateToken` or
    /// `AccessCheck`.
    pub fn check_server_access(&self) -> io::Result<()> {
        let missing = SERVER_ACCESS & !self.granted()?;
        if missing == 0 {
            return Ok(());
        }
        let create = FILE_CREATE_PIPE_INSTANCE;
        let parts = [
            (FILE_GENERIC_READ, "to read (FILE_GENERIC_READ)"),
            (FILE_GENERIC_WRITE & !create, "to write (FILE_GENERIC_WRITE)"),
            (create, "to create instances (FILE_CREATE_PIPE_INSTANCE)"),
        ];
        let missing: Vec<_> = parts
            .into_iter()
            .filter(|(bits, _)| missing & bits != 0)
            .map(|(_, text)| text)
            .collect();
        let text =
            format!("it does not let this process listen: no right {}", missing.join(", or "));
        Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
    }

    /// Returns the rights that this process has to a pipe that it creates with the descriptor.
    fn granted(&self) -> io::Result<u32> {
        let token = Token::for_check()?;
        let descriptor = self.completed(&token)?;
        let mut privileges = PRIVILEGE_SET::default();
        let mut length = size_of::<PRIVILEGE_SET>() as u32;
        let (mut granted, mut is_granted) = (0, 0);
        // SAFETY: the descriptor is valid, the handle is open, the other pointers are to variables
        // that outlive the call, and the length is that of the set.
        let ok = unsafe {
            AccessCheck(
                descriptor.as_sd().cast_mut(),
                token.as_raw(),
                MAXIMUM_ALLOWED,
                &raw const MAPPING,
                &raw mut privileges,
                &raw mut length,
                &raw mut granted,
                &raw mut is_granted,
            )
        };
        if ok == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(if is_granted == 0 { 0 } else { granted })
    }

    /// Returns a copy with the owner and the group that the system adds when an object is created.
    /// `AccessCheck` needs both.
    fn completed(&self, token: &Token) -> io::Result<Self> {
        let mut copy = self.to_owned_sd()?;
        if copy.owner_sid()?.is_none() {
            copy.set_owner_sid(token::owner(token)?)?;
        }
        if copy.group_sid()?.is_none() {
            copy.set_group_sid(token::group(token)?)?;
        }
        Ok(copy)
    }
}
