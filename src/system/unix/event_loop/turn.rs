//! The order in which woken tasks are polled.

use super::tasks::Task;
use std::{collections::VecDeque, sync::Arc};

/// The tasks that are polled until the event loop asks for events again.
#[derive(Debug, Default)]
pub(super) struct Turn {
    woken: VecDeque<Arc<Task>>,
    /// Tasks that have woken themselves. They are polled again only after the event loop has asked for
    /// events.
    yielded: Vec<Arc<Task>>,
    /// The task that is being polled, for comparison.
    current: Option<*const Task>,
    /// Number of tasks that were polled in this turn.
    count: usize,
}

/// The most tasks that are polled in a turn. It is low because a task moves up to some hundred KiB.
const TASKS: usize = 16;

impl Turn {
    /// Adds a task that was woken.
    pub(super) fn add(&mut self, task: Arc<Task>) {
        if self.current == Some(Arc::as_ptr(&task)) {
            self.yielded.push(task);
        } else {
            self.woken.push_back(task);
        }
    }

    /// Returns the next task to poll; `None` if the turn is over.
    pub(super) fn next(&mut self) -> Option<Arc<Task>> {
        self.current = None;
        if self.count == TASKS {
            return None;
        }
        let task = self.woken.pop_front()?;
        self.count += 1;
        self.current = Some(Arc::as_ptr(&task));
        Some(task)
    }

    /// Ends the turn. Returns whether there are tasks for the next one already.
    pub(super) fn end(&mut self) -> bool {
        self.count = 0;
        if !self.yielded.is_empty() {
            self.woken.extend(self.yielded.drain(..));
        }
        !self.woken.is_empty()
    }
}
