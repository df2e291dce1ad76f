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
    use super::{Holder, Path, Pinned};
    use local_socket_table::{
        EntryName, EntryState, ProcessFacts, ProcessScope, SocketEntry, SocketKind, SocketOwners,
        visit_states,
    };
    use std::{fs, os::unix::fs::MetadataExt};

    pub(super) fn of_file(file: &Pinned) -> Option<Holder> {
        let numbers = Some(file.numbers());
        let socket = find(|socket| socket.file == numbers)?;
        Some(holder_of(&socket).unwrap_or(Holder::User(file.owner())))
    }

    /// Returns the process that listens on the abstract name, or at least its user.
    pub(in super::super) fn of_abstract_name(name: &[u8]) -> Option<Holder> {
        holder_of(&find(
            |socket| matches!(&socket.name, Some(EntryName::Abstract(bound)) if bound == name),
        )?)
    }

    /// Returns a stream socket that is not a connection. Datagram sockets have abstract names of
    /// their own, so they are left out.
    fn find(is_wanted: impl Fn(&SocketEntry) -> bool) -> Option<SocketEntry> {
        let mut found = None;
        visit_states(&[EntryState::Listening, EntryState::Unconnected], |socket| {
            if found.is_none() && socket.kind == SocketKind::Stream && is_wanted(&socket) {
                found = Some(socket);
            }
        })
        .ok()?;
        found
    }

    /// Returns the process that has the socket, or at least its user.
    fn holder_of(socket: &SocketEntry) -> Option<Holder> {
        let owners = SocketOwners::find(ProcessScope::All, |inode| inode == socket.inode);
        let process = owners.of(socket.inode).first().map(|process| holder(process));
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
            ProcessFacts::with_pid(pid).as_ref().map(holder)
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

    fn holder(process: &ProcessFacts) -> Holder {
        Holder::Process { pid: process.pid, command: Some(process.command.clone()) }
    }
}
