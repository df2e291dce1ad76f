//! A file that is recognized when it is examined again.

use super::{
    identity::{Identity, lstat, not_a_socket},
    probe::{self, Finding},
};
use crate::error::reason;
use rustix::{
    fs::{Gid, Mode, Stat, Uid},
    process::geteuid,
};
use std::{io, os::fd::BorrowedFd, path::Path};

/// The file at a path. Symbolic links are not followed.
///
/// On Linux a descriptor holds it (`open(2)`, `O_PATH`): until the descriptor is closed, no other
/// file gets its inode number. Elsewhere the time of the last modification is compared as well.
#[derive(Debug)]
pub(super) struct Pinned {
    #[cfg(linux_like)]
    file: std::os::fd::OwnedFd,
    stat: Stat,
}

impl Pinned {
    pub(super) fn identity(&self) -> Identity {
        Identity::of(&self.stat)
    }

    /// Returns its type in words, or `None` for a socket.
    pub(super) fn not_a_socket(&self) -> Option<&'static str> {
        not_a_socket(&self.stat)
    }

    /// Returns the user who owns it.
    pub(super) fn owner(&self) -> u32 {
        self.stat.st_uid
    }

    /// Returns its group.
    #[cfg(feature = "socket-file")]
    pub(super) fn group(&self) -> u32 {
        self.stat.st_gid
    }

    /// Returns its mode, without the type.
    #[cfg(feature = "socket-file")]
    #[allow(clippy::unnecessary_cast, reason = "the type differs between systems")]
    pub(super) fn mode(&self) -> u32 {
        self.stat.st_mode as u32 & 0o7777
    }

    /// Returns whether it is a socket and is at the path.
    pub(super) fn is_socket_at(&self, path: &Path) -> io::Result<bool> {
        let stat = lstat(path)?;
        let same_time = cfg!(linux_like)
            || (stat.st_mtime, stat.st_mtime_nsec) == (self.stat.st_mtime, self.stat.st_mtime_nsec);
        Ok(Identity::of(&stat) == self.identity() && not_a_socket(&stat).is_none() && same_time)
    }

    /// Probes whether anybody listens on it. Where the file itself cannot be probed, the path is
    /// used, at which it has to be.
    pub(super) fn probe(&self, path: &Path) -> io::Result<Finding> {
        #[cfg(linux_like)]
        match probe::probe(self.link().as_ref())? {
            // There is no /proc: the file exists, because the descriptor is open.
            Finding::Nothing => {}
            finding => return Ok(finding),
        }
        probe::probe(path)
    }

    /// Returns whether the socket, which was bound to the path, is bound to this very file.
    ///
    /// Linux answers this (`sock_diag(7)`). If it does not, and elsewhere, a
    /// socket that this process's user owns and that has no second name is taken for the file.
    pub(super) fn is_file_of(&self, socket: BorrowedFd<'_>) -> bool {
        let _ = socket;
        #[cfg(linux_like)]
        if let Some(answer) = self.is_bound_to(socket) {
            return answer;
        }
        self.looks_like_ours()
    }

    fn looks_like_ours(&self) -> bool {
        let is_ours = self.stat.st_uid == geteuid().as_raw() && self.stat.st_nlink == 1;
        is_ours && self.not_a_socket().is_none()
    }

    /// Sets the owner, the group and the mode of exactly this file.
    ///
    /// # Errors
    /// `PermissionDenied` for another owner without the privileges to set it, and for a group of which
    /// the user is no member, or another error of `chown(2)` or `chmod(2)`.
    pub(super) fn set_permissions(
        &self,
        path: &Path,
        mode: Option<libc::mode_t>,
        owner: Option<u32>,
        group: Option<u32>,
    ) -> io::Result<()> {
        // The group and the mode first: they are those of this process's file, which it may change
        // without further privileges.
        if let Some(group) = group {
            self.change_group(path, Gid::from_raw(group))?;
        }
        // The process's umask has an effect even on a mode that was set before bind.
        if let Some(mode) = mode.filter(|mode| self.stat.st_mode & 0o7777 != *mode) {
            self.change_mode(path, Mode::from_raw_mode(mode))?;
        }
        match owner.filter(|owner| *owner != self.owner()) {
            Some(owner) => self.change_owner(path, Uid::from_raw(owner)).map_err(|error| {
                let text = format!("cannot give it to uid {owner}: {}", reason(&error));
                io::Error::new(error.kind(), text)
            }),
            None => Ok(()),
        }
    }
}

/// Copying the permissions of another file.
#[cfg(feature = "socket-file")]
mod copy {
    use super::{Pinned, io};
    use rustix::fs::{Gid, Mode, Uid};
    use std::path::Path;

    impl Pinned {
        /// Gives this file, which is at the path, the owner, group, mode, access control list and
        /// SELinux label of the other one.
        ///
        /// # Errors
        /// `PermissionDenied` if this process may not give files this owner, group or label, or another
        /// error of `chown(2)`, `chmod(2)` or `setxattr(2)`.
        pub(in super::super) fn copy_permissions(
            &self,
            path: &Path,
            from: &Self,
        ) -> io::Result<()> {
            if self.owner() != from.owner() {
                self.change_owner(path, Uid::from_raw(from.owner()))?;
            }
            if self.group() != from.group() {
                self.change_group(path, Gid::from_raw(from.group()))?;
            }
            // Always: a change of the owner clears bits (`chown(2)`).
            #[allow(clippy::unnecessary_cast, reason = "the type differs between systems")]
            let mode = from.stat.st_mode & 0o7777 as libc::mode_t;
            self.change_mode(path, Mode::from_raw_mode(mode))?;
            self.copy_access_list(from)?;
            self.copy_label(from)
        }
    }
}

#[cfg(linux_like)]
mod linux {
    use super::{super::sys, Pinned};
    use crate::os::unix::refusal::without_proc;
    use local_socket_table::{FileNumbers, socket_with_inode};
    use rustix::{
        fs::{self, AtFlags, Gid, Mode, OFlags},
        io::Errno,
    };
    use std::{
        io,
        os::fd::{AsFd as _, AsRawFd as _, BorrowedFd},
        path::Path,
    };

    impl Pinned {
        /// Opens the file at the path.
        ///
        /// # Errors
        /// `NotFound` if there is no file, or another error of `open(2)`.
        pub(in super::super) fn at_path(path: &Path) -> io::Result<Self> {
            let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let file = fs::open(path, flags, Mode::empty())?;
            Ok(Self { stat: fs::fstat(&file)?, file })
        }

        /// Returns the link in `/proc` that leads to the file, also after it was renamed.
        pub(in super::super) fn link(&self) -> String {
            format!("/proc/self/fd/{}", self.file.as_raw_fd())
        }

        pub(super) fn change_owner(&self, _: &Path, owner: fs::Uid) -> io::Result<()> {
            Ok(fs::chownat(&self.file, "", Some(owner), None, AtFlags::EMPTY_PATH)?)
        }

        /// Gives this file the access control list of the other one (`acl(5)`). Files of a folder can
        /// inherit one that the other file does not have.
        #[cfg(feature = "socket-file")]
        pub(super) fn copy_access_list(&self, from: &Self) -> io::Result<()> {
            const LIST: &str = "system.posix_acl_access";
            if let Some(list) = from.attribute(LIST)? {
                return Ok(self.set_attribute(LIST, &list)?);
            }
            match fs::removexattr(self.link().as_str(), LIST) {
                Err(error) if !is_absent(error) => Err(error.into()),
                _ => Ok(()),
            }
        }

        /// Gives this file the label by which SELinux decides who may connect to it, if the other one
        /// has another label.
        #[cfg(feature = "socket-file")]
        pub(super) fn copy_label(&self, from: &Self) -> io::Result<()> {
            const LABEL: &str = "security.selinux";
            let Some(label) = from.attribute(LABEL)? else { return Ok(()) };
            if self.attribute(LABEL)?.as_ref() == Some(&label) {
                return Ok(());
            }
            self.set_attribute(LABEL, &label).map_err(|error| {
                let error = io::Error::from(error);
                let reason = crate::error::reason(&error);
                let text = format!("its SELinux label cannot be given to another file: {reason}");
                io::Error::new(error.kind(), text)
            })
        }

        /// Returns an extended attribute (`xattr(7)`), if the file has it.
        #[cfg(feature = "socket-file")]
        fn attribute(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
            // The longest value.
            let mut value = vec![0; 1 << 16];
            match fs::getxattr(self.link().as_str(), name, &mut value[..]) {
                Ok(length) => value.truncate(length),
                Err(error) if is_absent(error) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
            Ok(Some(value))
        }

        #[cfg(feature = "socket-file")]
        fn set_attribute(&self, name: &str, value: &[u8]) -> Result<(), Errno> {
            fs::setxattr(self.link().as_str(), name, value, fs::XattrFlags::empty())
        }

        pub(super) fn change_group(&self, _: &Path, group: Gid) -> io::Result<()> {
            Ok(fs::chownat(&self.file, "", None, Some(group), AtFlags::EMPTY_PATH)?)
        }

        /// Uses the link in /proc: before Linux 6.6 there is no `chmod` for such a descriptor
        /// (`open(2)`, `O_PATH`). Without /proc, such a system is required.
        ///
        /// # Errors
        /// `Unsupported` if there is no /proc and the system has no `fchmodat2(2)`, or another
        /// error of `chmod(2)`.
        pub(super) fn change_mode(&self, _: &Path, mode: Mode) -> io::Result<()> {
            match fs::chmod(self.link().as_str(), mode) {
                Err(Errno::NOENT) => match sys::chmod_descriptor(self.file.as_fd(), mode) {
                    Err(Errno::NOSYS | Errno::PERM) => Err(without_proc("its mode cannot be set")),
                    changed => Ok(changed?),
                },
                changed => Ok(changed?),
            }
        }

        /// Asks the kernel. Returns `None` if it does not answer.
        pub(super) fn is_bound_to(&self, socket: BorrowedFd<'_>) -> Option<bool> {
            let inode = fs::fstat(socket).ok()?.st_ino;
            let bound = socket_with_inode(u32::try_from(inode).ok()?).ok()?.file?;
            match FileNumbers::of_open_file(&self.file) {
                Some(numbers) => Some(numbers == bound),
                // Some file systems show other numbers to programs: only a match is a proof.
                None => (FileNumbers::shown(&self.stat) == bound).then_some(true),
            }
        }

        /// Returns the numbers by which netlink names the file.
        pub(in super::super) fn numbers(&self) -> FileNumbers {
            FileNumbers::of_open_file(&self.file).unwrap_or_else(|| FileNumbers::shown(&self.stat))
        }
    }

    /// Returns whether a file has no such attribute, its file system has none, or there is no /proc.
    #[cfg(feature = "socket-file")]
    fn is_absent(error: Errno) -> bool {
        [Errno::NODATA, Errno::OPNOTSUPP, Errno::NOTSUP, Errno::NOENT].contains(&error)
    }
}

#[cfg(not(linux_like))]
mod other {
    use super::{Pinned, lstat};
    use rustix::fs::{self, AtFlags, CWD, Gid, Mode};
    use std::{io, path::Path};

    impl Pinned {
        /// Examines the file at the path.
        ///
        /// # Errors
        /// `NotFound` if there is no file, or another error of `lstat(2)`.
        pub(in super::super) fn at_path(path: &Path) -> io::Result<Self> {
            Ok(Self { stat: lstat(path)? })
        }

        pub(super) fn change_owner(&self, path: &Path, owner: fs::Uid) -> io::Result<()> {
            Ok(fs::chownat(CWD, path, Some(owner), None, AtFlags::SYMLINK_NOFOLLOW)?)
        }

        /// Does nothing: these systems have no such list, or copying it is not known here.
        #[cfg(feature = "socket-file")]
        #[allow(clippy::unnecessary_wraps, clippy::unused_self, reason = "as on Linux")]
        pub(super) fn copy_access_list(&self, _: &Self) -> io::Result<()> {
            Ok(())
        }

        /// Does nothing: only Linux has SELinux.
        #[cfg(feature = "socket-file")]
        #[allow(clippy::unnecessary_wraps, clippy::unused_self, reason = "as on Linux")]
        pub(super) fn copy_label(&self, _: &Self) -> io::Result<()> {
            Ok(())
        }

        pub(super) fn change_group(&self, path: &Path, group: Gid) -> io::Result<()> {
            Ok(fs::chownat(CWD, path, None, Some(group), AtFlags::SYMLINK_NOFOLLOW)?)
        }

        pub(super) fn change_mode(&self, path: &Path, mode: Mode) -> io::Result<()> {
            Ok(fs::chmodat(CWD, path, mode, AtFlags::SYMLINK_NOFOLLOW)?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs as std_fs, os::unix::net::UnixListener};

    /// Another socket of this user takes the place of the file.
    #[test]
    #[cfg(linux_like)]
    fn a_socket_is_bound_to_its_own_file_only() -> io::Result<()> {
        use std::os::fd::AsFd as _;
        let folder = tempfile::tempdir()?;
        let (path, other) = (folder.path().join("s"), folder.path().join("other"));
        let socket = UnixListener::bind(&path)?;
        let _other = UnixListener::bind(&other)?;
        assert_eq!(Pinned::at_path(&path)?.is_bound_to(socket.as_fd()), Some(true));
        // Also after it was renamed.
        std_fs::rename(&path, folder.path().join("moved"))?;
        assert!(Pinned::at_path(&folder.path().join("moved"))?.is_file_of(socket.as_fd()));
        std_fs::rename(&other, &path)?;
        assert!(!Pinned::at_path(&path)?.is_file_of(socket.as_fd()));
        std_fs::remove_file(&path)?;
        std_fs::write(&path, "precious")?;
        assert!(!Pinned::at_path(&path)?.is_file_of(socket.as_fd()));
        Ok(())
    }

    /// Where the system does not answer.
    #[test]
    fn only_an_own_socket_with_one_name_is_taken_for_ours() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("s");
        let _socket = UnixListener::bind(&path)?;
        assert!(Pinned::at_path(&path)?.looks_like_ours());
        std_fs::hard_link(&path, folder.path().join("second"))?;
        assert!(!Pinned::at_path(&path)?.looks_like_ours());
        let file = folder.path().join("file");
        std_fs::write(&file, "precious")?;
        assert!(!Pinned::at_path(&file)?.looks_like_ours());
        Ok(())
    }
}
