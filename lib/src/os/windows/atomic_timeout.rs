use std::{
    io,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// A timeout that other threads can change while it is used. Its initial value is no timeout.
#[derive(Debug, Default)]
pub(super) struct AtomicTimeout {
    /// Nanoseconds; zero means no timeout. The maximum is 584 years.
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
                let text = "a timeout must not be zero; use non-blocking mode instead";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            }
            Some(timeout) => u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX),
        };
        self.nanos.store(nanos, Ordering::Relaxed);
        Ok(())
    }
}
