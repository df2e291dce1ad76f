use super::{
    connection::Connection,
    pipe::{Pipe, code},
    wait_limit::WaitLimit,
    write::disconnected,
};
use std::{
    io,
    os::windows::io::AsRawHandle,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::Ordering,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::Duration,
};
use windows_sys::Win32::{Foundation::ERROR_OPERATION_ABORTED, System::IO::CancelSynchronousIo};

impl Connection {
    /// Waits until the peer has read everything.
    pub(super) fn drain(&self, deadline: Duration) -> io::Result<()> {
        let limit = WaitLimit::at_most(deadline);
        self.finish_in_flight(limit)?;
        let Some(written) = self.undrained() else { return Ok(()) };
        let mut flush = Flush::start(&self.pipe)?;
        flush.wait(limit).unwrap_or_else(|| flush.cancel())?;
        self.set_drained(written);
        Ok(())
    }

    /// Waits as [`drain`](Self::drain) does, without blocking the task, and without keeping the lock
    /// of the sending direction.
    #[cfg(feature = "tokio")]
    pub(super) async fn drain_async(&self, deadline: Duration) -> io::Result<()> {
        let limit = WaitLimit::at_most(deadline);
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
        let Some(written) = self.undrained() else { return Ok(()) };
        let mut flush = Flush::start(&self.pipe)?;
        loop {
            let slice = limit.or_after(MAX_WAIT);
            let result;
            (flush, result) = blocking(move || {
                let result = match flush.wait(slice) {
                    None if limit.is_over() => Some(flush.cancel()),
                    result => result,
                };
                (flush, result)
            })
            .await?;
            if let Some(result) = result {
                return result.map(|()| self.set_drained(written));
            }
        }
    }

    /// Returns the number of writes if the peer is not known to have read them all.
    fn undrained(&self) -> Option<u64> {
        let written = self.written.load(Ordering::Relaxed);
        (self.drained.load(Ordering::Relaxed) != written).then_some(written)
    }

    fn set_drained(&self, written: u64) {
        self.drained.fetch_max(written, Ordering::Relaxed);
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

/// A call of `FlushFileBuffers` in a thread of its own, because the function has no overlapped
/// variant. Dropping this cancels the call.
#[derive(Debug)]
struct Flush {
    helper: JoinHandle<()>,
    /// In a mutex only to be `Sync`, which futures have to be.
    result: Mutex<Receiver<io::Result<()>>>,
    has_ended: bool,
}

impl Flush {
    fn start(pipe: &Arc<Pipe>) -> io::Result<Self> {
        let (sender, result) = mpsc::sync_channel(1);
        let thread_pipe = Arc::clone(pipe);
        let helper = thread::Builder::new()
            .name("local_socket drain".to_owned())
            .stack_size(64 * 1024)
            .spawn(move || {
                let result = flush(&thread_pipe);
                drop(thread_pipe);
                // It fails if the caller has given up after the cancellation.
                let _ = sender.send(result);
            })?;
        Ok(Self { helper, result: Mutex::new(result), has_ended: false })
    }

    /// Waits for the result. Returns `None` if the time limit ends first.
    fn wait(&mut self, limit: WaitLimit) -> Option<io::Result<()>> {
        let receiver = self.result.get_mut().unwrap_or_else(PoisonError::into_inner);
        let result = match limit.remaining() {
            None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(rest) => receiver.recv_timeout(rest),
        };
        if let Err(RecvTimeoutError::Timeout) = result {
            return None;
        }
        self.has_ended = true;
        Some(match result {
            Ok(Err(error)) if code(&error) == Some(ERROR_OPERATION_ABORTED) => {
                Err(io::ErrorKind::TimedOut.into())
            }
            Ok(result) => result.map_err(disconnected),
            Err(_) => Err(io::Error::other("the thread that waits for the peer has ended")),
        })
    }

    /// Cancels the call. It fails with `TimedOut` if the call has not ended before.
    fn cancel(&mut self) -> io::Result<()> {
        // The cancellation has no effect before the helper is in the system call, so it is repeated.
        for _ in 0..20 {
            // SAFETY: the thread's handle is open while the `JoinHandle` exists.
            unsafe { CancelSynchronousIo(self.helper.as_raw_handle()) };
            if let Some(result) = self.wait(WaitLimit::at_most(Duration::from_millis(5))) {
                return result;
            }
        }
        Err(io::ErrorKind::TimedOut.into())
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        if !self.has_ended {
            let _ = self.cancel();
        }
    }
}

/// Waits without a limit until the peer has read everything.
///
/// The system discards data when its reader closes, and a call after that succeeds.
fn flush(pipe: &Pipe) -> io::Result<()> {
    if pipe.is_hung_up()? {
        let text = "the peer has closed, and it is not known whether it had read everything";
        return Err(io::Error::new(io::ErrorKind::BrokenPipe, text));
    }
    pipe.flush()
}
