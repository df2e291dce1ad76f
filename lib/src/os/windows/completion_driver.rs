//! Wakes tasks when their overlapped operations have completed.

use super::{
    completion_port::CompletionPort, operation_buffer::OperationBuffer, pipe::Pipe,
    wait_limit::WaitLimit,
};
use crate::os::waker_set::WakerSet;
use std::{
    collections::HashMap,
    fmt, io,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

/// A completion port and a thread that waits for it. There is one for the whole process. It does
/// not depend on a runtime, so runtimes and streams can be dropped in any order.
///
/// An entry from the port only means that an operation may have completed. The address in it is
/// used as a key and never dereferenced, so entries that are late, repeated, or of an operation
/// that does not exist any more are harmless.
pub(super) struct CompletionDriver {
    port: CompletionPort,
    operations: Mutex<HashMap<usize, Operation>>,
}

enum Operation {
    /// Tasks may wait for the operation.
    Alive(Arc<WakerSet>),
    /// The owner has been dropped, but the system may still write to the buffer.
    Orphaned(OperationBuffer),
}

impl CompletionDriver {
    /// Returns the driver of this process. The first call starts it.
    fn get() -> io::Result<&'static Self> {
        static STARTED: Mutex<Option<&'static CompletionDriver>> = Mutex::new(None);
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(driver) = *started {
            return Ok(driver);
        }
        let driver = Arc::new(Self { port: CompletionPort::new()?, operations: Mutex::default() });
        let thread_driver = Arc::clone(&driver);
        thread::Builder::new()
            .name("local_socket driver".to_owned())
            .stack_size(256 * 1024)
            .spawn(move || thread_driver.run())?;
        // The thread never ends.
        let driver: &'static Arc<Self> = Box::leak(Box::new(driver));
        *started = Some(driver);
        Ok(driver)
    }

    /// Returns the number of operations whose owner has been dropped.
    #[cfg(test)]
    pub(super) fn orphans() -> usize {
        Self::get().map_or(0, |driver| {
            let operations = driver.operations();
            operations.values().filter(|op| matches!(op, Operation::Orphaned(_))).count()
        })
    }

    fn run(&self) {
        loop {
            let mut count = 0;
            self.port.take(WaitLimit::Unlimited, |address| {
                count += 1;
                self.handle_completion(address);
            });
            if count == 0 {
                // This is not expected. If it happens, the thread must not use a whole CPU.
                thread::sleep(Duration::from_millis(1));
            }
        }
    }

    fn handle_completion(&self, address: usize) {
        let mut operations = self.operations();
        match operations.get(&address) {
            Some(Operation::Alive(wakers)) => {
                let wakers = Arc::clone(wakers);
                drop(operations);
                // A waker that panics must not end this thread.
                let _ = panic::catch_unwind(AssertUnwindSafe(|| wakers.wake_all()));
            }
            Some(Operation::Orphaned(buffer)) if buffer.is_complete() => {
                operations.remove(&address);
            }
            Some(Operation::Orphaned(_)) | None => {}
        }
    }

    fn operations(&self) -> MutexGuard<'_, HashMap<usize, Operation>> {
        self.operations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Omits the operations, which belong to other streams.
impl fmt::Debug for CompletionDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompletionDriver").finish_non_exhaustive()
    }
}

/// Wakes the tasks that wait for one direction of a stream, or for a listener.
#[derive(Clone, Debug)]
pub(super) struct Notifier {
    driver: &'static CompletionDriver,
    pub(super) wakers: Arc<WakerSet>,
}

impl Notifier {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { driver: CompletionDriver::get()?, wakers: Arc::default() })
    }

    /// Returns a notifier with the same driver and without tasks.
    pub(super) fn for_other_tasks(&self) -> Self {
        Self { driver: self.driver, wakers: Arc::default() }
    }

    /// Associates a pipe with the driver's completion port. It fails if the pipe belongs to another
    /// port.
    pub(super) fn attach(&self, pipe: &Pipe) -> io::Result<()> {
        self.driver.port.add(pipe)
    }

    pub(super) fn register(&self, buffer: &OperationBuffer) -> Registration {
        let operation = Operation::Alive(Arc::clone(&self.wakers));
        self.driver.operations().insert(address(buffer), operation);
        Registration(self.clone())
    }
}

/// An operation that is registered with the driver.
#[derive(Debug)]
pub(super) struct Registration(Notifier);

impl Registration {
    pub(super) fn wakers(&self) -> &WakerSet {
        &self.0.wakers
    }

    /// Blocks this thread until the wakers are called, or the time limit ends. It returns at once
    /// if `done` returns `true` after the registration.
    pub(super) fn park(&self, limit: WaitLimit, done: impl FnOnce() -> bool) {
        drop(self.wakers().add(&Waker::from(Arc::new(Unpark(thread::current())))));
        if done() {
            return;
        }
        match limit.remaining() {
            None => thread::park(),
            Some(rest) => thread::park_timeout(rest),
        }
    }

    /// Takes over the buffer of an operation and frees it when the system has completed the
    /// operation.
    pub(super) fn end(&self, buffer: OperationBuffer, pending: bool) {
        let mut operations = self.0.driver.operations();
        operations.remove(&address(&buffer));
        // The driver takes the lock after the operation has completed. So either the operation is
        // complete here, or the driver finds the entry that is inserted here.
        if pending && !buffer.is_complete() {
            operations.insert(address(&buffer), Operation::Orphaned(buffer));
        }
    }
}

fn address(buffer: &OperationBuffer) -> usize {
    buffer.overlapped.as_ptr().addr()
}

/// Wakes a thread that is parked.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
