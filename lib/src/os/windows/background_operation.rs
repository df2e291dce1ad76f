//! Overlapped operations that outlive the call that started them.

#[cfg(feature = "tokio")]
use super::completion_driver::{Notifier, Registration};
use super::{
    completion_port::CompletionPort,
    event::{Event, wait_any},
    operation::{error_of, len, overlapped},
    operation_buffer::OperationBuffer,
    pipe::Pipe,
    wait_limit::WaitLimit,
};
#[cfg(feature = "tokio")]
use std::task::Waker;
use std::{
    io,
    mem::ManuallyDrop,
    os::windows::io::{AsHandle, AsRawHandle},
    ptr,
    sync::Arc,
};
#[cfg(feature = "tokio")]
use windows_sys::Win32::Storage::FileSystem::ReadFile;
use windows_sys::Win32::{
    Foundation::{ERROR_IO_PENDING, ERROR_MORE_DATA, ERROR_PIPE_CONNECTED, GetLastError, HANDLE},
    Storage::FileSystem::WriteFile,
    System::{
        IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED},
        Pipes::ConnectNamedPipe,
    },
};

/// An operation with all that the system needs until its end: the pipe, the OVERLAPPED,
/// what it signals, and the data.
#[derive(Debug)]
pub(super) struct BackgroundOperation {
    pipe: Arc<Pipe>,
    completion: Completion,
    memory: ManuallyDrop<OperationBuffer>,
    state: State,
}

/// How one gets to know that it has ended.
#[derive(Debug)]
enum Completion {
    Event(Arc<Event>),
    /// For what has to go on without the thread that started it.
    Port(Arc<CompletionPort>),
    /// For what nobody waits for in a thread.
    #[cfg(feature = "tokio")]
    Driver(Registration),
}

#[derive(Debug)]
enum State {
    Idle,
    Pending,
    /// Ended at once; the result has not been asked for.
    Ended(io::Result<()>),
}

impl BackgroundOperation {
    /// An operation that ends with the thread that starts it.
    pub(super) fn new(pipe: Arc<Pipe>) -> io::Result<Self> {
        Ok(Self::with(pipe, Completion::Event(Arc::new(Event::new()?))))
    }

    /// An operation that goes on when the thread that starts it ends.
    pub(super) fn with_port(pipe: Arc<Pipe>, port: Arc<CompletionPort>) -> Self {
        Self::with(pipe, Completion::Port(port))
    }

    /// An operation that wakes tasks, and goes on when the thread that starts it ends.
    /// The pipe has to belong to the driver.
    #[cfg(feature = "tokio")]
    pub(super) fn with_notifier(pipe: Arc<Pipe>, notifier: &Notifier) -> Self {
        let memory = OperationBuffer::new();
        let registration = notifier.register(&memory);
        Self::of(pipe, Completion::Driver(registration), memory)
    }

    fn with(pipe: Arc<Pipe>, completion: Completion) -> Self {
        Self::of(pipe, completion, OperationBuffer::new())
    }

    fn of(pipe: Arc<Pipe>, completion: Completion, memory: OperationBuffer) -> Self {
        Self { pipe, completion, memory: ManuallyDrop::new(memory), state: State::Idle }
    }

    /// What is signalled when the operation has ended, if it is an event.
    pub(super) fn event(&self) -> Option<&Arc<Event>> {
        match &self.completion {
            Completion::Event(event) => Some(event),
            Completion::Port(_) => None,
            #[cfg(feature = "tokio")]
            Completion::Driver(_) => None,
        }
    }

    pub(super) fn is_pending(&self) -> bool {
        matches!(self.state, State::Pending) && !self.memory.is_complete()
    }

    /// Starts to write a copy of the data, as one message. Nothing may be in flight.
    pub(super) fn write(&mut self, data: &[u8]) {
        self.start(|pipe, memory| {
            memory.data.clear();
            memory.data.extend_from_slice(data);
            let (data, overlapped) = (&memory.data, memory.overlapped.as_ptr());
            // SAFETY: the pipe, the data and the OVERLAPPED are kept until the end of
            // the operation, see `start` and `drop`.
            unsafe { WriteFile(pipe, data.as_ptr(), len(data), ptr::null_mut(), overlapped) }
        });
    }

    /// Starts to read, at most that much. Nothing may be in flight.
    #[cfg(feature = "tokio")]
    pub(super) fn read(&mut self, most: usize) {
        self.start(|pipe, memory| {
            memory.data.resize(most, 0);
            let (len, overlapped) = (len(&memory.data), memory.overlapped.as_ptr());
            // SAFETY: as in `write`; nobody looks at the data before the end.
            unsafe { ReadFile(pipe, memory.data.as_mut_ptr(), len, ptr::null_mut(), overlapped) }
        });
    }

    /// What the last read was for; the system writes to it as long as that is pending,
    /// and there is nothing to see.
    #[cfg(feature = "tokio")]
    pub(super) fn data(&self) -> &[u8] {
        if matches!(self.state, State::Pending) { &[] } else { &self.memory.data }
    }

    /// Wakes the task when the operation has ended, from now on only this one.
    #[cfg(feature = "tokio")]
    pub(super) fn set_waker(&self, waker: &Waker) {
        match &self.completion {
            Completion::Driver(registration) => registration.wakers().register(0, waker),
            // It would never be woken else.
            Completion::Event(_) | Completion::Port(_) => waker.wake_by_ref(),
        }
    }

    /// Starts to wait for a client. Nothing may be in flight.
    pub(super) fn listen(&mut self) {
        self.start(|pipe, memory| {
            // SAFETY: as in `write`.
            unsafe { ConnectNamedPipe(pipe, memory.overlapped.as_ptr()) }
        });
    }

    fn start(&mut self, call: impl FnOnce(HANDLE, &mut OperationBuffer) -> i32) {
        if matches!(self.state, State::Pending) {
            debug_assert!(false, "an operation is in flight");
            return;
        }
        let fresh = match &self.completion {
            Completion::Event(event) => overlapped(event),
            Completion::Port(port) => {
                port.clear();
                OVERLAPPED::default()
            }
            #[cfg(feature = "tokio")]
            Completion::Driver(_) => OVERLAPPED::default(),
        };
        // SAFETY: the allocation is alive, and nothing is pending that uses it.
        unsafe { self.memory.overlapped.write(fresh) };
        self.state = State::Pending;
        if call(self.pipe.as_handle().as_raw_handle(), &mut self.memory) != 0 {
            // Complete; the OVERLAPPED holds the result as it would after waiting.
            return;
        }
        // SAFETY: no arguments.
        match unsafe { GetLastError() } {
            // A part of a message came at once: complete, with the count where it belongs.
            ERROR_IO_PENDING | ERROR_MORE_DATA => return,
            // A client was faster; only now is the event not set by the system.
            ERROR_PIPE_CONNECTED => self.state = State::Ended(Ok(())),
            code => self.state = State::Ended(Err(error_of(code))),
        }
        if let Completion::Event(event) = &self.completion {
            event.set();
        }
    }

    /// Waits for the operation's end: `None` if the patience ended first, else its
    /// result, once: how many bytes were read or written. Without an operation it is
    /// `Some(Ok(0))`.
    pub(super) fn finish(&mut self, limit: WaitLimit) -> Option<io::Result<usize>> {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Idle => return Some(Ok(0)),
            State::Ended(result) => return Some(result.map(|()| 0)),
            State::Pending => {}
        }
        if !self.wait(limit) {
            self.state = State::Pending;
            return None;
        }
        let mut count = 0;
        let (pipe, overlapped) =
            (self.pipe.as_handle().as_raw_handle(), self.memory.overlapped.as_ptr());
        // SAFETY: handle and OVERLAPPED are alive and belong together.
        let ok = unsafe { GetOverlappedResult(pipe, overlapped, &raw mut count, 0) };
        if ok != 0 {
            return Some(Ok(count as usize));
        }
        // SAFETY: no arguments.
        Some(match unsafe { GetLastError() } {
            ERROR_MORE_DATA => Ok(count as usize),
            code => Err(error_of(code)),
        })
    }

    /// Waits until the system is done; `false` if the patience ended first.
    fn wait(&self, limit: WaitLimit) -> bool {
        loop {
            if self.memory.is_complete() {
                return true;
            }
            if limit.is_over() {
                return false;
            }
            match &self.completion {
                Completion::Event(event) => {
                    // That it failed shows as patience that does not end; it cannot
                    // fail with an event that is open.
                    let _ = wait_any(&[event.as_handle()], limit);
                }
                Completion::Port(port) => port.wait(limit),
                #[cfg(feature = "tokio")]
                Completion::Driver(registration) => {
                    registration.wakers().park(limit, || self.memory.is_complete());
                }
            }
        }
    }
}

impl Drop for BackgroundOperation {
    fn drop(&mut self) {
        let pending = matches!(self.state, State::Pending);
        if pending {
            let pipe = self.pipe.as_handle().as_raw_handle();
            // SAFETY: handle and OVERLAPPED are alive; that the operation has completed
            // in the meantime is the only way to fail.
            unsafe { CancelIoEx(pipe, self.memory.overlapped.as_ptr()) };
        }
        match &self.completion {
            // Nobody may be kept waiting: the driver keeps the memory for as long.
            #[cfg(feature = "tokio")]
            Completion::Driver(registration) => {
                // SAFETY: nothing uses the field after this.
                registration.end(unsafe { ManuallyDrop::take(&mut self.memory) }, pending);
            }
            Completion::Event(_) | Completion::Port(_) => {
                if pending {
                    // Cancelled or not it ends now, and not before is its memory free.
                    self.wait(WaitLimit::Unlimited);
                }
                // SAFETY: nothing uses the field after this.
                unsafe { ManuallyDrop::drop(&mut self.memory) };
            }
        }
    }
}
