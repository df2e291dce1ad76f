use super::DirectionEnd;
use std::{
    fmt::Debug,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

/// Sees the bytes of connections and the ends of their directions: the way to trace or record what
/// moves. Both drivers call it, from the thread that moves the bytes. An observed connection is
/// copied instead of spliced, since spliced bytes do not pass through this process.
pub(crate) trait Observer: Debug + Send + Sync {
    /// Sees bytes that were read and are going to be delivered.
    fn chunk(&self, connection: u64, direction: Direction, bytes: &[u8]);
    /// Sees the end of a direction.
    fn ended(&self, connection: u64, direction: Direction, end: &DirectionEnd);
}

/// A direction of a connection.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the first end to the second one: from stdin to the peer, or from the client of a relay
    /// to its target.
    Forth,
    /// From the second end to the first one.
    Back,
}

/// One direction of a connection, for the observer if there is one.
#[derive(Debug)]
pub(crate) struct ObservedDirection {
    observer: Option<Arc<dyn Observer>>,
    connection: u64,
    direction: Direction,
    has_ended: AtomicBool,
}

impl ObservedDirection {
    pub(crate) fn new(
        observer: Option<&Arc<dyn Observer>>,
        connection: u64,
        direction: Direction,
    ) -> Self {
        let has_ended = AtomicBool::new(false);
        Self { observer: observer.cloned(), connection, direction, has_ended }
    }

    /// Returns a direction that nobody observes.
    pub(crate) fn none() -> Self {
        Self::new(None, 0, Direction::Forth)
    }

    pub(super) fn is_observed(&self) -> bool {
        self.observer.is_some()
    }

    pub(super) fn chunk(&self, bytes: &[u8]) {
        if let Some(observer) = &self.observer {
            observer.chunk(self.connection, self.direction, bytes);
        }
    }

    /// Reports the end, once: a thread that was left behind may end later.
    pub(super) fn ended(&self, end: &DirectionEnd) {
        if let Some(observer) = &self.observer
            && !self.has_ended.swap(true, Relaxed)
        {
            observer.ended(self.connection, self.direction, end);
        }
    }
}
