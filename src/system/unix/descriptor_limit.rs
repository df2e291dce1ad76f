//! The limit of open descriptors of this process (RLIMIT_NOFILE, `getrlimit(2)`).

use lsock_startup::set_descriptor_limit;
use rustix::{
    io::Errno,
    process::{Resource, Rlimit, getrlimit, setrlimit},
};
use std::{io, os::unix::net::UnixDatagram, process::Command, sync::OnceLock};

/// The limit before it was raised.
static BEFORE: OnceLock<Rlimit> = OnceLock::new();

/// The files that an event loop keeps open to splice.
#[cfg(target_os = "linux")]
const TO_SPLICE: u64 = super::splice_guard::KEPT as u64;
#[cfg(not(target_os = "linux"))]
const TO_SPLICE: u64 = 0;

/// The number of descriptors of an event loop and of what it does at a time: starting a command takes
/// a few, for which the sockets of ended connections are closed (`event_loop::close_ended`).
const OF_LOOP: u64 = 8;

/// The number of descriptors for the listener and signals, and a reserve.
const OTHERS: u64 = 6;

/// Returns the number of event loops of a server.
fn loops() -> u64 {
    std::thread::available_parallelism().map_or(1, usize::from) as u64
}

/// Returns the number of descriptors that event loops need to splice.
pub(crate) fn to_splice() -> u64 {
    TO_SPLICE * loops()
}

/// Raises the limit to the maximum. Returns the number of descriptors that connections can use if
/// event loops do not splice; `None` if there is no limit.
pub(crate) fn raise() -> Option<u64> {
    let before = getrlimit(Resource::Nofile);
    BEFORE.get_or_init(|| before);
    let raised = Rlimit { current: before.maximum, maximum: before.maximum };
    if before.current != before.maximum
        && let Err(error) = setrlimit(Resource::Nofile, raised)
    {
        tracing::debug!(%error, "the number of open files stays limited");
    }
    let in_use = std::fs::read_dir("/dev/fd").map_or(3, Iterator::count) as u64;
    let limit = getrlimit(Resource::Nofile).current?;
    Some(limit.saturating_sub(in_use + OTHERS + OF_LOOP * loops()))
}

/// Checks that there are descriptors for `count` event loops and a few more: tokio panics if it
/// cannot open them.
///
/// # Errors
/// `Other` with the number that is needed, or another error of `socket(2)`.
pub(crate) fn check_event_loops(count: usize) -> io::Result<()> {
    // For each loop of tokio an epoll descriptor and its duplicate, an event descriptor, and a duplicate
    // of the socket for signals; for each other loop the first and the third of these.
    let of_loops = if cfg!(any(target_os = "linux", target_os = "android")) {
        4 + 2 * count
    } else {
        4 * count
    };
    // A socket pair for signals, a listener, a client, and a reserve.
    let needed = 2 + of_loops + 8;
    let mut held = Vec::new();
    while held.len() < needed {
        match UnixDatagram::unbound() {
            Ok(socket) => held.push(socket),
            Err(error) if error.raw_os_error() == Some(Errno::MFILE.raw_os_error()) => {
                let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
                let lacking = (needed - held.len()) as u64;
                let enough = limit.saturating_add(lacking);
                return Err(io::Error::other(format!(
                    "it needs at least {enough} open files, the limit is {limit}"
                )));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Restores the original limit in a command. Programs that use `select(2)`, or close every number
/// up to the limit, rely on a low one.
///
/// The limit is set even if it has not changed: so the program is always executed by `execvp(3)`,
/// which runs a file of no known format by a shell, and never by `posix_spawn(3)`, which does not.
pub(super) fn restore_in(command: &mut Command) {
    let Rlimit { current, maximum } =
        BEFORE.get().copied().unwrap_or_else(|| getrlimit(Resource::Nofile));
    set_descriptor_limit(command, current, maximum);
}
