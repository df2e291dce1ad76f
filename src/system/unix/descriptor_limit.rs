//! How many descriptors this process may have (RLIMIT_NOFILE, `getrlimit(2)`).

use lsock_startup::set_descriptor_limit;
use rustix::{
    io::Errno,
    process::{Resource, Rlimit, getrlimit, setrlimit},
};
use std::{io, os::unix::net::UnixDatagram, process::Command, sync::OnceLock};

/// What it was before it was raised.
static BEFORE: OnceLock<Rlimit> = OnceLock::new();

/// What a process needs besides those of its connections: for its listener and signals, for
/// each event loop and what that does at the moment (starting a command takes a few), and
/// some to spare.
fn others() -> u64 {
    let loops = std::thread::available_parallelism().map_or(1, usize::from);
    6 + 8 * loops as u64
}

/// Raises it as far as this process may; gives how many more descriptors connections may
/// take, if there is a limit.
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
    Some(limit.saturating_sub(in_use + others()))
}

/// Checks that an event loop for each of so many threads can be started, and a little more
/// be opened: tokio panics where there are too few descriptors.
pub(crate) fn check_event_loops(count: usize) -> io::Result<()> {
    // A socket pair for signals; for each loop what waits, its twin, what wakes it, and one
    // end of that pair again; a listener, a client, and what they take for a moment.
    let needed = 2 + 4 * count + 8;
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

/// Gives a command the limit that this process was started with: programs that use
/// `select(2)`, or close every number up to the limit, rely on a low one.
pub(super) fn restore_in(command: &mut Command) {
    if let Some(Rlimit { current, maximum }) = BEFORE.get()
        && current != maximum
    {
        set_descriptor_limit(command, *current, *maximum);
    }
}
