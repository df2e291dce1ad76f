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
        Arc,
        atomic::Ordering,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::Duration,
};
use windows_sys::Win32::{Foundation::ERROR_OPERATION_ABORTED, System::IO::CancelSynchronousIo};

impl Connection {
    /// Waits until the peer has read everything.
    ///
    /// A peer that closed its end before, without reading everything, cannot be told
    /// from one that has read it all.
    pub(super) fn drain(&self, deadline: Duration) -> io::Result<()> {
        let limit = WaitLimit::at_most(deadline);
        self.finish_in_flight(limit)?;
        let written = self.written.load(Ordering::Relaxed);
        if self.drained.load(Ordering::Relaxed) == written {
            return Ok(());
        }
        flush_within(&self.pipe, limit)?;
        self.drained.fetch_max(written, Ordering::Relaxed);
        Ok(())
    }
}

/// Flushes in a thread of its own, since there is no overlapped way to do that.
fn flush_within(pipe: &Arc<Pipe>, limit: WaitLimit) -> io::Result<()> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let thread_pipe = Arc::clone(pipe);
    let helper = thread::Builder::new()
        .name("local_socket drain".to_owned())
        .stack_size(64 * 1024)
        .spawn(move || {
            let result = thread_pipe.flush();
            drop(thread_pipe);
            // Nobody is listening any more if the cancellation took too long.
            let _ = sender.send(result);
        })?;
    let result = match limit.remaining() {
        None => receiver.recv().ok(),
        Some(rest) => match receiver.recv_timeout(rest) {
            Ok(result) => Some(result),
            Err(RecvTimeoutError::Timeout) => cancel(&helper, &receiver),
            Err(RecvTimeoutError::Disconnected) => None,
        },
    };
    match result {
        Some(Err(error)) if code(&error) != Some(ERROR_OPERATION_ABORTED) => {
            Err(disconnected(error))
        }
        Some(Ok(())) => Ok(()),
        Some(Err(_)) | None => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// Ends a flush. It has to be tried again if the helper was not in the call yet.
fn cancel(
    helper: &thread::JoinHandle<()>,
    receiver: &Receiver<io::Result<()>>,
) -> Option<io::Result<()>> {
    for _ in 0..20 {
        // SAFETY: the thread's handle is open as long as the `JoinHandle` is there.
        unsafe { CancelSynchronousIo(helper.as_raw_handle()) };
        match receiver.recv_timeout(Duration::from_millis(5)) {
            Err(RecvTimeoutError::Timeout) => {}
            result => return result.ok(),
        }
    }
    None
}
