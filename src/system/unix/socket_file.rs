//! Socket files of servers, for a program that stands in for one.

use super::{
    access, may,
    path_walk::{folder_of, user_name},
};
use local_socket::{Listener, os::unix::socket_file};
use nix::unistd::Uid;
use rustix::{
    fs::{Access, Mode, OFlags, open},
    io::Errno,
};
#[cfg(target_os = "linux")]
use std::os::fd::AsRawFd as _;
use std::{
    ffi::{OsStr, OsString},
    fs, io,
    os::fd::OwnedFd,
    os::unix::{
        ffi::{OsStrExt as _, OsStringExt as _},
        fs::{MetadataExt as _, PermissionsExt as _},
    },
    path::{Path, PathBuf},
};

pub(crate) use local_socket::os::unix::socket_file::{
    LockError, NameLock, SocketFile, SocketState, exchange, is_stale, move_to_free_path,
};

/// Listens at a free path with a socket file like the other one (see
/// [`listen_like`](socket_file::listen_like)).
pub(crate) fn listen_like(path: &Path, like: &SocketFile) -> io::Result<(Listener, SocketFile)> {
    let (socket, file) = socket_file::listen_like(path, like)?;
    Ok((local_socket::os::unix::Listener::from(socket).into(), file))
}

/// The end of the names that socket files have while another process stands in for their server.
const ASIDE_END: &[u8] = b".lsock-tap";

/// Length of a name that is not shortened in the path aside.
const LONGEST_KEPT: usize = 64;

/// Length of the beginning of a longer name, which a `~` and a hash follow.
const BEGINNING: usize = 40;

/// Returns the path that the socket file of a server has while another process stands in for it:
/// `.NAME.lsock-tap` in the same folder. It depends on the path alone, so a later process finds it.
///
/// A long name is shortened and has a hash of the whole name. Otherwise the path could not be the
/// address of a socket, not even through a descriptor of the folder.
pub(crate) fn aside_path(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().as_bytes();
    let mut aside = b".".to_vec();
    if name.len() <= LONGEST_KEPT {
        aside.extend(name);
    } else {
        aside.extend(&name[..BEGINNING]);
        aside.extend(format!("~{:016x}", hash(name)).bytes());
    }
    aside.extend(ASIDE_END);
    path.with_file_name(OsString::from_vec(aside))
}

/// Returns whether the path is one [aside](aside_path) of another.
pub(crate) fn is_aside(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_bytes();
    name.starts_with(b".") && name.ends_with(ASIDE_END)
}

/// Returns the path of which this one is [aside](aside_path). `None` if its name was shortened.
pub(crate) fn path_of_aside(aside: &Path) -> Option<PathBuf> {
    let name = aside.file_name()?.as_bytes().strip_prefix(b".")?.strip_suffix(ASIDE_END)?;
    let is_shortened = name.get(BEGINNING) == Some(&b'~') && name.len() == BEGINNING + 17;
    let is_kept = !name.is_empty() && name.len() <= LONGEST_KEPT && !is_shortened;
    is_kept.then(|| aside.with_file_name(OsStr::from_bytes(name)))
}

/// Returns the path of the socket file of a live server that a tap has moved from this path, where
/// its own stale file is: the tap was killed.
pub(super) fn moved_by_tap(path: &Path) -> Option<PathBuf> {
    let aside = aside_path(path);
    let server = SocketFile::at_path(&aside).ok()?;
    if !have_same_permissions(&SocketFile::at_path(path).ok()?, &server) {
        return None;
    }
    match server.state(&aside).ok()? {
        SocketState::Stream { listens: true } | SocketState::Open => Some(aside),
        _ => None,
    }
}

/// Returns whether two files have the same owner, group and mode, as the files of a tap and its
/// server have.
pub(crate) fn have_same_permissions(one: &SocketFile, other: &SocketFile) -> bool {
    (one.owner(), one.group(), one.mode()) == (other.owner(), other.group(), other.mode())
}

/// Returns the FNV-1a hash, which is the same in every version of the program.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Returns whether this process may give a file the owner of this one.
pub(crate) fn may_have_same_owner(file: &SocketFile) -> bool {
    let ours = Uid::effective();
    ours.is_root() || ours.as_raw() == file.owner()
}

/// Returns the name of the owner of the file, or its number.
pub(crate) fn owner_name(file: &SocketFile) -> String {
    user_name(file.owner())
}

/// A folder that is found again after it was moved.
#[derive(Debug)]
pub(crate) struct HeldFolder(
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "its path is not reported"))]
    OwnedFd,
);

impl HeldFolder {
    /// Opens the folder of a file.
    pub(crate) fn of_file(path: &Path) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        let access = OFlags::PATH;
        #[cfg(not(target_os = "linux"))]
        let access = OFlags::RDONLY;
        let flags = access | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(open(folder_of(path), flags, Mode::empty())?))
    }

    /// Returns the path of the folder if the path of the file does not lead to it any more. Returns
    /// `None` if it does, or if the folder was removed, and on systems that do not report the path.
    #[cfg(target_os = "linux")]
    pub(crate) fn moved_from(&self, file: &Path) -> Option<PathBuf> {
        let link = PathBuf::from(format!("/proc/self/fd/{}", self.0.as_raw_fd()));
        let numbers = |path: &Path| fs::metadata(path).map(|file| (file.dev(), file.ino())).ok();
        let held = numbers(&link)?;
        if numbers(folder_of(file)) == Some(held) {
            return None;
        }
        let path = fs::read_link(&link).ok()?;
        (numbers(&path) == Some(held)).then_some(path)
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn moved_from(&self, _: &Path) -> Option<PathBuf> {
        None
    }
}

/// Returns the name of the user of this process, or its number.
pub(crate) fn own_user_name() -> String {
    user_name(Uid::effective().as_raw())
}

/// Returns whether this process may read the folder of a path.
pub(crate) fn may_read_folder(path: &Path) -> bool {
    may(folder_of(path), Access::READ_OK) != Some(false)
}

/// Fails if this process cannot create, rename or remove files in the folder of a path.
///
/// # Errors
/// `PermissionDenied` or `ReadOnlyFilesystem`.
pub(crate) fn may_change_folder(path: &Path) -> io::Result<()> {
    match access(folder_of(path), Access::WRITE_OK | Access::EXEC_OK) {
        Err(error @ (Errno::ACCESS | Errno::ROFS)) => Err(error.into()),
        // A sandbox may refuse the question itself.
        _ => Ok(()),
    }
}

/// Returns whether other users than that of this process and root may connect to the socket: it
/// belongs to another user, or its mode admits others and no folder above it keeps them out.
pub(crate) fn admits_others(path: &Path, file: &SocketFile) -> bool {
    let ours = Uid::effective().as_raw();
    let is_open = file.mode() & 0o022 != 0;
    file.owner() != ours && file.owner() != 0 || is_open && !is_in_a_private_folder(path, ours)
}

/// Returns whether a folder of the path can be searched by this user and root only.
fn is_in_a_private_folder(path: &Path, ours: u32) -> bool {
    let Ok(folder) = fs::canonicalize(folder_of(path)) else { return false };
    folder.ancestors().any(|folder| {
        fs::metadata(folder).is_ok_and(|folder| {
            let is_private = folder.permissions().mode() & 0o011 == 0;
            is_private && [ours, 0].contains(&folder.uid())
        })
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_path_aside_is_recognized_and_fits_beside_every_name() {
        assert_eq!(aside_path(Path::new("./s")), Path::new("./.s.lsock-tap"));
        assert_eq!(aside_path(Path::new("s")), Path::new(".s.lsock-tap"));
        let names: Vec<_> = (60..=107).map(|length| "n".repeat(length)).collect();
        let mut asides: Vec<_> =
            names.iter().map(|name| aside_path(&Path::new("/run").join(name))).collect();
        for aside in &asides {
            assert_eq!(aside.parent().unwrap(), Path::new("/run"));
            let name = aside.file_name().unwrap().to_str().unwrap();
            assert!(name.len() <= 80 && name.ends_with(".lsock-tap"), "{name}");
            assert!(is_aside(aside));
        }
        for (name, aside) in names.iter().zip(&asides) {
            let path = (name.len() <= 64).then(|| Path::new("/run").join(name));
            assert_eq!(path_of_aside(aside), path);
        }
        for other in ["/run/s", "/run/.s", "/run/s.lsock-tap", "/run/..lsock-tap"] {
            assert_eq!(path_of_aside(Path::new(other)), None, "{other}");
        }
        asides.dedup();
        assert_eq!(asides.len(), names.len());
        // Of a later version of the program as well.
        assert_eq!(hash(b"a"), 0xaf63_dc4c_8601_ec8c);
    }
}
