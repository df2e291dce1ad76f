//! The phase of a run, which workers check before each message.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

/// The phases of a run, in order.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RunPhase {
    WarmUp,
    Measured,
    Over,
}

/// The current phase, shared by all workers.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedPhase(Arc<AtomicU8>);

impl SharedPhase {
    // Relaxed: no other data is passed between threads.
    pub(super) fn get(&self) -> RunPhase {
        match self.0.load(Ordering::Relaxed) {
            0 => RunPhase::WarmUp,
            1 => RunPhase::Measured,
            _ => RunPhase::Over,
        }
    }

    pub(super) fn set(&self, phase: RunPhase) {
        self.0.store(phase as u8, Ordering::Relaxed);
    }
}
