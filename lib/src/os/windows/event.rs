//! Event objects.

#![allow(
    clippy::missing_const_for_thread_local,
    reason = "reported for a const initializer where std has no native thread locals"
)]

use super::wait_limit::WaitLimit;
use std::{
    cell::Cell,
    io,
    os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle},
    ptr,
};
use windows_sys::Win32::{
    Foundation::{HANDLE, WAIT_FAILED, WAIT_OBJECT_0, WAIT_TIMEOUT},
    System::Threading::{CreateEventW, SetEvent, WaitForMultipleObjects},
};

/// A manual-reset event. Starting an overlapped operation with it resets it.
#[derive(Debug)]
pub(super) struct Event(OwnedHandle);

impl Event {
    pub(super) fn new() -> io::Result<Self> {
        // SAFETY: all pointers are null, which means the default values.
        let handle = unsafe { CreateEventW(ptr::null(), 1, 0, ptr::null()) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle is new and has no other owner.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(handle) }))
    }

    pub(super) fn set(&self) {
        // SAFETY: the handle is open. Setting cannot fail on an open event.
        unsafe { SetEvent(self.0.as_raw_handle()) };
    }

    /// Returns the handle for an OVERLAPPED whose completion must not be queued to a completion
    /// port. Its lowest bit is set (GetQueuedCompletionStatus, "Remarks").
    pub(super) fn handle_without_port(&self) -> HANDLE {
        self.0.as_raw_handle().map_addr(|handle| handle | 1)
    }
}

impl From<Event> for OwnedHandle {
    fn from(event: Event) -> Self {
        event.0
    }
}

impl AsHandle for Event {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.0.as_handle()
    }
}

/// Waits until one of at most 64 objects is signalled. Returns `false` if the time limit ends
/// first.
pub(super) fn wait_any(objects: &[BorrowedHandle<'_>], limit: WaitLimit) -> io::Result<bool> {
    loop {
        let count = u32::try_from(objects.len()).unwrap_or(u32::MAX);
        // SAFETY: a `BorrowedHandle` is a handle (it is `repr(transparent)`), and the
        // slice outlives the call.
        let woken =
            unsafe { WaitForMultipleObjects(count, objects.as_ptr().cast(), 0, limit.millis()) };
        match woken {
            WAIT_FAILED => return Err(io::Error::last_os_error()),
            WAIT_TIMEOUT if limit.is_over() => return Ok(false),
            // One call cannot wait as long as the limit.
            WAIT_TIMEOUT => {}
            _ => {
                debug_assert!(woken - WAIT_OBJECT_0 < count);
                return Ok(true);
            }
        }
    }
}

thread_local! {
    /// An event for the operation that a thread waits for; there is one at a time.
    static SPARE: Cell<Option<Event>> = const { Cell::new(None) };
}

/// Calls `f` with an event for an operation that completes before `f` returns. The event is
/// reused: creating one for each operation would take two system calls.
pub(super) fn with_event<R>(f: impl FnOnce(&Event) -> io::Result<R>) -> io::Result<R> {
    let spare = SPARE.try_with(Cell::take).ok().flatten();
    let event = spare.map_or_else(Event::new, Ok)?;
    let result = f(&event);
    // If the thread's locals are destroyed already, the event is closed here.
    let _ = SPARE.try_with(|spare| spare.set(Some(event)));
    result
}
