//! Pipes as other programs create and open them, without this library.

use crate::Name;
use std::{
    fs::{File, OpenOptions},
    io,
    os::windows::{
        ffi::OsStrExt,
        fs::OpenOptionsExt,
        io::{FromRawHandle, OwnedHandle},
    },
    ptr,
};
use windows_sys::Win32::{
    Foundation::INVALID_HANDLE_VALUE,
    Storage::FileSystem::{FILE_FLAG_OVERLAPPED, PIPE_ACCESS_DUPLEX, SECURITY_ANONYMOUS},
    System::Pipes::{CreateNamedPipeW, PIPE_TYPE_BYTE, PIPE_TYPE_MESSAGE},
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

/// Creates a byte-type pipe.
pub(super) fn byte_server(name: &Name<'_>) -> OwnedHandle {
    server(name, PIPE_TYPE_BYTE)
}

/// Creates a message-type pipe in byte-read mode.
pub(super) fn message_server(name: &Name<'_>) -> OwnedHandle {
    server(name, PIPE_TYPE_MESSAGE)
}

fn server(name: &Name<'_>, mode: u32) -> OwnedHandle {
    let path: Vec<u16> = name.as_os_str().encode_wide().chain([0]).collect();
    // SAFETY: the path ends with a NUL.
    unsafe {
        let handle = CreateNamedPipeW(
            path.as_ptr(),
            PIPE_ACCESS_DUPLEX,
            mode,
            1,
            4096,
            4096,
            0,
            ptr::null(),
        );
        assert_ne!(handle, INVALID_HANDLE_VALUE, "{}", io::Error::last_os_error());
        OwnedHandle::from_raw_handle(handle)
    }
}
