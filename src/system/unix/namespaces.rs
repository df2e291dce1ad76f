//! Finds abstract names in other network namespaces, such as those of containers.

use super::process_name;
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

/// A process in another network namespace, which identifies the namespace for the user.
#[derive(Debug)]
pub(super) struct Namespace {
    pub(super) pid: u32,
    pub(super) command: String,
}

/// Returns another network namespace in which a stream socket listens on the abstract name. Only the
/// namespaces of processes that this user may examine are searched (`proc(5)`).
///
/// A process of that namespace can forge a line of the list by a name with a line break. The result
/// is only a wrong hint.
pub(super) fn with_abstract_name(name: &[u8]) -> Option<Namespace> {
    // The list shows both NULs and line breaks in a way that is not unique.
    if name.iter().any(|byte| matches!(byte, 0 | b'@' | b'\n')) {
        return None;
    }
    let mut seen = vec![namespace(Path::new("/proc/self"))?];
    let processes = fs::read_dir("/proc").ok()?.flatten().map(|entry| entry.path());
    processes
        .filter(|process| {
            let is_new = namespace(process).filter(|id| !seen.contains(id));
            is_new.map(|id| seen.push(id)).is_some()
        })
        .find(|process| lists(process, name))
        .and_then(|process| describe(&process))
}

/// Returns the target of the link that identifies the network namespace of a process.
fn namespace(process: &Path) -> Option<PathBuf> {
    fs::read_link(process.join("ns/net")).ok()
}

/// Returns whether the list of sockets of the process's namespace has a listening stream socket with
/// the name.
fn lists(process: &Path, name: &[u8]) -> bool {
    let Ok(file) = fs::File::open(process.join("net/unix")) else { return false };
    let mut lines = BufReader::new(file).split(b'\n').map_while(Result::ok);
    lines.any(|line| is_listening(&line, name))
}

/// Returns whether a line is that of a listening stream socket with the name. A line is like
/// `000000007ad8609a: 00000002 00000000 00010000 0001 01 12345 @name`.
fn is_listening(line: &[u8], name: &[u8]) -> bool {
    let Some(head) = line.strip_suffix(&[b" @", name].concat()[..]) else { return false };
    let fields: Vec<&[u8]> =
        head.split(|byte| *byte == b' ').filter(|field| !field.is_empty()).collect();
    matches!(fields[..], [_, _, _, b"00010000", b"0001", _, _])
}

fn describe(process: &Path) -> Option<Namespace> {
    let pid = process.file_name()?.to_str()?.parse().ok()?;
    Some(Namespace { pid, command: process_name(pid)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_listening_stream_socket_of_exactly_that_name_matches() {
        let line = |flags, kind, path| {
            format!("000000007ad8609a: 00000002 00000000 {flags} {kind} 01  1234 {path}")
        };
        assert!(is_listening(line("00010000", "0001", "@a b").as_bytes(), b"a b"));
        for (flags, kind, path) in [
            ("00000000", "0001", "@a"),
            ("00010000", "0002", "@a"),
            ("00010000", "0001", "@b"),
            ("00010000", "0001", "@ab"),
            ("00010000", "0001", "a"),
            ("00010000", "0001", "@x @a"),
            ("00010000", "0001", "./x @a"),
        ] {
            assert!(
                !is_listening(line(flags, kind, path).as_bytes(), b"a"),
                "{flags} {kind} {path}"
            );
        }
        for line in ["", "@a", " @a", "Num RefCount Protocol Flags Type St Inode Path"] {
            assert!(!is_listening(line.as_bytes(), b"a"), "{line}");
        }
    }
}
