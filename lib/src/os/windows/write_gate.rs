use super::pipe::Pipe;
use std::{
    os::windows::io::{AsHandle, AsRawHandle},
    ptr,
    sync::{Mutex, MutexGuard, PoisonError, atomic::AtomicPtr},
};
use windows_sys::Win32::System::IO::{CancelIoEx, OVERLAPPED};

/// Whether data can be written. Closing it ends a write that waits in another thread, which holds
/// the lock of the sending direction.
#[derive(Debug)]
pub(super) struct WriteGate(Mutex<Gate>);

#[derive(Debug, Default)]
struct Gate {
    is_closed: bool,
    /// The operation of the thread that waits; null if there is none. Atomic only to be `Send`.
    waiting: AtomicPtr<OVERLAPPED>,
}

impl WriteGate {
    pub(super) fn new(is_open: bool) -> Self {
        Self(Mutex::new(Gate { is_closed: !is_open, ..Gate::default() }))
    }

    pub(super) fn is_closed(&self) -> bool {
        self.gate().is_closed
    }

    /// Calls `start`, which starts an operation, unless the gate is closed. The OVERLAPPED has to be
    /// kept until [`end`](Self::end) was called.
    pub(super) fn start<R>(
        &self,
        overlapped: *mut OVERLAPPED,
        start: impl FnOnce() -> R,
    ) -> Option<R> {
        let mut gate = self.gate();
        if gate.is_closed {
            return None;
        }
        *gate.waiting.get_mut() = overlapped;
        Some(start())
    }

    /// Forgets the operation that was started last, which has completed. Returns whether the gate
    /// was closed meanwhile.
    pub(super) fn end(&self) -> bool {
        let mut gate = self.gate();
        *gate.waiting.get_mut() = ptr::null_mut();
        gate.is_closed
    }

    /// Closes the gate and cancels the operation of the thread that waits.
    pub(super) fn close(&self, pipe: &Pipe) {
        let mut gate = self.gate();
        gate.is_closed = true;
        let waiting = *gate.waiting.get_mut();
        if !waiting.is_null() {
            // SAFETY: the handle is open. The OVERLAPPED is kept while it is in the gate, whose
            // lock is held. The call fails only if the operation has completed meanwhile.
            unsafe { CancelIoEx(pipe.as_handle().as_raw_handle(), waiting) };
        }
    }

    /// Opens the gate again.
    pub(super) fn open(&self) {
        self.gate().is_closed = false;
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
