//! Inherited descriptors.

use super::hook::{NUMBERS, was_open};
use local_socket::os::unix::inherited::{self, Inherited, take_fd};
use std::{
    io,
    os::fd::{OwnedFd, RawFd},
};

/// Returns whether standard input was closed when the process started. Since then it is
/// `/dev/null`, which is opened for it before the program does anything.
#[must_use]
pub fn stdin_was_closed() -> bool {
    was_open(0) == Some(false)
}

/// Returns whether standard output was closed when the process started. Since then it is
/// `/dev/null`, which is opened for it before the program does anything: data that is written to it is
/// lost without an error.
#[must_use]
pub fn stdout_was_closed() -> bool {
    was_open(1) == Some(false)
}

/// Takes an inherited descriptor. From now on it is closed when this process executes another
/// program. Each number can be taken once.
///
/// # Errors
/// `InvalidInput` for 0, 1 and 2, which are standard input, output and error, for a number that was
/// not open when the process started, for one above 255, and for one that was taken before.
pub fn take(number: RawFd) -> io::Result<OwnedFd> {
    came_along(number)?;
    // SAFETY: the descriptor was open before this process had opened any, so nothing in it owns the
    // number. `take_fd` is the only function that takes such numbers, and returns each of them
    // once.
    unsafe { take_fd(number) }
}

/// Like [`take`], for a socket that a service manager may have opened for this process.
///
/// # Errors
/// As [`take`]. `InvalidInput` also if `LISTEN_PID` is the identifier of another process.
pub fn take_inherited(number: RawFd) -> io::Result<Inherited> {
    came_along(number)?;
    // SAFETY: as in `take`.
    unsafe { Inherited::take(number) }
}

/// Returns the numbers of the descriptors that a service manager has passed to this process
/// (`LISTEN_FDS`), as far as they were open when the process started.
///
/// # Errors
/// `InvalidInput` if a variable of the protocol is not a number.
pub fn passed() -> io::Result<Vec<RawFd>> {
    let last = inherited::count()?.saturating_add(2).min(NUMBERS as u32 - 1) as RawFd;
    Ok((3..=last).filter(|number| was_open(*number) == Some(true)).collect())
}

/// Fails if a number is not known to be inherited. 0, 1 and 2 are refused later, with a better
/// reason.
fn came_along(number: RawFd) -> io::Result<()> {
    if number <= 2 {
        return Ok(());
    }
    let why = match was_open(number) {
        Some(true) => return Ok(()),
        Some(false) => "no such descriptor was open at the start",
        None if usize::try_from(number).is_ok_and(|number| number >= NUMBERS) => {
            "only descriptors up to 255 can be taken"
        }
        None => "it is not known which descriptors were open at the start",
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, why))
}
