use std::{
    io,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// A timeout that can be changed while others use it; none at first.
#[derive(Debug, Default)]
pub(super) struct AtomicTimeout {
    /// Nanoseconds, zero for none. The longest that fits is 584 years.
    nanos: AtomicU64,
}

impl AtomicTimeout {
    pub(super) fn get(&self) -> Option<Duration> {
        match self.nanos.load(Ordering::Relaxed) {
            0 => None,
            nanos => Some(Duration::from_nanos(nanos)),
        }
    }

    pub(super) fn set(&self, timeout: Option<Duration>) -> io::Result<()> {
        let nanos = match timeout {
            None => 0,
            Some(Duration::ZERO) => {
                let text = "a timeout of zero; non-blocking mode is what does not wait";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            }
            Some(timeout) => u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX),
        };
        self.nanos.store(nanos, Ordering::Relaxed);
        Ok(())
    }
}
