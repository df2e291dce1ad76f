//! Panics: each one is a line of the log, and ends its connection or command, not the process.

use super::Failure;
use std::{
    any::Any,
    future::poll_fn,
    io,
    panic::{self, AssertUnwindSafe, catch_unwind},
    pin::Pin,
    process,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    task::Poll,
};

/// Whether a panic ends the process.
static ENDS_THE_PROCESS: AtomicBool = AtomicBool::new(false);

/// Makes a panic of any thread end the process, for commands that have no clients and whose threads
/// wait for each other.
pub(crate) fn end_at_a_panic() {
    ENDS_THE_PROCESS.store(true, Relaxed);
}

/// Logs every panic as one line, instead of printing the text of Rust. `before` is called first.
pub(crate) fn install_hook(before: impl Fn() + Send + Sync + 'static) {
    panic::set_hook(Box::new(move |panic| {
        before();
        let message = message(panic.payload());
        match panic.location() {
            Some(location) => tracing::error!("internal error at {location}: {message}"),
            None => tracing::error!("internal error: {message}"),
        }
        if ENDS_THE_PROCESS.load(Relaxed) {
            process::exit(1);
        }
    }));
}

/// Runs the function, and returns a panic as a failure.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Result<T, Failure> {
    // State of the function is not used after the failure, or is behind a lock whose poisoning is
    // ignored.
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| failure(&*payload))
}

/// Runs the future, and returns a panic as a failure.
pub(crate) async fn caught_task<T>(
    mut task: Pin<&mut impl Future<Output = T>>,
) -> Result<T, Failure> {
    poll_fn(|cx| match caught(|| task.as_mut().poll(cx)) {
        Ok(poll) => poll.map(Ok),
        Err(failure) => Poll::Ready(Err(failure)),
    })
    .await
}

impl Failure {
    /// Returns the failure as the error of an input or output.
    pub(crate) fn into_io(self) -> io::Error {
        io::Error::other(self.to_string())
    }
}

fn failure(payload: &(dyn Any + Send)) -> Failure {
    Failure::Internal(message(payload))
}

/// Returns the text of a panic: it is a string, unless it comes from `panic_any`.
fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a text").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_failure_with_its_text() {
        let panics = |is_so: bool| assert!(!is_so, "number {}", 7);
        let failure = caught(|| panics(true)).map_err(|failure| failure.to_string());
        assert_eq!(failure, Err("internal error: number 7; please report it".to_owned()));
        assert!(matches!(caught(|| 7), Ok(7)));
    }
}
