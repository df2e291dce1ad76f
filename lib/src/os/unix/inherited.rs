//! What came with the process: listening sockets of a service manager, a pipe to report
//! readiness on, signals that are ignored.

#![allow(unsafe_code, reason = "a number becomes an owned descriptor, an action is read")]

mod listen_fds;

pub use listen_fds::{Inherited, listen_fds};

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
use std::{
    collections::BTreeSet,
    io, mem,
    os::{
        fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd},
        unix::process::CommandExt,
    },
    process::Command,
    sync::{Mutex, PoisonError},
};

/// Takes an inherited descriptor, which from now on closes when this process starts
/// another program. Every number can be taken once.
///
/// # Errors
/// `InvalidInput` for 0, 1 and 2, which are standard input, output and error, and for a
/// number that was taken before; `EBADF` if there is no such descriptor.
///
/// A number of a descriptor that this process has opened itself belongs to whoever
/// opened it: call this at the start of a program.
pub fn take_fd(number: RawFd) -> io::Result<OwnedFd> {
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
    // SAFETY: the descriptor is open, this function has not handed it out before, and
    // that nobody else in the process owns it is what its documentation asks for.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

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
    if unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was written, and was zeroes before, which are valid as well.
    Ok(unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN)
}

/// Keeps every descriptor but 0, 1 and 2 from the programs that this process starts.
///
/// # Errors
/// Whatever the system says when its list of descriptors is read.
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

fn set_close_on_exec(number: RawFd) -> io::Result<()> {
    // SAFETY: the descriptor is only borrowed for two calls that fail if it is not open.
    let fd = unsafe { BorrowedFd::borrow_raw(number) };
    let flags = fcntl_getfd(fd)?;
    if !flags.contains(FdFlags::CLOEXEC) {
        fcntl_setfd(fd, flags | FdFlags::CLOEXEC)?;
    }
    Ok(())
}
