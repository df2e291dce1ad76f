use super::super::path_walk::folder_of;
use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
use std::{
    fs::{self, Metadata},
    io::{self, ErrorKind},
    os::{
        fd::OwnedFd,
        unix::fs::{MetadataExt as _, symlink},
    },
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

/// The symbolic link that leads to the terminal.
#[derive(Debug)]
pub(super) struct TerminalLink {
    /// The path as typed.
    path: PathBuf,
    /// Whether it may replace a link to a terminal that is in use.
    replaces: bool,
    state: LinkState,
}

#[derive(Debug)]
enum LinkState {
    Expected,
    Placed(PlacedLink),
    Removed,
}

/// A link that this process has made. Another file can get its inode number after it was removed.
#[derive(Debug, PartialEq, Eq)]
struct PlacedLink {
    device: u64,
    inode: u64,
    target: PathBuf,
}

impl PlacedLink {
    /// Returns the link at the path; `None` if another file is there.
    fn at(path: &Path) -> io::Result<Option<Self>> {
        let found = fs::symlink_metadata(path)?;
        if !found.is_symlink() {
            return Ok(None);
        }
        let target = fs::read_link(path)?;
        Ok(Some(Self { device: found.dev(), inode: found.ino(), target }))
    }
}

/// Where the link leads.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Leading {
    ToTerminal,
    /// It was removed before.
    Nowhere,
}

impl TerminalLink {
    pub(super) fn new(path: &Path, replaces: bool) -> Self {
        Self { path: path.to_owned(), replaces, state: LinkState::Expected }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the link. Replaces a link that an earlier process has left behind.
    ///
    /// # Errors
    /// `AlreadyExists` if something else is at the path, `AddrInUse` for a link to a terminal that is
    /// in use, or another error of `symlink(2)` or `rename(2)`.
    pub(super) fn place(&mut self, terminal: &Path) -> io::Result<()> {
        let _lock = lock(folder_of(&self.path));
        match symlink(terminal, &self.path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                self.check_what_stands_there()?;
                replace(&self.path, terminal)?;
            }
            placed => placed?,
        }
        self.note()
    }

    /// Has the link lead to another terminal.
    ///
    /// # Errors
    /// `AddrInUse` if another file has taken its place, or an error of `symlink(2)` or `rename(2)`.
    pub(super) fn lead_to(&mut self, terminal: &Path) -> io::Result<Leading> {
        if matches!(self.state, LinkState::Removed) {
            return Ok(Leading::Nowhere);
        }
        let _lock = lock(folder_of(&self.path));
        match self.is_in_place() {
            Ok(true) => replace(&self.path, terminal)?,
            Ok(false) => {
                let text = "another file has taken the place of the symbolic link";
                return Err(io::Error::new(ErrorKind::AddrInUse, text));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => symlink(terminal, &self.path)?,
            Err(error) => return Err(error),
        }
        self.note().map(|()| Leading::ToTerminal)
    }

    /// Removes the link, if it is still that of this process.
    pub(super) fn remove(&mut self) {
        if self.is_in_place().unwrap_or(false)
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::debug!(%error, "the symbolic link is not removed");
        }
        self.state = LinkState::Removed;
    }

    fn note(&mut self) -> io::Result<()> {
        let placed = PlacedLink::at(&self.path)?.ok_or(ErrorKind::AddrInUse)?;
        self.state = LinkState::Placed(placed);
        Ok(())
    }

    /// Returns whether the link of this process is at its path.
    fn is_in_place(&self) -> io::Result<bool> {
        let LinkState::Placed(placed) = &self.state else { return Ok(false) };
        Ok(PlacedLink::at(&self.path)?.as_ref() == Some(placed))
    }

    /// Checks that the link may be replaced.
    fn check_what_stands_there(&self) -> io::Result<()> {
        let exists = |text: String| Err(io::Error::new(ErrorKind::AlreadyExists, text));
        let link = fs::symlink_metadata(&self.path)?;
        if !link.is_symlink() {
            return exists("it exists and is not a symbolic link".to_owned());
        }
        let target = fs::read_link(&self.path)?;
        if !is_terminal(&target) {
            return exists(format!("it is a symbolic link to {}", target.display()));
        }
        if self.replaces || is_stale(&link, &target) {
            return Ok(());
        }
        let text = format!("it leads to the terminal {}, which is in use", target.display());
        Err(io::Error::new(ErrorKind::AddrInUse, text))
    }
}

/// Returns whether a path can be that of a pseudo-terminal.
fn is_terminal(path: &Path) -> bool {
    let is_number = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    let Some(path) = path.to_str() else { return false };
    path.strip_prefix("/dev/pts/").is_some_and(is_number)
        // The names of the other systems.
        || !cfg!(any(target_os = "linux", target_os = "android"))
            && path.strip_prefix("/dev/tty").is_some_and(|name| !name.contains('/'))
}

/// Returns whether the process that has made the link has ended. Its terminal has ended with it. A
/// terminal with the same number is younger than the link.
fn is_stale(link: &Metadata, target: &Path) -> bool {
    match fs::metadata(target) {
        // Reading and writing leave this time alone (`inode(7)`).
        Ok(terminal) => {
            (terminal.ctime(), terminal.ctime_nsec()) > (link.mtime(), link.mtime_nsec())
        }
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

/// Replaces the link in one step.
fn replace(path: &Path, terminal: &Path) -> io::Result<()> {
    let make = |path: &Path| symlink(terminal, path);
    let next = tempfile::Builder::new().prefix(".new").make_in(folder_of(path), make)?;
    Ok(next.into_temp_path().persist(path)?)
}

/// Locks the folder, as processes do that replace socket files. Without the right to read the folder, or
/// if another process has it for long, goes on without the lock.
fn lock(folder: &Path) -> Option<OwnedFd> {
    const ATTEMPTS: usize = 100;
    const PAUSE: Duration = Duration::from_millis(10);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = open(folder, flags, Mode::empty()).ok()?;
    for _ in 0..ATTEMPTS {
        if flock(&folder, FlockOperation::NonBlockingLockExclusive).is_ok() {
            return Some(folder);
        }
        thread::sleep(PAUSE);
    }
    tracing::debug!("the folder of the symbolic link is not locked");
    None
}
