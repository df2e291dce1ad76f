use crate::FileNumbers;
use rustix::fs::{self, Stat};
use std::os::fd::{AsFd, AsRawFd as _};

impl FileNumbers {
    /// Returns the numbers of an open file. `stat(2)` shows others on file systems of several
    /// layers or volumes, such as overlayfs and btrfs (`proc_pid_fdinfo(5)`, Linux 5.14;
    /// `proc_pid_mountinfo(5)`). Returns `None` if the kernel does not show them.
    pub fn of_open_file(file: impl AsFd) -> Option<Self> {
        let info = format!("/proc/self/fdinfo/{}", file.as_fd().as_raw_fd());
        let info = std::fs::read_to_string(info).ok()?;
        let field = |name| info.lines().find_map(|l| l.strip_prefix(name)).map(str::trim);
        let inode: u64 = field("ino:")?.parse().ok()?;
        let mounts = std::fs::read("/proc/self/mountinfo").ok()?;
        Some(Self::new(device_of_mount(&mounts, field("mnt_id:")?)?, inode))
    }

    /// Returns the numbers in the result of `stat(2)`.
    #[must_use]
    pub fn shown(stat: &Stat) -> Self {
        Self::of_numbers(stat.st_dev, stat.st_ino)
    }

    /// Returns the numbers that `stat(2)` shows, in the kernel's format.
    #[must_use]
    pub fn of_numbers(device: u64, inode: u64) -> Self {
        Self::new((fs::major(device) << 20) | fs::minor(device), inode)
    }

    #[allow(clippy::cast_possible_truncation, reason = "netlink has the lower half only")]
    fn new(device: u32, inode: u64) -> Self {
        Self { device, inode: inode as u32 }
    }
}

/// Returns the device of a mount. A line is like `36 35 98:0 /mnt1 /mnt2 rw,noatime ...`; line
/// breaks in paths are escaped.
fn device_of_mount(mounts: &[u8], id: &str) -> Option<u32> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_device_of_a_mount_is_read() {
        let mounts =
            b"1 0 254:0 / / rw - ext4 /dev/vda rw\n36 35 0:300 /a\\040b /mnt rw - x y rw\n";
        assert_eq!(device_of_mount(mounts, "1"), Some(254 << 20));
        assert_eq!(device_of_mount(mounts, "36"), Some(300));
        assert_eq!(device_of_mount(mounts, "35"), None);
        assert_eq!(device_of_mount(b"7 x\n7 1 a:b", "7"), None);
    }
}
