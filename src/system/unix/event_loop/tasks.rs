//! The tasks of an event loop.

use super::{inbox::Inbox, with_current};
use std::{
    fmt::{self, Debug, Formatter},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Wake,
};

/// What a task does.
pub(super) type TaskFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A task, for those who wake it.
#[derive(Debug)]
pub(super) struct Task {
    index: usize,
    inbox: Arc<Inbox>,
    /// Whether it was woken and has not been polled since.
    is_woken: AtomicBool,
}

/// The tasks that have not ended.
#[derive(Default)]
pub(super) struct Tasks {
    places: Vec<Option<Place>>,
    /// Indices of free places.
    free: Vec<usize>,
}

struct Place {
    task: Arc<Task>,
    /// `None` while the task is polled.
    future: Option<TaskFuture>,
}

impl Task {
    /// Returns a task that is not one of [`Tasks`].
    pub(super) fn outside(inbox: &Arc<Inbox>) -> Arc<Self> {
        Self::at(usize::MAX, inbox)
    }

    fn at(index: usize, inbox: &Arc<Inbox>) -> Arc<Self> {
        Arc::new(Self { index, inbox: Arc::clone(inbox), is_woken: AtomicBool::new(false) })
    }

    /// Notes that the task is polled now. If it is woken meanwhile, it is polled again.
    pub(super) fn begins(&self) {
        self.is_woken.swap(false, Ordering::AcqRel);
    }

    pub(super) fn wake(self: &Arc<Self>) {
        if self.is_woken.swap(true, Ordering::AcqRel) {
            return;
        }
        let is_here = with_current(|core| {
            let is_here = core.has(&self.inbox);
            if is_here {
                core.turn.borrow_mut().add(Arc::clone(self));
            }
            is_here
        });
        if !is_here.unwrap_or(false) {
            self.inbox.wake(Arc::clone(self));
        }
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        Self::wake(&self);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        Self::wake(self);
    }
}

impl Tasks {
    /// Adds a task, which the caller has to wake.
    pub(super) fn add(&mut self, future: TaskFuture, inbox: &Arc<Inbox>) -> Arc<Task> {
        let index = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        let task = Task::at(index, inbox);
        self.places[index] = Some(Place { task: Arc::clone(&task), future: Some(future) });
        task
    }

    /// Takes the future of a task out, to poll it. Returns `None` if the task has ended.
    pub(super) fn take(&mut self, task: &Arc<Task>) -> Option<TaskFuture> {
        self.place(task)?.future.take()
    }

    /// Puts the future back that was taken out.
    pub(super) fn put_back(&mut self, task: &Arc<Task>, future: TaskFuture) {
        if let Some(place) = self.place(task) {
            place.future = Some(future);
        }
    }

    /// Removes a task whose future was taken out.
    pub(super) fn remove(&mut self, task: &Arc<Task>) {
        if self.place(task).is_some() {
            self.places[task.index] = None;
            self.free.push(task.index);
        }
    }

    /// Returns the futures of all tasks.
    pub(super) fn into_futures(self) -> impl Iterator<Item = TaskFuture> {
        self.places.into_iter().flatten().filter_map(|place| place.future)
    }

    /// Returns the place of a task; `None` if it has ended, even if another one has the place now.
    fn place(&mut self, task: &Arc<Task>) -> Option<&mut Place> {
        let place = self.places.get_mut(task.index)?.as_mut()?;
        Arc::ptr_eq(&place.task, task).then_some(place)
    }
}

impl Debug for Tasks {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks").finish_non_exhaustive()
    }
}
