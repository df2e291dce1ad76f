use super::{pipe::Pipe, wait_limit::WaitLimit};
use std::{
    io,
    os::windows::io::{AsHandle, AsRawHandle, FromRawHandle, OwnedHandle},
    ptr,
};
use windows_sys::Win32::{
    Foundation::HANDLE,
    System::IO::{CreateIoCompletionPort, GetQueuedCompletionStatusEx, OVERLAPPED_ENTRY},
};
#[cfg(feature = "tokio")]
use windows_sys::Win32::{
    Foundation::INVALID_HANDLE_VALUE, Storage::FileSystem::SetFileCompletionNotificationModes,
    System::WindowsProgramming::FILE_SKIP_COMPLETION_PORT_ON_SUCCESS,
};

/// A completion port, with which operations go on when the thread that started them exits.
///
/// Windows cancels a thread's pending operations when the thread exits, except those on files
/// that belong to a completion port (ExitThread, "Remarks"). Wine also requires that the
/// operation has no event.
///
/// One thread at a time waits for the port. It does not use the contents of the entries: after
/// each entry it checks its own operation.
#[derive(Debug)]
pub(super) struct CompletionPort(OwnedHandle);

impl CompletionPort {
    /// Creates a port for the pipe. It fails if the pipe belongs to a port already, which is
    /// possible only for handles that another library has created.
    pub(super) fn for_pipe(pipe: &Pipe) -> io::Result<Self> {
        Self::make(pipe.as_handle().as_raw_handle())
    }

    /// Creates a port without a pipe.
    #[cfg(feature = "tokio")]
    pub(super) fn new() -> io::Result<Self> {
        Self::make(INVALID_HANDLE_VALUE)
    }

    fn make(file: HANDLE) -> io::Result<Self> {
        // SAFETY: the handle is open or INVALID_HANDLE_VALUE; null creates a new port.
        let port = unsafe { CreateIoCompletionPort(file, ptr::null_mut(), 0, 1) };
        if port.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle is new and has no other owner.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(port) }))
    }

    /// Adds a pipe. Operations that complete at once are not queued, if the system supports that.
    #[cfg(feature = "tokio")]
    pub(super) fn add(&self, pipe: &Pipe) -> io::Result<()> {
        let (pipe, port) = (pipe.as_handle().as_raw_handle(), self.0.as_raw_handle());
        // SAFETY: both handles are open.
        if unsafe { CreateIoCompletionPort(pipe, port, 0, 0) }.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle is open.
        unsafe {
            SetFileCompletionNotificationModes(pipe, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS as u8)
        };
        Ok(())
    }

    /// Removes up to 8 entries from the queue.
    pub(super) fn clear(&self) {
        self.wait(WaitLimit::NoWait);
    }

    /// Waits until there is an entry or the time limit ends, and removes the entry.
    pub(super) fn wait(&self, limit: WaitLimit) {
        self.take(limit, |_| ());
    }

    /// Waits as [`wait`](Self::wait), and calls `each` with the address of the OVERLAPPED of each
    /// entry. The OVERLAPPED may have been freed already.
    pub(super) fn take(&self, limit: WaitLimit, mut each: impl FnMut(usize)) {
        let mut entries = [OVERLAPPED_ENTRY::default(); 8];
        let mut removed = 0;
        // SAFETY: the port is open, and the array has the given length. The pointers in it are not
        // dereferenced. A timeout needs no handling.
        let ok = unsafe {
            let (port, array) = (self.0.as_raw_handle(), entries.as_mut_ptr());
            GetQueuedCompletionStatusEx(port, array, 8, &raw mut removed, limit.millis(), 0)
        };
        if ok != 0 {
            for entry in entries.iter().take(removed as usize) {
                each(entry.lpOverlapped.addr());
            }
        }
    }
}
