//! The list `/proc/net/unix` (`proc_net(5)`), which needs no netlink.
//!
//! A line is like `000000007ad8609a: 00000002 00000000 00010000 0001 01 12345 /run/app.sock`. It shows
//! neither users, files, peers nor queues. In an abstract name a NUL is shown as `@`, and a name
//! with a line break breaks its line, and can forge another one.

use crate::{EntryName, EntryState, SocketEntry, SocketKind};
use std::{
    fs::File,
    io::{self, BufRead, BufReader},
};

/// Calls the function for each socket in the list. Connections that wait to be accepted are left
/// out.
///
/// # Errors
/// An error of opening or reading the file.
pub(crate) fn visit_listed(mut visit: impl FnMut(SocketEntry)) -> io::Result<()> {
    let mut lines = BufReader::new(File::open("/proc/net/unix")?);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        if let Some(entry) = parse(line.strip_suffix(b"\n").unwrap_or(&line)) {
            visit(entry);
        }
        line.clear();
    }
    Ok(())
}

/// Parses a line. Returns `None` for the title, a part of a broken line, or a socket without an
/// inode number, which waits to be accepted.
fn parse(line: &[u8]) -> Option<SocketEntry> {
    let mut rest = line;
    let [address, _, _, flags, kind, state, inode] = [(); 7].map(|()| field(&mut rest));
    if !address.ends_with(b":") {
        return None;
    }
    let hexadecimal = |text| u32::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok();
    // <linux/net.h>
    const SO_ACCEPTCON: u32 = 1 << 16;
    const SS_CONNECTED: u32 = 3;
    let state = match (hexadecimal(flags)? & SO_ACCEPTCON != 0, hexadecimal(state)?) {
        (true, _) => EntryState::Listening,
        (false, SS_CONNECTED) => EntryState::Connected,
        (false, _) => EntryState::Unconnected,
    };
    let name = rest.strip_prefix(b" ").map(|name| match name {
        [b'@', name @ ..] => EntryName::Abstract(name.to_vec()),
        path => EntryName::Path(path.to_vec()),
    });
    Some(SocketEntry {
        inode: std::str::from_utf8(inode).ok()?.parse().ok().filter(|inode| *inode != 0)?,
        kind: SocketKind::from_raw(hexadecimal(kind)?)?,
        state,
        name,
        file: None,
        uid: None,
        peer: None,
        queue: None,
    })
}

/// Returns the next field, without the spaces before it.
fn field<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let start = rest.iter().take_while(|byte| **byte == b' ').count();
    let (_, text) = rest.split_at(start);
    let end = text.iter().position(|byte| *byte == b' ').unwrap_or(text.len());
    let (field, next) = text.split_at(end);
    *rest = next;
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(flags: &str, kind: &str, state: &str, rest: &str) -> Option<SocketEntry> {
        let line = format!("000000007ad8609a: 00000002 00000000 {flags} {kind} {state} {rest}");
        parse(line.as_bytes())
    }

    #[test]
    fn lines_are_read() {
        let path = |path: &str| Some(EntryName::Path(path.into()));
        for (flags, kind, number, rest, wanted, name) in [
            ("00010000", "0001", "01", "12345 /run/a b", EntryState::Listening, path("/run/a b")),
            ("00010000", "0005", "01", "   12 @ a", EntryState::Listening, None),
            ("00000000", "0001", "03", "12345", EntryState::Connected, None),
            ("00000000", "0002", "01", "12345 ", EntryState::Unconnected, path("")),
        ] {
            let entry = line(flags, kind, number, rest);
            assert_eq!(entry.as_ref().map(|entry| entry.state), Some(wanted), "{rest}");
            let found = entry.and_then(|entry| entry.name);
            match found {
                Some(EntryName::Abstract(bytes)) => assert_eq!(bytes, b" a"),
                found => assert_eq!(found, name),
            }
        }
    }

    #[test]
    fn other_lines_are_left_out() {
        assert_eq!(line("00000000", "0001", "02", "0 @waits"), None);
        assert_eq!(line("00000000", "0009", "01", "5"), None);
        for text in [
            "Num       RefCount Protocol Flags    Type St Inode Path",
            "",
            "the rest of a name",
            "a: b c d e f g",
            "000000007ad8609a: 00000002 00000000 00010000 0001 01",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn the_list_of_this_system_has_a_listener() -> io::Result<()> {
        use std::os::{linux::net::SocketAddrExt as _, unix::net};
        let name = format!("listed-{}", std::process::id()).into_bytes();
        let address = net::SocketAddr::from_abstract_name(&name)?;
        let _listener = net::UnixListener::bind_addr(&address)?;
        let mut states = Vec::new();
        visit_listed(|entry| {
            if entry.name == Some(EntryName::Abstract(name.clone())) {
                states.push(entry.state);
            }
        })?;
        assert_eq!(states, [EntryState::Listening]);
        Ok(())
    }
}
