use std::os::windows::io::{AsRawHandle, BorrowedHandle};
use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, FILE_TYPE_DISK, GetFileInformationByHandle, GetFileType,
};

/// The numbers by which the system knows a file, whatever its path.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct FileNumbers {
    volume: u32,
    index: u64,
}

impl FileNumbers {
    /// Returns those of an open file; `None` if the handle is not one of a file on a disk.
    #[must_use]
    pub fn of(handle: BorrowedHandle<'_>) -> Option<Self> {
        let handle = handle.as_raw_handle();
        let mut found = BY_HANDLE_FILE_INFORMATION::default();
        // SAFETY: the calls take any handle, and the second one writes to the structure alone. A pipe
        // may not answer it while another call reads from it.
        let is_found = unsafe {
            GetFileType(handle) == FILE_TYPE_DISK
                && GetFileInformationByHandle(handle, &raw mut found) != 0
        };
        let index = u64::from(found.nFileIndexHigh) << 32 | u64::from(found.nFileIndexLow);
        is_found.then_some(Self { volume: found.dwVolumeSerialNumber, index })
    }
}
