use super::process::open_folder;
use crate::{ProcessFacts, ProcessScope, SocketOwners};
use rustix::{
    fs::{Dir, Mode, OFlags, openat, readlinkat_raw},
    io::Errno,
};
use std::{collections::HashMap, os::fd::OwnedFd, rc::Rc};

impl SocketOwners {
    /// Examines the descriptors of processes for sockets whose inode numbers are wanted. Processes
    /// that end and descriptors that are closed meanwhile are left out.
    #[must_use]
    pub fn find(scope: ProcessScope, is_wanted: impl Fn(u32) -> bool) -> Self {
        let mut owners = Self { processes: HashMap::new(), is_complete: true };
        match scope {
            ProcessScope::Process(pid) => owners.add(pid, &is_wanted),
            ProcessScope::All => match std::fs::read_dir("/proc") {
                Err(_) => owners.is_complete = false,
                Ok(entries) => {
                    let names = entries.flatten().map(|entry| entry.file_name());
                    let pids = names.filter_map(|name| name.to_str()?.parse().ok());
                    let mut pids: Vec<u32> = pids.collect();
                    // Without processes this is not `/proc`.
                    owners.is_complete = !pids.is_empty();
                    pids.sort_unstable();
                    pids.into_iter().for_each(|pid| owners.add(pid, &is_wanted));
                }
            },
        }
        owners
    }

    /// Adds the sockets of a process.
    fn add(&mut self, pid: u32, is_wanted: impl Fn(u32) -> bool) {
        let Some(folder) = open_folder(pid) else { return };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let descriptors = match openat(&folder, "fd", flags, Mode::empty()) {
            Ok(descriptors) => descriptors,
            Err(error) => {
                self.is_complete &= !matches!(error, Errno::ACCESS | Errno::PERM);
                return;
            }
        };
        let mut inodes = self.sockets_among(descriptors);
        inodes.retain(|inode| is_wanted(*inode));
        // Two descriptors can be one socket.
        inodes.sort_unstable();
        inodes.dedup();
        if inodes.is_empty() {
            return;
        }
        if let Some(process) = ProcessFacts::in_folder(pid, &folder).map(Rc::new) {
            for inode in inodes {
                self.processes.entry(inode).or_default().push(Rc::clone(&process));
            }
        }
    }

    /// Returns the inode numbers of the sockets among the descriptors in a folder.
    fn sockets_among(&mut self, folder: OwnedFd) -> Vec<u32> {
        // A longer target is not that of a socket.
        const LENGTH: usize = "socket:[4294967295]".len() + 1;
        let mut inodes = Vec::new();
        let Ok(mut entries) = Dir::new(folder) else { return inodes };
        let mut target = [0; LENGTH];
        while let Some(Ok(entry)) = entries.read() {
            let Ok(folder) = entries.fd() else { break };
            match readlinkat_raw(folder, entry.file_name(), &mut target[..]) {
                Ok(length) => inodes.extend(target.get(..length).and_then(inode_of_link)),
                Err(Errno::ACCESS | Errno::PERM) => self.is_complete = false,
                // The entry is a folder, or the descriptor was closed.
                Err(_) => {}
            }
        }
        inodes
    }
}

/// Returns the inode number in the target of a link such as `socket:[12345]`.
fn inode_of_link(target: &[u8]) -> Option<u32> {
    let inode = target.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    std::str::from_utf8(inode).ok()?.parse().ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use std::{
        os::{fd::AsFd, unix::net::UnixStream},
        process,
    };

    fn inode_of(socket: &impl AsFd) -> u32 {
        rustix::fs::fstat(socket).unwrap().st_ino.try_into().unwrap()
    }

    #[test]
    fn only_wanted_sockets_have_owners() {
        let (one, other) = UnixStream::pair().unwrap();
        let _second = one.try_clone().unwrap();
        let wanted = inode_of(&one);
        for scope in [ProcessScope::All, ProcessScope::Process(process::id())] {
            let owners = SocketOwners::find(scope, |inode| inode == wanted);
            let pids: Vec<u32> = owners.of(wanted).iter().map(|process| process.pid).collect();
            assert!(pids.contains(&process::id()), "{pids:?}");
            assert!(pids.is_sorted_by(|one, other| one < other), "{pids:?}");
            assert!(owners.of(inode_of(&other)).is_empty());
            assert_eq!(owners.sockets().collect::<Vec<_>>(), [wanted]);
        }
        let owners = SocketOwners::find(ProcessScope::Process(u32::MAX), |_| true);
        assert_eq!(owners.sockets().count(), 0);
    }
}
