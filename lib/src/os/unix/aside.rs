//! Moving a file aside and back without ever overwriting another one.

use super::file::{Identity, lstat};
use rustix::{
    fs::{self, AtFlags, Mode, OFlags},
    io::Errno,
};
use std::{
    ffi::{OsStr, OsString},
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

/// How many names are tried: more than are ever in use by chance.
const NAMES: usize = 64;

/// The result of [`move_atomically`].
#[derive(Debug)]
pub(super) enum Moved {
    To(PathBuf),
    /// Nothing stands at the path.
    Nothing,
    /// The system or the file system has no `renameat2(2)`.
    Unsupported,
}

/// Moves what stands at the path to a name that nothing had, in one step.
pub(super) fn move_atomically(path: &Path) -> io::Result<Moved> {
    with_new_name(path, "stale", |aside| match rename_to_free_name(path, aside) {
        Ok(()) => Some(Ok(Moved::To(aside.to_owned()))),
        Err(Errno::NOENT) => Some(Ok(Moved::Nothing)),
        Err(Errno::EXIST) => None,
        Err(error) if is_unsupported(error) => Some(Ok(Moved::Unsupported)),
        Err(error) => Some(Err(error.into())),
    })
}

/// Moves what stands at the path to a name that nothing had; `None` if nothing is there.
///
/// Without `renameat2(2)` an empty file is made under the new name, and renamed over. What
/// somebody puts in the place of that file between these two calls is overwritten; the name
/// is random, so that takes one who watches the folder and may write to it. A folder cannot
/// be renamed over a file: it stays, and the error is `NotADirectory`.
pub(super) fn move_aside(path: &Path) -> io::Result<Option<PathBuf>> {
    match move_atomically(path)? {
        Moved::To(aside) => Ok(Some(aside)),
        Moved::Nothing => Ok(None),
        Moved::Unsupported => move_over_placeholder(path),
    }
}

fn move_over_placeholder(path: &Path) -> io::Result<Option<PathBuf>> {
    let (aside, placeholder) = with_new_name(path, "stale", |aside| {
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
/// `AlreadyExists` if something stands there by now; the file stays where it is.
pub(super) fn put_back(aside: &Path, path: &Path) -> io::Result<()> {
    match rename_to_free_name(aside, path) {
        Err(error) if is_unsupported(error) => {
            // `link(2)` follows symbolic links on some systems.
            fs::linkat(fs::CWD, aside, fs::CWD, path, AtFlags::empty())?;
            Ok(fs::unlink(aside)?)
        }
        result => Ok(result?),
    }
}

/// `renameat2(2)` with `RENAME_NOREPLACE`, on macOS `renamex_np(2)` with `RENAME_EXCL`.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn rename_to_free_name(from: &Path, to: &Path) -> rustix::io::Result<()> {
    fs::renameat_with(fs::CWD, from, fs::CWD, to, fs::RenameFlags::NOREPLACE)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn rename_to_free_name(_: &Path, _: &Path) -> rustix::io::Result<()> {
    Err(Errno::NOSYS)
}

/// Lets two files change places, so that what was replaced can be looked at.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
pub(super) fn exchange(one: &Path, other: &Path) -> rustix::io::Result<()> {
    fs::renameat_with(fs::CWD, one, fs::CWD, other, fs::RenameFlags::EXCHANGE)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
pub(super) fn exchange(_: &Path, _: &Path) -> rustix::io::Result<()> {
    Err(Errno::NOSYS)
}

/// Whether the error says that the system or the file system has no such way to rename.
pub(super) fn is_unsupported(error: Errno) -> bool {
    [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP, Errno::NOTSUP].contains(&error)
}

/// Calls with new names beside the path until one is free; `None` stands for a name that
/// is in use.
pub(super) fn with_new_name<T, E: From<Errno>>(
    path: &Path,
    purpose: &str,
    mut attempt: impl FnMut(&Path) -> Option<Result<T, E>>,
) -> Result<T, E> {
    (0..NAMES)
        .find_map(|_| attempt(&sibling(path, purpose)))
        .unwrap_or_else(|| Err(Errno::EXIST.into()))
}

/// Returns a name in the same folder that is unlikely to be in use, and that nobody can
/// foresee. It has the name of the file in it, unless the path would be too long for the
/// address of a socket.
fn sibling(path: &Path, purpose: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // The state of each hasher begins with bytes from the system's random numbers.
    let [.., a, b, c, d] = RandomState::new().build_hasher().finish().to_ne_bytes();
    let random = u32::from_ne_bytes([a, b, c, d]);
    let short = path.with_file_name(format!(".{purpose}{random}.{count}."));
    let mut long = OsString::from(&short);
    long.push(path.file_name().unwrap_or_default());
    if long.len() > crate::Platform::CURRENT.path_limit() { short } else { long.into() }
}

/// The path beside which a socket was bound to take the place of a live one: the address
/// of a socket is for ever the name that it was bound to. `None` if this is the path of no
/// such socket, `Some(None)` if its name does not say where it stands.
pub(super) fn replaced_path(path: &Path) -> Option<Option<PathBuf>> {
    let name = path.file_name()?.as_bytes().strip_prefix(b".new")?;
    let mut parts = name.splitn(3, |byte| *byte == b'.');
    let mut is_number =
        || parts.next().is_some_and(|p| !p.is_empty() && p.iter().all(u8::is_ascii_digit));
    if !is_number() || !is_number() {
        return None;
    }
    let name = parts.next()?;
    // One that was bound through a descriptor of its folder has no folder in its name.
    let is_known = !name.is_empty() && !path.starts_with("/proc/self/fd");
    Some(is_known.then(|| path.with_file_name(OsStr::from_bytes(name))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs as std_fs;

    fn count(folder: &Path) -> io::Result<usize> {
        Ok(std_fs::read_dir(folder)?.count())
    }

    /// The way of systems without `renameat2(2)`.
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

    #[test]
    fn a_name_in_use_is_not_used() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("s");
        let mut names = Vec::new();
        let given: io::Result<()> = with_new_name(&path, "stale", |name| {
            names.push(name.to_owned());
            (names.len() == 5).then_some(Ok(()))
        });
        given?;
        names.dedup();
        assert_eq!(names.len(), 5);
        let refused: io::Result<()> = with_new_name(&path, "stale", |_| None);
        assert_eq!(refused.map_err(|error| error.kind()), Err(io::ErrorKind::AlreadyExists));
        Ok(())
    }

    #[test]
    fn the_name_of_a_replacing_socket_leads_back() {
        for path in ["/run/a.sock", "./.new1.2.x", "s"] {
            let beside = sibling(Path::new(path), "new");
            assert_eq!(replaced_path(&beside), Some(Some(path.into())), "{beside:?}");
        }
        let long = PathBuf::from(format!("/run/{}", "x".repeat(103)));
        let beside = sibling(&long, "new");
        assert!(beside.as_os_str().len() < 40, "{beside:?}");
        assert_eq!(replaced_path(&beside), Some(None));
        assert_eq!(replaced_path(Path::new("/proc/self/fd/3/.new1.2.s")), Some(None));
        for path in ["/run/.new", "/run/.new1.x", "/run/new1.2.s", "/run/.new.1.s"] {
            assert_eq!(replaced_path(Path::new(path)), None, "{path}");
        }
    }
}
