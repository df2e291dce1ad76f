//! Takes over the path of a socket file, only a stale one or also a live one. Of any number of
//! processes that try at the same time exactly one succeeds.
//!
//! # The protocol
//! A path without a file is bound at once: `bind(2)` creates the file only if there is none. Every
//! process tries once for the [`lock`], without waiting. The lock is required only to remove or
//! replace a file. It is held from the first look at the path until the new socket listens.
//!
//! Exact checks protect against programs that do not use the lock. The file is
//! [pinned](super::pinned), probed for a listener, moved [`aside`], and removed only if the file
//! that was moved is the pinned one and still nobody listens on it. Any other file is put back.
//! Where locking is impossible, only the checks protect: no file is lost, but a new server's file
//! may be away from its path for the moment between two calls of `rename`, and a third process may
//! bind the path then.
//!
//! One gap is left on Linux: a listener with [`OnConflict::Fail`] takes no lock and, unless
//! permissions are to be changed, does not ask the system which file it is bound to. If a replacing
//! server comes between its `bind(2)` and `lstat(2)`, the listener takes that server's file for its
//! own and removes it when it is dropped. On file systems without `renameat2(2)`, and on other Unix
//! systems, see [`move_aside`](super::aside::move_aside) and [`take_place`].

use super::{
    aside,
    bound::Bound,
    holder,
    identity::{lstat, not_a_socket},
    lock::{self, Locking},
    pinned::Pinned,
    probe::Finding,
    refusal::{Refusal, in_use},
    temporary_name::{NEW, with_free_name},
};
use crate::{ListenerOptions, OnConflict, error::Obstacle};
use rustix::fs;
use std::{io, path::Path, time::Instant};

/// Listens at the path. It takes over the path as the options say.
pub(super) fn claim(path: &Path, options: &ListenerOptions<'_>) -> Result<Bound, Refusal> {
    let start = Instant::now();
    let deadline = start.checked_add(options.spin_limit());
    // Once, so that processes that cooperate do not meet in the short time before they listen.
    let mut lock = lock::acquire(path, Some(start));
    let mut is_first = true;
    loop {
        let refusal = match Bound::at_path(path, options, matches!(lock, Locking::Held(_))) {
            Err(refusal) if refusal.error.kind() == io::ErrorKind::AddrInUse => refusal,
            result => return result,
        };
        // After each look at the path there is one more attempt, also after the deadline.
        if !is_first && deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(in_use(refusal.obstacle.unwrap_or(Obstacle::Contended(None))));
        }
        is_first = false;
        if let Some(bound) = take_over(path, options, &mut lock, deadline)? {
            return Ok(bound);
        }
    }
}

/// Removes a stale file, or replaces a live one. Returns `None` if the path has to be examined
/// again.
fn take_over(
    path: &Path,
    options: &ListenerOptions<'_>,
    lock: &mut Locking,
    deadline: Option<Instant>,
) -> Result<Option<Bound>, Refusal> {
    let file = match Pinned::at_path(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return if is_of_folder(path) { Err(error.into()) } else { Ok(None) };
        }
        file => file?,
    };
    if let Some(what) = file.not_a_socket() {
        return Err(in_use(Obstacle::NotASocket(what)));
    }
    let finding = file.probe(path)?;
    match finding {
        Finding::Nothing => return Ok(None),
        Finding::Live if options.on_conflict == OnConflict::ReplaceStale => {
            return Err(in_use(Obstacle::LiveServer(Some(holder::of_file(&file)))));
        }
        Finding::Unknown if options.on_conflict == OnConflict::ReplaceStale => {
            return Err(in_use(match holder::of_open_socket(&file) {
                Some(holder) => Obstacle::LiveServer(Some(holder)),
                None => Obstacle::Unprobed { owner: file.owner() },
            }));
        }
        Finding::Live | Finding::Unknown | Finding::Stale => {}
    }
    if matches!(lock, Locking::Busy) {
        *lock = lock::acquire(path, deadline);
        if matches!(lock, Locking::Busy) {
            return Err(in_use(Obstacle::Contended(Some(lock::held(path)))));
        }
        // The previous holder may have changed the file.
        return Ok(None);
    }
    if finding == Finding::Stale {
        remove_stale(path, &file).map(|()| None)
    } else {
        replace_live(path, options)
    }
}

/// Returns whether a path ends in `/` or `/.`, so that it can only lead to a folder. If it is a
/// symbolic link to nothing, it is in use to `bind(2)` and does not exist to `lstat(2)`, for ever.
fn is_of_folder(path: &Path) -> bool {
    path.components().as_path().as_os_str() != path.as_os_str()
}

/// Removes exactly this stale file.
fn remove_stale(path: &Path, file: &Pinned) -> Result<(), Refusal> {
    // Without the lock, another process's new file may be there already.
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

/// Replaces a live socket by a new one that listens already. Returns `None` if the file at the path
/// is not a socket any more.
fn replace_live(path: &Path, options: &ListenerOptions<'_>) -> Result<Option<Bound>, Refusal> {
    with_free_name(path, NEW, |temporary| {
        match Bound::at_path(temporary, options, true) {
            // The name is in use.
            Err(refusal) if refusal.error.kind() == io::ErrorKind::AddrInUse => None,
            Err(refusal) => Some(Err(refusal)),
            Ok(bound) => Some(take_place(bound, temporary, path)),
        }
    })
}

/// Renames a socket over another. Returns `None` if the other file is not a socket.
///
/// Where the system or the file system cannot exchange two files, the other file is examined right
/// before `rename(2)` replaces it: a file that is created in between is lost. Moving the other file
/// aside first would leave clients without a server for a moment.
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

/// Moves a file that is not a socket back to its path. If another process has put another file
/// there in between, the file stays where it is, and the error names it.
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

    /// A stale socket is examined, and then another file comes to its path, in many cases with the
    /// same inode number.
    #[test]
    fn a_file_that_replaces_the_examined_one_is_not_removed() -> Result<(), Refusal> {
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
                let file = Pinned::at_path(&path)?;
                assert_eq!(file.probe(&path)?, Finding::Stale);
                std_fs::remove_file(&path)?;
                swap_in(&path)?;
                let before = std_fs::symlink_metadata(&path)?;
                remove_stale(&path, &file)?;
                let after = std_fs::symlink_metadata(&path)?;
                assert_eq!((after.ino(), after.mode()), (before.ino(), before.mode()));
                assert_eq!(entries(folder.path())?, ["s"]);
                // The other file comes even later: after the stale one was moved aside.
                let Some(aside) = aside::move_aside(&path)? else { panic!("the file is missing") };
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
        let file = Pinned::at_path(&path)?;
        remove_stale(&path, &file)?;
        assert_eq!(entries(folder.path())?, [""; 0]);
        // Another process was faster.
        remove_stale(&path, &file)
    }

    /// Another file has taken its path: it stays where it is, and the error says where.
    #[test]
    fn a_file_that_cannot_be_put_back_is_named() -> Result<(), Refusal> {
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

    /// Another process removes our socket from the path while the previous file lies aside.
    #[test]
    fn a_file_that_was_moved_aside_is_put_back_at_a_free_path() -> Result<(), Refusal> {
        let folder = tempfile::tempdir()?;
        let (path, aside) = (folder.path().join("s"), folder.path().join("aside"));
        std_fs::write(&aside, "precious")?;
        let name = crate::Name::parse("./unused").map_err(io::Error::from)?;
        let options = ListenerOptions::new().name(name).on_conflict(OnConflict::Replace);
        let mut bound = Bound::at_path(&folder.path().join("other"), &options, true)?;
        undo_exchange(&mut bound, &aside, &path)?;
        assert_eq!(std_fs::read(&path)?, b"precious");
        Ok(())
    }

    /// Another process removes the replaced socket file before we do.
    #[test]
    fn another_process_may_have_removed_the_replaced_file() -> Result<(), Refusal> {
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

    /// The file was a socket when it was examined, and is none any more at the last moment.
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
