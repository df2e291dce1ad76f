//! A listening socket and its file.

use super::{
    address::file_address,
    identity::{Identity, lstat, not_a_socket},
    own_file::OwnFile,
    pinned::Pinned,
    refusal::{Refusal, in_use},
    settings::mode_of,
    sys,
};
use crate::{ListenerOptions, error::Obstacle};
use rustix::{fs::Mode, net};
use std::{
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixListener,
    },
    path::Path,
};

/// A listening socket and its file.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) socket: UnixListener,
    pub(super) file: Option<OwnFile>,
}

impl Bound {
    /// Listens at a path where no file is.
    ///
    /// If nobody can interfere (`is_undisturbed`), the file at the path is taken for the one that
    /// was just bound; otherwise the system is asked. The permissions of a file are changed only
    /// after the system has been asked.
    pub(super) fn at_path(
        path: &Path,
        options: &ListenerOptions<'_>,
        is_undisturbed: bool,
    ) -> Result<Self, Refusal> {
        let socket = new_socket(options)?;
        bind_file(&socket, path)?;
        // If listening fails, dropping this removes the file.
        let file = own_file(&socket, path, options, is_undisturbed)?;
        Ok(Self { socket: start(socket, options)?, file: Some(file) })
    }

    /// Sets the path after the file was renamed.
    pub(super) fn moved_to(&mut self, path: &Path) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), |file| file.moved_to(path))
    }
}

/// Finds the file that the socket was just bound to, and sets its permissions.
fn own_file(
    socket: &OwnedFd,
    path: &Path,
    options: &ListenerOptions<'_>,
    is_undisturbed: bool,
) -> Result<OwnFile, Refusal> {
    let (mode, owner, group) = (mode_of(options), options.system.owner, options.system.group);
    let displaced = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => in_use(Obstacle::Displaced),
        _ => error.into(),
    };
    let stat = lstat(path).map_err(displaced)?;
    let has_mode = mode.is_none_or(|mode| stat.st_mode & 0o7777 == mode);
    let undisturbed = (is_undisturbed && not_a_socket(&stat).is_none())
        .then(|| OwnFile::new(path, Identity::of(&stat)))
        .transpose()?;
    if has_mode
        && owner.is_none()
        && group.is_none()
        && let Some(file) = undisturbed
    {
        return Ok(file);
    }
    // If the file cannot be opened, for lack of descriptors, the undisturbed file is removed.
    let pinned = Pinned::at_path(path).map_err(displaced)?;
    let is_ours = pinned.is_file_of(socket.as_fd());
    // From here on the answer of the system counts.
    if let Some(file) = undisturbed {
        file.leave();
    }
    if !is_ours {
        return Err(in_use(Obstacle::Displaced));
    }
    let file = OwnFile::new(path, pinned.identity())?;
    pinned.set_permissions(path, mode, owner, group)?;
    Ok(file)
}

/// Binds to a path that may be too long for an address: the name of a listener always fits, but
/// the temporary name beside it, with which a live server is replaced, may not.
pub(super) fn bind_file(socket: &OwnedFd, path: &Path) -> io::Result<()> {
    #[cfg(linux_like)]
    if path.as_os_str().len() > crate::Platform::CURRENT.path_limit()
        && let (Some(folder), Some(name)) = (path.parent(), path.file_name())
    {
        use super::refusal::without_proc;
        use rustix::{
            fs::{OFlags, open},
            io::Errno,
        };
        use std::os::fd::AsRawFd;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = open(folder, flags, Mode::empty())?;
        let folders = Path::new("/proc/self/fd");
        let short = folders.join(folder.as_raw_fd().to_string()).join(name);
        return match net::bind(socket, &file_address(&short)?) {
            Err(Errno::NOENT) if !folders.exists() => {
                Err(without_proc("the temporary name beside it is too long"))
            }
            // `ENOENT` also if the folder has been removed since it was opened.
            bound => Ok(bound?),
        };
    }
    Ok(net::bind(socket, &file_address(path)?)?)
}

/// Creates a socket that has its mode already. On Linux, OpenBSD and FreeBSD from 14.3 on, the file
/// gets this mode, without the bits of the umask, when it is bound. Elsewhere the mode is set
/// between `bind` and `listen`, when nobody can connect yet.
pub(super) fn new_socket(options: &ListenerOptions<'_>) -> io::Result<OwnedFd> {
    let socket = sys::stream_socket(options.nonblocking.accept_nonblocking())?;
    if let Some(mode) = mode_of(options) {
        let result = rustix::fs::fchmod(&socket, Mode::from_raw_mode(mode));
        if cfg!(linux_like) {
            result?;
        }
    }
    Ok(socket)
}

/// Calls `listen(2)`.
pub(super) fn start(socket: OwnedFd, options: &ListenerOptions<'_>) -> io::Result<UnixListener> {
    // -1 stands for the maximum of the system where that is known to work, as in std.
    let is_unlimited =
        cfg!(any(target_os = "linux", target_os = "freebsd", target_os = "openbsd", apple));
    let default = if is_unlimited { -1 } else { 128 };
    let backlog = options
        .system
        .backlog
        .map_or(default, |backlog| i32::try_from(backlog).unwrap_or(i32::MAX));
    net::listen(&socket, backlog)?;
    Ok(socket.into())
}
