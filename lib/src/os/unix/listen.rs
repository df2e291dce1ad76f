//! From options to a socket that clients can connect to.

use super::{
    address::{Address, Target},
    claim::{Refusal, claim, in_use},
    file::{Identity, OwnFile, lstat, not_a_socket},
    holder,
    pinned::Pinned,
    runtime_dir,
    settings::{access_check, mode_of},
    sys,
};
use crate::{
    ListenerOptions, OnConflict,
    error::{Action, Obstacle, SocketError},
    options::AcceptFilter,
};
use rustix::fs::Mode;
use std::{
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixListener,
    },
    path::Path,
};

/// A socket that is listened on, and its file.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) socket: UnixListener,
    pub(super) file: Option<OwnFile>,
}

/// Listens as the options say.
pub(super) fn listen(options: &ListenerOptions<'_>) -> io::Result<Bound> {
    let name = options.required_name()?;
    if let Some(mode) = mode_of(options).filter(|mode| mode & !0o7777 != 0) {
        let text = format!("{mode:o} is no mode of a file: the highest is 7777");
        let error = io::Error::new(io::ErrorKind::InvalidInput, text);
        return Err(SocketError::wrap(Action::Bind, name, error));
    }
    let result = match Target::of(name) {
        Err(error) => Err(error.into()),
        Ok(Target::Abstract(bytes)) => abstract_name(bytes, options),
        Ok(target) => {
            let makes_folders = !name.is_path();
            first(target.files(), |path| file(path, makes_folders, options))
        }
    };
    result.map_err(|refusal| {
        SocketError::with_obstacle(Action::Bind, name, refusal.obstacle, refusal.error)
    })
}

/// The first success, or the last error; only errors after which the next is to be
/// tried lead to the next.
fn first<P: AsRef<Path>>(
    paths: &[P],
    mut listen: impl FnMut(&Path) -> Result<Bound, Refusal>,
) -> Result<Bound, Refusal> {
    let mut result = Err(io::Error::from_raw_os_error(libc::ENOENT).into());
    for path in paths {
        result = listen(path.as_ref());
        match &result {
            Err(refusal) if runtime_dir::try_next(&refusal.error) => {}
            _ => break,
        }
    }
    result
}

fn file(path: &Path, makes_folders: bool, options: &ListenerOptions<'_>) -> Result<Bound, Refusal> {
    if makes_folders {
        runtime_dir::make_folders(path)?;
    }
    match options.on_conflict {
        OnConflict::Fail => Bound::at(path, options, true),
        OnConflict::ReplaceStale | OnConflict::Replace => claim(path, options),
    }
}

fn abstract_name(name: &[u8], options: &ListenerOptions<'_>) -> Result<Bound, Refusal> {
    let address = Address::abstract_name(name)?;
    let socket = new_socket(options)?;
    sys::bind(socket.as_fd(), &address).map_err(|error| Refusal {
        obstacle: (error.kind() == io::ErrorKind::AddrInUse
            && options.on_conflict != OnConflict::Fail)
            .then(|| Obstacle::LiveServer(holder::of_abstract_name(name))),
        error,
    })?;
    Ok(Bound { socket: start(socket, options)?, file: None })
}

impl Bound {
    /// Listens at a path where nothing is.
    ///
    /// The file at the path is taken for the one that was just bound if nothing can have
    /// come in between, as `is_undisturbed` says; else the system is asked. The permissions
    /// of a file are changed only after the system has been asked.
    pub(super) fn at(
        path: &Path,
        options: &ListenerOptions<'_>,
        is_undisturbed: bool,
    ) -> Result<Self, Refusal> {
        let socket = new_socket(options)?;
        bind_file(&socket, path)?;
        // If listening fails, the file is removed when this is dropped.
        let file = own_file(&socket, path, options, is_undisturbed)?;
        Ok(Self { socket: start(socket, options)?, file: Some(file) })
    }

    /// Which clients are handed out. A name that is no file keeps nobody out by itself.
    pub(super) fn accept_filter(&self, options: &ListenerOptions<'_>) -> AcceptFilter {
        let mut filter = options.accept_filter.clone();
        if self.file.is_none() {
            filter.access = options.access.and_then(access_check);
        }
        filter
    }

    /// The file has been renamed.
    pub(super) fn moved_to(&mut self, path: &Path) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), |file| file.moved_to(path))
    }
}

/// Finds the file that the socket was just bound to, and gives it its permissions.
fn own_file(
    socket: &OwnedFd,
    path: &Path,
    options: &ListenerOptions<'_>,
    is_undisturbed: bool,
) -> Result<OwnFile, Refusal> {
    let (mode, group) = (mode_of(options), options.system.group);
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
        && group.is_none()
        && let Some(file) = undisturbed
    {
        return Ok(file);
    }
    // If the file cannot be opened, for lack of descriptors, the undisturbed one is removed.
    let pinned = Pinned::at(path).map_err(displaced)?;
    let is_ours = pinned.is_file_of(socket.as_fd());
    // From here on the system has said which file it is.
    if let Some(file) = undisturbed {
        file.leave();
    }
    if !is_ours {
        return Err(in_use(Obstacle::Displaced));
    }
    let file = OwnFile::new(path, pinned.identity())?;
    pinned.set_permissions(path, mode, group)?;
    Ok(file)
}

/// Binds to a path that may be too long for an address: a name always fits, but not always
/// what stands beside it while a live server is replaced.
fn bind_file(socket: &OwnedFd, path: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if path.as_os_str().len() > crate::Platform::CURRENT.path_limit()
        && let (Some(folder), Some(name)) = (path.parent(), path.file_name())
    {
        use rustix::fs::{OFlags, open};
        use std::os::fd::AsRawFd;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = open(folder, flags, Mode::empty())?;
        let short = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name);
        return sys::bind(socket.as_fd(), &Address::file(&short)?);
    }
    sys::bind(socket.as_fd(), &Address::file(path)?)
}

/// A socket that has its mode already: on Linux, OpenBSD and FreeBSD from 14.3 on the
/// file gets it when it is bound, less what the umask takes away. Elsewhere it is set
/// between `bind` and `listen`, when nobody can connect yet.
fn new_socket(options: &ListenerOptions<'_>) -> io::Result<OwnedFd> {
    let socket = sys::stream_socket(options.nonblocking.accept_nonblocking())?;
    if let Some(mode) = mode_of(options) {
        let mode = Mode::from_raw_mode(mode);
        match rustix::fs::fchmod(&socket, mode) {
            Err(error) if cfg!(any(target_os = "linux", target_os = "android")) => {
                return Err(error.into());
            }
            _ => {}
        }
    }
    Ok(socket)
}

/// `listen(2)`
fn start(socket: OwnedFd, options: &ListenerOptions<'_>) -> io::Result<UnixListener> {
    // -1 stands for the most that the system allows where that is known to work, as std
    // has it.
    let most = if cfg!(any(
        target_os = "linux",
        target_os = "freebsd",
        target_os = "openbsd",
        target_vendor = "apple"
    )) {
        -1
    } else {
        128
    };
    let backlog =
        options.system.backlog.map_or(most, |backlog| i32::try_from(backlog).unwrap_or(i32::MAX));
    rustix::net::listen(&socket, backlog)?;
    Ok(socket.into())
}
