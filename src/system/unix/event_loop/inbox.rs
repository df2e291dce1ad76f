//! Wakes and tasks that other threads send to an event loop.

use super::{
    Core,
    tasks::{Task, TaskFuture},
    with_current,
};
use rustix::event::{
    EventfdFlags,
    epoll::{self, EventData, EventFlags},
    eventfd,
};
use std::{
    fmt::{self, Debug, Formatter},
    io, mem,
    os::fd::OwnedFd,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The data of the events of an inbox.
pub(super) const INBOX: EventData = EventData::new_u64(u64::MAX);

/// The wakes and tasks that other threads have sent and the event loop has not taken.
pub(super) struct Inbox {
    content: Mutex<Content>,
    /// Written for the first item that is put in. It is not read: each write is an event (EPOLLET of
    /// `epoll(7)`).
    bell: OwnedFd,
}

#[derive(Default)]
struct Content {
    items: Vec<Item>,
    /// Whether the event loop has ended: what is put in is dropped.
    is_closed: bool,
}

enum Item {
    Woken(Arc<Task>),
    Spawned(TaskFuture),
}

/// A handle to an event loop, for all threads.
#[derive(Clone, Debug)]
pub(crate) struct LoopHandle(Arc<Inbox>);

impl LoopHandle {
    pub(super) fn new(inbox: &Arc<Inbox>) -> Self {
        Self(Arc::clone(inbox))
    }

    /// Returns a handle to the event loop of the caller.
    ///
    /// # Errors
    /// `Other` if this thread runs none.
    pub(crate) fn current() -> io::Result<Self> {
        with_current(|core| Self::new(&core.inbox))
    }

    /// Spawns a task on the event loop. It is dropped if the event loop has ended.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut task: Option<TaskFuture> = Some(Box::pin(task));
        let _ = with_current(|core| {
            if core.has(&self.0)
                && let Some(task) = task.take()
            {
                core.spawn(task);
            }
        });
        if let Some(task) = task {
            self.0.put(Item::Spawned(task));
        }
    }
}

impl Inbox {
    pub(super) fn new(epoll: &OwnedFd) -> io::Result<Self> {
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        epoll::add(epoll, &bell, INBOX, EventFlags::IN | EventFlags::ET)?;
        Ok(Self { content: Mutex::default(), bell })
    }

    /// Has the event loop poll a task.
    pub(super) fn wake(&self, task: Arc<Task>) {
        self.put(Item::Woken(task));
    }

    fn put(&self, item: Item) {
        let mut content = self.content();
        if content.is_closed {
            // Unlocked, because dropping a task can wake others.
            drop(content);
            return drop(item);
        }
        let was_empty = content.items.is_empty();
        content.items.push(item);
        drop(content);
        if was_empty {
            // It fails after 2^64 - 2 writes (`eventfd(2)`).
            let _ = rustix::io::write(&self.bell, &1_u64.to_ne_bytes());
        }
    }

    /// Has everything dropped that is put in from now on.
    pub(super) fn close(&self) {
        self.content().is_closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.content().is_closed
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// Returns whether the inbox is that of this event loop.
    pub(super) fn has(&self, inbox: &Arc<Inbox>) -> bool {
        Arc::ptr_eq(&self.inbox, inbox)
    }

    pub(super) fn empty_inbox(&self) {
        let items = mem::take(&mut self.inbox.content().items);
        for item in items {
            match item {
                Item::Woken(task) => self.turn.borrow_mut().add(task),
                Item::Spawned(task) => self.spawn(task),
            }
        }
    }

    fn spawn(&self, task: TaskFuture) {
        let task = self.tasks.borrow_mut().add(task, &self.inbox);
        task.wake();
    }
}

impl Debug for Inbox {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("bell", &self.bell).finish_non_exhaustive()
    }
}
