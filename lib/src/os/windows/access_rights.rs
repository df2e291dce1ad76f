//! The access rights that clients open pipes with, and that servers need.

use super::{operation::error_of, pipe::code};
use crate::Directions;
use std::io;
use windows_sys::Win32::{
    Foundation::ERROR_ACCESS_DENIED,
    Storage::FileSystem::{
        FILE_CREATE_PIPE_INSTANCE, FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_READ_ATTRIBUTES,
        FILE_WRITE_ATTRIBUTES,
    },
};

/// The access rights that a client needs and gets: to read and write data and attributes, to read the
/// security descriptor, and to wait ([Named Pipe Security and Access Rights][rights]).
///
/// `FILE_GENERIC_WRITE` (0x120116) includes the bit 0x4, which is `FILE_APPEND_DATA` for files and
/// `FILE_CREATE_PIPE_INSTANCE` for pipes. A process with that right can create an instance of the
/// pipe and be the server of the next client. `GENERIC_ALL` also includes `WRITE_DAC`,
/// `WRITE_OWNER` and `DELETE`. Together with `FILE_GENERIC_READ` (0x120089), and without that bit,
/// the rights are 0x12019b, the same as .NET's `PipeAccessRights.ReadWrite` and `Synchronize`.
///
/// [rights]: https://learn.microsoft.com/en-us/windows/win32/ipc/named-pipe-security-and-access-rights
pub(super) const CLIENT_ACCESS: u32 =
    (FILE_GENERIC_READ | FILE_GENERIC_WRITE) & !FILE_CREATE_PIPE_INSTANCE;
const _: () = assert!(CLIENT_ACCESS == 0x0012_019b);

/// The access rights that the creator of an instance needs: with `PIPE_ACCESS_DUPLEX` the system asks
/// for `GENERIC_READ` and `GENERIC_WRITE`. For the first instance they are not checked.
pub(super) const SERVER_ACCESS: u32 = FILE_GENERIC_READ | FILE_GENERIC_WRITE;
const _: () = assert!(SERVER_ACCESS == CLIENT_ACCESS | FILE_CREATE_PIPE_INSTANCE);

/// The rights of a client that only sends. `GetNamedPipeInfo` and `FilePipeLocalInformation` need the
/// right to read attributes.
const SENDING_ACCESS: u32 =
    (FILE_GENERIC_WRITE & !FILE_CREATE_PIPE_INSTANCE) | FILE_READ_ATTRIBUTES;
const _: () = assert!(SENDING_ACCESS == 0x0012_0192);

/// The rights of a client that only receives. `SetNamedPipeHandleState` needs the right to write
/// attributes.
const RECEIVING_ACCESS: u32 = FILE_GENERIC_READ | FILE_WRITE_ATTRIBUTES;
const _: () = assert!(RECEIVING_ACCESS == 0x0012_0189);

/// Returns the access rights to open a pipe with, the best ones first.
///
/// The security descriptor that pipes have by default gives other users `GENERIC_READ`, without the
/// right to write attributes.
pub(super) const fn access_rights(directions: Directions) -> &'static [u32] {
    match directions {
        Directions::Both => &[CLIENT_ACCESS],
        Directions::Send => &[SENDING_ACCESS],
        Directions::Receive => &[RECEIVING_ACCESS, FILE_GENERIC_READ],
    }
}

/// Opens with the first of the access rights that are allowed. An attempt that fails with
/// `ERROR_ACCESS_DENIED` takes no instance of a pipe.
pub(super) fn with_first_allowed<T>(
    rights: &[u32],
    mut open: impl FnMut(u32) -> io::Result<T>,
) -> io::Result<T> {
    let mut denied = error_of(ERROR_ACCESS_DENIED);
    for access in rights {
        match open(*access) {
            Err(error) if code(&error) == Some(ERROR_ACCESS_DENIED) => denied = error,
            result => return result,
        }
    }
    Err(denied)
}
