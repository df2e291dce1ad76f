//! The start of child processes.

use rustix::{
    io::{FdFlags, fcntl_getfd, fcntl_setfd},
    process::{Resource, getrlimit},
};
use std::{
    io::{self, ErrorKind},
    os::{
        fd::{BorrowedFd, RawFd},
        unix::process::CommandExt,
    },
    process::Command,
};

/// Sets close-on-exec for every descriptor but 0, 1 and 2, so that child processes do not inherit
/// them.
///
/// Linux 5.11 and FreeBSD 13 do it in one system call. Elsewhere, and where a sandbox refuses the
/// call, it is done for each descriptor that `/dev/fd` lists, or, if there is no `/dev/fd`, for
/// each number below the limit of open descriptors.
///
/// # Errors
/// An error of `opendir(3)` or `readdir(3)` on `/dev/fd`, or of `fcntl(2)`.
pub fn close_all_on_exec() -> io::Result<()> {
    if close_range_on_exec() { Ok(()) } else { close_each_on_exec(listed()?) }
}

/// Calls `close_range(2)`. Returns whether the system has set the flag.
fn close_range_on_exec() -> bool {
    // SAFETY: the arguments are numbers, and with this flag the call closes no descriptor.
    #[cfg(target_os = "linux")]
    let result = unsafe {
        libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC)
    };
    // SAFETY: as above.
    #[cfg(target_os = "freebsd")]
    let result = unsafe {
        let flags = libc::CLOSE_RANGE_CLOEXEC as libc::c_int;
        libc::close_range(FIRST as libc::c_uint, libc::c_uint::MAX, flags)
    };
    #[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
    let result = -1;
    result == 0
}

/// The first descriptor that is not a standard stream.
const FIRST: RawFd = 3;

/// Returns the numbers that may be open.
fn listed() -> io::Result<Vec<RawFd>> {
    let folder = match std::fs::read_dir("/dev/fd") {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(below_the_limit()),
        folder => folder?,
    };
    let number = |entry: std::fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    folder.filter_map(|entry| entry.map(number).transpose()).collect()
}

/// Returns the numbers that a descriptor can have; no more than can be checked in a moment.
fn below_the_limit() -> Vec<RawFd> {
    const MOST: u64 = 1 << 20;
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(MOST).min(MOST);
    (0..limit as RawFd).collect()
}

fn close_each_on_exec(numbers: impl IntoIterator<Item = RawFd>) -> io::Result<()> {
    for number in numbers.into_iter().filter(|number| *number >= FIRST) {
        match set_close_on_exec(number) {
            // No such descriptor is open, or it was that of the list.
            Err(error) if error.raw_os_error() == Some(libc::EBADF) => {}
            result => result?,
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
    use rustix::process::{Rlimit, setrlimit};
    let limits = Rlimit { current: soft, maximum: hard };
    let set = move || Ok(setrlimit(Resource::Nofile, limits)?);
    // SAFETY: between fork and exec there is one system call, without allocating or locking.
    unsafe { command.pre_exec(set) };
}

/// Starts the command with the default action of `SIGHUP`, also if this process was started to ignore
/// it (`nohup(1)`).
pub fn reset_sighup(command: &mut Command) {
    let reset = || {
        // SAFETY: the default action is no handler. The call fails for no valid signal.
        unsafe { libc::signal(libc::SIGHUP, libc::SIG_DFL) };
        Ok(())
    };
    // SAFETY: between fork and exec there is one system call, without allocating or locking.
    unsafe { command.pre_exec(reset) };
}

/// Signals by which a terminal controls its processes.
const OF_TERMINALS: [libc::c_int; 6] =
    [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU];

/// Starts the command as the first process of a session of its own, whose controlling terminal is its
/// standard input (`setsid(2)`, `TIOCSCTTY`). The signals of terminals have their default actions,
/// also if this process was started to ignore some of them.
///
/// If standard input is no terminal, the program is not started, and `spawn` fails.
pub fn lead_session(command: &mut Command) {
    use rustix::{
        process::{ioctl_tiocsctty, setsid},
        stdio::stdin,
    };
    let lead = || {
        setsid()?;
        ioctl_tiocsctty(stdin())?;
        for signal in OF_TERMINALS {
            // SAFETY: the default action is no handler. The call fails for no valid signal.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
        Ok(())
    };
    // SAFETY: between fork and exec there are system calls only, without allocating or locking.
    unsafe { command.pre_exec(lead) };
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use std::os::fd::{AsRawFd as _, OwnedFd};

    /// Sets the flag. Returns whether the system supports the method.
    type Method = fn() -> bool;

    /// Which method is used depends on the system.
    #[test]
    fn each_method_sets_close_on_exec() {
        // With the systems on which it is not complete.
        let methods: [(&str, Method, bool); 3] = [
            (
                "close_range",
                close_range_on_exec,
                cfg!(not(any(target_os = "linux", target_os = "freebsd"))),
            ),
            // FreeBSD lists all descriptors only if `fdescfs(5)` is mounted.
            ("list", || close_each_on_exec(listed().unwrap()).is_ok(), cfg!(target_os = "freebsd")),
            ("limit", || close_each_on_exec(below_the_limit()).is_ok(), false),
        ];
        for (name, sets, is_incomplete) in methods {
            let fd: OwnedFd = std::fs::File::open("/dev/null").unwrap().into();
            fcntl_setfd(&fd, FdFlags::empty()).unwrap();
            assert!(sets() || is_incomplete, "{name}");
            let is_set = fcntl_getfd(&fd).unwrap().contains(FdFlags::CLOEXEC);
            assert!(is_set || is_incomplete, "{name}: {}", fd.as_raw_fd());
        }
    }
}
