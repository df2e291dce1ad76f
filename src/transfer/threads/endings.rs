use super::direction::ThreadEnd;
use crate::transfer::DirectionEnd;
use std::{io::ErrorKind, time::Duration};

/// The ends of the two directions, as far as they have ended.
#[derive(Debug, Default)]
pub(super) struct Endings {
    pub(super) sent: Option<ThreadEnd>,
    pub(super) received: Option<ThreadEnd>,
    pub(super) sends: bool,
    pub(super) receives: bool,
    /// Time that the remaining direction had waited when the other one ended.
    pub(super) waited_before: Duration,
}

impl Endings {
    /// Returns whether both directions have ended.
    pub(super) fn both_ended(&self) -> bool {
        !self.sends && !self.receives
    }

    /// Returns whether one direction has ended.
    pub(super) fn one_remains(&self) -> bool {
        self.sends != self.receives
    }

    /// Returns whether the output can no longer be written.
    pub(super) fn output_has_ended(&self) -> bool {
        matches!(
            &self.received,
            Some(ThreadEnd {
                reason: DirectionEnd::OutputFailed(_) | DirectionEnd::ReceiverGone,
                ..
            })
        )
    }

    /// Returns whether the peer has closed without reading everything (`unix(7)`).
    pub(super) fn was_reset(&self) -> bool {
        matches!(
            &self.received,
            Some(ThreadEnd { reason: DirectionEnd::InputFailed(error), .. })
                if error.kind() == ErrorKind::ConnectionReset
        )
    }
}
