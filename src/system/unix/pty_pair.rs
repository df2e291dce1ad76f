//! New pseudo-terminals.

use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
};

/// Returns the two sides of a new terminal, that of the person first. No other command inherits them.
#[cfg(not(any(target_os = "openbsd", target_os = "netbsd")))]
pub(super) fn open_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    use rustix::pty::{OpenptFlags, grantpt, openpt, unlockpt};
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    let flags = flags | OpenptFlags::CLOEXEC;
    let master = openpt(flags)?;
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    rustix::io::fcntl_setfd(&master, rustix::io::FdFlags::CLOEXEC)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    #[cfg(target_os = "linux")]
    let slave = open_slave(&master, Path::new(""))?;
    #[cfg(not(target_os = "linux"))]
    let slave = open_slave(&master, &name(&master)?)?;
    Ok((master, slave))
}

/// Returns the two sides of a new terminal, that of the person first. A command that another thread
/// starts at this very moment inherits them: these systems have no call that prevents it.
#[cfg(any(target_os = "openbsd", target_os = "netbsd"))]
pub(super) fn open_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let pair = nix::pty::openpty(None, None)?;
    for side in [&pair.master, &pair.slave] {
        rustix::io::fcntl_setfd(side, rustix::io::FdFlags::CLOEXEC)?;
    }
    Ok((pair.master, pair.slave))
}

/// Returns the path of the terminal.
pub(super) fn path_of(master: impl AsFd, slave: impl AsFd) -> io::Result<PathBuf> {
    #[cfg(not(any(target_os = "openbsd", target_os = "netbsd")))]
    let (path, _) = (name(master)?, slave);
    #[cfg(any(target_os = "openbsd", target_os = "netbsd"))]
    let (path, _) = (nix::unistd::ttyname(slave)?, master);
    Ok(path)
}

#[cfg(not(any(target_os = "openbsd", target_os = "netbsd")))]
fn name(master: impl AsFd) -> io::Result<PathBuf> {
    use std::{ffi::OsString, os::unix::ffi::OsStringExt as _};
    let name = rustix::pty::ptsname(master, Vec::new())?;
    Ok(OsString::from_vec(name.into_bytes()).into())
}

/// Opens the side of the programs. The path is not used: `/dev/pts` need not be the file system of the
/// terminal.
///
/// # Errors
/// `EBUSY` if a program has the terminal for itself (`TIOCEXCL`) and this user is not root.
#[cfg(target_os = "linux")]
pub(super) fn open_slave(master: impl AsFd, _: &Path) -> io::Result<OwnedFd> {
    use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer};
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    Ok(ioctl_tiocgptpeer(master, flags)?)
}

/// Opens the side of the programs, by its path.
///
/// # Errors
/// As on Linux.
#[cfg(not(target_os = "linux"))]
pub(super) fn open_slave(_: impl AsFd, path: &Path) -> io::Result<OwnedFd> {
    use rustix::fs::{Mode, OFlags, open};
    Ok(open(path, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?)
}

/// Turns off all editing, so that bytes pass unchanged (`cfmakeraw(3)`).
pub(super) fn make_raw(terminal: impl AsFd) -> io::Result<()> {
    let mut settings = tcgetattr(&terminal)?;
    settings.make_raw();
    Ok(tcsetattr(terminal, OptionalActions::Now, &settings)?)
}
