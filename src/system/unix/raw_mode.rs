//! The mode of the terminal of standard input. Only this file has the settings from before.

use super::{
    job_control::{is_in_background, without_stop},
    signals,
};
use crate::diag;
use rustix::{
    io::{ioctl_fionbio, ioctl_fionread},
    termios::{LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcsetattr},
};
use std::{
    io::{self, IsTerminal as _, PipeReader, PipeWriter, Write as _, stdin},
    os::fd::AsFd,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The mode of the terminal.
#[derive(Debug)]
enum TerminalMode {
    /// As found.
    Normal,
    /// As found, and raw as soon as this process is in the foreground.
    Due,
    /// As found, and due when this process continues after a stop.
    Stopped,
    /// Raw, with the settings from before.
    Raw(Termios),
}

/// Whether the thread that reads the terminal may read it now.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The terminal is in raw mode, and this process in the foreground.
    Ours,
    /// Another job has the terminal.
    OfAnotherJob,
    /// Raw mode is over.
    Over,
}

/// What becomes of keys that were pressed and not read.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// They are for the next program.
    Stays,
    /// They were meant for the peer.
    IsDiscarded,
}

static MODE: Mutex<TerminalMode> = Mutex::new(TerminalMode::Normal);

/// Wakes the thread that reads the terminal when this process continues after a stop.
static CONTINUED: Mutex<Option<PipeWriter>> = Mutex::new(None);

fn mode() -> MutexGuard<'static, TerminalMode> {
    MODE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sets raw mode until [`restore`]. In the background it is set when this process gets the terminal,
/// by a call of [`turn`]. The result can be read when this process has continued after a stop: then
/// another job has the terminal, and [`turn`] must be called at intervals.
///
/// # Errors
/// An error of `pipe(2)`, `tcgetattr(3)` or `tcsetattr(3)`.
pub(super) fn begin() -> io::Result<PipeReader> {
    let (continued, wake) = io::pipe()?;
    for end in [continued.as_fd(), wake.as_fd()] {
        ioctl_fionbio(end, true)?;
    }
    *CONTINUED.lock().unwrap_or_else(PoisonError::into_inner) = Some(wake);
    signals::on_stop_and_continue(suspend, resume)?;
    let mut mode = mode();
    *mode = TerminalMode::Due;
    mode.set_if_due().map(|()| continued)
}

/// Sets the mode from before, unless another job has the terminal, which has its own mode then.
/// Returns whether the terminal was to be raw.
pub(super) fn restore(typed: Typed) -> bool {
    let mut mode = mode();
    let before = std::mem::replace(&mut *mode, TerminalMode::Normal);
    let was_raw = !matches!(before, TerminalMode::Normal);
    before.undo(typed);
    was_raw
}

/// Returns the settings from before, while the terminal is in raw mode.
pub(super) fn before() -> Option<Termios> {
    match &*mode() {
        TerminalMode::Raw(before) => Some(before.clone()),
        _ => None,
    }
}

/// Returns whether the terminal may be read, after a change of the foreground job.
pub(super) fn turn() -> Turn {
    let mut mode = mode();
    if matches!(*mode, TerminalMode::Raw(_)) && is_in_background(stdin().as_fd()) {
        *mode = TerminalMode::Due;
        diag::lines_of_raw_terminal(false);
    }
    if let Err(error) = mode.set_if_due() {
        tracing::debug!(%error, "no raw mode");
    }
    match *mode {
        TerminalMode::Normal => Turn::Over,
        TerminalMode::Due | TerminalMode::Stopped => Turn::OfAnotherJob,
        TerminalMode::Raw(_) => Turn::Ours,
    }
}

/// Sets the mode from before until this process continues.
fn suspend() {
    let mut mode = mode();
    if matches!(*mode, TerminalMode::Raw(_)) {
        std::mem::replace(&mut *mode, TerminalMode::Stopped).undo(Typed::Stays);
    }
}

/// Sets raw mode again after this process was stopped.
fn resume() {
    let mut mode = mode();
    if matches!(*mode, TerminalMode::Stopped) {
        *mode = TerminalMode::Due;
    }
    // A shell has set its own mode if `SIGSTOP` has stopped this process, which nothing reports.
    let set_again = match &*mode {
        TerminalMode::Raw(before) if !is_in_background(stdin().as_fd()) => set(&raw(before)),
        _ => mode.set_if_due(),
    };
    if let Err(error) = set_again {
        tracing::debug!(%error, "no raw mode");
    }
    drop(mode);
    if let Some(wake) = &mut *CONTINUED.lock().unwrap_or_else(PoisonError::into_inner) {
        // A full pipe wakes as well.
        let _ = wake.write(&[0]);
    }
}

/// Discards what was typed at the terminal of standard input and not read. Returns the number of
/// bytes, also of a line that is not complete. Returns `None` and changes nothing if standard input
/// is no terminal, or another job reads it.
pub(crate) fn discard_typed() -> Option<u64> {
    let stdin = stdin();
    // Raw mode is neither set nor ended meanwhile.
    let _mode = mode();
    if !stdin.is_terminal() || is_in_background(stdin.as_fd()) {
        return None;
    }
    // While lines can be edited, the system does not count what is in the last one.
    let before = tcgetattr(&stdin).ok()?;
    let mut without_lines = before.clone();
    without_lines.local_modes.remove(LocalModes::ICANON);
    let count = match set(&without_lines) {
        Ok(()) => ioctl_fionread(&stdin).unwrap_or(0),
        Err(_) => 0,
    };
    without_stop(|| tcflush(&stdin, QueueSelector::IFlush)).ok()?;
    set(&before).ok()?;
    Some(count)
}

impl TerminalMode {
    fn set_if_due(&mut self) -> io::Result<()> {
        let stdin = stdin();
        if matches!(self, Self::Due) && !is_in_background(stdin.as_fd()) {
            let before = tcgetattr(&stdin)?;
            set(&raw(&before))?;
            *self = Self::Raw(before);
            diag::lines_of_raw_terminal(true);
        }
        Ok(())
    }

    fn undo(self, typed: Typed) {
        let Self::Raw(before) = self else { return };
        diag::lines_of_raw_terminal(false);
        if is_in_background(stdin().as_fd()) {
            return;
        }
        // Fails if the terminal has hung up.
        if let Err(error) = set(&before) {
            tracing::debug!(%error, "the mode of the terminal is not restored");
        }
        if typed == Typed::IsDiscarded
            && let Err(error) = without_stop(|| tcflush(stdin(), QueueSelector::IFlush))
        {
            tracing::debug!(%error, "what was typed is not discarded");
        }
    }
}

/// Returns the settings in which every byte is passed on as it is (`cfmakeraw(3)`).
fn raw(before: &Termios) -> Termios {
    let mut raw = before.clone();
    raw.make_raw();
    raw
}

/// Sets the mode without waiting for the output, which can be blocked.
fn set(settings: &Termios) -> io::Result<()> {
    Ok(without_stop(|| tcsetattr(stdin(), OptionalActions::Now, settings))?)
}
