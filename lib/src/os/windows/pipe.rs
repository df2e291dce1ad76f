//! System calls for pipes that return without waiting for the peer.

use super::{
    operation::error_of,
    security_descriptor::{AsSecurityDescriptor, SecurityDescriptor},
};
use std::{
    ffi::OsStr,
    io,
    os::windows::{
        ffi::OsStrExt,
        io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle},
    },
    ptr,
};
use windows_sys::Wdk::Storage::FileSystem::{
    FILE_ACCESS_INFORMATION, FILE_INFORMATION_CLASS, FILE_MODE_INFORMATION,
    FILE_PIPE_CONNECTED_STATE, FILE_PIPE_LOCAL_INFORMATION, FILE_SYNCHRONOUS_IO_ALERT,
    FILE_SYNCHRONOUS_IO_NONALERT, FileAccessInformation, FileModeInformation,
    FilePipeLocalInformation, NtQueryInformationFile,
};
use windows_sys::Win32::{
    Foundation::{
        ERROR_BROKEN_PIPE, ERROR_NO_DATA, ERROR_PIPE_NOT_CONNECTED, ERROR_SEM_TIMEOUT,
        INVALID_HANDLE_VALUE, RtlNtStatusToDosError,
    },
    Security::SECURITY_ATTRIBUTES,
    Storage::FileSystem::{
        CreateFileW, FILE_CREATE_PIPE_INSTANCE, FILE_FLAG_FIRST_PIPE_INSTANCE,
        FILE_FLAG_OVERLAPPED, FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_READ_DATA,
        FILE_WRITE_DATA, FlushFileBuffers, OPEN_EXISTING, PIPE_ACCESS_DUPLEX,
        SECURITY_IDENTIFICATION, SECURITY_SQOS_PRESENT,
    },
    System::IO::IO_STATUS_BLOCK,
    System::Pipes::{
        CreateNamedPipeW, GetNamedPipeInfo, PIPE_READMODE_MESSAGE, PIPE_REJECT_REMOTE_CLIENTS,
        PIPE_SERVER_END, PIPE_TYPE_MESSAGE, PIPE_UNLIMITED_INSTANCES, PIPE_WAIT, PeekNamedPipe,
        SetNamedPipeHandleState, WaitNamedPipeW,
    },
};

/// Size of the buffer for data that was written and not read yet, in each direction.
const BUFFER_SIZE: u32 = 64 * 1024;

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

/// The handle of one end of a pipe instance.
#[derive(Debug)]
pub(super) struct Pipe(OwnedHandle);

/// The end and the type of a pipe.
#[derive(Copy, Clone, Debug)]
pub(super) struct PipeInfo {
    pub(super) is_server: bool,
    /// Whether the pipe is message-type, so that a message of zero bytes can mark the end of file.
    pub(super) has_messages: bool,
}

/// A path in UTF-16 with a NUL at its end.
#[derive(Clone, Debug)]
pub(super) struct WidePath(Vec<u16>);

impl WidePath {
    pub(super) fn new(path: &OsStr) -> Self {
        // Names contain no NUL.
        Self(path.encode_wide().chain([0]).collect())
    }
}

impl Pipe {
    /// Creates an instance of a pipe to listen on.
    ///
    /// Message-read mode is needed for the end of file: in byte-read mode a read continues after
    /// a message of zero bytes that follows others, and the reader does not notice it. A message
    /// that does not fit into the reader's buffer is returned in parts, so no bytes are lost.
    /// ReactOS implements the same (`drivers/filesystems/npfs/readsup.c`).
    pub(super) fn create_instance(
        path: &WidePath,
        security: &SecurityDescriptor,
        first: bool,
        limit: u32,
    ) -> io::Result<Self> {
        let attributes = SECURITY_ATTRIBUTES {
            nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
            lpSecurityDescriptor: security.as_sd().cast_mut(),
            bInheritHandle: 0,
        };
        let open_mode = PIPE_ACCESS_DUPLEX
            | FILE_FLAG_OVERLAPPED
            | if first { FILE_FLAG_FIRST_PIPE_INSTANCE } else { 0 };
        let pipe_mode =
            PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS;
        // SAFETY: the path ends with a NUL; it and the attributes outlive the call.
        let handle = unsafe {
            CreateNamedPipeW(
                path.0.as_ptr(),
                open_mode,
                pipe_mode,
                limit,
                BUFFER_SIZE,
                BUFFER_SIZE,
                0,
                &raw const attributes,
            )
        };
        Self::own(handle)
    }

    pub(super) const UNLIMITED: u32 = PIPE_UNLIMITED_INSTANCES;

    /// Opens the client's end of a free instance.
    pub(super) fn open(path: &WidePath) -> io::Result<Self> {
        // The server can identify this process, but not impersonate it to open objects.
        let flags = FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION;
        // SAFETY: the path ends with a NUL and outlives the call.
        let handle = unsafe {
            let (path, none) = (path.0.as_ptr(), ptr::null_mut());
            CreateFileW(path, CLIENT_ACCESS, 0, ptr::null(), OPEN_EXISTING, flags, none)
        };
        Self::own(handle)
    }

    fn own(handle: *mut std::ffi::c_void) -> io::Result<Self> {
        if handle == INVALID_HANDLE_VALUE {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle is new and has no other owner.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(handle) }))
    }

    pub(super) fn info(&self) -> io::Result<PipeInfo> {
        let (none, mut flags) = (ptr::null_mut(), 0);
        // SAFETY: the handle is open, the pointers are valid or null.
        check(unsafe { GetNamedPipeInfo(self.raw(), &raw mut flags, none, none, none) })?;
        Ok(PipeInfo {
            is_server: flags & PIPE_SERVER_END != 0,
            has_messages: flags & PIPE_TYPE_MESSAGE != 0,
        })
    }

    /// Switches to message-read mode, see [`create_instance`](Self::create_instance).
    pub(super) fn set_message_read_mode(&self) -> io::Result<()> {
        let mode = PIPE_READMODE_MESSAGE | PIPE_WAIT;
        // SAFETY: the handle is open, the pointers are valid or null.
        check(unsafe {
            SetNamedPipeHandleState(self.raw(), &raw const mode, ptr::null(), ptr::null())
        })
    }

    /// Returns whether the other end was closed.
    ///
    /// `PeekNamedPipe` does not report that while there is data to read.
    pub(super) fn is_hung_up(&self) -> io::Result<bool> {
        let mut info = FILE_PIPE_LOCAL_INFORMATION::default();
        // SAFETY: the structure belongs to the class.
        match unsafe { self.query(FilePipeLocalInformation, &mut info) } {
            Ok(()) => Ok(info.NamedPipeState != FILE_PIPE_CONNECTED_STATE),
            Err(error) if is_disconnection(&error) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Returns whether the handle is overlapped. Operations on other handles wait for each other
    /// and cannot have timeouts.
    pub(super) fn is_overlapped(&self) -> io::Result<bool> {
        let mut info = FILE_MODE_INFORMATION::default();
        // SAFETY: the structure belongs to the class.
        unsafe { self.query(FileModeInformation, &mut info)? };
        Ok(info.Mode & (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT) == 0)
    }

    /// Returns whether the handle allows both reading and writing.
    pub(super) fn has_both_directions(&self) -> io::Result<bool> {
        let mut info = FILE_ACCESS_INFORMATION::default();
        // SAFETY: the structure belongs to the class.
        unsafe { self.query(FileAccessInformation, &mut info)? };
        let both = FILE_READ_DATA | FILE_WRITE_DATA;
        Ok(info.AccessFlags & both == both)
    }

    /// Queries information of the given class.
    ///
    /// # Safety
    /// For this class the system writes a structure of type `T`.
    unsafe fn query<T>(&self, class: FILE_INFORMATION_CLASS, info: &mut T) -> io::Result<()> {
        let mut status = IO_STATUS_BLOCK::default();
        // SAFETY: the handle is open; both structures outlive the call. The call is never
        // pending: the file system of pipes completes it at once.
        let result = unsafe {
            let (info, size) = (&raw mut *info, size_of::<T>() as u32);
            NtQueryInformationFile(self.raw(), &raw mut status, info.cast(), size, class)
        };
        if result < 0 {
            // SAFETY: no pointers.
            return Err(error_of(unsafe { RtlNtStatusToDosError(result) }));
        }
        Ok(())
    }

    /// Waits without a limit until the other end has read everything.
    pub(super) fn flush(&self) -> io::Result<()> {
        // SAFETY: the handle is open.
        check(unsafe { FlushFileBuffers(self.raw()) })
    }

    /// Returns the number of bytes that can be read without waiting.
    pub(super) fn available(&self) -> io::Result<u32> {
        let (none, mut available) = (ptr::null_mut::<u32>(), 0);
        // SAFETY: the handle is open, the pointers are valid or null.
        check(unsafe {
            PeekNamedPipe(self.raw(), none.cast(), 0, none, &raw mut available, none)
        })?;
        Ok(available)
    }

    pub(super) fn duplicate(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    fn raw(&self) -> *mut std::ffi::c_void {
        self.0.as_raw_handle()
    }
}

impl From<OwnedHandle> for Pipe {
    fn from(handle: OwnedHandle) -> Self {
        Self(handle)
    }
}

impl From<Pipe> for OwnedHandle {
    fn from(pipe: Pipe) -> Self {
        pipe.0
    }
}

impl AsHandle for Pipe {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.0.as_handle()
    }
}

/// Waits until an instance of the pipe is free. Returns `false` if the time is over before. The
/// minimum is 1 ms: a time of 0 would mean the server's default.
///
/// # Errors
/// An error of `WaitNamedPipeW` if there is no such pipe. The number is different in Wine.
pub(super) fn wait_for_instance(path: &WidePath, millis: u32) -> io::Result<bool> {
    // SAFETY: the path ends with a NUL and outlives the call.
    match check(unsafe { WaitNamedPipeW(path.0.as_ptr(), millis.max(1)) }) {
        Ok(()) => Ok(true),
        Err(error) if code(&error) == Some(ERROR_SEM_TIMEOUT) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Returns whether an error means that the other end was closed.
pub(super) fn is_disconnection(error: &io::Error) -> bool {
    matches!(code(error), Some(ERROR_BROKEN_PIPE | ERROR_PIPE_NOT_CONNECTED | ERROR_NO_DATA))
}

/// Returns the Windows error code.
pub(super) fn code(error: &io::Error) -> Option<u32> {
    error.raw_os_error().map(i32::cast_unsigned)
}

fn check(ok: i32) -> io::Result<()> {
    if ok == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
