//! The start of child processes.

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
use std::{
    io,
    os::{
        fd::{BorrowedFd, RawFd},
        unix::process::CommandExt,
    },
    process::Command,
};

/// Sets close-on-exec for every descriptor but 0, 1 and 2, so that child processes do not inherit
/// them.
///
/// # Platform-specific behaviour
/// FreeBSD without `fdescfs(5)` lists only 0, 1 and 2: children inherit the others there.
///
/// # Errors
/// An error of `opendir(3)` or `readdir(3)` on `/dev/fd`, the list of descriptors, or of
/// `fcntl(2)`.
pub fn close_all_on_exec() -> io::Result<()> {
    for entry in std::fs::read_dir("/dev/fd")? {
        if let Some(number) = entry?.file_name().to_str().and_then(|name| name.parse().ok())
            && number > 2
        {
            match set_close_on_exec(number) {
                // The descriptor of the list itself, which is closed by now.
                Err(error) if error.raw_os_error() == Some(libc::EBADF) => {}
                result => result?,
            }
        }
    }
    Ok(())
}

fn set_close_on_exec(number: RawFd) -> io::Result<()> {
    // SAFETY: the number is used for two calls, which fail if it is not open. The owner keeps the
    // descriptor; only child processes do not inherit it.
    let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
    let flags = fcntl_getfd(descriptor)?;
    if !flags.contains(FdFlags::CLOEXEC) {
        fcntl_setfd(descriptor, flags | FdFlags::CLOEXEC)?;
    }
    Ok(())
}

/// Sets the limits of the number of descriptors (`RLIMIT_NOFILE`, `getrlimit(2)`) with which the
/// command starts, the soft and the hard one, instead of those of this process. `None` is no limit.
///
/// It is for processes that have raised their own limit: programs that use `select(2)`, or that
/// close every number up to the limit, need a low one. If the system refuses the limits, the
/// program is not started, and `spawn` fails.
pub fn set_descriptor_limit(command: &mut Command, soft: Option<u64>, hard: Option<u64>) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let limits = Rlimit { current: soft, maximum: hard };
    let set = move || Ok(setrlimit(Resource::Nofile, limits)?);
    // SAFETY: between fork and exec there is one system call, without allocating or locking.
    unsafe { command.pre_exec(set) };
}
