//! Event loops for the connections of a relay (`epoll(7)`).
//!
//! A task stays in one event loop, and so do its sockets: they are watched without locks, memory of
//! their own, or a system call when they are closed. Whatever else tasks wait for, such as timers and
//! child processes, is driven by tokio in a thread of its own, which wakes them.

mod closing;
mod inbox;
mod sockets;
mod tasks;
mod tokio_thread;
mod turn;
mod watched_socket;

pub(crate) use self::{inbox::LoopHandle, watched_socket::WatchedSocket};

use self::{
    closing::Closing,
    inbox::{INBOX, Inbox},
    sockets::Sockets,
    tasks::{Task, Tasks},
    tokio_thread::TokioThread,
    turn::Turn,
};
use crate::diag::caught;
use rustix::{
    buffer::spare_capacity,
    event::{
        Timespec,
        epoll::{self, CreateFlags},
    },
    io::Errno,
};
use std::{
    cell::{Cell, RefCell},
    io,
    os::fd::OwnedFd,
    pin::pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
};

/// An event loop, which one thread runs.
#[derive(Debug)]
pub(crate) struct EventLoop {
    epoll: Arc<OwnedFd>,
    inbox: Arc<Inbox>,
    tokio: Arc<TokioThread>,
}

/// The state of a running event loop. Only its thread has it.
#[derive(Debug)]
struct Core {
    epoll: Arc<OwnedFd>,
    inbox: Arc<Inbox>,
    sockets: RefCell<Sockets>,
    closing: RefCell<Closing>,
    tasks: RefCell<Tasks>,
    turn: RefCell<Turn>,
    /// How often the task that is polled may still find its sockets ready.
    budget: Cell<u32>,
}

thread_local! {
    /// The event loop that this thread runs.
    static CURRENT: RefCell<Option<Rc<Core>>> = const { RefCell::new(None) };
}

/// The most events that are taken from the system at a time.
const EVENTS: usize = 1024;

/// How often a task finds its sockets ready before others get a turn, even if it has no limit itself:
/// clients can come, and bytes arrive, as fast as they are taken. What tokio waits for is not counted.
const BUDGET: u32 = 128;

impl EventLoop {
    /// Makes event loops that share one thread for tokio.
    ///
    /// # Errors
    /// Of `epoll_create(2)`, `eventfd(2)`, or the start of the thread.
    pub(crate) fn make(count: usize) -> io::Result<Vec<Self>> {
        let tokio = Arc::new(TokioThread::start()?);
        (0..count).map(|_| Self::new(Arc::clone(&tokio))).collect()
    }

    fn new(tokio: Arc<TokioThread>) -> io::Result<Self> {
        let epoll = Arc::new(epoll::create(CreateFlags::CLOEXEC)?);
        let inbox = Arc::new(Inbox::new(&epoll)?);
        Ok(Self { epoll, inbox, tokio })
    }

    /// Returns a handle for other threads.
    pub(crate) fn handle(&self) -> LoopHandle {
        LoopHandle::new(&self.inbox)
    }

    /// Runs the event loop on this thread, once, until the future is ready. Tasks that have not ended
    /// by then are dropped.
    pub(crate) fn run<T>(&self, main: impl Future<Output = T>) -> T {
        let _entered = self.tokio.enter();
        let running = Running::start(Core {
            epoll: Arc::clone(&self.epoll),
            inbox: Arc::clone(&self.inbox),
            sockets: RefCell::default(),
            closing: RefCell::default(),
            tasks: RefCell::default(),
            turn: RefCell::default(),
            budget: Cell::default(),
        });
        running.0.run(main)
    }
}

/// Has this thread run the event loop until this is dropped.
struct Running(Rc<Core>);

impl Running {
    fn start(core: Core) -> Self {
        // Sockets of another run would be taken for those of this one.
        assert!(!core.inbox.is_closed(), "an event loop runs once");
        assert!(CURRENT.with_borrow(Option::is_none), "a thread runs one event loop at a time");
        let core = Rc::new(core);
        CURRENT.set(Some(Rc::clone(&core)));
        Self(core)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Self(core) = self;
        core.inbox.close();
        core.empty_inbox();
        // While their sockets still have their event loop. One that panics does not keep the others.
        for future in core.tasks.take().into_futures() {
            let _ = caught(|| drop(future));
        }
        CURRENT.set(None);
    }
}

impl Core {
    fn run<T>(&self, main: impl Future<Output = T>) -> T {
        let mut main = pin!(main);
        let main_task = Task::outside(&self.inbox);
        main_task.wake();
        let main_waker = Waker::from(Arc::clone(&main_task));
        let mut events = Vec::with_capacity(EVENTS);
        loop {
            while let Some(task) = self.next_of_turn() {
                task.begins();
                self.budget.set(BUDGET);
                if !Arc::ptr_eq(&task, &main_task) {
                    self.poll(&task);
                } else if let Poll::Ready(result) =
                    main.as_mut().poll(&mut Context::from_waker(&main_waker))
                {
                    return result;
                }
            }
            let now = Timespec::default();
            let has_tasks = self.turn.borrow_mut().end();
            let has_sockets = self.closing.borrow_mut().close_due();
            let timeout = (has_tasks || has_sockets).then_some(&now);
            match epoll::wait(&*self.epoll, spare_capacity(&mut events), timeout) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => unreachable!("the arguments of epoll_wait are right: {error}"),
            }
            for event in events.drain(..) {
                let (data, flags) = (event.data, event.flags);
                if data == INBOX {
                    self.empty_inbox();
                    continue;
                }
                let waker = self.sockets.borrow_mut().report(data, flags);
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
        }
    }

    /// Returns whether the task that is polled may go on, and counts that.
    fn spend(&self) -> bool {
        let left = self.budget.get();
        self.budget.set(left.saturating_sub(1));
        left > 0
    }

    fn next_of_turn(&self) -> Option<Arc<Task>> {
        self.turn.borrow_mut().next()
    }

    /// Polls a task. One that panics ends alone.
    fn poll(&self, task: &Arc<Task>) {
        let Some(mut future) = self.tasks.borrow_mut().take(task) else { return };
        let waker = Waker::from(Arc::clone(task));
        let mut cx = Context::from_waker(&waker);
        match caught(|| future.as_mut().poll(&mut cx)) {
            Ok(Poll::Pending) => self.tasks.borrow_mut().put_back(task, future),
            Ok(Poll::Ready(())) | Err(_) => {
                self.tasks.borrow_mut().remove(task);
                let _ = caught(|| drop(future));
            }
        }
    }
}

/// Closes the sockets of ended connections that the event loop of this thread keeps for a while, if it
/// runs one: before something that takes many descriptors.
pub(super) fn close_ended() {
    let _ = with_current(|core| core.closing.borrow_mut().close_all());
}

/// Calls the function with the event loop of this thread.
///
/// # Errors
/// `Other` if this thread runs none.
fn with_current<T>(function: impl FnOnce(&Core) -> T) -> io::Result<T> {
    CURRENT
        .try_with(|current| current.borrow().as_deref().map(function))
        .ok()
        .flatten()
        .ok_or_else(|| io::Error::other("this thread runs no event loop"))
}

#[cfg(test)]
mod tests;
