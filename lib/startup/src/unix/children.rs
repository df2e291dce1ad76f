//! What the programs that this process starts begin with.

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
use std::{
    io,
    os::{
        fd::{BorrowedFd, RawFd},
        unix::process::CommandExt,
    },
    process::Command,
};

/// Keeps every descriptor but 0, 1 and 2 from the programs that this process starts.
///
/// # Platform-specific behaviour
/// FreeBSD without `fdescfs(5)` lists only 0, 1 and 2: nothing is kept from programs there.
///
/// # Errors
/// Those of `opendir(3)` and `readdir(3)` on `/dev/fd`, the list of descriptors, and those
/// of `fcntl(2)`.
pub fn close_all_on_exec() -> io::Result<()> {
    for entry in std::fs::read_dir("/dev/fd")? {
        if let Some(number) = entry?.file_name().to_str().and_then(|name| name.parse().ok())
            && number > 2
        {
            match set_close_on_exec(number) {
                // The list itself was one of them, and is gone.
                Err(error) if error.raw_os_error() == Some(libc::EBADF) => {}
                result => result?,
            }
        }
    }
    Ok(())
}

fn set_close_on_exec(number: RawFd) -> io::Result<()> {
    // SAFETY: the number is used for two calls, which fail if it is not open. The owner of the
    // descriptor keeps it; only programs that are started do not get it.
    let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
    let flags = fcntl_getfd(descriptor)?;
    if !flags.contains(FdFlags::CLOEXEC) {
        fcntl_setfd(descriptor, flags | FdFlags::CLOEXEC)?;
    }
    Ok(())
}

/// Has a program that is started by the command begin with these limits of the number of
/// descriptors (`RLIMIT_NOFILE`, `getrlimit(2)`), the soft and the hard one, instead of
/// those of this process; `None` is no limit.
///
/// For a process that has raised its own: programs that use `select(2)`, or that close
/// every number up to the limit, are better off with a low one. If the system refuses, the
/// program is not started, and `spawn` tells.
pub fn set_descriptor_limit(command: &mut Command, soft: Option<u64>, hard: Option<u64>) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let limits = Rlimit { current: soft, maximum: hard };
    let set = move || Ok(setrlimit(Resource::Nofile, limits)?);
    // SAFETY: between fork and exec there is one system call, and nothing is allocated or
    // locked.
    unsafe { command.pre_exec(set) };
}
