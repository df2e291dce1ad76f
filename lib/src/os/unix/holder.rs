//! Finds the process that listens on a name or holds a lock, without disturbing it.

use super::pinned::Pinned;
use crate::error::Holder;
use std::path::Path;

/// Returns the process that listens on the socket file of a live server, or at least its user.
pub(super) fn of_file(file: &Pinned) -> Holder {
    of_open_socket(file).unwrap_or(Holder::User(file.owner()))
}

/// Returns the process that has a socket open that is bound to the file, or at least its user. `None`
/// if the system does not show one: there may be one nevertheless.
pub(super) fn of_open_socket(file: &Pinned) -> Option<Holder> {
    #[cfg(linux_like)]
    return proc::of_file(file);
    #[cfg(not(linux_like))]
    {
        let _ = file;
        None
    }
}

#[cfg(linux_like)]
pub(super) use proc::{of_abstract_name, of_lock};

#[cfg(not(linux_like))]
pub(super) fn of_abstract_name(_: &[u8]) -> Option<Holder> {
    None
}

#[cfg(not(linux_like))]
pub(super) fn of_lock(_: &Path) -> Option<Holder> {
    None
}

/// Uses netlink and the descriptors of the processes that this process may examine (`proc(5)`).
///
/// If netlink is refused, no process is named: an abstract name with a line break can forge a line
/// of `/proc/net/unix`.
#[cfg(linux_like)]
mod proc {
    use super::{
        super::sock_diag::{self, Socket},
        Holder, Path, Pinned,
    };
    use std::{
        ffi::OsStr,
        fs,
        os::unix::{ffi::OsStrExt, fs::MetadataExt},
        path::PathBuf,
    };

    pub(super) fn of_file(file: &Pinned) -> Option<Holder> {
        let numbers = Some(file.numbers());
        let socket = find(|socket| socket.file == numbers)?;
        Some(holder_of(&socket).unwrap_or(Holder::User(file.owner())))
    }

    /// Returns the process that listens on the abstract name, or at least its user.
    pub(in super::super) fn of_abstract_name(name: &[u8]) -> Option<Holder> {
        holder_of(&find(|socket| {
            let bound = socket.name.as_deref().and_then(|bound| bound.strip_prefix(&[0]));
            bound == Some(name)
        })?)
    }

    /// Returns a stream socket that is not a connection.
    fn find(is_wanted: impl Fn(&Socket) -> bool) -> Option<Socket> {
        sock_diag::unconnected_sockets().ok()?.into_iter().find(is_wanted)
    }

    /// Returns the process that has the socket, or at least its user.
    fn holder_of(socket: &Socket) -> Option<Holder> {
        let process = process_with(socket.inode).and_then(|process| describe(&process));
        process.or(socket.uid.map(Holder::User))
    }

    /// Returns the process that holds the lock (`flock(2)`) of the folder.
    ///
    /// Each line of `/proc/locks` is like `1: FLOCK  ADVISORY  WRITE 708 103:03:2359 0 EOF`.
    pub(in super::super) fn of_lock(folder: &Path) -> Option<Holder> {
        let folder = fs::metadata(folder).ok()?;
        let device = folder.dev();
        let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
        let wanted = format!("{major:02x}:{minor:02x}:{}", folder.ino());
        // The list is read in parts, which do not fit together if locks change in between.
        (0..5).find_map(|_| {
            let locks = fs::read_to_string("/proc/locks").ok()?;
            let pid = locks.lines().find_map(|line| pid_of_lock(line, &wanted))?;
            describe(&Path::new("/proc").join(pid.to_string()))
        })
    }

    /// Returns the process of a line if its lock is held on the file.
    fn pid_of_lock(line: &str, wanted: &str) -> Option<u32> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        match fields[..] {
            // In a line of a waiting process the second field is an arrow. 0 is a process of
            // another namespace.
            [_, "FLOCK", _, "WRITE", pid, file, ..] if file == wanted => {
                pid.parse().ok().filter(|pid| *pid != 0)
            }
            _ => None,
        }
    }

    /// Returns the folder in `/proc` of a process that has the socket open.
    fn process_with(inode: u32) -> Option<PathBuf> {
        let link = format!("socket:[{inode}]");
        let has_it = |process: &PathBuf| {
            let Ok(descriptors) = fs::read_dir(process.join("fd")) else { return false };
            descriptors.flatten().any(|fd| {
                fs::read_link(fd.path()).is_ok_and(|target| target.as_os_str() == link.as_str())
            })
        };
        // Entries with other names lead to this process.
        let is_pid = |name: &OsStr| name.as_bytes().iter().all(u8::is_ascii_digit);
        let entries = fs::read_dir("/proc").ok()?.flatten();
        entries.filter(|entry| is_pid(&entry.file_name())).map(|e| e.path()).find(has_it)
    }

    fn describe(process: &Path) -> Option<Holder> {
        let pid = process.file_name()?.to_str()?.parse().ok()?;
        let command = fs::read(process.join("comm"))
            .ok()
            .map(|comm| String::from_utf8_lossy(&comm).trim_end_matches('\n').to_owned());
        Some(Holder::Process { pid, command })
    }
}
