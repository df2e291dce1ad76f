//! What each direction of a played connection reports to the other one.

use crate::inspect::recording::read::RecordedAction;
use std::time::Instant;

/// What the other end has sent, as far as it is the same as in the recording.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ArrivalProgress {
    pub(super) bytes: u64,
    pub(super) has_ended: bool,
}

/// What was sent.
#[derive(Copy, Clone, Debug)]
pub(super) struct SendProgress {
    bytes: u64,
    /// Number of events of the recording that were sent.
    events: u64,
    /// When something was sent the last time.
    time: Instant,
    /// Whether nothing more is sent.
    has_ended: bool,
}

impl ArrivalProgress {
    /// Adds a recorded event of the other end.
    pub(super) fn add(&mut self, action: &RecordedAction) {
        match action {
            RecordedAction::Chunk { length, .. } => self.bytes += length,
            RecordedAction::Ended(_) | RecordedAction::Reset(_) => self.has_ended = true,
            RecordedAction::Opened => {}
        }
    }

    /// Returns whether everything that is expected has arrived.
    pub(super) fn has(self, expected: Self) -> bool {
        self.bytes >= expected.bytes && (self.has_ended || !expected.has_ended)
    }
}

impl SendProgress {
    pub(super) fn new(time: Instant) -> Self {
        Self { bytes: 0, events: 0, time, has_ended: false }
    }

    /// Adds bytes that were sent.
    pub(super) fn add(&mut self, bytes: u64, time: Instant) {
        self.bytes += bytes;
        self.time = time;
    }

    /// Ends an event of the recording. `is_last` is whether nothing more can be sent.
    pub(super) fn end_event(&mut self, is_last: bool) {
        self.events += 1;
        self.has_ended |= is_last;
    }

    /// Notes that nothing more is sent.
    pub(super) fn end(&mut self) {
        self.has_ended = true;
    }

    /// Returns whether so many events of the recording were sent, or nothing more is sent.
    pub(super) fn has_sent(&self, events: u64) -> bool {
        self.events >= events || self.has_ended
    }

    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn time(&self) -> Instant {
        self.time
    }
}
