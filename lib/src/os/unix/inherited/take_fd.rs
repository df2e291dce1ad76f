#![allow(unsafe_code, reason = "a number becomes an owned descriptor")]

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
use std::{
    collections::BTreeSet,
    io,
    os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd},
    sync::{Mutex, PoisonError},
};

/// Takes an inherited descriptor. From now on it is closed when this process executes another
/// program. Each number can be taken once.
///
/// # Errors
/// `InvalidInput` for 0, 1 and 2, which are standard input, output and error, and for a number that
/// was taken before. `EBADF` if no descriptor with the number is open.
///
/// # Safety
/// Nothing else in the process owns the descriptor: the number was open when the process started,
/// and only functions of this module have taken it since (I/O safety, [`std::os::fd`]). A number
/// that the process has opened itself has an owner, which would close or use the descriptor after
/// it was closed here.
pub unsafe fn take_fd(number: RawFd) -> io::Result<OwnedFd> {
    static TAKEN: Mutex<BTreeSet<RawFd>> = Mutex::new(BTreeSet::new());
    let invalid = |why| io::Error::new(io::ErrorKind::InvalidInput, why);
    if number <= 2 {
        return Err(invalid("0, 1 and 2 are standard input, output and error"));
    }
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    if taken.contains(&number) {
        return Err(invalid("the descriptor was taken before"));
    }
    set_close_on_exec(number)?;
    taken.insert(number);
    // SAFETY: the descriptor is open, this function has not returned it before, and by its own
    // condition nothing else in the process owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

fn set_close_on_exec(number: RawFd) -> io::Result<()> {
    // SAFETY: the number is used for two calls, which fail if it is not open.
    let fd = unsafe { BorrowedFd::borrow_raw(number) };
    let flags = fcntl_getfd(fd)?;
    if !flags.contains(FdFlags::CLOEXEC) {
        fcntl_setfd(fd, flags | FdFlags::CLOEXEC)?;
    }
    Ok(())
}
