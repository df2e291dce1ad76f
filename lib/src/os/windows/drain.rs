use super::{connection::Connection, wait_limit::WaitLimit};
use std::{io, time::Duration};
#[cfg(feature = "tokio")]
use std::{sync::Arc, thread};

impl Connection {
    /// Waits until the peer has read everything. If the time limit ends first, the thread that waits
    /// goes on, so that later calls and `take_error` return what it finds.
    pub(super) fn drain(&self, deadline: Duration) -> io::Result<()> {
        let limit = WaitLimit::at_most(deadline);
        self.delivery.watch(&self.pipe)?;
        self.finish_in_flight(limit)?;
        self.delivery.wait(&self.pipe, limit)
    }

    /// Waits as [`drain`](Self::drain) does, without blocking the task, and without keeping the lock
    /// of the sending direction.
    #[cfg(feature = "tokio")]
    pub(super) async fn drain_async(&self, deadline: Duration) -> io::Result<()> {
        let limit = WaitLimit::at_most(deadline);
        self.delivery.watch(&self.pipe)?;
        let mut pause = Duration::from_millis(1);
        while let Err(error) = self.finish_in_flight(WaitLimit::NoWait) {
            match error.kind() {
                io::ErrorKind::WouldBlock if limit.is_over() => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                io::ErrorKind::WouldBlock => {}
                _ => return Err(error),
            }
            let rest = limit.remaining().map_or(pause, |rest| rest.min(pause));
            blocking(move || thread::sleep(rest)).await?;
            pause = (pause * 2).min(MAX_WAIT);
        }
        let mut slice = WaitLimit::NoWait;
        loop {
            let (delivery, pipe) = (Arc::clone(&self.delivery), Arc::clone(&self.pipe));
            let result = match slice {
                WaitLimit::NoWait => delivery.wait(&pipe, slice),
                _ => blocking(move || delivery.wait(&pipe, slice)).await?,
            };
            match result {
                Err(error) if error.kind() == io::ErrorKind::TimedOut && !limit.is_over() => {
                    slice = limit.or_after(MAX_WAIT);
                }
                result => return result,
            }
        }
    }
}

/// Maximum time of one wait in tokio's threads for blocking calls. After the future was dropped a
/// wait can go on for this time.
#[cfg(feature = "tokio")]
const MAX_WAIT: Duration = Duration::from_millis(50);

/// Calls a function that blocks in one of tokio's threads for that.
#[cfg(feature = "tokio")]
async fn blocking<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    let runtime = ::tokio::runtime::Handle::try_current().map_err(io::Error::other)?;
    Ok(runtime.spawn_blocking(call).await?)
}
