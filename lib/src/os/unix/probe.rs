//! Whether somebody listens on a socket file, and who.

use super::{
    address::Address,
    peer,
    sys::{connect, stream_socket},
};
use crate::error::Holder;
use std::{io, os::fd::AsFd, path::Path, thread, time::Duration};

/// What stands behind a path.
#[derive(Debug)]
pub(super) enum Finding {
    /// No file at all.
    Nothing,
    /// A socket file that nobody listens on.
    Stale,
    /// A server, or something that must be taken for one.
    Live(Option<Holder>),
}

/// Tries to connect, which is the only proof that a socket file is stale.
pub(super) fn probe(path: &Path) -> io::Result<Finding> {
    probe_address(&Address::file(path)?)
}

/// As [`probe`], for any address.
pub(super) fn probe_address(address: &Address) -> io::Result<Finding> {
    // The BSDs and macOS also refuse when the backlog is full: ask more than once there.
    let attempts = if cfg!(any(target_os = "linux", target_os = "android")) { 1 } else { 5 };
    for attempt in 0..attempts {
        if attempt > 0 {
            thread::sleep(Duration::from_millis(10));
        }
        match try_connect(address) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Finding::Nothing),
            Ok(holder) => return Ok(Finding::Live(holder)),
            // A full backlog (EAGAIN), a socket of another type (EPROTOTYPE), one that
            // we may not connect to (EACCES): nothing proves that nobody is there.
            Err(error) => {
                tracing::debug!(%error, "probed a name without getting an answer");
                return Ok(Finding::Live(None));
            }
        }
    }
    Ok(Finding::Stale)
}

fn try_connect(address: &Address) -> io::Result<Option<Holder>> {
    let socket = stream_socket()?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    connect(socket.as_fd(), address)?;
    let creds = peer::credentials(socket.as_fd())?;
    Ok(creds
        .pid()
        .and_then(|pid| u32::try_from(pid).ok())
        .map(|pid| Holder { pid, command: command_of(pid) }))
}

/// The name of a process's command.
fn command_of(pid: u32) -> Option<String> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let comm = std::fs::read(format!("/proc/{pid}/comm")).ok()?;
        Some(String::from_utf8_lossy(&comm).trim_end_matches('\n').to_owned())
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = pid;
        None
    }
}
