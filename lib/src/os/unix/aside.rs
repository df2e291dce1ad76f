//! Moves files aside and back without overwriting another file.

use super::{
    identity::{Identity, lstat},
    temporary_name::{STALE, with_free_name},
};
use rustix::{
    fs::{self, AtFlags, CWD, Mode, OFlags},
    io::Errno,
};
use std::{
    io,
    path::{Path, PathBuf},
};

/// Result of [`move_atomically`].
#[derive(Debug)]
pub(super) enum Moved {
    To(PathBuf),
    /// There is no file at the path.
    Nothing,
    /// The system or the file system has no `renameat2(2)`.
    Unsupported,
}

/// Moves the file at the path to a free name in one step.
pub(super) fn move_atomically(path: &Path) -> io::Result<Moved> {
    with_free_name(path, STALE, |aside| match rename_to_free_name(path, aside) {
        Ok(()) => Some(Ok(Moved::To(aside.to_owned()))),
        Err(Errno::NOENT) => Some(Ok(Moved::Nothing)),
        Err(Errno::EXIST) => None,
        Err(error) if is_unsupported(error) => Some(Ok(Moved::Unsupported)),
        Err(error) => Some(Err(error.into())),
    })
}

/// Moves the file at the path to a free name. Returns `None` if there is no file.
///
/// Without `renameat2(2)` an empty file is created under the new name and renamed over. A file
/// that somebody puts in its place between these two calls is overwritten; the name is random, so
/// only a process that watches the folder and may write to it can do that. A folder cannot be
/// renamed over a file: it stays, and the error is `NotADirectory`.
pub(super) fn move_aside(path: &Path) -> io::Result<Option<PathBuf>> {
    match move_atomically(path)? {
        Moved::To(aside) => Ok(Some(aside)),
        Moved::Nothing => Ok(None),
        Moved::Unsupported => move_over_placeholder(path),
    }
}

fn move_over_placeholder(path: &Path) -> io::Result<Option<PathBuf>> {
    let (aside, placeholder) = with_free_name(path, STALE, |aside| {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        match fs::open(aside, flags, Mode::RUSR | Mode::WUSR) {
            Err(Errno::EXIST) => None,
            file => Some(file.map(|file| (aside.to_owned(), file))),
        }
    })?;
    match fs::rename(path, &aside) {
        Ok(()) => Ok(Some(aside)),
        Err(error) => {
            if Identity::of(&lstat(&aside)?) == Identity::of(&fs::fstat(&placeholder)?) {
                fs::unlink(&aside)?;
            }
            if error == Errno::NOENT { Ok(None) } else { Err(error.into()) }
        }
    }
}

/// Moves a file back to its path.
///
/// # Errors
/// `AlreadyExists` if there is another file by now; the file stays where it is.
pub(super) fn put_back(aside: &Path, path: &Path) -> io::Result<()> {
    match rename_to_free_name(aside, path) {
        Err(error) if is_unsupported(error) => {
            // `link(2)` follows symbolic links on some systems.
            fs::linkat(CWD, aside, CWD, path, AtFlags::empty())?;
            Ok(fs::unlink(aside)?)
        }
        result => Ok(result?),
    }
}

/// Calls `renameat2(2)` with `RENAME_NOREPLACE`, on macOS `renamex_np(2)` with `RENAME_EXCL`.
fn rename_to_free_name(from: &Path, to: &Path) -> rustix::io::Result<()> {
    #[cfg(any(linux_like, apple))]
    return fs::renameat_with(CWD, from, CWD, to, fs::RenameFlags::NOREPLACE);
    #[cfg(not(any(linux_like, apple)))]
    unsupported(from, to)
}

/// Exchanges two files, so that the file that was replaced can be examined.
pub(super) fn exchange(one: &Path, other: &Path) -> rustix::io::Result<()> {
    #[cfg(any(linux_like, apple))]
    return fs::renameat_with(CWD, one, CWD, other, fs::RenameFlags::EXCHANGE);
    #[cfg(not(any(linux_like, apple)))]
    unsupported(one, other)
}

#[cfg(not(any(linux_like, apple)))]
fn unsupported(_: &Path, _: &Path) -> rustix::io::Result<()> {
    Err(Errno::NOSYS)
}

/// Returns whether the system or the file system lacks `renameat2(2)` or the flag.
pub(super) fn is_unsupported(error: Errno) -> bool {
    [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP, Errno::NOTSUP].contains(&error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs as std_fs;

    fn count(folder: &Path) -> io::Result<usize> {
        Ok(std_fs::read_dir(folder)?.count())
    }

    /// On systems without `renameat2(2)`.
    #[test]
    fn a_file_is_moved_over_a_placeholder_and_nothing_else_is() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("s");
        assert_eq!(move_over_placeholder(&path)?, None);
        std_fs::create_dir(&path)?;
        let refused = move_over_placeholder(&path).map_err(|error| error.kind());
        assert_eq!(refused, Err(io::ErrorKind::NotADirectory));
        assert_eq!(count(folder.path())?, 1);
        std_fs::remove_dir(&path)?;
        std_fs::write(&path, "precious")?;
        let aside = move_over_placeholder(&path)?.ok_or(io::ErrorKind::NotFound)?;
        assert_eq!((count(folder.path())?, std_fs::read(&aside)?), (1, b"precious".to_vec()));
        Ok(())
    }
}
