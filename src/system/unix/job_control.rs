//! The terminal of standard input as the system shares it among the jobs of a shell (`termios(3)`,
//! `tcgetpgrp(3)`).

use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use rustix::{process::getpgrp, termios::tcgetpgrp};
use std::{os::fd::BorrowedFd, time::Duration};

/// Interval of checks whether a job in the background is in the foreground again. No signal reports
/// it: a shell sends `SIGCONT` to stopped jobs only.
pub(super) const BACKGROUND_PAUSE: Duration = Duration::from_millis(100);

/// Returns whether this process is in the background of the terminal: another job reads what is
/// typed. It is not if the terminal is not the controlling one.
pub(super) fn is_in_background(terminal: BorrowedFd<'_>) -> bool {
    tcgetpgrp(terminal).is_ok_and(|foreground| foreground != getpgrp())
}

/// Calls the function. In the background, reading the terminal fails in it (`EIO`), and changing its
/// mode succeeds; otherwise the system would stop this process (`SIGTTIN` and `SIGTTOU`).
pub(super) fn without_stop<T>(call: impl FnOnce() -> T) -> T {
    let mut stops = SigSet::empty();
    stops.add(Signal::SIGTTIN);
    stops.add(Signal::SIGTTOU);
    let before = stops.thread_swap_mask(SigmaskHow::SIG_BLOCK);
    let result = call();
    if let Ok(before) = before {
        // It cannot fail: the mask was valid before.
        let _ = before.thread_set_mask();
    }
    result
}
