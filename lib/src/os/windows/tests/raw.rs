//! Pipes as other programs create and open them, without this library.

use crate::Name;
use std::{
    fs::{File, OpenOptions},
    io,
    os::windows::{
        ffi::OsStrExt,
        fs::OpenOptionsExt,
        io::{AsRawHandle as _, FromRawHandle, OwnedHandle},
    },
    ptr,
};
use windows_sys::Win32::{
    Foundation::INVALID_HANDLE_VALUE,
    Storage::FileSystem::{
        FILE_FLAG_OVERLAPPED, FILE_READ_ATTRIBUTES, PIPE_ACCESS_DUPLEX, PIPE_ACCESS_INBOUND,
        PIPE_ACCESS_OUTBOUND, SECURITY_ANONYMOUS,
    },
    System::Pipes::{CreateNamedPipeW, DisconnectNamedPipe, PIPE_TYPE_BYTE, PIPE_TYPE_MESSAGE},
};

/// Opens a client's end as a file, in byte-read mode.
pub(super) fn client(name: &Name<'_>) -> File {
    OpenOptions::new().read(true).write(true).open(name.as_os_str()).unwrap()
}

/// Opens a client's end that does not allow the server to identify the client.
pub(super) fn anonymous_client(name: &Name<'_>) -> File {
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).security_qos_flags(SECURITY_ANONYMOUS);
    options.open(name.as_os_str()).unwrap()
}

/// Opens a client's end with an overlapped handle.
pub(super) fn overlapped_client(name: &Name<'_>) -> OwnedHandle {
    OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(FILE_FLAG_OVERLAPPED)
        .open(name.as_os_str())
        .unwrap()
        .into()
}

/// Opens a client's end with an overlapped handle for reading only.
pub(super) fn overlapped_reader(name: &Name<'_>) -> OwnedHandle {
    OpenOptions::new()
        .read(true)
        .custom_flags(FILE_FLAG_OVERLAPPED)
        .open(name.as_os_str())
        .unwrap()
        .into()
}

/// Opens a client's end with an overlapped handle that allows only to read attributes.
pub(super) fn overlapped_client_without_data(name: &Name<'_>) -> OwnedHandle {
    OpenOptions::new()
        .access_mode(FILE_READ_ATTRIBUTES)
        .custom_flags(FILE_FLAG_OVERLAPPED)
        .open(name.as_os_str())
        .unwrap()
        .into()
}

/// Creates a byte-type pipe.
pub(super) fn byte_server(name: &Name<'_>) -> OwnedHandle {
    server(name, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE)
}

/// Creates a message-type pipe in byte-read mode.
pub(super) fn message_server(name: &Name<'_>) -> OwnedHandle {
    server(name, PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE)
}

/// Ends the connection of a server's end (`DisconnectNamedPipe`).
pub(super) fn disconnect(server: &OwnedHandle) {
    // SAFETY: the handle is open.
    assert_ne!(unsafe { DisconnectNamedPipe(server.as_raw_handle()) }, 0);
}

/// The mode of a pipe whose clients send.
pub(super) const INBOUND: u32 = PIPE_ACCESS_INBOUND;
/// The mode of a pipe whose clients receive.
pub(super) const OUTBOUND: u32 = PIPE_ACCESS_OUTBOUND;

/// Creates a pipe for one direction, byte-type or message-type.
pub(super) fn one_way_server(name: &Name<'_>, direction: u32, has_messages: bool) -> OwnedHandle {
    server(name, direction, if has_messages { PIPE_TYPE_MESSAGE } else { PIPE_TYPE_BYTE })
}

fn server(name: &Name<'_>, direction: u32, mode: u32) -> OwnedHandle {
    let path: Vec<u16> = name.as_os_str().encode_wide().chain([0]).collect();
    // SAFETY: the path ends with a NUL.
    unsafe {
        let handle =
            CreateNamedPipeW(path.as_ptr(), direction, mode, 1, 4096, 4096, 0, ptr::null());
        assert_ne!(handle, INVALID_HANDLE_VALUE, "{}", io::Error::last_os_error());
        OwnedHandle::from_raw_handle(handle)
    }
}
