use super::{handle_kind::HandleKind, stream_io::StreamIo};
use std::{
    io,
    os::windows::io::{AsRawHandle, BorrowedHandle},
    ptr,
};
use windows_sys::Win32::{
    Networking::WinSock::{
        SD_SEND, SOCKET, WSADATA, WSAENOTCONN, WSAENOTSOCK, WSAGetLastError, WSAStartup, shutdown,
    },
    Storage::FileSystem::{FILE_TYPE_PIPE, GetFileType},
    System::Pipes::{
        GetNamedPipeInfo, PIPE_READMODE_MESSAGE, PIPE_TYPE_MESSAGE, PIPE_WAIT, PeekNamedPipe,
        SetNamedPipeHandleState,
    },
};

/// How the end of file is sent through a handle that stays open for the other direction.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum HalfClose {
    /// A message of zero bytes: a message-type pipe that is read as well.
    Message,
    /// `shutdown`: a socket.
    Shutdown,
}

impl HalfClose {
    /// Returns how the end of file is sent through a handle of this kind. `None` if it only ends
    /// when it is closed.
    ///
    /// If another thread reads from the same handle and the handle is not overlapped, this waits
    /// for it.
    pub fn of(handle: BorrowedHandle<'_>, kind: HandleKind) -> Option<Self> {
        let (raw, none) = (handle.as_raw_handle(), ptr::null_mut::<u32>());
        let mut flags = 0;
        // SAFETY: the handle is open, the pointers are valid or null.
        unsafe {
            if kind != HandleKind::Stream || GetFileType(raw) != FILE_TYPE_PIPE {
                return None;
            }
            if GetNamedPipeInfo(raw, &raw mut flags, none, none, none) == 0 {
                return Some(Self::Shutdown);
            }
            // This fails for the writing end of a pipe.
            let is_read = PeekNamedPipe(raw, ptr::null_mut(), 0, none, none, none) != 0;
            (flags & PIPE_TYPE_MESSAGE != 0 && is_read).then_some(Self::Message)
        }
    }

    /// Sends the end of file. Nothing is left to do if the peer has closed.
    ///
    /// # Errors
    /// An error of `DuplicateHandle`, `CreateEventW`, `WriteFile`, `WSAStartup` or `shutdown`.
    pub fn send(self, handle: BorrowedHandle<'_>) -> io::Result<()> {
        match self {
            Self::Message => match StreamIo::new(handle.try_clone_to_owned()?)?.write(&[]) {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
                _ => Ok(()),
            },
            Self::Shutdown => shut_down(handle),
        }
    }
}

/// Switches a message-type pipe to message-read mode, so that a read returns 0 for each empty message.
/// If that fails, nothing changes.
pub fn read_messages(pipe: BorrowedHandle<'_>) {
    let mode = PIPE_READMODE_MESSAGE | PIPE_WAIT;
    // SAFETY: the handle is open, the pointers are valid or null.
    unsafe {
        SetNamedPipeHandleState(pipe.as_raw_handle(), &raw const mode, ptr::null(), ptr::null())
    };
}

fn shut_down(socket: BorrowedHandle<'_>) -> io::Result<()> {
    const VERSION: u16 = 0x202;
    let mut data = WSADATA::default();
    // SAFETY: the pointer is valid.
    match unsafe { WSAStartup(VERSION, &raw mut data) } {
        0 => {}
        code => return Err(io::Error::from_raw_os_error(code)),
    }
    // SAFETY: the calls take any value.
    unsafe {
        if shutdown(socket.as_raw_handle().addr() as SOCKET, SD_SEND) == 0 {
            return Ok(());
        }
        match WSAGetLastError() {
            // The peer has closed the connection, or the pipe cannot be queried.
            WSAENOTCONN | WSAENOTSOCK => Ok(()),
            code => Err(io::Error::from_raw_os_error(code)),
        }
    }
}
