//! What tells tasks that their operations have ended.

use super::{
    completion_port::CompletionPort, operation_buffer::OperationBuffer, pipe::Pipe,
    wait_limit::WaitLimit, waker_set::WakerSet,
};
use std::{
    collections::HashMap,
    fmt, io,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

/// A completion port and a thread that waits for it, for all of the process: they do
/// not depend on any runtime, and so nothing has to be right about the order in which
/// runtimes and streams end.
///
/// What comes from the port is a hint to look at an operation and no more. It is known
/// by its address and never followed as a pointer, so that one that comes late, or
/// twice, or for an operation that is no more, does no harm.
pub(super) struct CompletionDriver {
    port: CompletionPort,
    operations: Mutex<HashMap<usize, Operation>>,
}

enum Operation {
    /// Somebody has it and wants to know.
    Alive(Arc<WakerSet>),
    /// Nobody has it any more, but the system still writes to it.
    Orphaned(OperationBuffer),
}

impl CompletionDriver {
    /// The one of this process, which is started now if it has not been.
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

    /// How many operations nobody has any more.
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
                // Which never happens, and must not make this thread spin if it does.
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
            Some(Operation::Orphaned(memory)) if memory.is_complete() => {
                operations.remove(&address);
            }
            Some(Operation::Orphaned(_)) | None => {}
        }
    }

    fn operations(&self) -> MutexGuard<'_, HashMap<usize, Operation>> {
        self.operations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// It is of no stream's business what others there are.
impl fmt::Debug for CompletionDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompletionDriver").finish_non_exhaustive()
    }
}

/// How the operations of a stream's direction, or of a listener, wake tasks.
#[derive(Clone, Debug)]
pub(super) struct Notifier {
    driver: &'static CompletionDriver,
    pub(super) wakers: Arc<WakerSet>,
}

impl Notifier {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { driver: CompletionDriver::get()?, wakers: Arc::default() })
    }

    /// The same with other tasks.
    pub(super) fn for_other_tasks(&self) -> Self {
        Self { driver: self.driver, wakers: Arc::default() }
    }

    /// Lets the driver know of a pipe's operations. No other port may.
    pub(super) fn attach(&self, pipe: &Pipe) -> io::Result<()> {
        self.driver.port.add(pipe)
    }

    pub(super) fn register(&self, memory: &OperationBuffer) -> Registration {
        let operation = Operation::Alive(Arc::clone(&self.wakers));
        self.driver.operations().insert(address(memory), operation);
        Registration(self.clone())
    }
}

/// An operation that the driver knows.
#[derive(Debug)]
pub(super) struct Registration(Notifier);

impl Registration {
    pub(super) fn wakers(&self) -> &WakerSet {
        &self.0.wakers
    }

    /// Takes an operation's memory, to be freed when the system is done with it.
    pub(super) fn end(&self, memory: OperationBuffer, pending: bool) {
        let mut operations = self.0.driver.operations();
        operations.remove(&address(&memory));
        // The driver gets the lock after the operation has completed: either it is seen
        // here that it has, or the driver finds what is put here.
        if pending && !memory.is_complete() {
            operations.insert(address(&memory), Operation::Orphaned(memory));
        }
    }
}

fn address(memory: &OperationBuffer) -> usize {
    memory.overlapped.as_ptr().addr()
}
