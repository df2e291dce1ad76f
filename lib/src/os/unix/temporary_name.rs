//! Names of temporary entries beside a socket file: `.PURPOSE<random>.<count>.<name of the file>`.

use rustix::io::Errno;
use std::{
    ffi::{OsStr, OsString},
    hash::{BuildHasher as _, Hasher as _, RandomState},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

/// Purpose of a file that is moved aside before it is removed.
pub(super) const STALE: &str = "stale";

/// Purpose of a socket file that will replace that of a live server.
pub(super) const NEW: &str = "new";

/// Maximum number of attempts: more names than are ever in use by chance.
const MAX_ATTEMPTS: usize = 64;

/// Calls `attempt` with new names beside the path. `attempt` returns `None` if the name is in use.
/// The error is `EEXIST` if all names are.
pub(super) fn with_free_name<T, E: From<Errno>>(
    path: &Path,
    purpose: &str,
    mut attempt: impl FnMut(&Path) -> Option<Result<T, E>>,
) -> Result<T, E> {
    (0..MAX_ATTEMPTS)
        .find_map(|_| attempt(&sibling(path, purpose)))
        .unwrap_or_else(|| Err(Errno::EXIST.into()))
}

/// Returns a path in the same folder that is unlikely to be in use and cannot be predicted. It
/// contains the name of the file, unless it would be too long for the address of a socket. The
/// random number is shortened if it has to be, so that the path fits if the last part of the other
/// path has eight bytes or more.
fn sibling(path: &Path, purpose: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let limit = crate::Platform::CURRENT.path_limit();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // std seeds its hashers with random bytes from the system.
    let [.., a, b, c, d] = RandomState::new().build_hasher().finish().to_ne_bytes();
    let random = u32::from_ne_bytes([a, b, c, d]);
    let short = path.with_file_name(format!(".{purpose}{random}.{count}."));
    let mut long = OsString::from(&short);
    long.push(path.file_name().unwrap_or_default());
    if long.len() <= limit {
        return long.into();
    }
    let excess = short.as_os_str().len().saturating_sub(limit);
    if excess == 0 {
        return short;
    }
    let digits = random.to_string();
    let digits = &digits[..digits.len().saturating_sub(excess).max(1)];
    path.with_file_name(format!(".{purpose}{digits}.{}.", count % 10))
}

/// Returns the path that a socket was renamed to after it was bound at a [`NEW`] temporary path:
/// its address stays the path that it was bound to. `None` if the path is not temporary,
/// `Some(None)` if the temporary path does not contain the name.
pub(super) fn replaced_path(path: &Path) -> Option<Option<PathBuf>> {
    let name = path.file_name()?.as_bytes().strip_prefix(b".")?.strip_prefix(NEW.as_bytes())?;
    let mut parts = name.splitn(3, |byte| *byte == b'.');
    let mut is_number =
        || parts.next().is_some_and(|p| !p.is_empty() && p.iter().all(u8::is_ascii_digit));
    if !is_number() || !is_number() {
        return None;
    }
    let name = parts.next()?;
    // The address of a socket that was bound through a descriptor of its folder lacks the folder.
    let is_known = !name.is_empty() && !path.starts_with("/proc/self/fd");
    Some(is_known.then(|| path.with_file_name(OsStr::from_bytes(name))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn a_name_in_use_is_not_used() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("s");
        let mut names = Vec::new();
        let given: io::Result<()> = with_free_name(&path, STALE, |name| {
            names.push(name.to_owned());
            (names.len() == 5).then_some(Ok(()))
        });
        given?;
        names.dedup();
        assert_eq!(names.len(), 5);
        let refused: io::Result<()> = with_free_name(&path, STALE, |_| None);
        assert_eq!(refused.map_err(|error| error.kind()), Err(io::ErrorKind::AlreadyExists));
        Ok(())
    }

    /// Where a socket cannot be bound through a descriptor of its folder.
    #[test]
    fn a_name_beside_a_path_of_the_maximum_length_fits() {
        let limit = crate::Platform::CURRENT.path_limit();
        for last in 8..limit - 3 {
            let path = Path::new("/").join("d".repeat(limit - last - 2)).join("f".repeat(last));
            assert_eq!(path.as_os_str().len(), limit);
            let beside: Vec<_> = (0..20).map(|_| sibling(&path, NEW)).collect();
            for beside in &beside {
                assert!(beside.as_os_str().len() <= limit, "{last}: {beside:?}");
                assert_eq!(replaced_path(beside), Some(None), "{beside:?}");
            }
            assert!(beside.iter().any(|other| *other != beside[0]), "{last}: {beside:?}");
        }
    }

    #[test]
    fn the_path_of_a_replacing_socket_is_found_from_its_temporary_name() {
        for path in ["/run/a.sock", "./.new1.2.x", "s"] {
            let beside = sibling(Path::new(path), NEW);
            assert_eq!(replaced_path(&beside), Some(Some(path.into())), "{beside:?}");
        }
        let long = PathBuf::from(format!("/run/{}", "x".repeat(103)));
        let beside = sibling(&long, NEW);
        assert!(beside.as_os_str().len() < 40, "{beside:?}");
        assert_eq!(replaced_path(&beside), Some(None));
        assert_eq!(replaced_path(Path::new("/proc/self/fd/3/.new1.2.s")), Some(None));
        for path in ["/run/.new", "/run/.new1.x", "/run/new1.2.s", "/run/.new.1.s"] {
            assert_eq!(replaced_path(Path::new(path)), None, "{path}");
        }
    }
}
