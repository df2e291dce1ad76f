//! Which process listens under a name, as far as the system tells without disturbing it.

use super::file::lstat;
use crate::error::Holder;
use std::path::Path;

/// Who listens on the socket file: the process, or at least whose it is.
pub(super) fn of_file(path: &Path) -> Option<Holder> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some(process) = proc::of_file(path) {
        return Some(process);
    }
    Some(Holder::User(lstat(path).ok()?.st_uid))
}

/// Who listens under the abstract name.
pub(super) fn of_abstract_name(name: &[u8]) -> Option<Holder> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return proc::of_abstract_name(name);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = name;
        None
    }
}

/// From `/proc/net/unix` and the descriptors of the processes that we may look at
/// (`proc(5)`).
#[cfg(any(target_os = "linux", target_os = "android"))]
mod proc {
    use super::{
        super::file::{Identity, lstat},
        Holder, Path,
    };
    use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt, path::PathBuf};

    pub(super) fn of_file(path: &Path) -> Option<Holder> {
        let wanted = Identity::of(&lstat(path).ok()?);
        let name = path.file_name()?;
        // The table has the path as the server gave it, which may be relative to a folder
        // that only the server's process knows.
        let candidates =
            listening(|text| Path::new(OsStr::from_bytes(text)).file_name() == Some(name));
        let is_it = |process: &Path, bound: &[u8]| {
            let bound = process.join("cwd").join(OsStr::from_bytes(bound));
            lstat(&bound).is_ok_and(|stat| Identity::of(&stat) == wanted)
        };
        candidates.iter().find_map(|socket| {
            let process = process_with(&socket.inode)?;
            is_it(&process, &socket.text).then(|| describe(&process)).flatten()
        })
    }

    pub(super) fn of_abstract_name(name: &[u8]) -> Option<Holder> {
        // The table shows a NUL as an @.
        let shown: Vec<u8> =
            b"@".iter().chain(name).map(|b| if *b == 0 { b'@' } else { *b }).collect();
        let sockets = listening(|text| text == shown);
        sockets.iter().find_map(|socket| describe(&process_with(&socket.inode)?))
    }

    struct Socket {
        inode: String,
        text: Vec<u8>,
    }

    /// The sockets whose address is as wanted and that are not connections.
    fn listening(is_wanted: impl Fn(&[u8]) -> bool) -> Vec<Socket> {
        let table = fs::read("/proc/net/unix").unwrap_or_default();
        let socket = |line: &[u8]| {
            // Num RefCount Protocol Flags Type St Inode Path; the path is the rest.
            let mut rest = line;
            let mut fields = Vec::new();
            while fields.len() < 7 {
                rest = rest.trim_ascii_start();
                let end = rest.iter().position(|b| *b == b' ').unwrap_or(rest.len());
                fields.push(std::str::from_utf8(&rest[..end]).ok()?);
                rest = &rest[end..];
            }
            let text = rest.strip_prefix(b" ")?;
            let is_connection = fields[5] == "03";
            (!is_connection && is_wanted(text))
                .then(|| Socket { inode: fields[6].to_owned(), text: text.to_owned() })
        };
        table.split(|b| *b == b'\n').skip(1).filter_map(socket).collect()
    }

    /// The folder in `/proc` of a process that has the socket open.
    fn process_with(inode: &str) -> Option<PathBuf> {
        let link = format!("socket:[{inode}]");
        let has_it = |process: &PathBuf| {
            let Ok(descriptors) = fs::read_dir(process.join("fd")) else { return false };
            descriptors.flatten().any(|fd| {
                fs::read_link(fd.path()).is_ok_and(|target| target.as_os_str() == link.as_str())
            })
        };
        // Other entries lead to this process by another name.
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
