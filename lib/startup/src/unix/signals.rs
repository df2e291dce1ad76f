//! Signals that the process was started to ignore.

use std::{io, mem, ptr};

/// Whether the process ignores the signal, which it then does since its start if it has
/// not changed that itself: `nohup` has a program ignore `SIGHUP`, a shell without job
/// control has one in the background ignore `SIGINT` and `SIGQUIT` (POSIX, Shell Command
/// Language, 2.11). A program that ends in good order by these leaves them alone then.
///
/// Of `SIGPIPE` it says nothing: Rust's runtime has it ignored before `main`.
///
/// # Errors
/// `EINVAL` if there is no such signal.
pub fn ignores_signal(signal: i32) -> io::Result<bool> {
    let mut action = mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: no action is set, and the present one is written to where there is room.
    if unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was written, and was zeroes before, which are valid as well.
    Ok(unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN)
}

/// Sets `SIGCHLD` to its default if the process was started to ignore it. While it is
/// ignored, the system keeps no exit status of a child (`wait(2)`, NOTES), neither for
/// this process nor for the programs that it starts, which inherit that.
///
/// # Errors
/// Those of `sigaction(2)`, which has none for this signal.
pub fn reset_ignored_sigchld() -> io::Result<()> {
    if !ignores_signal(libc::SIGCHLD)? {
        return Ok(());
    }
    // SAFETY: the default action replaces no handler: the signal was ignored.
    if unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) } == libc::SIG_ERR {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
