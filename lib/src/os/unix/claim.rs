//! Taking over the path of a socket file: only a stale one, or also a live one, and
//! exactly one of any number of processes that try at the same time.
//!
//! Everybody who does this holds a lock from the look at the path to the moment in
//! which the new socket is listened on. What programs that know nothing of the lock do
//! in between is met by moving files aside before they are removed, and by looking at
//! them again there.

use super::{
    file::{Identity, lock_path, lstat, not_a_socket, sibling},
    holder,
    listen::Bound,
    probe::{self, Finding},
};
use crate::{ListenerOptions, OnConflict, error::Obstacle};
use rustix::fs::{self, CWD, FlockOperation, Mode, OFlags, Stat};
use std::{
    io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

/// Why a path was not to be had.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) obstacle: Option<Obstacle>,
    pub(super) error: io::Error,
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self { obstacle: None, error }
    }
}

impl From<rustix::io::Errno> for Refusal {
    fn from(error: rustix::io::Errno) -> Self {
        io::Error::from(error).into()
    }
}

fn in_use(obstacle: Obstacle) -> Refusal {
    Refusal { obstacle: Some(obstacle), error: io::Error::from_raw_os_error(libc::EADDRINUSE) }
}

/// Listens at the path, taking it over as the options say.
pub(super) fn claim(path: &Path, options: &ListenerOptions<'_>) -> Result<Bound, Refusal> {
    let deadline = Instant::now() + options.spin_limit();
    loop {
        let _lock = match ClaimLock::acquire(path, deadline) {
            Ok(lock) => lock,
            Err(error) => return Err(without_lock(path, options, error)),
        };
        match Bound::at(path, options) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            result => return Ok(result?),
        }
        let Ok(stat) = lstat(path) else { continue };
        if let Some(what) = not_a_socket(&stat) {
            return Err(in_use(Obstacle::NotASocket(what)));
        }
        match probe::probe(path)? {
            Finding::Nothing => {}
            Finding::Stale => remove_stale(path, &stat)?,
            Finding::Live if options.on_conflict == OnConflict::ReplaceStale => {
                return Err(in_use(Obstacle::LiveServer(holder::of_file(path))));
            }
            Finding::Live => {
                if let Some(bound) = replace_live(path, options)? {
                    return Ok(bound);
                }
            }
        }
        if Instant::now() > deadline {
            return Err(in_use(Obstacle::Contended));
        }
    }
}

/// The lock cannot be made: the folder is missing or not ours to write to. Who holds
/// the name is worth more to the user than that.
fn without_lock(path: &Path, options: &ListenerOptions<'_>, error: io::Error) -> Refusal {
    let Ok(stat) = lstat(path) else { return error.into() };
    match (not_a_socket(&stat), probe::probe(path)) {
        (Some(what), _) => in_use(Obstacle::NotASocket(what)),
        (None, Ok(Finding::Live)) if options.on_conflict != OnConflict::Replace => {
            in_use(Obstacle::LiveServer(holder::of_file(path)))
        }
        _ => error.into(),
    }
}

/// Removes the stale file that `stat` is of, and no other: it is moved aside first, and
/// put back if by then it was another.
fn remove_stale(path: &Path, stat: &Stat) -> io::Result<()> {
    let aside = sibling(path, "stale");
    match fs::rename(path, &aside) {
        Err(rustix::io::Errno::NOENT) => return Ok(()),
        result => result?,
    }
    if Identity::of(&lstat(&aside)?) == Identity::of(stat) {
        tracing::debug!(?path, "stale socket file removed");
    } else {
        // Fails if somebody has taken the path again, whose it is then.
        fs::link(&aside, path)?;
    }
    Ok(fs::unlink(&aside)?)
}

/// Puts a socket that is listened on already in the place of a live one. `None` if it
/// was not a socket any more at the last moment.
fn replace_live(path: &Path, options: &ListenerOptions<'_>) -> Result<Option<Bound>, Refusal> {
    let temporary = sibling(path, "new");
    let mut bound = Bound::at(&temporary, options)?;
    if !exchange(&temporary, path)? {
        return Ok(None);
    }
    bound.moved_to(path)?;
    tracing::debug!(?path, "live server's socket file replaced");
    Ok(Some(bound))
}

/// Renames a socket onto another; `false` if the other is no socket.
fn exchange(temporary: &Path, path: &Path) -> io::Result<bool> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::{fs::RenameFlags, io::Errno};
        // The two change places, so that what was replaced can be looked at.
        match fs::renameat_with(CWD, temporary, CWD, path, RenameFlags::EXCHANGE) {
            Ok(()) if not_a_socket(&lstat(temporary)?).is_some() => {
                fs::renameat_with(CWD, temporary, CWD, path, RenameFlags::EXCHANGE)?;
                return Ok(false);
            }
            Ok(()) => {
                fs::unlink(temporary)?;
                return Ok(true);
            }
            Err(Errno::NOENT) => return Ok(false),
            // Not every file system can do that.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if not_a_socket(&lstat(path)?).is_some() {
        return Ok(false);
    }
    fs::renameat(CWD, temporary, CWD, path)?;
    Ok(true)
}

/// The right to change what stands at a path, among those who ask for it.
///
/// It is a lock (`flock(2)`) on an empty file beside it, which is removed again by its
/// holder. Whoever got the lock of a file that has been removed meanwhile tries again.
/// It ends with the process.
#[derive(Debug)]
pub(super) struct ClaimLock {
    path: PathBuf,
    _file: OwnedFd,
}

impl ClaimLock {
    pub(super) fn acquire(path: &Path, deadline: Instant) -> io::Result<Self> {
        let lock = lock_path(path);
        let mut pause = Duration::from_micros(200);
        loop {
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let file = fs::open(&lock, flags | OFlags::NONBLOCK, Mode::RUSR | Mode::WUSR)?;
            let locked = fs::flock(&file, FlockOperation::NonBlockingLockExclusive);
            match locked {
                Ok(()) => {
                    let ours = fs::fstat(&file)?;
                    if ours.st_size != 0 || not_a_socket(&ours) != Some("a regular file") {
                        // A file that somebody keeps under this name is not ours to remove.
                        return Err(io::Error::from_raw_os_error(libc::EADDRINUSE));
                    }
                    if lstat(&lock).is_ok_and(|s| Identity::of(&s) == Identity::of(&ours)) {
                        return Ok(Self { path: lock, _file: file });
                    }
                }
                Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => {
                    if Instant::now() > deadline {
                        return Err(io::Error::from_raw_os_error(libc::EADDRINUSE));
                    }
                    thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(10));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Drop for ClaimLock {
    fn drop(&mut self) {
        // While it is still locked: nobody can hold the lock of the removed file and
        // take it for the one at this path.
        if let Err(error) = fs::unlink(&self.path) {
            tracing::debug!(path = ?self.path, %error, "lock file not removed");
        }
    }
}
