//! Taking over the path of a socket file: only a stale one, or also a live one, and
//! exactly one of any number of processes that try at the same time.
//!
//! # The protocol
//! A path at which nothing stands is bound at once: `bind(2)` makes the file only if
//! nothing is there. Every starter tries once for the lock, without waiting. The lock is
//! required only to remove or replace a file. It is held from the first look at the path
//! until the new socket listens.
//!
//! What programs do in between that know nothing of the lock is met by exact checks. The
//! file is [pinned](super::pinned), asked whether anybody listens on it, moved
//! [aside], and removed only if what lies aside is that file and still nobody
//! listens on it. Anything else is put back. Where locking is impossible the checks alone
//! have to do: no file is lost, but a new server's file may be away from its path for the
//! moment between two calls of `rename`, and a third starter may bind the path then.
//!
//! One gap is left on Linux: who listens with [`OnConflict::Fail`] takes no lock and, unless
//! permissions are to be changed, does not ask the system which file it is bound to. If a
//! replacing server comes between its `bind(2)` and `lstat(2)`, it takes that server's file
//! for its own and removes it at its end. On file systems without `renameat2(2)`, and on other
//! Unix systems, see [`move_aside`](super::aside::move_aside) and [`take_place`].
//!
//! # The lock
//! It is `flock(2)` on a descriptor of the folder. Nothing is created, nothing is left
//! behind, it ends with its process, and processes of all network namespaces see it. Every
//! process that may read the folder can hold it, for ever if it likes. So a free name never
//! depends on it, and an error for another name says who holds it.
//!
//! What a stranger can do to each kind of lock that was considered:
//! - `flock` of the folder: hold it, if the stranger may read the folder. Then stale names
//!   in that folder are not taken over. It is held only as long as the stranger's process
//!   runs, and `/proc/locks` names the process.
//! - A lock file beside the socket: a stranger who may write to the folder can make a file,
//!   fifo, link or folder of that name, and every starter fails until somebody removes it.
//!   Starters of different users lock each other out, since a file that one of them left
//!   behind cannot be opened by the other. To remove the file at the end is a race, and
//!   may remove a file that somebody else keeps there.
//! - An abstract socket whose name is derived from device and inode of the folder: everybody
//!   in the network namespace can bind it, without any right to the folder. Processes in
//!   other network namespaces that share the folder do not see it, so two of them can take
//!   over at once. Only Linux has it.
//! - A lock in a folder of the user: strangers can do nothing to it. But that folder is not
//!   always there (`XDG_RUNTIME_DIR` of services and of containers), two containers that
//!   share the folder of the socket do not share it, and neither do two users.

use super::{
    aside,
    file::{lstat, not_a_socket},
    folder_lock::{self, Locking},
    holder,
    listen::Bound,
    pinned::Pinned,
    probe::Finding,
};
use crate::{ListenerOptions, OnConflict, error::Obstacle};
use rustix::fs;
use std::{io, path::Path, time::Instant};

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

pub(super) fn in_use(obstacle: Obstacle) -> Refusal {
    Refusal { obstacle: Some(obstacle), error: io::Error::from_raw_os_error(libc::EADDRINUSE) }
}

/// Listens at the path, taking it over as the options say.
pub(super) fn claim(path: &Path, options: &ListenerOptions<'_>) -> Result<Bound, Refusal> {
    let start = Instant::now();
    let deadline = start.checked_add(options.spin_limit());
    // Once, so that starters who cooperate do not meet in the short time before they listen.
    let mut lock = folder_lock::acquire(path, Some(start));
    let mut is_first = true;
    loop {
        let refusal = match Bound::at(path, options, matches!(lock, Locking::Held(_))) {
            Err(refusal) if refusal.error.kind() == io::ErrorKind::AddrInUse => refusal,
            result => return result,
        };
        // After each look at the path there is one more try, however short the time is.
        if !is_first && deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(in_use(refusal.obstacle.unwrap_or(Obstacle::Contended(None))));
        }
        is_first = false;
        if let Some(bound) = take_over(path, options, &mut lock, deadline)? {
            return Ok(bound);
        }
    }
}

/// Removes a stale file, or replaces a live one. `None` if the path is to be looked at
/// again.
fn take_over(
    path: &Path,
    options: &ListenerOptions<'_>,
    lock: &mut Locking,
    deadline: Option<Instant>,
) -> Result<Option<Bound>, Refusal> {
    let file = match Pinned::at(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    if let Some(what) = file.not_a_socket() {
        return Err(in_use(Obstacle::NotASocket(what)));
    }
    let finding = file.probe(path)?;
    match finding {
        Finding::Nothing => return Ok(None),
        Finding::Live if options.on_conflict == OnConflict::ReplaceStale => {
            return Err(in_use(Obstacle::LiveServer(holder::of_file(&file))));
        }
        Finding::Live | Finding::Stale => {}
    }
    if matches!(lock, Locking::Busy) {
        *lock = folder_lock::acquire(path, deadline);
        if matches!(lock, Locking::Busy) {
            return Err(in_use(Obstacle::Contended(Some(folder_lock::held(path)))));
        }
        // Whoever held it may have changed everything.
        return Ok(None);
    }
    if finding == Finding::Stale {
        remove_stale(path, &file).map(|()| None)
    } else {
        replace_live(path, options)
    }
}

/// Removes this stale file, and no other.
fn remove_stale(path: &Path, file: &Pinned) -> Result<(), Refusal> {
    // Without the lock, another starter's new file may stand there already.
    match file.is_socket_at(path) {
        Ok(true) => {}
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => return Ok(()),
    }
    let Some(aside) = aside::move_aside(path)? else { return Ok(()) };
    let is_stale = file
        .is_socket_at(&aside)
        .and_then(|is_it| Ok(is_it && file.probe(&aside)? == Finding::Stale));
    match is_stale {
        Ok(true) => {
            fs::unlink(&aside)?;
            tracing::debug!(?path, "stale socket file removed");
            Ok(())
        }
        Ok(false) => put_back(&aside, path),
        Err(error) => put_back(&aside, path).and(Err(error.into())),
    }
}

fn put_back(aside: &Path, path: &Path) -> Result<(), Refusal> {
    match aside::put_back(aside, path) {
        // Another process has removed it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result.map_err(|error| left_aside(aside, path, &error)),
    }
}

/// Puts a socket that is listened on already in the place of a live one. `None` if it
/// was not a socket any more at the last moment.
fn replace_live(path: &Path, options: &ListenerOptions<'_>) -> Result<Option<Bound>, Refusal> {
    aside::with_new_name(path, "new", |temporary| {
        match Bound::at(temporary, options, true) {
            // Somebody has a file of that name.
            Err(refusal) if refusal.error.kind() == io::ErrorKind::AddrInUse => None,
            Err(refusal) => Some(Err(refusal)),
            Ok(bound) => Some(take_place(bound, temporary, path)),
        }
    })
}

/// Renames a socket onto another; `None` if the other is no socket.
///
/// Where the system or the file system cannot exchange two files, the other is looked at
/// right before it is replaced by `rename(2)`: a file that comes in between is lost. To
/// move the other aside first would leave clients without a server for a moment.
fn take_place(mut bound: Bound, temporary: &Path, path: &Path) -> Result<Option<Bound>, Refusal> {
    match aside::exchange(temporary, path) {
        Ok(()) => {
            bound.moved_to(path)?;
            if !remove_replaced(temporary) {
                undo_exchange(&mut bound, temporary, path)?;
                return Ok(None);
            }
        }
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(error) if aside::is_unsupported(error) => {
            if not_a_socket(&lstat(path)?).is_some() {
                return Ok(None);
            }
            fs::rename(temporary, path)?;
            bound.moved_to(path)?;
        }
        Err(error) => return Err(error.into()),
    }
    tracing::debug!(?path, "live server's socket file replaced");
    Ok(Some(bound))
}

/// Removes the socket file that was replaced. Returns `false` if the file is not a socket, or
/// cannot be examined.
fn remove_replaced(temporary: &Path) -> bool {
    match lstat(temporary) {
        Ok(stat) if not_a_socket(&stat).is_none() => {
            if let Err(error) = fs::unlink(temporary) {
                tracing::debug!(?temporary, %error, "replaced socket file not removed");
            }
            true
        }
        // Another process has removed it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        _ => false,
    }
}

/// Moves a file that is not a socket back to its path. If another process has put something else
/// there in between, the file stays where it lies, and the error names it.
fn undo_exchange(bound: &mut Bound, temporary: &Path, path: &Path) -> Result<(), Refusal> {
    match aside::exchange(temporary, path) {
        Ok(()) => bound.moved_to(temporary)?,
        // Another process has removed one of the two files in between.
        Err(rustix::io::Errno::NOENT) => return put_back(temporary, path),
        Err(error) => return Err(left_aside(temporary, path, &error.into())),
    }
    match bound.file.as_ref().map_or(Ok(true), |file| file.is_at(temporary)) {
        Ok(true) => Ok(()),
        Ok(false) => Err(in_use(Obstacle::LeftAside(temporary.to_owned()))),
        Err(error) => Err(left_aside(temporary, path, &error)),
    }
}

/// Logs why a file cannot be moved back to its path, and returns the refusal that names the file.
fn left_aside(aside: &Path, path: &Path, error: &io::Error) -> Refusal {
    tracing::debug!(?path, ?aside, %error, "file not put back");
    in_use(Obstacle::LeftAside(aside.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        fs as std_fs,
        os::unix::{
            fs::{MetadataExt as _, symlink},
            net::UnixListener,
        },
    };

    fn folder_with_stale_socket() -> io::Result<tempfile::TempDir> {
        let folder = tempfile::tempdir()?;
        drop(UnixListener::bind(folder.path().join("s"))?);
        Ok(folder)
    }

    fn entries(folder: &Path) -> io::Result<Vec<String>> {
        let names = std_fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name()));
        names.map(|name: io::Result<_>| Ok(name?.to_string_lossy().into_owned())).collect()
    }

    /// A stale socket is looked at, and then something else comes to its path, in many cases
    /// with the same inode number.
    #[test]
    fn what_came_after_the_look_is_not_removed() -> Result<(), Refusal> {
        let swap_in: [fn(&Path) -> io::Result<()>; 6] = [
            |path| std_fs::write(path, "precious"),
            |path| std_fs::create_dir(path).and_then(|()| std_fs::write(path.join("x"), "")),
            |path| symlink("nowhere", path),
            |path| UnixListener::bind(path).map(drop),
            |path| UnixListener::bind(path).map(std::mem::forget),
            |path| std::process::Command::new("mkfifo").arg(path).status().map(drop),
        ];
        for swap_in in swap_in {
            for _ in 0..10 {
                let folder = folder_with_stale_socket()?;
                let path = folder.path().join("s");
                let file = Pinned::at(&path)?;
                assert_eq!(file.probe(&path)?, Finding::Stale);
                std_fs::remove_file(&path)?;
                swap_in(&path)?;
                let before = std_fs::symlink_metadata(&path)?;
                remove_stale(&path, &file)?;
                let after = std_fs::symlink_metadata(&path)?;
                assert_eq!((after.ino(), after.mode()), (before.ino(), before.mode()));
                assert_eq!(entries(folder.path())?, ["s"]);
                // As if it had come even later: after it was moved aside.
                let Some(aside) = aside::move_aside(&path)? else { panic!("it was there") };
                assert!(!file.is_socket_at(&aside)?);
                put_back(&aside, &path)?;
                assert_eq!(entries(folder.path())?, ["s"]);
            }
        }
        Ok(())
    }

    #[test]
    fn the_stale_socket_itself_is_removed() -> Result<(), Refusal> {
        let folder = folder_with_stale_socket()?;
        let path = folder.path().join("s");
        let file = Pinned::at(&path)?;
        remove_stale(&path, &file)?;
        assert_eq!(entries(folder.path())?, [""; 0]);
        // Somebody else was faster.
        remove_stale(&path, &file)
    }

    /// Its place was taken meanwhile: it stays where it is, and the error says where.
    #[test]
    fn what_cannot_be_put_back_is_named() -> Result<(), Refusal> {
        let folder = tempfile::tempdir()?;
        let (path, aside) = (folder.path().join("s"), folder.path().join("aside"));
        std_fs::write(&path, "precious")?;
        std_fs::write(&aside, "as precious")?;
        let refusal = put_back(&aside, &path).map_err(|refusal| refusal.obstacle);
        assert_eq!(refusal.err(), Some(Some(Obstacle::LeftAside(aside.clone()))));
        assert_eq!(std_fs::read(&path)?, b"precious");
        assert_eq!(std_fs::read(&aside)?, b"as precious");
        Ok(())
    }

    /// Another process removes our socket from the path while the file that was there lies aside.
    #[test]
    fn what_lies_aside_is_put_back_at_a_free_name() -> Result<(), Refusal> {
        let folder = tempfile::tempdir()?;
        let (path, aside) = (folder.path().join("s"), folder.path().join("aside"));
        std_fs::write(&aside, "precious")?;
        let name = crate::Name::parse("./unused").map_err(io::Error::from)?;
        let options = ListenerOptions::new().name(name).on_conflict(OnConflict::Replace);
        let mut bound = Bound::at(&folder.path().join("other"), &options, true)?;
        undo_exchange(&mut bound, &aside, &path)?;
        assert_eq!(std_fs::read(&path)?, b"precious");
        Ok(())
    }

    /// Another process removes the replaced socket file before we do.
    #[test]
    fn a_replaced_file_may_be_gone_already() -> Result<(), Refusal> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("x");
        assert!(remove_replaced(&path));
        drop(UnixListener::bind(&path)?);
        assert!(remove_replaced(&path));
        std_fs::write(&path, "precious")?;
        assert!(!remove_replaced(&path));
        assert_eq!(entries(folder.path())?, ["x"]);
        Ok(())
    }

    /// It was a socket when it was looked at, and none any more at the last moment.
    #[test]
    fn only_sockets_are_replaced() -> Result<(), Refusal> {
        let make: [fn(&Path) -> io::Result<()>; 3] = [
            |path| std_fs::write(path, "precious"),
            |path| std_fs::create_dir(path).and_then(|()| std_fs::write(path.join("x"), "")),
            |path| symlink("nowhere", path),
        ];
        for make in make {
            let folder = tempfile::tempdir()?;
            let path = folder.path().join("s");
            make(&path)?;
            let before = std_fs::symlink_metadata(&path)?.ino();
            let name = crate::Name::parse("./unused").map_err(io::Error::from)?;
            let options = ListenerOptions::new().name(name).on_conflict(OnConflict::Replace);
            assert!(replace_live(&path, &options)?.is_none());
            assert_eq!(std_fs::symlink_metadata(&path)?.ino(), before);
            assert_eq!(entries(folder.path())?, ["s"]);
        }
        Ok(())
    }
}
