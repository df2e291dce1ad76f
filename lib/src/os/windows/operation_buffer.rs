use super::operation::is_complete;
use std::{fmt, ptr::NonNull};
use windows_sys::Win32::System::IO::OVERLAPPED;

/// What the system reads and writes until an operation has ended.
///
/// Whoever owns it must not drop it before; it is behind pointers that moving it does
/// not change.
pub(super) struct OperationBuffer {
    /// From `Box::into_raw`; a Box itself would claim that nobody else writes to it.
    pub(super) overlapped: NonNull<OVERLAPPED>,
    pub(super) data: Vec<u8>,
}

// SAFETY: the OVERLAPPED is owned, and the system writes to it from wherever it likes.
unsafe impl Send for OperationBuffer {}
// SAFETY: shared references only read `Internal`, with a volatile read.
unsafe impl Sync for OperationBuffer {}

impl OperationBuffer {
    pub(super) fn new() -> Self {
        let overlapped = NonNull::from(Box::leak(Box::new(OVERLAPPED::default())));
        Self { overlapped, data: Vec::new() }
    }

    /// Whether the system is done with it, if an operation has been started.
    pub(super) fn is_complete(&self) -> bool {
        is_complete(self.overlapped.as_ptr())
    }
}

/// Nobody may look at what the system is writing to.
impl fmt::Debug for OperationBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperationBuffer")
            .field("overlapped", &self.overlapped)
            .finish_non_exhaustive()
    }
}

impl Drop for OperationBuffer {
    fn drop(&mut self) {
        // SAFETY: it comes from a Box, and the system is done with it.
        drop(unsafe { Box::from_raw(self.overlapped.as_ptr()) });
    }
}
