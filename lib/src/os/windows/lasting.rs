//! Overlapped operations that outlive the call that started them.

use super::{
    event::{Event, wait_any},
    operation::{error_of, is_complete, len, overlapped},
    patience::Patience,
    pipe::Pipe,
    port::Port,
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
/// what it signals, and the data.
#[derive(Debug)]
pub(super) struct Lasting {
    pipe: Arc<Pipe>,
    signal: Signal,
    /// From `Box::into_raw`; a Box itself would claim that nobody else writes to it.
    overlapped: NonNull<OVERLAPPED>,
    data: Vec<u8>,
    state: State,
}

/// How one gets to know that it has ended.
#[derive(Debug)]
enum Signal {
    Event(Arc<Event>),
    /// For what has to go on without the thread that started it.
    Port(Arc<Port>),
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
    /// An operation that ends with the thread that starts it.
    pub(super) fn new(pipe: Arc<Pipe>) -> io::Result<Self> {
        Ok(Self::with(pipe, Signal::Event(Arc::new(Event::new()?))))
    }

    /// An operation that goes on when the thread that starts it ends.
    pub(super) fn with_port(pipe: Arc<Pipe>, port: Arc<Port>) -> Self {
        Self::with(pipe, Signal::Port(port))
    }

    fn with(pipe: Arc<Pipe>, signal: Signal) -> Self {
        let overlapped = NonNull::from(Box::leak(Box::new(OVERLAPPED::default())));
        Self { pipe, signal, overlapped, data: Vec::new(), state: State::Idle }
    }

    /// What is signalled when the operation has ended, if it is an event.
    pub(super) fn event(&self) -> Option<&Arc<Event>> {
        match &self.signal {
            Signal::Event(event) => Some(event),
            Signal::Port(_) => None,
        }
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
        let fresh = match &self.signal {
            Signal::Event(event) => overlapped(event),
            Signal::Port(port) => {
                port.clear();
                OVERLAPPED::default()
            }
        };
        // SAFETY: the allocation is alive, and nothing is pending that uses it.
        unsafe { self.overlapped.write(fresh) };
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
        if let Signal::Event(event) = &self.signal {
            event.set();
        }
    }

    /// Waits for the operation's end: `None` if the patience ended first, else its
    /// result, once. Without an operation it is `Some(Ok(()))`.
    pub(super) fn finish(&mut self, patience: Patience) -> Option<io::Result<()>> {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Idle => return Some(Ok(())),
            State::Ended(result) => return Some(result),
            State::Pending => {}
        }
        if !self.wait(patience) {
            self.state = State::Pending;
            return None;
        }
        let mut count = 0;
        let pipe = self.pipe.as_handle().as_raw_handle();
        // SAFETY: handle and OVERLAPPED are alive and belong together.
        let ok = unsafe { GetOverlappedResult(pipe, self.overlapped.as_ptr(), &raw mut count, 0) };
        Some(if ok == 0 { Err(io::Error::last_os_error()) } else { Ok(()) })
    }

    /// Waits until the system is done; `false` if the patience ended first.
    fn wait(&self, patience: Patience) -> bool {
        loop {
            if is_complete(self.overlapped.as_ptr()) {
                return true;
            }
            if patience.is_over() {
                return false;
            }
            match &self.signal {
                Signal::Event(event) => {
                    // That it failed shows as patience that does not end; it cannot
                    // fail with an event that is open.
                    let _ = wait_any(&[event.as_handle()], patience);
                }
                Signal::Port(port) => port.wait(patience),
            }
        }
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
            self.wait(Patience::Forever);
        }
        // SAFETY: it comes from a Box, and the system is done with it.
        drop(unsafe { Box::from_raw(self.overlapped.as_ptr()) });
    }
}
