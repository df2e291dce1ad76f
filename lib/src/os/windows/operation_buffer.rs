use super::operation::is_complete;
use std::{fmt, ptr::NonNull};
use windows_sys::Win32::System::IO::OVERLAPPED;

/// The memory that the system reads and writes until an overlapped operation has completed.
///
/// It must not be dropped before. It can be moved: the contents are on the heap.
pub(super) struct OperationBuffer {
    /// A leaked box. It is not a `Box`, which would assert that nothing else writes to it.
    pub(super) overlapped: NonNull<OVERLAPPED>,
    pub(super) data: Vec<u8>,
}

// SAFETY: the OVERLAPPED is owned, and the system may write to it from any thread.
unsafe impl Send for OperationBuffer {}
// SAFETY: shared references only read `Internal`, with a volatile read.
unsafe impl Sync for OperationBuffer {}

impl OperationBuffer {
    pub(super) fn new() -> Self {
        let overlapped = NonNull::from(Box::leak(Box::new(OVERLAPPED::default())));
        Self { overlapped, data: Vec::new() }
    }

    /// Returns whether the operation that was started has completed.
    pub(super) fn is_complete(&self) -> bool {
        is_complete(self.overlapped.as_ptr())
    }
}

/// Omits the data, to which the system may be writing.
impl fmt::Debug for OperationBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperationBuffer")
            .field("overlapped", &self.overlapped)
            .finish_non_exhaustive()
    }
}

impl Drop for OperationBuffer {
    fn drop(&mut self) {
        // SAFETY: it comes from a box, and no operation is pending.
        drop(unsafe { Box::from_raw(self.overlapped.as_ptr()) });
    }
}
