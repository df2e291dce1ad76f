//! Overlapped operations that can go on after the call that started them.

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
use crate::os::waker_set::WakeOnDrop;
#[cfg(feature = "tokio")]
use std::task::Waker;
use std::{
    io,
    mem::ManuallyDrop,
    os::windows::io::{AsHandle, AsRawHandle},
    ptr,
    sync::Arc,
    time::Duration,
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

/// Maximum time in which a cancelled operation completes. Wine can lose the completion of an operation
/// whose thread has exited.
const CANCELLATION_TIME: Duration = Duration::from_secs(1);

/// An overlapped operation. The data and the OVERLAPPED are kept until the operation has completed,
/// and are leaked if its completion is not reported. The handles of the pipe and of the event or port
/// may be closed earlier: the system keeps the objects.
#[derive(Debug)]
pub(super) struct BackgroundOperation {
    pipe: Arc<Pipe>,
    completion: Completion,
    buffer: ManuallyDrop<OperationBuffer>,
    state: OperationState,
}

/// How the system reports that the operation has completed.
#[derive(Debug)]
enum Completion {
    /// An event. The operation is cancelled if the thread that started it exits.
    Event(Arc<Event>),
    /// A completion port. The operation goes on if the thread that started it exits.
    Port(Arc<CompletionPort>),
    /// The completion driver, which wakes tasks.
    #[cfg(feature = "tokio")]
    Driver(Registration),
}

#[derive(Debug)]
enum OperationState {
    Idle,
    Pending,
    /// Completed at once; `finish` returns the result.
    Ended(io::Result<()>),
}

impl BackgroundOperation {
    /// Creates an operation that the system cancels when the thread that started it exits.
    pub(super) fn new(pipe: Arc<Pipe>) -> io::Result<Self> {
        Ok(Self::with(pipe, Completion::Event(Arc::new(Event::new()?))))
    }

    /// Creates an operation that goes on when the thread that started it exits.
    pub(super) fn with_port(pipe: Arc<Pipe>, port: Arc<CompletionPort>) -> Self {
        Self::with(pipe, Completion::Port(port))
    }

    /// Creates an operation that wakes tasks, and goes on when the thread that started it exits.
    /// The pipe has to be attached to the notifier's driver.
    #[cfg(feature = "tokio")]
    pub(super) fn with_notifier(pipe: Arc<Pipe>, notifier: &Notifier) -> Self {
        let buffer = OperationBuffer::new();
        let registration = notifier.register(&buffer);
        Self::of(pipe, Completion::Driver(registration), buffer)
    }

    fn with(pipe: Arc<Pipe>, completion: Completion) -> Self {
        Self::of(pipe, completion, OperationBuffer::new())
    }

    fn of(pipe: Arc<Pipe>, completion: Completion, buffer: OperationBuffer) -> Self {
        Self { pipe, completion, buffer: ManuallyDrop::new(buffer), state: OperationState::Idle }
    }

    /// Returns the event that is set when the operation has completed, if it has one.
    pub(super) fn event(&self) -> Option<&Arc<Event>> {
        match &self.completion {
            Completion::Event(event) => Some(event),
            Completion::Port(_) => None,
            #[cfg(feature = "tokio")]
            Completion::Driver(_) => None,
        }
    }

    pub(super) fn is_pending(&self) -> bool {
        matches!(self.state, OperationState::Pending) && !self.buffer.is_complete()
    }

    /// Starts writing a copy of the data as one message. No operation may be pending.
    pub(super) fn write(&mut self, data: &[u8]) {
        self.start(|pipe, buffer| {
            buffer.data.clear();
            buffer.data.extend_from_slice(data);
            let (data, overlapped) = (&buffer.data, buffer.overlapped.as_ptr());
            // SAFETY: the handle is open, and the data and the OVERLAPPED are kept until the
            // operation has completed, see `start` and `drop`.
            unsafe { WriteFile(pipe, data.as_ptr(), len(data), ptr::null_mut(), overlapped) }
        });
    }

    /// Starts reading at most `most` bytes. No operation may be pending.
    #[cfg(feature = "tokio")]
    pub(super) fn read(&mut self, most: usize) {
        self.start(|pipe, buffer| {
            buffer.data.resize(most, 0);
            let (len, overlapped) = (len(&buffer.data), buffer.overlapped.as_ptr());
            // SAFETY: as in `write`; nothing reads the data before the operation has completed.
            unsafe { ReadFile(pipe, buffer.data.as_mut_ptr(), len, ptr::null_mut(), overlapped) }
        });
    }

    /// Returns the buffer of the last read. It is empty while the read is pending, because the
    /// system may be writing to the buffer.
    #[cfg(feature = "tokio")]
    pub(super) fn data(&self) -> &[u8] {
        if matches!(self.state, OperationState::Pending) { &[] } else { &self.buffer.data }
    }

    /// Adds a task that is woken when the operation has completed.
    #[cfg(feature = "tokio")]
    pub(super) fn add_waker(&self, waker: &Waker) -> WakeOnDrop {
        match &self.completion {
            Completion::Driver(registration) => registration.wakers().add(waker),
            // Nothing else would wake the task.
            Completion::Event(_) | Completion::Port(_) => WakeOnDrop::of(waker),
        }
    }

    /// Starts waiting for a client. No operation may be pending.
    pub(super) fn listen(&mut self) {
        self.start(|pipe, buffer| {
            // SAFETY: as in `write`.
            unsafe { ConnectNamedPipe(pipe, buffer.overlapped.as_ptr()) }
        });
    }

    /// Makes the operation pending without starting one in the system, so that its end is never
    /// reported.
    #[cfg(test)]
    pub(super) fn start_without_end(&mut self) {
        use windows_sys::Win32::Foundation::{STATUS_PENDING, SetLastError};
        self.start(|_, buffer| {
            // SAFETY: the OVERLAPPED is valid, and no operation uses it.
            unsafe {
                (*buffer.overlapped.as_ptr()).Internal = STATUS_PENDING as usize;
                SetLastError(ERROR_IO_PENDING);
            }
            0
        });
    }

    fn start(&mut self, call: impl FnOnce(HANDLE, &mut OperationBuffer) -> i32) {
        if matches!(self.state, OperationState::Pending) {
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
        // SAFETY: the allocation is valid, and no pending operation uses it.
        unsafe { self.buffer.overlapped.write(fresh) };
        self.state = OperationState::Pending;
        if call(self.pipe.as_handle().as_raw_handle(), &mut self.buffer) != 0 {
            // The operation is complete, and the OVERLAPPED has the result.
            return;
        }
        // SAFETY: no arguments.
        match unsafe { GetLastError() } {
            // With ERROR_MORE_DATA a read of a part of a message is complete.
            ERROR_IO_PENDING | ERROR_MORE_DATA => return,
            // A client had connected before the call. In this case the system does not set the
            // event.
            ERROR_PIPE_CONNECTED => self.state = OperationState::Ended(Ok(())),
            code => self.state = OperationState::Ended(Err(error_of(code))),
        }
        if let Completion::Event(event) = &self.completion {
            event.set();
        }
    }

    /// Waits until the operation has completed, and returns the number of bytes that were read or
    /// written. Returns `None` if the time limit ends first, and `Some(Ok(0))` if no operation was
    /// started or its result was returned before.
    pub(super) fn finish(&mut self, limit: WaitLimit) -> Option<io::Result<usize>> {
        match std::mem::replace(&mut self.state, OperationState::Idle) {
            OperationState::Idle => return Some(Ok(0)),
            OperationState::Ended(result) => return Some(result.map(|()| 0)),
            OperationState::Pending => {}
        }
        if !self.wait(limit) {
            self.state = OperationState::Pending;
            return None;
        }
        let mut count = 0;
        let (pipe, overlapped) =
            (self.pipe.as_handle().as_raw_handle(), self.buffer.overlapped.as_ptr());
        // SAFETY: handle and OVERLAPPED are valid and belong to the same operation.
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

    /// Returns the error of an operation that has failed, and leaves it to `finish`.
    pub(super) fn failure(&mut self) -> Option<&io::Error> {
        let error = self.finish(WaitLimit::NoWait)?.err()?;
        self.state = OperationState::Ended(Err(error));
        match &self.state {
            OperationState::Ended(Err(error)) => Some(error),
            _ => None,
        }
    }

    /// Returns the number of bytes of a write of which the system has not taken all, because the write
    /// is pending or has failed.
    pub(super) fn untaken(&mut self) -> usize {
        let is_untaken = self.is_pending() || self.failure().is_some();
        if is_untaken { self.buffer.data.len() } else { 0 }
    }

    /// Waits until the operation has completed. Returns `false` if the time limit ends first.
    fn wait(&self, limit: WaitLimit) -> bool {
        loop {
            if self.buffer.is_complete() {
                return true;
            }
            if limit.is_over() {
                return false;
            }
            match &self.completion {
                Completion::Event(event) => {
                    // It cannot fail with an open event.
                    let _ = wait_any(&[event.as_handle()], limit);
                }
                Completion::Port(port) => port.wait(limit),
                #[cfg(feature = "tokio")]
                Completion::Driver(registration) => {
                    registration.park(limit, || self.buffer.is_complete());
                }
            }
        }
    }
}

impl Drop for BackgroundOperation {
    fn drop(&mut self) {
        let pending = matches!(self.state, OperationState::Pending);
        if pending {
            let pipe = self.pipe.as_handle().as_raw_handle();
            // SAFETY: handle and OVERLAPPED are valid. The call fails only if the operation has
            // completed meanwhile.
            unsafe { CancelIoEx(pipe, self.buffer.overlapped.as_ptr()) };
        }
        match &self.completion {
            // A task must not block: the driver keeps the buffer until the operation has completed.
            #[cfg(feature = "tokio")]
            Completion::Driver(registration) => {
                // SAFETY: nothing uses the field after this.
                registration.end(unsafe { ManuallyDrop::take(&mut self.buffer) }, pending);
            }
            Completion::Event(_) | Completion::Port(_) => {
                // The system may write to the buffer until the operation has completed. Without a
                // report of that the buffer is leaked.
                if !pending || self.wait(WaitLimit::at_most(CANCELLATION_TIME)) {
                    // SAFETY: nothing uses the field after this.
                    unsafe { ManuallyDrop::drop(&mut self.buffer) };
                }
            }
        }
    }
}
