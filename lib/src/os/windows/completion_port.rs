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

/// What lets operations go on when the thread that started them ends.
///
/// Windows cancels a thread's pending operations when the thread exits, except those on
/// files that belong to a completion port (ExitThread, "Remarks"); in Wine they also
/// have to be such that nothing but the port is told of their completion.
///
/// There is one waiter at a time, and what is queued does not matter to it: it wakes
/// up and looks at its own operation.
#[derive(Debug)]
pub(super) struct CompletionPort(OwnedHandle);

impl CompletionPort {
    /// Makes a port for the pipe. There can be only one: it fails for a pipe that came
    /// from elsewhere and belongs to a port already, which is as good.
    pub(super) fn for_pipe(pipe: &Pipe) -> io::Result<Self> {
        Self::make(pipe.as_handle().as_raw_handle())
    }

    /// Makes a port without a pipe.
    #[cfg(feature = "tokio")]
    pub(super) fn new() -> io::Result<Self> {
        Self::make(INVALID_HANDLE_VALUE)
    }

    fn make(file: HANDLE) -> io::Result<Self> {
        // SAFETY: the handle is open or says that there is none; null makes a new port.
        let port = unsafe { CreateIoCompletionPort(file, ptr::null_mut(), 0, 1) };
        if port.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle is new and nobody else's.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(port) }))
    }

    /// Adds a pipe. What is complete when its call returns is not queued, if the system
    /// can do that: who called knows it already.
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

    /// Throws away what is queued.
    pub(super) fn clear(&self) {
        self.wait(WaitLimit::NoWait);
    }

    /// Waits until something is queued or the patience ends, and takes it off.
    pub(super) fn wait(&self, limit: WaitLimit) {
        self.take(limit, |_| ());
    }

    /// The same, telling of which operations it is: the addresses of their OVERLAPPED,
    /// which need not be there any more.
    pub(super) fn take(&self, limit: WaitLimit, mut each: impl FnMut(usize)) {
        let mut entries = [OVERLAPPED_ENTRY::default(); 8];
        let mut removed = 0;
        // SAFETY: the port is open, and the array as long as is said. The pointers that
        // it is filled with are not looked at. A timeout is no error to anybody here.
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
