//! Signals that the process was started to ignore.

use std::{io, mem, ptr};

/// Returns whether the process ignores the signal. If the process has not changed that itself, it
/// was started so: `nohup` ignores `SIGHUP`, a shell without job control ignores `SIGINT` and
/// `SIGQUIT` for a program in the background (POSIX, Shell Command Language, 2.11). A program that
/// handles these signals should leave them ignored then.
///
/// For `SIGPIPE` the result has no meaning, because it is ignored before the program does anything.
///
/// # Errors
/// `EINVAL` if there is no such signal.
pub fn ignores_signal(signal: i32) -> io::Result<bool> {
    let mut action = mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: no action is set, and the current one is written to a buffer of its size.
    if unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has written it, and it was zeroed before, which is valid as well.
    Ok(unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN)
}

/// Sets `SIGCHLD` to its default if the process was started to ignore it. While it is ignored, the
/// system keeps no exit status of a child (`wait(2)`, NOTES), neither for this process nor for the
/// programs that it starts, which inherit this.
///
/// # Errors
/// An error of `sigaction(2)`, which has none for this signal.
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
