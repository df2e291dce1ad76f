//! Overlapped operations that outlive the call that started them.

use super::{
    event::{Event, wait_any},
    operation::{error_of, is_complete, len, overlapped},
    patience::Patience,
    pipe::Pipe,
};
use std::{
    io,
    os::windows::io::{AsHandle, AsRawHandle},
    ptr::{self, NonNull},
    sync::Arc,
};
use windows_sys::Win32::{
    Foundation::{ERROR_IO_PENDING, ERROR_PIPE_CONNECTED, GetLastError},
    Storage::FileSystem::WriteFile,
    System::{
        IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED},
        Pipes::ConnectNamedPipe,
    },
};

/// An operation with all that the system needs until its end: the pipe, the OVERLAPPED,
/// the event and the data.
#[derive(Debug)]
pub(super) struct Lasting {
    pipe: Arc<Pipe>,
    event: Arc<Event>,
    /// From `Box::into_raw`; a Box itself would claim that nobody else writes to it.
    overlapped: NonNull<OVERLAPPED>,
    data: Vec<u8>,
    state: State,
}

#[derive(Debug)]
enum State {
    Idle,
    Pending,
    /// Ended at once; the result has not been asked for.
    Ended(io::Result<()>),
}

// SAFETY: the OVERLAPPED is owned, and the system writes to it from wherever it likes.
unsafe impl Send for Lasting {}
// SAFETY: shared references only read `Internal`, with a volatile read.
unsafe impl Sync for Lasting {}

impl Lasting {
    pub(super) fn new(pipe: Arc<Pipe>) -> io::Result<Self> {
        let event = Arc::new(Event::new()?);
        let overlapped = NonNull::from(Box::leak(Box::new(overlapped(&event))));
        Ok(Self { pipe, event, overlapped, data: Vec::new(), state: State::Idle })
    }

    /// What is signalled when the operation has ended.
    pub(super) fn event(&self) -> &Arc<Event> {
        &self.event
    }

    pub(super) fn is_pending(&self) -> bool {
        matches!(self.state, State::Pending) && !is_complete(self.overlapped.as_ptr())
    }

    /// Starts to write a copy of the data, as one message. Nothing may be in flight.
    pub(super) fn write(&mut self, data: &[u8]) {
        self.data.clear();
        self.data.extend_from_slice(data);
        self.start(|this| {
            let (pipe, data) = (this.pipe.as_handle().as_raw_handle(), &this.data);
            // SAFETY: the pipe, the data and the OVERLAPPED are kept until the end of
            // the operation, see `start` and `drop`.
            unsafe {
                WriteFile(pipe, data.as_ptr(), len(data), ptr::null_mut(), this.overlapped.as_ptr())
            }
        });
    }

    /// Starts to wait for a client. Nothing may be in flight.
    pub(super) fn listen(&mut self) {
        self.start(|this| {
            let pipe = this.pipe.as_handle().as_raw_handle();
            // SAFETY: as in `write`.
            unsafe { ConnectNamedPipe(pipe, this.overlapped.as_ptr()) }
        });
    }

    fn start(&mut self, call: impl FnOnce(&Self) -> i32) {
        if matches!(self.state, State::Pending) {
            debug_assert!(false, "an operation is in flight");
            return;
        }
        // SAFETY: the allocation is alive, and nothing is pending that uses it.
        unsafe { self.overlapped.write(overlapped(&self.event)) };
        self.state = State::Pending;
        if call(self) != 0 {
            // Complete; the OVERLAPPED holds the result as it would after waiting.
            return;
        }
        // SAFETY: no arguments.
        match unsafe { GetLastError() } {
            ERROR_IO_PENDING => return,
            // A client was faster; only now is the event not set by the system.
            ERROR_PIPE_CONNECTED => self.state = State::Ended(Ok(())),
            code => self.state = State::Ended(Err(error_of(code))),
        }
        self.event.set();
    }

    /// Waits for the operation's end: `None` if the patience ended first, else its
    /// result, once. Without an operation it is `Some(Ok(()))`.
    pub(super) fn finish(&mut self, patience: Patience) -> Option<io::Result<()>> {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Idle => return Some(Ok(())),
            State::Ended(result) => return Some(result),
            State::Pending => {}
        }
        if !is_complete(self.overlapped.as_ptr()) {
            let waited = patience != Patience::Nothing
                && wait_any(&[self.event.as_handle()], patience).unwrap_or(false);
            if !waited {
                self.state = State::Pending;
                return None;
            }
        }
        Some(self.result())
    }

    /// The result of an operation that has ended, or as soon as it has.
    fn result(&self) -> io::Result<()> {
        let mut count = 0;
        let pipe = self.pipe.as_handle().as_raw_handle();
        // SAFETY: handle and OVERLAPPED are alive and belong together.
        let ok = unsafe { GetOverlappedResult(pipe, self.overlapped.as_ptr(), &raw mut count, 1) };
        if ok == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

impl Drop for Lasting {
    fn drop(&mut self) {
        if matches!(self.state, State::Pending) {
            let pipe = self.pipe.as_handle().as_raw_handle();
            // SAFETY: handle and OVERLAPPED are alive; that the operation has completed
            // in the meantime is the only way to fail.
            unsafe { CancelIoEx(pipe, self.overlapped.as_ptr()) };
            // Either way it ends now, and not before that is its memory free.
            let _ = self.result();
        }
        // SAFETY: it comes from a Box, and the system is done with it.
        drop(unsafe { Box::from_raw(self.overlapped.as_ptr()) });
    }
}
