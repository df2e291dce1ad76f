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
    /// If the peer closed its end before this call, it is not known whether it had read
    /// everything.
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

/// Calls `FlushFileBuffers` in a new thread, because the function has no overlapped variant.
fn flush_within(pipe: &Arc<Pipe>, limit: WaitLimit) -> io::Result<()> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let thread_pipe = Arc::clone(pipe);
    let helper = thread::Builder::new()
        .name("local_socket drain".to_owned())
        .stack_size(64 * 1024)
        .spawn(move || {
            let result = thread_pipe.flush();
            drop(thread_pipe);
            // It fails if the caller has given up after the cancellation.
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

/// Cancels the flush in the helper thread. The cancellation has no effect before the helper is in
/// the system call, so it is repeated.
fn cancel(
    helper: &thread::JoinHandle<()>,
    receiver: &Receiver<io::Result<()>>,
) -> Option<io::Result<()>> {
    for _ in 0..20 {
        // SAFETY: the thread's handle is open while the `JoinHandle` exists.
        unsafe { CancelSynchronousIo(helper.as_raw_handle()) };
        match receiver.recv_timeout(Duration::from_millis(5)) {
            Err(RecvTimeoutError::Timeout) => {}
            result => return result.ok(),
        }
    }
    None
}
