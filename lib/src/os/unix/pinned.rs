//! A file that is recognized when it is examined again.

use super::{
    identity::{Identity, lstat, not_a_socket},
    probe::{self, Finding},
};
use rustix::{
    fs::{Gid, Mode, Stat},
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
    /// Linux answers this ([`sock_diag`](super::sock_diag)). If it does not, and elsewhere, a
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

    /// Sets the group and the mode of exactly this file, if they differ.
    ///
    /// # Errors
    /// `PermissionDenied` for a group of which the user is no member, or another error of
    /// `chown(2)` or `chmod(2)`.
    pub(super) fn set_permissions(
        &self,
        path: &Path,
        mode: Option<libc::mode_t>,
        group: Option<u32>,
    ) -> io::Result<()> {
        if let Some(group) = group {
            self.change_group(path, Gid::from_raw(group))?;
        }
        // The process's umask has an effect even on a mode that was set before bind.
        match mode {
            Some(mode) if self.stat.st_mode & 0o7777 != mode => {
                self.change_mode(path, Mode::from_raw_mode(mode))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(linux_like)]
mod linux {
    use super::{
        super::{sock_diag, sys},
        Pinned,
    };
    use crate::os::unix::{refusal::without_proc, sock_diag::FileNumbers};
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
        pub(super) fn link(&self) -> String {
            format!("/proc/self/fd/{}", self.file.as_raw_fd())
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
            let bound = sock_diag::socket_with_inode(u32::try_from(inode).ok()?).ok()?.file?;
            match self.kernel_numbers() {
                Some(numbers) => Some(numbers == bound),
                // Some file systems show other numbers to programs: only a match is a proof.
                None => (self.shown_numbers() == bound).then_some(true),
            }
        }

        /// Returns the numbers by which netlink names the file.
        pub(in super::super) fn numbers(&self) -> FileNumbers {
            self.kernel_numbers().unwrap_or_else(|| self.shown_numbers())
        }

        /// Returns the numbers that `stat(2)` shows, in the kernel's format.
        fn shown_numbers(&self) -> FileNumbers {
            let (major, minor) = (fs::major(self.stat.st_dev), fs::minor(self.stat.st_dev));
            #[allow(clippy::cast_possible_truncation, reason = "netlink has the lower half only")]
            FileNumbers { device: (major << 20) | minor, inode: self.stat.st_ino as u32 }
        }

        /// Returns the numbers that the kernel uses internally. `stat(2)` shows others on file
        /// systems of several layers or volumes, such as overlayfs and btrfs
        /// (`proc_pid_fdinfo(5)`, Linux 5.14; `proc_pid_mountinfo(5)`).
        fn kernel_numbers(&self) -> Option<FileNumbers> {
            let info = format!("/proc/self/fdinfo/{}", self.file.as_raw_fd());
            let info = std::fs::read_to_string(info).ok()?;
            let field = |name| info.lines().find_map(|l| l.strip_prefix(name)).map(str::trim);
            let inode: u64 = field("ino:")?.parse().ok()?;
            let mounts = std::fs::read("/proc/self/mountinfo").ok()?;
            let device = device_of_mount(&mounts, field("mnt_id:")?)?;
            #[allow(clippy::cast_possible_truncation, reason = "netlink has the lower half only")]
            Some(FileNumbers { device, inode: inode as u32 })
        }
    }

    /// Returns the device of a mount. A line is like `36 35 98:0 /mnt1 /mnt2 rw,noatime ...`; line
    /// breaks in paths are escaped.
    pub(super) fn device_of_mount(mounts: &[u8], id: &str) -> Option<u32> {
        mounts.split(|byte| *byte == b'\n').find_map(|line| {
            let mut fields = line.split(|byte| *byte == b' ');
            if fields.next()? != id.as_bytes() {
                return None;
            }
            let device = std::str::from_utf8(fields.nth(1)?).ok()?;
            let (major, minor) = device.split_once(':')?;
            Some((major.parse::<u32>().ok()? << 20) | minor.parse::<u32>().ok()?)
        })
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

    #[test]
    #[cfg(linux_like)]
    fn the_device_of_a_mount_is_read() {
        let mounts =
            b"1 0 254:0 / / rw - ext4 /dev/vda rw\n36 35 0:300 /a\\040b /mnt rw - x y rw\n";
        assert_eq!(linux::device_of_mount(mounts, "1"), Some(254 << 20));
        assert_eq!(linux::device_of_mount(mounts, "36"), Some(300));
        assert_eq!(linux::device_of_mount(mounts, "35"), None);
        assert_eq!(linux::device_of_mount(b"7 x\n7 1 a:b", "7"), None);
    }
}
